// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One interface over every backend. What is added goes into the store first; a backend is a faster way to search it.

const { EventEmitter } = require('events');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place
const { FaissFleetError, InputError, BackendError } = require('./errors');
const { Store, convert, isVector } = require('./store');
const { ExactBackend } = require('./fallback');
const { NativeBackend } = require('./native');
const { WorkerBackend } = require('./worker');
const { options, told, isText } = require('./options');
const indexFile = require('./index-file');
const setting = require('./setting');
const vectorFile = require('./vector-file');

const LOADED_AT_ONCE = 1 << 20;      // numbers

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

function pathFrom(value) {
  if (!isText(value)) throw new InputError('BAD_ARGUMENT', `The path is ${told(value)}.`, 'Give the path of a file as text.');
  return value;
}

/** A copy of an array; of anything else, itself. */
function copied(value) {
  if (Array.isArray(value)) return value.slice();
  return ArrayBuffer.isView(value) && value.length !== undefined ? Uint8Array.prototype.slice.call(value) : value;
}

/** The same for a list of arrays: its owner may use them again at once. */
function copiedDeep(value) {
  return Array.isArray(value) ? value.map(copied) : copied(value);
}

class VectorStorage extends EventEmitter {
  constructor(given = {}) {
    super();
    this.options = options(given);
    const { metric, dimension } = this.options;
    this._store = dimension === undefined ? null : new Store(dimension, metric);
    this._backend = null;
    this._opening = null;
    this._runtime = null;
    this._socket = null;
    this._lastRestart = -Infinity;
    this._closing = null;
    this._last = null;                 // ends with the last call that waits for its turn; null when none does
    this._lastChange = null;           // the same of add() and load() alone
    this._saves = 0;
    this._metricGiven = given.metric !== undefined && given.metric !== null;
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
    await this._opened();
    return this;
  }

  /** add(), load() and save() are carried out one after the other, in the order of the calls. */
  _inTurn(act, change = true) {
    const begin = () => {
      if (change) this._refuseClosed();
      return act();
    };
    const result = this._last === null ? begin() : this._last.then(begin);
    const ended = result.then(() => {}, () => {}).then(() => {
      if (this._last === ended) this._last = null;
      if (this._lastChange === ended) this._lastChange = null;
    });
    this._last = ended;
    if (change) this._lastChange = ended;
    return result;
  }

  /** All of them or, when the call is rejected for whatever reason, none. */
  async add(ids, vectors) {
    this._refuseClosed();
    if (this._last !== null) {
      const given = [copied(ids), copiedDeep(vectors)];      // it is looked at later
      return this._inTurn(() => this._add(...given));
    }
    return this._inTurn(() => this._add(ids, vectors));
  }

  async _add(ids, vectors) {
    const store = this._store;
    if (store === null || store.count === 0) {
      const first = store === null ? this._newStore(vectors) : new Store(store.d, store.metric);
      if (first === null) {
        this._addNothing(ids);
        return;
      }
      first.add(ids, vectors);
      await this._become(first);
      return;
    }
    const { count } = store;
    store.add(ids, vectors);
    try {
      await this._run((backend) => backend.sync(store));
    } catch (error) {
      // Another object, by which a backend sees that what it has got is not what is there.
      this._store = store.forget(count);
      throw error;
    }
  }

  /** What is there from now on, as soon as a backend has it. */
  async _become(store) {
    await this._run((backend) => backend.sync(store));
    this._store = store;
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
    if (!Array.isArray(vectors)) throw new InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.', 'Give lists, also for one vector: add([id], [vector]).');
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
    if (!Number.isSafeInteger(k) || k < 1) throw new InputError('BAD_K', `k is ${told(k)}; it is a whole number from 1.`, 'Give how many neighbours you want, such as 10.');
    const single = isVector(query) && !(Array.isArray(query) && query.length === 0);
    if (!single && !Array.isArray(query)) throw new InputError('BAD_ARGUMENT', 'search() wants a vector or a list of vectors.', 'Give an array of numbers, a Float32Array, or a list of them.');
    let list = single ? [query] : query;
    if (this._lastChange !== null) {            // what was added before is found, though nobody has waited for it
      list = copiedDeep(list);
      await this._lastChange;
      this._refuseClosed();
    }
    const store = this._store;
    if (store === null || list.length === 0) return single ? [] : list.map(() => []);
    const queries = new Float32Array(list.length * store.d), { count } = store;
    list.forEach((vector, i) => convert(vector, store.d, store.metric, queries, i * store.d,
      single ? 'The query' : `Query ${i}`));
    if (count === 0) return single ? [] : list.map(() => []);
    const found = await this._run(async (backend) => {
      const wanted = Math.min(k, count);
      const answers = await backend.search(store, queries, list.length, wanted, count);
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
    pathFrom(path);
    this._saves += 1;
    return this._inTurn(() => this._save(path), false).finally(() => { this._saves -= 1; });
  }

  async _save(path) {
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
    pathFrom(path);
    return this._inTurn(() => this._load(path));
  }

  async _load(path) {
    const { metric, d, ids, rows, crc } = await vectorFile.load(path);
    const given = this.options.dimension || (this.count ? this._store.d : d);
    if (given !== d) {
      throw new InputError('BAD_DIMENSION', `${path} has vectors of ${d} dimensions; this store has ${given}.`, 'Load it into a store of its own.');
    }
    if (metric !== this.metric && (this.count || this._metricGiven)) {
      throw new InputError('BAD_ARGUMENT', `${path} was saved for ${metric}; this store uses ${this.metric}.`,
        `Open it with {metric: '${metric}'}.`);
    }
    const store = new Store(d, metric), step = Math.max(1, Math.floor(LOADED_AT_ONCE / d));
    store.reserve(ids.length);
    for (let from = 0; from < ids.length; from += step) {
      this._refuseClosed();
      store.add(ids.subarray(from, from + step), rows.subarray(from * d, (from + step) * d));
      await new Promise(later);                 // the event loop has its turn
    }
    store.saved = { file: path, n: store.count, crc };
    await this._become(store);
  }

  /**
   * From this call on all others are refused with CLOSED, and those under way are rejected so; but what save() was
   * asked for before is still written.
   */
  close() {
    if (this._closing === null) this._closing = this._close();
    return this._closing;
  }

  async _close() {
    if (this._saves > 0) await this._last;
    const backend = await (this._opening || Promise.resolve(null)).catch(() => null);
    if (backend) backend.close();
    await this._last;
    this._store = null;
  }

  get _closed() { return this._closing !== null; }

  _refuseClosed() {
    if (this._closed) throw closed();
  }

  /** The backend, started if need be. */
  async _opened() {
    const backend = await this._open().catch((error) => { throw this._closed ? closed() : error; });
    this._refuseClosed();
    return backend;
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
      const { setting: given } = this.options;
      const found = typeof given === 'object' ? setting.check(given) : setting.read(given);
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
    if (runtime.kind === 'node') return NativeBackend.start(runtime, this.options);
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
      const backend = await opening.catch((error) => { throw this._closed ? closed() : error; });
      this._refuseClosed();
      try {
        return await act(backend);
      } catch (error) {
        if (this._closed) throw closed();
        if (!(error instanceof BackendError)) throw error;
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
