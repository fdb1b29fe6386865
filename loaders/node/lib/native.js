// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// FAISS in this very process, by the addon faiss-node.

const { createRequire } = require('module');
const path = require('path');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place
const { BackendError } = require('./errors');
const { placeOfSetting } = require('./index-settings');
const { KINDS, LINKS, EF_SEARCH, IVF_OUTGROWN, plan, outgrown, probes, sample } = require('./kinds');
const flatFile = require('./flat-file');
const indexFile = require('./index-file');
const { refuseStale } = require('./setting');

const PART = 1 << 15;             // numbers added at once to an index that takes long for each
const PART_FLAT = 1 << 18;
const PLAIN = 1 << 12;            // numbers that are added as they are

function addon(runtime) {
  const directories = ((runtime.env || {}).NODE_PATH || '').split(path.delimiter).filter(Boolean);
  if (runtime.prefix) directories.push(path.join(runtime.prefix, 'node_modules'));
  const from = directories.length ? createRequire(path.join(directories[0], 'faiss-node', 'package.json')) : require;
  return { faiss: from('faiss-node'), version: from('faiss-node/package.json').version };
}

/** Does something while the variable by which OpenMP learns how many threads it may use, when it is loaded, is set. */
function withThreads(threads, act) {
  const { OMP_NUM_THREADS: before } = process.env;
  if (threads) process.env.OMP_NUM_THREADS = String(threads);
  try {
    return act();
  } finally {
    if (before === undefined) delete process.env.OMP_NUM_THREADS;
    else process.env.OMP_NUM_THREADS = before;
  }
}

class NativeBackend {
  static async start(runtime, { index: kind, threads }) {
    refuseStale(runtime);
    let found;
    try {
      found = withThreads(threads, () => addon(runtime));
    } catch (error) {
      throw new BackendError('BACKEND_FAILED', `faiss-node cannot be loaded: ${error.message}.`, 'Run audit.yml for this host.', error);
    }
    return new NativeBackend(found, kind);
  }

  constructor({ faiss, version }, kind) {
    this.name = 'faiss-node';
    this.faiss = faiss;
    this.kind = kind;
    this.writer = `faiss-node ${version}`;
    this.store = null;
    this.count = 0;
    this.made = plan('flat', 0);
    this.made.index = null;
    this.about = {};
    this.syncing = Promise.resolve();
  }

  /** What is searched. */
  get index() {
    return { kind: this.made.kind, from: this.made.from || 'built' };
  }

  _guard(act) {
    try {
      return act();
    } catch (error) {
      throw new BackendError('BACKEND_FAILED', `faiss-node failed: ${error.message}.`, undefined, error);
    }
  }

  async sync(store) {
    if (this.store === store && this.count === store.count && !this._outgrown(store)) return this.syncing;
    this.syncing = this.syncing.catch(() => {}).then(async () => {
      if (this.store !== store && store.saved !== null) await this._restore(store);
      await this._fill(store);
    });
    this.syncing.catch(() => {});
    return this.syncing;
  }

  /** An index from the file beside the vectors, where it belongs to them. */
  async _restore(store) {
    const { saved } = store;
    store.saved = null;
    const made = plan(this.kind, store.count);
    const what = { metric: store.metric, d: store.d, kind: KINDS[made.kind], writer: this.writer };
    if (made.kind === 'flat' || store.count >= IVF_OUTGROWN * saved.n) return;
    const found = await indexFile.load(saved, what);
    if (found === null || this.store === store) return;
    let index;
    try {
      index = this.faiss.Index.read(found.file);
      if (index.ntotal() !== saved.n || index.getDimension() !== store.d) return;
    } catch (error) {
      return;                                    // whatever FAISS says of it: the index is built again
    }
    this.made = { ...made, from: 'file', index };
    this.store = store;
    this.count = saved.n;
    store.saved = saved;
  }

  _make(store) {
    const { faiss } = this, made = plan(this.kind, store.count);
    const metric = store.metric === 'l2' ? faiss.MetricType.METRIC_L2 : faiss.MetricType.METRIC_INNER_PRODUCT;
    if (made.kind !== 'flat') {
      const factory = made.kind === 'ivf' ? `IVF${made.lists},Flat` : `HNSW${LINKS}`;
      let index = this._guard(() => faiss.Index.fromFactory(store.d, factory, metric));
      if (made.kind === 'ivf') {
        const rows = sample(store, made.lists, (at) => store.prepared(at, at + 1));
        this._guard(() => index.train(Array.from(rows)));
      }
      index = this._tuned(index, made.kind, made.kind === 'ivf' ? probes(made.lists) : EF_SEARCH);
      if (index !== null) return { ...made, index };
    }
    const Index = store.metric === 'l2' ? faiss.IndexFlatL2 : faiss.IndexFlatIP;
    return { kind: 'flat', lists: 0, trainedWith: store.count, exactFor: made.kind, index: this._guard(() => new Index(store.d)) };
  }

  /** The empty index, with how widely it searches set where a file has it; null when this FAISS writes it otherwise. */
  _tuned(index, kind, value) {
    return this._guard(() => {
      const bytes = index.toBuffer();
      const place = placeOfSetting(bytes, kind);
      if (place === null) return null;
      bytes.writeUInt32LE(value, place);
      return this.faiss.Index.fromBuffer(bytes);
    });
  }

  /** Whether the index is no longer of the kind, or of the size, that this store wants. */
  _outgrown(store) {
    const { made } = this;
    return outgrown({ ...made, kind: made.exactFor || made.kind }, this.kind, store.count);
  }

  /** In parts, between which the event loop has its turn. */
  async _fill(store) {
    if (this.store !== store || this._outgrown(store)) {
      this.made = this._make(store);
      this.store = store;
      this.count = 0;
    }
    const { made } = this, flat = made.kind === 'flat';
    const step = Math.max(1, Math.floor((flat ? PART_FLAT : PART) / store.d));
    while (this.count < store.count) {
      const to = Math.min(store.count, this.count + step), rows = store.prepared(this.count, to);
      if (flat) this._addFlat(rows, to - this.count, store);
      else this._guard(() => made.index.add(Array.from(rows)));      // it takes plain arrays only
      this.count = to;
      if (to < store.count) await new Promise(later);
      if (this.made !== made) return;                                // closed
    }
  }

  /** An index of these rows is read from the bytes that FAISS would write for it: add() takes plain arrays, 40 times as long. */
  _addFlat(rows, count, { d, metric }) {
    const Index = metric === 'l2' ? this.faiss.IndexFlatL2 : this.faiss.IndexFlatIP;
    if (rows.length <= PLAIN) {
      this._guard(() => this.made.index.add(Array.from(rows)));
      return;
    }
    this._guard(() => {
      const part = Index.fromBuffer(flatFile.bytes(rows, count, d, metric === 'l2' ? 'l2' : 'ip'));
      this.made.index.mergeFrom(part);
    });
  }

  /** Writes the index beside the vector file of this store, where that spares the next start some work. */
  async saveIndex(link, store) {
    await this.sync(store);
    const { kind, index } = this.made;
    if (kind === 'flat' || link.n !== this.count) return false;
    const what = { metric: store.metric, d: store.d, kind: KINDS[kind], writer: this.writer };
    return indexFile.save(link, what, async (partial) => this._guard(() => index.write(partial)));
  }

  async search(store, queries, m, k, count = store.count) {
    // Another store may be on its way, of a load() that came first.
    while (this.store !== store || this.count < Math.min(count, store.count)) await this.sync(store);
    const { d, metric } = store;
    const found = [];
    for (let query = 0; query < m; query++) {
      const vector = Array.from(queries.subarray(query * d, (query + 1) * d));
      if (metric === 'cosine') scale(vector);
      const { labels, distances } = this._guard(() => this.made.index.search(vector, k));
      found.push({ positions: Float64Array.from(labels, Number), scores: Float32Array.from(distances) });
    }
    return found;
  }

  close() {
    this.made = { ...this.made, index: null };
  }
}

/** Makes a vector's length 1. */
function scale(vector) {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += vector[i] * vector[i];
  const inverse = 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i++) vector[i] *= inverse;
}

module.exports = { NativeBackend, addon, scale };
