// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Flat indexes with the interface of faiss-node 0.5.1, its error texts included, over the kernel. Synchronous, as it is.

const fs = require('fs');
const { BackendError, FileError } = require('./errors');
const { answers } = require('./fallback');
const flatFile = require('./flat-file');
const { Segments } = require('./segments');

const MetricType = {};
for (const [name, value] of Object.entries({ METRIC_INNER_PRODUCT: 0, METRIC_L2: 1, METRIC_L1: 2, METRIC_Linf: 3, METRIC_Lp: 4,
  METRIC_Canberra: 20, METRIC_BrayCurtis: 21, METRIC_JensenShannon: 22, METRIC_Jaccard: 23 })) {
  MetricType[MetricType[name] = value] = name;
}
const PART = 8 << 20;                           // bytes of rows that are read or written at once: a file may be longer than a buffer
const LONGEST = 3.4028234663852886e38 / 4;      // squared length within which no result leaves the range of float32

function expect(given, count) {
  if (given.length !== count) throw new Error(`Expected ${count} argument${count === 1 ? '' : 's'}, but got ${given.length}.`);
}

function unsupported(what) {
  return new BackendError('BACKEND_FAILED', `${what} needs FAISS, and this host's configuration has no faiss-node.`,
    "Use 'Flat', or VectorStorage of faiss-fleet with the option index, which has FAISS by a worker; or run audit.yml with the strategy node.");
}

/** The numbers of an array of vectors, as float32. */
function numbers(list, d) {
  if (!Array.isArray(list)) throw new TypeError('Invalid the first argument type, must be an Array.');
  if (list.length % d !== 0) throw new Error('Invalid the given array length.');
  const own = list.slice(), found = new Float32Array(own.length);
  for (let i = 0; i < own.length; i++) {
    if (typeof own[i] !== 'number') throw new Error(`Expected a Number as array item. (at: ${i})`);
    found[i] = own[i];
    if (!Number.isFinite(found[i])) throw new Error(`Expected a finite float32 as array item. (at: ${i})`);
  }
  return found;
}

class MismatchError extends Error {}

function bytesOf(rows) {
  return Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
}

function writeWhole(file, bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(file, bytes, at, bytes.length - at);
}

/** Fills a buffer from a place in a file on. Returns how many bytes there were. */
function readInto(file, bytes, place) {
  let at = 0;
  for (let got = 1; got > 0 && at < bytes.length; at += got) got = fs.readSync(file, bytes, at, bytes.length - at, place + at);
  return at;
}

class Index {
  constructor(d, metric = 'l2') {
    expect([d].filter((one) => one !== undefined), 1);
    if (typeof d !== 'number') throw new TypeError('Invalid the first argument type, must be a number.');
    if (!(Number.isInteger(d) && d > 0)) throw new Error('Invalid the number of dimensions, must be a whole number from 1.');
    Object.defineProperty(this, '_rows', { value: { d, metric, segments: new Segments(d, metric), longest: 0, extreme: false, count: 0 } });
  }

  ntotal() { return this._rows.count; }
  getDimension() { return this._rows.d; }
  isTrained() { return true; }

  train(...given) {
    expect(given, 1);
    numbers(given[0], this._rows.d);            // a flat index has nothing to learn
  }

  add(...given) {
    expect(given, 1);
    this._append(numbers(given[0], this._rows.d));
  }

  _append(values) {
    const { _rows: store } = this, { d, segments } = store, { wide } = segments.shape, end = store.count + values.length / d;
    segments.reserve(end);
    segments.changed(store.count);
    let at = 0, longest = store.longest ** 2;
    segments.each(store.count, end, ({ rows }, from, to) => {
      for (let row = from; row < to; row++, at += d) {
        let square = 0;
        for (let i = 0; i < d; i++) square += values[at + i] * values[at + i];
        longest = Math.max(longest, square);
        rows.set(values.subarray(at, at + d), row * wide);
        rows.fill(0, row * wide + d, (row + 1) * wide);
      }
    });
    store.longest = Math.sqrt(longest);
    store.extreme = longest > LONGEST;
    store.count = end;
  }

  search(...given) {
    expect(given, 2);
    const { _rows: store } = this, [list, k] = given;
    if (!Array.isArray(list)) throw new TypeError('Invalid the first argument type, must be an Array.');
    if (typeof k !== 'number') throw new TypeError('Invalid the second argument type, must be a Number.');
    if (k > store.count) throw new Error(`Invalid the number of k (cannot be given a value greater than \`ntotal\`: ${store.count}).`);
    const queries = numbers(list, store.d), count = queries.length / store.d, distances = [], labels = [];
    if (!(Number.isInteger(k) && k > 0)) throw new Error('Invalid the number of k, must be a whole number from 1.');
    for (const found of answers(store, queries, count, k, store.count)) {
      if (found === undefined) continue;
      for (const { positions, scores } of found) {
        for (let i = 0; i < k; i++) {
          labels.push(positions[i]);
          distances.push(scores[i]);
        }
      }
    }
    return { distances, labels };
  }

  _values(from, to) {
    const { d, segments } = this._rows, { wide } = segments.shape, values = new Float32Array((to - from) * d);
    let at = 0;
    segments.each(from, to, ({ rows }, first, end) => {
      for (let row = first; row < end; row++, at += d) values.set(rows.subarray(row * wide, row * wide + d), at);
    });
    return values;
  }

  toBuffer() {
    const { d, metric, count } = this._rows;
    return flatFile.bytes(this._values(0, count), count, d, metric);
  }

  write(...given) {
    expect(given, 1);
    if (typeof given[0] !== 'string') throw new TypeError('Invalid the first argument type, must be a string.');
    const { d, metric, count } = this._rows, file = fs.openSync(given[0], 'w'), step = Math.ceil(PART / (d * 4));
    try {
      writeWhole(file, flatFile.header(count, d, metric));
      for (let from = 0; from < count; from += step) {
        writeWhole(file, bytesOf(this._values(from, Math.min(count, from + step))));
      }
    } finally {
      fs.closeSync(file);
    }
  }

  mergeFrom(...given) {
    expect(given, 1);
    const [other] = given;
    if (other === null || typeof other !== 'object') throw new TypeError('Invalid argument type, must be an object.');
    if (!(other instanceof Index) || other._rows.metric !== this._rows.metric) throw new Error('Invalid argument');
    if (other._rows.d !== this._rows.d) throw new Error('The merging index must have the same dimension.');
    const values = other._values(0, other._rows.count);
    this._append(values);
    if (other !== this) other._rows.count = 0;               // FAISS moves them
  }

  removeIds(...given) {
    expect(given, 1);
    if (!Array.isArray(given[0])) throw new TypeError('Invalid the first argument type, must be an Array.');
    const gone = new Set(given[0].map((id, i) => {
      if (typeof id !== 'number') throw new Error(`Expected a Number as array item. (at: ${i})`);
      return id;
    }));
    const { _rows: store } = this, { segments } = store, { wide } = segments.shape;
    segments.changed(0);
    let to = 0;
    for (let from = 0; from < store.count; from++) {
      if (gone.has(from)) continue;
      if (to !== from) {
        const source = segments.of(from), target = segments.of(to), start = (from - source.start) * wide;
        target.rows.set(source.rows.subarray(start, start + wide), (to - target.start) * wide);
      }
      to += 1;
    }
    const removed = store.count - to;
    store.count = to;
    return removed;
  }

  static fromBuffer(...given) {
    expect(given, 1);
    if (!Buffer.isBuffer(given[0])) throw new TypeError('Invalid the first argument type, must be a buffer.');
    const { metric, d, rows } = flatFile.parse(given[0]), found = Index._empty.call(this, metric, d, 'The buffer');
    found._append(rows);
    return found;
  }

  static read(...given) {
    expect(given, 1);
    if (typeof given[0] !== 'string') throw new TypeError('Invalid the first argument type, must be a string.');
    const [name] = given;
    let file = null;
    try {
      file = fs.openSync(name, 'r');
      const head = Buffer.alloc(flatFile.HEADER);
      const { metric, d, count } = flatFile.parseHeader(head.subarray(0, readInto(file, head, 0)), fs.fstatSync(file).size, name);
      const found = Index._empty.call(this, metric, d, name), step = Math.ceil(PART / (d * 4));
      found._rows.segments.reserve(count);
      for (let from = 0; from < count; from += step) {
        const rows = new Float32Array((Math.min(count, from + step) - from) * d), bytes = bytesOf(rows);
        if (readInto(file, bytes, flatFile.HEADER + from * d * 4) < bytes.length) throw new Error('it became shorter meanwhile');
        found._append(rows);
      }
      return found;
    } catch (error) {
      if (error instanceof FileError || error instanceof MismatchError) throw error;
      const why = error.code === 'ENOENT' ? 'No such file or directory' : error.message;
      throw new Error(`Error in read: could not open ${name} for reading: ${why}`);
    } finally {
      if (file !== null) fs.closeSync(file);
    }
  }

  /** An index of the kind that a file is of, which must be the one that was asked for. */
  static _empty(metric, d, name) {
    const Kind = metric === 'l2' ? IndexFlatL2 : IndexFlatIP;
    if (this !== Index && this !== Kind) throw new MismatchError(`${name} is an ${Kind.name}, not an ${this.name}.`);
    return new Kind(d);
  }

  static fromFactory(...given) {
    if (given.length !== 2 && given.length !== 3) throw new Error(`Expected 2 or 3 arguments, but got ${given.length}.`);
    const [d, factory, metric = MetricType.METRIC_L2] = given;
    if (typeof d !== 'number') throw new TypeError('Invalid the first argument type, must be a number.');
    if (typeof factory !== 'string') throw new TypeError('Invalid the second argument type, must be a string.');
    if (factory !== 'Flat') throw unsupported(`An index of the kind ${JSON.stringify(factory)}`);
    if (metric !== MetricType.METRIC_L2 && metric !== MetricType.METRIC_INNER_PRODUCT) throw unsupported(`The metric ${MetricType[metric] || metric}`);
    return new (metric === MetricType.METRIC_L2 ? IndexFlatL2 : IndexFlatIP)(d);
  }
}

class IndexFlatL2 extends Index {
  constructor(d) { super(d, 'l2'); }
}

class IndexFlatIP extends Index {
  constructor(d) { super(d, 'ip'); }
}

module.exports = { Index, IndexFlatL2, IndexFlatIP, MetricType };
