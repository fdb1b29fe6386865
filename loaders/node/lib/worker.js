// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// FAISS in another process, spoken to in frames: docs/reference/worker-protocol.md.

const fs = require('fs');
const { BackendError } = require('./errors');
const { TYPES, Reader, frame, numbers, longs } = require('./protocol');
const { METRICS } = require('./store');
const { Process, Socket } = require('./transport');
const { KINDS, IVF_OUTGROWN, plan, outgrown, sample } = require('./kinds');
const indexFile = require('./index-file');

const PART = 8 << 20;             // bytes of vectors in one frame
const PART_HNSW = 1 << 20;        // whose vectors take long to add
const CHUNK = 32 << 20;           // bytes of an index in one frame
const MOST_WORK = 2 ** 31;        // multiplications that one frame of queries asks for: about a second of one processor
const LONG = 10;                  // times callTimeout, for what takes longer than a search: to train, to carry an index

class WorkerBackend {
  /** A backend whose worker has answered. Rejects with SettingError or BackendError. */
  static async start(runtime, options, socket = null) {
    const backend = new WorkerBackend(runtime, options, socket);
    try {
      const hello = await backend._ask(TYPES.HELLO, [numbers(1)], options.startTimeout);
      backend.about = { ...JSON.parse(hello.toString('utf8')) };
      if (backend.about.faiss) backend.writer = `faiss ${backend.about.faiss}`;
    } catch (error) {
      const fault = error instanceof BackendError ? error
        : new BackendError('WORKER_NONSENSE', `The worker greets with what is no JSON: ${error.message}.`);
      backend._fail(fault);
      throw fault;
    }
    return backend;
  }

  /** By the socket, when there is one, otherwise in a process that is started from the runtime. */
  constructor(runtime, options, socket) {
    this.name = 'worker';
    this.options = options;
    this.store = null;
    this.count = 0;
    this.made = plan('flat', 0);
    this.index = { kind: 'flat', from: 'built' };
    this.writer = null;
    this.fault = null;
    this.waiting = new Map();
    this.timer = null;
    this.next = 1;
    this.reader = new Reader();
    this.syncing = Promise.resolve();
    const line = [(data) => this._read(data), (error) => this._fail(error)];
    this.line = socket === null ? new Process(runtime, ...line) : new Socket(socket, ...line);
    this.line.rest();
  }

  _fail(error) {
    if (this.fault) return;
    this.fault = error;
    this.line.kill();
    this._rejectAll(error);
  }

  _rejectAll(error) {
    clearTimeout(this.timer);
    for (const entry of this.waiting.values()) entry.reject(error);
    this.waiting.clear();
  }

  /** The worker has to answer the request that waits longest within its time, counted from the last answer. */
  _watch() {
    clearTimeout(this.timer);
    const [first] = this.waiting.values();
    if (first === undefined) return;
    this.timer = setTimeout(() => this._fail(new BackendError('WORKER_TIMEOUT',
      `The worker did not answer within ${first.seconds} s.`)), first.seconds * 1000);
  }

  _read(data) {
    try {
      for (const { type, request, payload } of this.reader.feed(data)) this._answer(type, request, payload);
    } catch (error) {
      this._fail(error);
    }
  }

  _answer(type, request, payload) {
    const entry = this.waiting.get(request);
    if (!entry || (type !== TYPES.ERROR && type !== (entry.type | TYPES.REPLY))) {
      throw new BackendError('WORKER_NONSENSE', `The worker answers ${type} to request ${request}, which was not asked.`);
    }
    if (type === TYPES.ERROR && !entry.mayRefuse) {
      throw new BackendError('WORKER_ERROR', `The worker could not do it: ${payload.toString('utf8').slice(0, 2000)}`);
    }
    this.waiting.delete(request);
    this._watch();
    if (this.waiting.size === 0) this.line.rest();
    entry.resolve(type === TYPES.ERROR ? null : payload);
  }

  /** The answer's payload; null when the worker says that it cannot, where it may. */
  _ask(type, payload, seconds = this.options.callTimeout, mayRefuse = false) {
    if (this.fault) return Promise.reject(this.fault);
    return new Promise((resolve, reject) => {
      const request = this.next;
      this.next = (this.next % 0xffffffff) + 1;
      if (this.waiting.size === 0) this.line.wake();
      this.waiting.set(request, { type, resolve, reject, seconds, mayRefuse });
      if (this.waiting.size === 1) this._watch();
      const parts = frame(type, request, ...payload);
      const { out } = this.line;
      const small = parts.reduce((sum, part) => sum + part.length, 0) < 65536;
      if (small) {
        out.write(Buffer.concat(parts));
      } else {
        out.cork();
        for (const part of parts) out.write(part);
        out.uncork();
      }
    });
  }

  /** Gives the worker what it lacks of the store. */
  sync(store) {
    if (this.store === store && this.count === store.count) return this.syncing;
    this.syncing = this.syncing.catch(() => {}).then(() => this._sync(store));
    this.syncing.catch(() => {});
    return this.syncing;
  }

  async _sync(store) {
    if (this.store !== store || outgrown(this.made, this.options.index, store.count)) await this._begin(store);
    const step = Math.max(1, Math.floor((this.made.kind === 'hnsw' ? PART_HNSW : PART) / (store.d * 4)));
    while (this.count < store.count) {
      const to = Math.min(store.count, this.count + step);
      const rows = store.raw(this.count, to);
      const said = await this._ask(TYPES.ADD, [numbers(to - this.count), bytesOf(rows)]);
      if (said.length !== 8 || said.readBigUInt64LE(0) !== BigInt(to)) {
        throw this._nonsense('counts other vectors than it was given');
      }
      this.count = to;
    }
  }

  async _begin(store) {
    const made = plan(this.options.index, store.count);
    const open = () => this._ask(TYPES.OPEN, [numbers(store.d, METRICS[store.metric], this.options.threads, KINDS[made.kind], made.lists)]);
    await open();
    this.store = null;
    this.count = 0;
    this.index = { kind: made.kind, from: 'built' };
    const { saved } = store;
    store.saved = null;               // once: should FAISS die of it, the next backend builds its own
    if (made.kind !== 'flat' && saved !== null && made.trainedWith < IVF_OUTGROWN * saved.n) {
      const found = await indexFile.load(saved, this._what(store, made.kind));
      if (found !== null && (await this._restore(found)) === saved.n) {
        this.index.from = 'file';
        this.count = saved.n;
        store.saved = saved;
      } else if (found !== null) {
        await open();
      }
    }
    if (made.kind === 'ivf' && this.count === 0) {
      const rows = sample(store, made.lists);
      await this._ask(TYPES.TRAIN, [numbers(rows.length / store.d), bytesOf(rows)], this.options.callTimeout * LONG);
    }
    this.made = made;
    this.store = store;
  }

  _what(store, kind) {
    return { metric: store.metric, d: store.d, kind: KINDS[kind], writer: this.writer };
  }

  /** Number of vectors in an index file; null when the worker cannot read it. */
  async _restore({ file, size }) {
    const handle = await fs.promises.open(file, 'r').catch(() => null);
    if (handle === null) return null;            // gone since it was looked at
    try {
      const part = Buffer.alloc(Math.min(CHUNK, size));
      for (let at = 0; at < size;) {
        const { bytesRead } = await handle.read(part, 0, Math.min(CHUNK, size - at), at);
        if (bytesRead === 0) return null;
        const said = await this._ask(TYPES.RESTORE, [longs(size, at), part.subarray(0, bytesRead)],
          this.options.callTimeout * LONG, true);
        at += bytesRead;
        if (said === null || said.length !== 8) return null;
        if (at === size) return Number(said.readBigUInt64LE(0));
      }
      return null;
    } finally {
      await handle.close();
    }
  }

  async _dump(file) {
    const handle = await fs.promises.open(file, 'r+');
    try {
      for (let at = 0, total = null; total === null || at < total;) {
        const said = await this._ask(TYPES.DUMP, [longs(at)], this.options.callTimeout * LONG);
        const size = said.length > 8 ? Number(said.readBigUInt64LE(0)) : 0;
        if (size < at + said.length - 8 || (total !== null && size !== total)) throw this._nonsense('hands out an index that is not whole');
        total = size;
        for (let from = 8; from < said.length;) {
          const { bytesWritten } = await handle.write(said, from, said.length - from, at);
          from += bytesWritten;
          at += bytesWritten;
        }
      }
    } finally {
      await handle.close();
    }
  }

  /** Writes the index beside the vector file of this store, where that spares the next start some work. */
  async saveIndex(link, store) {
    if (this.writer === null || this.fault) return false;
    await this.sync(store);
    if (this.store !== store || this.index.kind === 'flat' || link.n !== this.count) return false;
    return indexFile.save(link, this._what(store, this.index.kind), (partial) => this._dump(partial));
  }

  _nonsense(what) {
    const error = new BackendError('WORKER_NONSENSE', `The worker ${what}.`);
    this._fail(error);
    return error;
  }

  /** [{positions, scores}] for each of m queries, which lie one after the other: among the first `count` at least. */
  async search(store, queries, m, k, count = store.count) {
    // Another store may be on its way, of a load() that came first. What is asked below goes out in one piece, before
    // anything that comes after.
    while (this.store !== store || this.count < Math.min(count, store.count)) await this.sync(store);
    const { d } = store;
    const step = Math.max(1, Math.floor(Math.min(PART / Math.max(d * 4, k * 12), MOST_WORK / (d * this.count))));
    const asked = [];
    for (let from = 0; from < m; from += step) {
      const size = Math.min(step, m - from);
      const part = queries.subarray(from * d, (from + size) * d);
      asked.push(this._ask(TYPES.SEARCH, [numbers(size, k), bytesOf(part)])
        .then((data) => ({ data, size })));
    }
    const found = [];
    for (const { data, size } of await Promise.all(asked)) {
      if (data.length !== 8 + size * k * 12 || data.readUInt32LE(0) !== size || data.readUInt32LE(4) !== k) {
        throw this._nonsense('answers with another number of neighbours than was asked');
      }
      for (let query = 0; query < size; query++) {
        const positions = new Float64Array(k), scores = new Float32Array(k);
        for (let i = 0; i < k; i++) {
          const at = query * k + i;
          // Below 2^53 the two halves are an exact number, and cheaper than a BigInt.
          positions[i] = data.readInt32LE(8 + at * 8 + 4) * 4294967296 + data.readUInt32LE(8 + at * 8);
          scores[i] = data.readFloatLE(8 + size * k * 8 + at * 4);
        }
        found.push({ positions, scores });
      }
    }
    return found;
  }

  close() {
    if (this.fault) return;
    this.fault = new BackendError('CLOSED', 'The worker was closed.');
    this._rejectAll(this.fault);
    this.line.close();
  }
}

function bytesOf(rows) {
  return Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
}

module.exports = { WorkerBackend };
