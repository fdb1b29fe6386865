// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One interface over every backend. What is added goes into the store first; a backend is a faster way to search it.

const { InputError, BackendError } = require('./errors');
const { Store, convert, isVector } = require('./store');
const { Opening, closed, threadsOf } = require('./opening');
const { options, told, isText } = require('./options');
const indexFile = require('./index-file');
const { through } = require('./slices');
const vectorFile = require('./vector-file');

const AT_ONCE = 1 << 18;      // numbers: more are read in slices
const HITS_AT_ONCE = 2048;    // hits that are made in one step
const NONE = new Set();

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

/** Whether vectors are so many that they are read in slices. */
function isLong(vectors) {
  if (ArrayBuffer.isView(vectors)) return vectors.length > AT_ONCE;
  if (!Array.isArray(vectors) || vectors.length === 0) return false;
  const [first] = vectors.slice(0, 1);
  return vectors.length * ((first && first.length) || 1) > AT_ONCE;
}

class VectorStorage extends Opening {
  constructor(given = {}) {
    super(options(given));
    const { metric, dimension } = this.options;
    if (dimension !== undefined) this._store = this._emptyStore(dimension, metric);
    this._last = null;                 // ends with the last call that waits for its turn; null when none does
    this._lastChange = null;           // the same of the calls that change what is there
    this._moving = null;               // ends when the vectors have moved together
    this._saves = 0;
    this._metricGiven = given.metric !== undefined && given.metric !== null;
  }

  /** Number of vectors. */
  get count() { return this._store ? this._store.alive : 0; }
  get dimension() { return this._store ? this._store.d : null; }
  get metric() { return this._store ? this._store.metric : this.options.metric; }
  /** 'faiss-node', 'worker' or 'js'; null before the first call that needs it. */
  get backend() { return this._backend ? this._backend.name : null; }
  /** What the backend says of itself: versions, process id; of 'js', which kernel compares. */
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

  _emptyStore(d, metric) {
    return new Store(d, metric, threadsOf(this.options.threads));
  }

  * _unlessClosed(steps) {
    for (;;) {
      if (this._closed) {
        steps.return();
        throw closed();
      }
      const { value, done } = steps.next();
      if (done) return value;
      yield;
    }
  }

  /** All of them or, when the call is rejected for whatever reason, none. */
  async add(ids, vectors) {
    return this._change(ids, vectors, (...given) => this._add(...given));
  }

  /** Gives ids that are there other vectors. All of them or none. */
  async update(ids, vectors) {
    return this._change(ids, vectors, async (...given) => {
      if (this._store === null) throw new InputError('UNKNOWN_ID', 'The store is empty.', 'Use add() for new ids.');
      return this._append(this._store, ...given, true);
    });
  }

  async _change(ids, vectors, act) {
    this._refuseClosed();
    if (this._last === null || isLong(vectors)) return this._inTurn(() => act(ids, vectors));
    const given = [copied(ids), copiedDeep(vectors)];      // it is looked at later
    return this._inTurn(() => act(...given));
  }

  /** Puts vectors into a store, at once or in slices. Returns the positions of what they replace. */
  async _put(store, ids, vectors, replacing = false) {
    const steps = store.adding(ids, vectors, replacing);
    if (isLong(vectors)) return through(this._unlessClosed(steps));
    for (;;) {
      const { value, done } = steps.next();
      if (done) return value;
    }
  }

  async _add(ids, vectors) {
    const store = this._store;
    if (store === null || store.count === 0) {
      const first = store === null ? this._newStore(vectors) : this._emptyStore(store.d, store.metric);
      if (first === null) {
        this._addNothing(ids);
        return;
      }
      await this._put(first, ids, vectors);
      await this._become(first);
      return;
    }
    await this._append(store, ids, vectors);
  }

  async _append(store, ids, vectors, replacing = false) {
    const { count } = store;
    const old = await this._put(store, ids, vectors, replacing);
    try {
      await this._run((backend) => backend.sync(store));
    } catch (error) {
      // Another object, by which a backend sees that what it has got is not what is there.
      this._store = store.forget(count, old);
      throw error;
    }
    await this._compact();
  }

  /** What is there from now on, as soon as a backend has it. */
  async _become(store) {
    await this._run((backend) => backend.sync(store));
    this._store = store;
  }

  /** Deletes what is there of these ids, and resolves with how many that were. */
  async delete(ids) {
    this._refuseClosed();
    if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) throw new InputError('BAD_ARGUMENT', 'delete() wants a list of ids.', 'Give a list, also for one id: delete([id]).');
    const given = copied(ids);
    return this._inTurn(async () => {
      if (this._store === null) return 0;
      const count = await through(this._store.removing(given));
      await this._compact();
      return count;
    });
  }

  /** Moves the vectors together when many are deleted; searches that are under way end first, others wait. */
  async _compact() {
    if (!this._store.crowded) return;
    const searched = this._searched;
    this._moving = searched.then(() => (this._closed ? this._store : through(this._store.compacting()))).then((store) => {
      this._store = store;
      this._moving = null;
    });
    await this._moving;
  }

  /** Deletes all vectors; dimension and metric stay. */
  async clear() {
    this._refuseClosed();
    return this._inTurn(async () => {
      if (this._store !== null) this._store = this._emptyStore(this._store.d, this._store.metric);
    });
  }

  /** Whether a vector has this id. */
  has(id) {
    this._refuseClosed();
    return this._store !== null && this._store.has(id);
  }

  /** The vector of an id, as float32; null when there is none. */
  get(id) {
    this._refuseClosed();
    return this._store === null ? null : this._store.get(id);
  }

  /** All ids. */
  ids() {
    this._refuseClosed();
    return this._store === null ? [] : this._store.list();
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
    return this._emptyStore(d, this.options.metric);
  }

  /** The k nearest, best first: [{id, score}] for one query, a list of such lists for a list of queries. */
  async search(query, k = 10) {
    this._refuseClosed();
    if (!Number.isSafeInteger(k) || k < 1) throw new InputError('BAD_K', `k is ${told(k)}; it is a whole number from 1.`, 'Give how many neighbours you want, such as 10.');
    const single = isVector(query) && !(Array.isArray(query) && query.length === 0);
    if (!single && !Array.isArray(query)) throw new InputError('BAD_ARGUMENT', 'search() wants a vector or a list of vectors.', 'Give an array of numbers, a Float32Array, or a list of them.');
    let list = single ? [query] : query;
    if (this._lastChange !== null) {            // what was added before is found, though nobody has waited for it
      if (!isLong(list)) list = copiedDeep(list);
      await this._lastChange;
    }
    while (this._moving !== null) await this._moving;
    this._refuseClosed();
    const searching = this._search(list, k, single);
    const ended = searching.then(() => {}, () => {});
    this._searches.add(ended);
    ended.then(() => this._searches.delete(ended));
    const found = await searching;
    return single ? found[0] : found;
  }

  * _converted(list, store, out, single) {
    const most = Math.max(1, Math.floor(AT_ONCE / 4 / store.d));
    for (let i = 0; i < list.length; i++) {
      convert(list[i], store.d, store.metric, out, i * store.d, single ? 'The query' : `Query ${i}`);
      if (i % most === most - 1) yield;
    }
  }

  async _search(list, k, single) {
    const store = this._store;
    if (store === null || list.length === 0) return list.map(() => []);
    const { count } = store, dead = store.dead.size ? new Set(store.dead) : NONE;
    const queries = new Float32Array(list.length * store.d), steps = this._converted(list, store, queries, single);
    if (isLong(list)) await through(this._unlessClosed(steps));
    else for (const step of steps) void step;
    const most = Math.min(k, count - dead.size);
    if (most === 0) return list.map(() => []);
    return this._run(async (backend) => {
      const wanted = most + dead.size;
      const answers = await backend.search(store, queries, list.length, wanted, count);
      return through(this._named(store, answers, wanted, backend.index.kind === 'flat', dead, most));
    });
  }

  /** Positions become ids. A position that no vector has is the backend's failure, not the caller's. */
  * _named(store, found, k, exact, dead, most) {
    const answers = [];
    let since = 0;
    for (const { positions, scores } of found) {
      const first = exact ? -1 : positions.indexOf(-1);       // an approximate index may find fewer
      const size = first < 0 ? positions.length : first, hits = [];
      for (let i = 0; i < size; i++) {
        const at = positions[i];
        if (!(at >= 0 && at < store.count) || Number.isNaN(scores[i]) || positions.length !== k) {
          throw new BackendError('WORKER_NONSENSE', `The backend answers with position ${at} of ${store.count}.`);
        }
        if (hits.length < most && !dead.has(at)) hits.push({ id: store.ids.at(at), score: scores[i] });
        since += 1;
        if (since % HITS_AT_ONCE === 0) yield;
      }
      answers.push(hits);
    }
    return answers;
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
    const store = this._store, n = store.alive;
    const link = { file: path, n, crc: await vectorFile.save(path, store) };
    let saved = false;
    try {
      saved = this._backend !== null && store.dead.size === 0 && await this._backend.saveIndex(link, store);
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
    const store = this._emptyStore(d, metric);
    await through(this._unlessClosed(store.adding(ids, rows)));
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
}

/** The reference store: the same interface, always without FAISS, without a setting and without a warning. */
class JSVectorStorage extends VectorStorage {
  async _choose() {
    return this._use(this._exact());
  }
}

module.exports = { VectorStorage, JSVectorStorage };
