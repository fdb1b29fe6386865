// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One interface over every backend. What is added goes into the store first; a backend is a faster way to search it.

const { EventEmitter } = require('events');
const { FaissFleetError, InputError, BackendError } = require('./errors');
const { Store, METRICS, convert, isVector } = require('./store');
const { ExactBackend } = require('./fallback');
const { NativeBackend } = require('./native');
const { WorkerBackend } = require('./worker');
const { KINDS } = require('./kinds');
const indexFile = require('./index-file');
const setting = require('./setting');
const vectorFile = require('./vector-file');

const DEFAULTS = { metric: 'cosine', startTimeout: 60, callTimeout: 30, restartWindow: 600, threads: 0, fallback: true, index: 'flat', socket: null };

function seconds(options, name) {
  const value = options[name];
  if (!(Number.isFinite(value) && value > 0)) throw new InputError('BAD_ARGUMENT', `${name} is ${String(value)}; it is a number of seconds above 0.`);
}

class VectorStorage extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = { ...DEFAULTS };
    for (const [name, value] of Object.entries(options)) if (value !== undefined) this.options[name] = value;
    const { metric, dimension } = this.options;
    if (!Object.prototype.hasOwnProperty.call(METRICS, metric)) {
      throw new InputError('BAD_ARGUMENT', `metric is ${String(metric)}; it is cosine, ip or l2.`);
    }
    if (dimension !== undefined && !(Number.isInteger(dimension) && dimension > 0 && dimension <= 65536)) {
      throw new InputError('BAD_DIMENSION', `dimension is ${String(dimension)}; it is a whole number from 1 to 65536.`);
    }
    if (!Object.prototype.hasOwnProperty.call(KINDS, this.options.index)) {
      throw new InputError('BAD_ARGUMENT', `index is ${String(this.options.index)}; it is flat, ivf or hnsw.`);
    }
    for (const name of ['startTimeout', 'callTimeout', 'restartWindow']) seconds(this.options, name);
    this._store = dimension === undefined ? null : new Store(dimension, metric);
    this._backend = null;
    this._opening = null;
    this._runtime = null;
    this._socket = null;
    this._lastRestart = -Infinity;
    this._closed = false;
    this._metricGiven = options.metric !== undefined;
    this.why = null;
  }

  /** Number of vectors. */
  get count() { return this._store ? this._store.count : 0; }
  get dimension() { return this._store ? this._store.d : null; }
  get metric() { return this._store ? this._store.metric : this.options.metric; }
  /** 'faiss-node', 'worker' or 'js'; null before the first call that needs it. */
  get backend() { return this._backend ? this._backend.name : null; }
  /** What the backend says of itself: versions, process id. */
  get about() { return this._backend ? this._backend.about : null; }

  /** {kind: 'flat', 'ivf' or 'hnsw', from: 'built' or 'file'}: what is searched now; null before that. */
  get index() { return this._backend ? { ...this._backend.index } : null; }

  /** Starts the backend now rather than at the first call. */
  async ready() {
    this._refuseClosed();
    await this._open();
    return this;
  }

  async add(ids, vectors) {
    this._refuseClosed();
    const store = this._store || this._newStore(vectors);
    if (store === null) return this._addNothing(ids);
    store.add(ids, vectors);
    this._store = store;
    await this._run((backend) => backend.sync(this._store));
    return undefined;
  }

  _addNothing(ids) {
    if (!(Array.isArray(ids) || ArrayBuffer.isView(ids)) || ids.length) {
      throw new InputError('BAD_ARGUMENT', 'Ids were given without vectors.', 'Give one vector for each.');
    }
  }

  /** A store of the first vector's dimension; null when there is none. */
  _newStore(vectors) {
    if (ArrayBuffer.isView(vectors)) {
      throw new InputError('BAD_DIMENSION', 'One array of all rows was added to a store without a dimension.',
        'Give {dimension} to the constructor, or add a list of vectors.');
    }
    if (!Array.isArray(vectors)) throw new InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.');
    if (vectors.length === 0) return null;
    const d = isVector(vectors[0]) ? vectors[0].length : 0;
    if (!(d > 0 && d <= 65536)) {
      throw new InputError('BAD_DIMENSION', 'The first vector is empty, no vector, or longer than 65536.', 'Give lists of numbers.');
    }
    return new Store(d, this.options.metric);
  }

  /** The k nearest, best first: [{id, score}] for one query, a list of such lists for a list of queries. */
  async search(query, k = 10) {
    this._refuseClosed();
    if (!Number.isSafeInteger(k) || k < 1) throw new InputError('BAD_K', `k is ${String(k)}; it is a whole number from 1.`);
    const single = isVector(query) && !(Array.isArray(query) && query.length === 0);
    if (!single && !Array.isArray(query)) throw new InputError('BAD_ARGUMENT', 'search() wants a vector or a list of vectors.');
    const list = single ? [query] : query;
    const store = this._store;
    if (store === null || list.length === 0) return single ? [] : list.map(() => []);
    const queries = new Float32Array(list.length * store.d);
    list.forEach((vector, i) => convert(vector, store.d, store.metric, queries, i * store.d,
      single ? 'The query' : `Query ${i}`));
    if (store.count === 0) return single ? [] : list.map(() => []);
    const found = await this._run(async (backend) => {
      const wanted = Math.min(k, store.count);
      const answers = await backend.search(store, queries, list.length, wanted);
      return this._named(store, answers, wanted, backend.index.kind === 'flat');
    });
    return single ? found[0] : found;
  }

  /** Positions become ids. A position that no vector has is the backend's failure, not the caller's. */
  _named(store, found, k, exact) {
    return found.map(({ positions, scores }) => {
      const first = exact ? -1 : positions.indexOf(-1);       // an approximate index may find fewer
      const hits = new Array(first < 0 ? positions.length : first);
      for (let i = 0; i < hits.length; i++) {
        const at = positions[i];
        if (!(at >= 0 && at < store.count) || Number.isNaN(scores[i]) || positions.length !== k) {
          throw new BackendError('WORKER_NONSENSE', `The backend answers with position ${at} of ${store.count}.`);
        }
        hits[i] = { id: store.ids[at], score: scores[i] };
      }
      return hits;
    });
  }

  /** Writes all vectors into one file, whole or not at all, and beside it an IVF or HNSW index, if there is one. */
  async save(path) {
    this._refuseClosed();
    if (this._store === null) {
      throw new InputError('BAD_DIMENSION', 'There is nothing to save, not even a dimension.', 'Add vectors first, or give {dimension}.');
    }
    const store = this._store, n = store.count;
    const link = { file: path, n, crc: await vectorFile.save(path, store) };
    let saved = false;
    try {
      saved = this._backend !== null && await this._backend.saveIndex(link, store);
    } catch (error) {
      // Without it the next load() takes longer, no more; a backend that fails here is replaced at the next search.
      if (!(error instanceof BackendError)) throw error;
    }
    if (!saved) await indexFile.dropStale(link);
  }

  /** Replaces what is in the store by what is in the file. On an error the store stays as it was. */
  async load(path) {
    this._refuseClosed();
    const { metric, d, ids, rows, crc } = await vectorFile.load(path);
    const given = this.options.dimension || (this.count ? this._store.d : d);
    if (given !== d) {
      throw new InputError('BAD_DIMENSION', `${path} has vectors of ${d} dimensions; this store has ${given}.`, 'Load it into a store of its own.');
    }
    if (metric !== this.metric && (this.count || this._metricGiven)) {
      throw new InputError('BAD_ARGUMENT', `${path} was saved for ${metric}; this store uses ${this.metric}.`,
        `Open it with {metric: '${metric}'}.`);
    }
    const store = new Store(d, metric);
    store.add(ids, rows);
    store.saved = { file: path, n: store.count, crc };
    this._refuseClosed();
    this._store = store;
    await this._run((backend) => backend.sync(this._store));
  }

  async close() {
    if (this._closed) return;
    this._closed = true;
    const backend = await (this._opening || Promise.resolve(null)).catch(() => null);
    if (backend) backend.close();
    this._store = null;
  }

  _refuseClosed() {
    if (this._closed) throw new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
  }

  _open() {
    if (this._opening === null) {
      this._opening = this._choose();
      // A start that failed for good ({fallback: false}) may be tried again.
      this._opening.catch(() => { this._opening = null; });
    }
    return this._opening;
  }

  async _choose() {
    try {
      const found = this.options.setting && typeof this.options.setting === 'object'
        ? this.options.setting : setting.read(this.options.setting);
      if (found.backend !== 'faiss') return this._fallBack(null, found.because || 'the setting says so');
      this._runtime = found.runtime;
      this._socket = this.options.socket || found.socket || null;
      return this._use(await this._startOnce(found.runtime));
    } catch (error) {
      if (!(error instanceof FaissFleetError)) throw error;
      return this._fallBack(error, error.message);
    }
  }

  async _start(runtime) {
    if (this._socket !== null) {
      try {
        return await WorkerBackend.start(runtime, this.options, this._socket);
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        this.emit('restart', { error, count: this.count });
      }
    }
    if (runtime.kind === 'node') return NativeBackend.start(runtime, this.options.index);
    if (runtime.kind === 'python' || runtime.kind === 'container') return WorkerBackend.start(runtime, this.options);
    throw new BackendError('BACKEND_FAILED', `This loader cannot start a runtime of kind ${runtime.kind}.`, 'Use a newer loader.');
  }

  async _startOnce(runtime) {
    try {
      return await this._start(runtime);
    } catch (error) {
      if (runtime.kind === 'node' || !(error instanceof BackendError)) throw error;
      return this._again(runtime, error);
    }
  }

  _again(runtime, error) {
    if (Date.now() - this._lastRestart < this.options.restartWindow * 1000) throw error;
    this._lastRestart = Date.now();
    this.emit('restart', { error, count: this.count });
    return this._start(runtime);
  }

  _use(backend) {
    this._backend = backend;
    return backend;
  }

  _fallBack(error, why) {
    if (error && !this.options.fallback) throw error;
    this.why = why;
    const backend = this._use(new ExactBackend());
    const code = error ? error.code : 'SETTING_SAYS_JS';
    process.emitWarning(`Searching in JavaScript, without FAISS: ${why}`, { type: 'FaissFleetWarning', code });
    this.emit('fallback', { error, why, count: this.count });
    return backend;
  }

  /** Does something with the backend; with the next one if that fails. */
  async _run(act) {
    for (;;) {
      const opening = this._open();
      const backend = await opening;
      try {
        return await act(backend);
      } catch (error) {
        if (!(error instanceof BackendError) || this._closed) throw error;
        // The first to notice replaces it; the others wait for that.
        if (this._opening === opening) {
          this._opening = this._replace(backend, error);
          this._opening.catch(() => { this._opening = null; });
        }
      }
    }
  }

  async _replace(backend, error) {
    backend.close();
    this._backend = null;
    let last = error;
    if (backend.name === 'worker') {
      try {
        return this._use(await this._again(this._runtime, error));
      } catch (again) {
        if (!(again instanceof FaissFleetError)) throw again;
        last = again;
      }
    }
    return this._fallBack(last, last.message);
  }
}

/** The reference store: the same interface, always in JavaScript, without a setting and without a warning. */
class JSVectorStorage extends VectorStorage {
  async _choose() {
    return this._use(new ExactBackend());
  }
}

module.exports = { VectorStorage, JSVectorStorage };
