# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The loaders as texts, by their path under loaders/. Written by tools/embed-loaders; what is edited here is lost."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

TEXTS = {}

TEXTS['node/index.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What the application sees.

module.exports = { ...require('./lib/storage'), ...require('./lib/errors') };
'''

TEXTS['node/lib/crc32.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// CRC-32 as in zlib. Node has had one of its own since 20.15 and 22.2.

const zlib = require('zlib');

const TABLES = [];

/** Eight bytes a step by eight tables. */
function tables() {
  if (TABLES.length) return TABLES;
  const first = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    first[n] = c >>> 0;
  }
  TABLES.push(first);
  for (let t = 1; t < 8; t++) {
    TABLES.push(TABLES[t - 1].map((c) => ((c >>> 8) ^ first[c & 255]) >>> 0));
  }
  return TABLES;
}

function byTables(data, before) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables();
  let crc = ~before, at = 0;
  for (const end = data.length - (data.length & 7); at < end; at += 8) {
    crc ^= data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24;
    crc = t7[crc & 255] ^ t6[crc >>> 8 & 255] ^ t5[crc >>> 16 & 255] ^ t4[crc >>> 24] ^
      t3[data[at + 4]] ^ t2[data[at + 5]] ^ t1[data[at + 6]] ^ t0[data[at + 7]];
  }
  for (; at < data.length; at++) crc = crc >>> 8 ^ t0[(crc ^ data[at]) & 255];
  return ~crc >>> 0;
}

/** The CRC of data that follows what had the CRC `before`. */
function crc32(data, before = 0) {
  return zlib.crc32 ? zlib.crc32(data, before) : byTables(data, before);
}

module.exports = { crc32, byTables };
'''

TEXTS['node/lib/errors.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What can go wrong, by kind. `code` is for programs, the message names the thing and the cause, `remedy` the next step.

const RUN_AUDIT = 'Run audit.yml for this host: its search test names what is wrong.';
// The next step where an error names none of its own.
const REMEDIES = {
  BAD_ARGUMENT: 'Look at the call in docs/how-to/use-from-node.md.',
  WORKER_START: RUN_AUDIT,
  WORKER_SOCKET: RUN_AUDIT,
  WORKER_DIED: RUN_AUDIT,
  WORKER_TIMEOUT: 'Give it more time with the option callTimeout or startTimeout, or run audit.yml for this host.',
  WORKER_NONSENSE: RUN_AUDIT,
  WORKER_VERSION: 'Use the worker that comes with the loader.',
  WORKER_ERROR: RUN_AUDIT,
  BACKEND_FAILED: RUN_AUDIT,
};

class FaissFleetError extends Error {
  constructor(code, message, remedy = REMEDIES[code], cause) {
    super(remedy ? `${message} ${remedy}` : message);
    this.name = this.constructor.name;
    this.code = code;
    this.remedy = remedy || null;
    if (cause !== undefined) this.cause = cause;
  }
}

/** An argument that cannot be. Nothing of the call was done. */
class InputError extends FaissFleetError {}
/** The setting is missing, malformed, or points at what is no longer there. */
class SettingError extends FaissFleetError {}
/** A file is not a vector file, or not a whole one. */
class FileError extends FaissFleetError {}
/** A backend cannot be started, died, hung or answered nonsense. */
class BackendError extends FaissFleetError {}

module.exports = { FaissFleetError, InputError, SettingError, FileError, BackendError };
'''

TEXTS['node/lib/exact.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Exact search over rows of float32: every row is compared, the k best are kept in a heap whose root is the worst of
// them. Four sums run side by side, which lets the engine overlap the multiplications.

function dot(rows, at, query, d) {
  let a = 0, b = 0, c = 0, e = 0, i = 0, j = at;
  for (const end = d - 3; i < end; i += 4, j += 4) {
    a += rows[j] * query[i];
    b += rows[j + 1] * query[i + 1];
    c += rows[j + 2] * query[i + 2];
    e += rows[j + 3] * query[i + 3];
  }
  for (; i < d; i++, j++) a += rows[j] * query[i];
  return a + b + c + e;
}

function squaredDistance(rows, at, query, d) {
  let a = 0, b = 0, c = 0, e = 0, i = 0, j = at;
  for (const end = d - 3; i < end; i += 4, j += 4) {
    const p = rows[j] - query[i], q = rows[j + 1] - query[i + 1];
    const r = rows[j + 2] - query[i + 2], s = rows[j + 3] - query[i + 3];
    a += p * p;
    b += q * q;
    c += r * r;
    e += s * s;
  }
  for (; i < d; i++, j++) {
    const p = rows[j] - query[i];
    a += p * p;
  }
  return a + b + c + e;
}

/** Sinks the root of a heap whose root is the worst: the lowest goodness, or among equals the latest position. */
function sink(goodness, positions, size) {
  const value = goodness[0], position = positions[0];
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    const right = child + 1;
    if (right < size && (goodness[right] < goodness[child] ||
        (goodness[right] === goodness[child] && positions[right] > positions[child]))) child = right;
    if (value < goodness[child] || (value === goodness[child] && position > positions[child])) break;
    goodness[at] = goodness[child];
    positions[at] = positions[child];
    at = child;
  }
  goodness[at] = value;
  positions[at] = position;
}

/**
 * A search for the `size` best rows, in as many steps as its caller likes. metric: 'ip' and 'cosine' (larger is nearer)
 * or 'l2' (squared distance, smaller is nearer). For cosine the query has length 1.
 */
class Scan {
  constructor(d, metric, query, size) {
    this.d = d;
    this.metric = metric;
    this.query = Float64Array.from(query);      // once, rather than at each multiplication
    this.goodness = new Float64Array(size).fill(-Infinity);
    this.positions = new Float64Array(size).fill(Infinity);
  }

  /**
   * Compares rows from one to another; the first of `rows` has the position `start` in the store. Rows lie `wide` numbers
   * apart, and 1 / length of a row lies at its number times `inverseWide` in `inverse`.
   */
  compare({ rows, inverse, start, inverseWide }, wide, from, to) {
    const { d, query, goodness, positions } = this;
    const size = goodness.length, l2 = this.metric === 'l2', cosine = this.metric === 'cosine';
    if (size === 0) return;
    for (let row = from, at = from * wide; row < to; row++, at += wide) {
      let value;
      if (l2) value = -squaredDistance(rows, at, query, d);
      else if (cosine) value = dot(rows, at, query, d) * inverse[row * inverseWide];
      else value = dot(rows, at, query, d);
      if (value > goodness[0]) {
        goodness[0] = value;
        positions[0] = start + row;
        sink(goodness, positions, size);
      }
    }
  }

  /** [position, goodness] of the best that were compared: best first, equal ones in the order of the rows. */
  sorted() {
    const { goodness, positions } = this, size = goodness.length, found = new Array(size);
    for (let left = size - 1; left >= 0; left--) {      // the heap is taken apart from the worst on
      found[left] = [positions[0], goodness[0]];
      goodness[0] = goodness[left];
      positions[0] = positions[left];
      sink(goodness, positions, left);
    }
    return found;
  }

  /** The same as {positions, scores}. */
  found() {
    const found = this.sorted(), l2 = this.metric === 'l2';
    return {
      positions: Float64Array.from(found, ([position]) => position),
      scores: Float32Array.from(found, ([, goodness]) => (l2 ? -goodness : goodness)),
    };
  }
}

/** The k best of n rows which lie one after the other, in one go. */
function search(rows, inverse, n, d, metric, query, k) {
  const scan = new Scan(d, metric, query, Math.min(k, n));
  scan.compare({ rows, inverse, start: 0, inverseWide: 1 }, d, 0, n);
  return scan.found();
}

module.exports = { Scan, search };
'''

TEXTS['node/lib/fallback.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The backend that is always there: exact search over the store itself, without a copy of it and without keeping the
// event loop from its work. Where the rows lie in WebAssembly memory the kernel compares them, elsewhere JavaScript;
// what they find is the same to the last digit.

const { FaissFleetError } = require('./errors');
const { Scan } = require('./exact');
const { batch, certain, SPARE, MOST_K } = require('./kernel');
const { scale } = require('./native');
const { inSlices, through } = require('./slices');
const { Team } = require('./team');

const PART = 1 << 16;            // numbers that JavaScript compares in one step: some 0.1 ms
const PART_KERNEL = 1 << 19;     // numbers that the kernel does

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

/** What a kernel found in rows that begin at a position of the store. */
function named({ positions, goodness }, start) {
  return Array.from(positions, (at, i) => ({ position: start + at, goodness: goodness[i] }));
}

/** The k best of lists of {position, goodness} of one query, each sorted, as {positions, scores}. */
function merged(lists, k, l2) {
  let best = lists[0];
  for (const next of lists.slice(1)) {
    const all = [];
    for (let i = 0, j = 0; all.length < k && (i < best.length || j < next.length);) {
      // Positions of the next piece are all later: among equals the first list goes first.
      if (j >= next.length || (i < best.length && best[i].goodness >= next[j].goodness)) all.push(best[i++]);
      else all.push(next[j++]);
    }
    best = all;
  }
  return {
    positions: Float64Array.from(best, (one) => one.position),
    scores: Float32Array.from(best, (one) => (l2 ? -one.goodness : one.goodness)),
  };
}

/** Yields undefined within a query, its answer at the end. */
function* inJavaScript(store, queries, m, k, count) {
  const { d, metric, segments } = store, { wide } = segments.shape;
  const part = Math.max(1, Math.ceil(PART / d));
  for (let query = 0; query < m; query++) {
    const scan = new Scan(d, metric, queries.subarray(query * d, (query + 1) * d), k);
    for (let at = 0; at < count; at += part) {
      segments.each(at, Math.min(count, at + part), (piece, from, to) => scan.compare(piece, wide, from, to));
      if (at + part < count) yield undefined;
    }
    yield [scan.found()];
  }
}

/** The same for as many queries at a time as share a pass over the rows. */
function* byKernel(store, queries, m, k, count) {
  const { d, metric, segments } = store, most = batch(k);
  for (let first = 0; first < m; first += most) {
    const size = Math.min(most, m - first), group = queries.subarray(first * d, (first + size) * d);
    const lists = Array.from({ length: size }, () => []);
    for (const piece of segments.pieces) {
      const rows = Math.min(count - piece.start, piece.capacity);
      if (rows <= 0) break;
      if (piece.kernel !== null) yield* pieceByKernel(store, piece, rows, group, size, k, lists);
      else for (let query = 0; query < size; query++) yield* compare(store, piece, 0, rows, group.subarray(query * d, (query + 1) * d), k, lists[query]);
    }
    yield lists.map((each) => merged(each, k, metric === 'l2'));
  }
}

function* pieceByKernel(store, piece, rows, group, size, k, lists) {
  const { d, metric } = store, { kernel, start } = piece;
  const part = Math.max(16, Math.ceil(PART_KERNEL / (d * size)));
  kernel.begin(group, size, Math.min(rows, k + SPARE));
  for (let at = 0; at < rows; at += part) {
    kernel.scan(at, Math.min(rows, at + part));
    yield undefined;
  }
  const unsure = [];
  for (let query = 0; query < size; query++) {
    const found = kernel.found(query, k), vector = group.subarray(query * d, (query + 1) * d);
    if (rows > k + SPARE && !certain(found, k, metric, vector, store.longest)) unsure.push(query);
    lists[query].push(named(found, start));
  }
  for (const query of unsure) {
    lists[query].pop();                // float32 cannot tell more rows apart than the heap has room for
    yield* compare(store, piece, 0, rows, group.subarray(query * d, (query + 1) * d), k, lists[query]);
  }
}

/** Puts the best rows of a part of a piece into a list of lists, by JavaScript. */
function* compare({ d, metric, segments }, piece, first, end, query, k, lists) {
  const { wide } = segments.shape, part = Math.max(1, Math.ceil(PART / d));
  const scan = new Scan(d, metric, query, Math.min(k, end - first));
  for (let at = first; at < end; at += part) {
    scan.compare(piece, wide, at, Math.min(end, at + part));
    yield undefined;
  }
  lists.push(scan.sorted().map(([position, goodness]) => ({ position, goodness })));
}

function kernelCan(store, k) {
  return k > 0 && k <= MOST_K && !store.extreme && store.segments.pieces.some(({ kernel }) => kernel !== null);
}

/** Yields undefined now and then, and lists of answers. */
function answers(store, queries, m, k, count) {
  return kernelCan(store, k) ? byKernel(store, queries, m, k, count) : inJavaScript(store, queries, m, k, count);
}

class ExactBackend {
  constructor(threads = 1) {
    this.name = 'js';
    this.about = {};
    this.closed = false;
    this.index = { kind: 'flat', from: 'built' };
    this.team = threads > 1 ? new Team(threads) : null;
  }

  async sync(store) {
    this._see(store);
  }

  _see({ kernel }) {
    if (this.about.kernel !== kernel) this.about = { kernel };
  }

  /** Among the first `count` vectors; what is added meanwhile is not looked at. */
  async search(store, queries, m, k, count = store.count) {
    this._see(store);
    if (this.closed) throw closed();
    const prepared = queries.slice(0, m * store.d);
    if (store.metric === 'cosine') for (let i = 0; i < m; i++) scale(prepared.subarray(i * store.d, (i + 1) * store.d));
    const size = Math.min(k, count);
    if (kernelCan(store, size) && this.team !== null && store.segments.shape.threads > 1 && !store.segments.exhausted) {
      try {
        return await this._byTeam(store, prepared, m, size, count);
      } catch (error) {
        if (this.closed) throw closed();
        this.team.close();
        this.team = null;                 // threads that cannot be had: this one goes on alone
      }
    }
    const steps = answers(store, prepared, m, size, count);
    const found = [];
    await inSlices(() => {
      if (this.closed) throw closed();
      const { value, done } = steps.next();
      if (done) return 'done';
      if (value !== undefined) found.push(...value);
      return value === undefined ? undefined : found.length === m ? 'done' : 'turn';
    });
    return found;
  }

  async _byTeam(store, queries, m, k, count) {
    const { d, metric } = store, most = this.team.most(k), found = [];
    for (let first = 0; first < m; first += most) {
      const size = Math.min(most, m - first);
      const group = queries.slice(first * d, (first + size) * d);
      const parts = await this.team.batch(store, group, size, k, count);
      if (this.closed) throw closed();
      for (let query = 0; query < size; query++) {
        const vector = group.subarray(query * d, (query + 1) * d), lists = [];
        for (const { piece, from, to, answers } of parts) {
          if (to - from <= k + SPARE || certain(answers[query], k, metric, vector, store.longest)) lists.push(named(answers[query], piece.start));
          else await through(compare(store, piece, from, to, vector, k, lists));
        }
        found.push(merged(lists, k, metric === 'l2'));
      }
    }
    return found;
  }

  /** It has none to save. */
  async saveIndex() { return false; }

  close() {
    this.closed = true;
    if (this.team !== null) this.team.close();
  }
}

module.exports = { ExactBackend, answers };
'''

TEXTS['node/lib/flat-file.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Flat indexes as FAISS writes them: four letters, a header of 33 bytes, the number of values and the values.

const { FileError } = require('./errors');

const HEADER = 45;
const LETTERS = { l2: 'IxF2', ip: 'IxFI' };
const METRICS = { ip: 0, l2: 1 };
const UNUSED = 1n << 20n;          // two numbers that FAISS writes so and does not read

/** The first bytes of the file of a flat index of so many rows. */
function header(count, d, metric) {
  const head = Buffer.alloc(HEADER);
  head.write(LETTERS[metric], 0, 'latin1');
  head.writeInt32LE(d, 4);
  head.writeBigInt64LE(BigInt(count), 8);
  head.writeBigInt64LE(UNUSED, 16);
  head.writeBigInt64LE(UNUSED, 24);
  head.writeUInt8(1, 32);                  // is_trained
  head.writeInt32LE(METRICS[metric], 33);
  head.writeBigUInt64LE(BigInt(count) * BigInt(d), 37);
  return head;
}

/** The whole file. */
function bytes(rows, count, d, metric) {
  return Buffer.concat([header(count, d, metric), Buffer.from(rows.buffer, rows.byteOffset, count * d * 4)]);
}

/** {metric, d, count, rows} of a file's bytes; `rows` is a copy. Throws FileError. */
function parse(data, name = 'The buffer') {
  const letters = data.toString('latin1', 0, 4);
  const metric = Object.keys(LETTERS).find((one) => LETTERS[one] === letters);
  if (metric === undefined) {
    throw new FileError('FILE_FOREIGN', `${name} is not a flat index of FAISS: it begins with ${JSON.stringify(letters)}.`,
      'The fallback reads IndexFlatL2 and IndexFlatIP; read other kinds on a host with faiss-node, or make a flat index of the vectors.');
  }
  if (data.length < HEADER) throw new FileError('FILE_TRUNCATED', `${name} ends within its header.`, 'Write the index again.');
  const d = data.readInt32LE(4), count = Number(data.readBigInt64LE(8)), values = Number(data.readBigUInt64LE(37));
  if (!(d > 0) || !(count >= 0) || values !== d * count || data.readInt32LE(33) !== METRICS[metric]) {
    throw new FileError('FILE_CORRUPT', `${name} has a damaged header.`, 'Write the index again.');
  }
  if (data.length !== HEADER + values * 4) {
    throw new FileError(data.length < HEADER + values * 4 ? 'FILE_TRUNCATED' : 'FILE_CORRUPT',
      `${name} has ${data.length} bytes where ${count} vectors of ${d} dimensions take ${HEADER + values * 4}.`, 'Write the index again.');
  }
  const rows = new Float32Array(values);
  Buffer.from(rows.buffer).set(data.subarray(HEADER));
  return { metric, d, count, rows };
}

module.exports = { bytes, parse, HEADER };
'''

TEXTS['node/lib/flat-index.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Flat indexes with the interface of faiss-node 0.5.1, its error texts included, over the kernel. Synchronous, as it is.

const fs = require('fs');
const { BackendError } = require('./errors');
const { answers } = require('./fallback');
const flatFile = require('./flat-file');
const { Segments } = require('./segments');

const MetricType = {};
for (const [name, value] of Object.entries({ METRIC_INNER_PRODUCT: 0, METRIC_L2: 1, METRIC_L1: 2, METRIC_Linf: 3, METRIC_Lp: 4,
  METRIC_Canberra: 20, METRIC_BrayCurtis: 21, METRIC_JensenShannon: 22, METRIC_Jaccard: 23 })) {
  MetricType[MetricType[name] = value] = name;
}
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
    fs.writeFileSync(given[0], this.toBuffer());
  }

  mergeFrom(...given) {
    expect(given, 1);
    const [other] = given;
    if (other === null || typeof other !== 'object') throw new TypeError('Invalid argument type, must be an object.');
    if (!(other instanceof Index) || other._rows.metric !== this._rows.metric) throw new Error('Invalid argument');
    if (other._rows.d !== this._rows.d) throw new Error('The merging index must have the same dimension.');
    const values = other._values(0, other._rows.count);
    if (other !== this) other._rows.count = 0;               // FAISS moves them
    this._append(values);
  }

  removeIds(...given) {
    expect(given, 1);
    if (!Array.isArray(given[0])) throw new TypeError('Invalid the first argument type, must be an Array.');
    const gone = new Set(given[0].map((id, i) => {
      if (typeof id !== 'number') throw new Error(`Expected a Number as array item. (at: ${i})`);
      return id;
    }));
    const { _rows: store } = this, { segments } = store, { wide } = segments.shape;
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
    return Index._parsed.call(this, given[0], 'The buffer');
  }

  static read(...given) {
    expect(given, 1);
    if (typeof given[0] !== 'string') throw new TypeError('Invalid the first argument type, must be a string.');
    let data;
    try {
      data = fs.readFileSync(given[0]);
    } catch (error) {
      const why = error.code === 'ENOENT' ? 'No such file or directory' : error.message;
      throw new Error(`Error in read: could not open ${given[0]} for reading: ${why}`);
    }
    return Index._parsed.call(this, data, given[0]);
  }

  static _parsed(data, name) {
    const { metric, d, rows } = flatFile.parse(data, name);
    const Kind = metric === 'l2' ? IndexFlatL2 : IndexFlatIP;
    if (this !== Index && this !== Kind) throw new Error(`${name} is an ${Kind.name}, not an ${this.name}.`);
    const found = new Kind(d);
    found._append(rows);
    return found;
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
'''

TEXTS['node/lib/ids.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The ids of a store by position, and the position of each. In pieces, so that none of them takes long to grow.

const PIECE = 1 << 15;
const SHARDS = 64;

class Ids {
  constructor() {
    this.pieces = [];
    this.shards = new Array(SHARDS);
  }

  at(position) { return this.pieces[Math.floor(position / PIECE)][position % PIECE]; }

  /** The position of an id; undefined when there is none. */
  position(id) {
    const shard = this.shards[id % SHARDS];
    return shard === undefined ? undefined : shard.get(id);
  }

  set(position, id) {
    const piece = Math.floor(position / PIECE), shard = id % SHARDS;
    if (piece === this.pieces.length) this.pieces.push(new Float64Array(PIECE));
    this.pieces[piece][position % PIECE] = id;
    if (this.shards[shard] === undefined) this.shards[shard] = new Map();
    this.shards[shard].set(id, position);
  }

  /** An id is forgotten when it is the one at this position. */
  drop(position) {
    const id = this.at(position);
    if (this.position(id) === position) this.shards[id % SHARDS].delete(id);
  }
}

module.exports = { Ids };
'''

TEXTS['node/lib/index-file.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The FAISS index beside a vector file: only ever a shortcut. What does not match is not used, and that is no error.
// It is what FAISS writes, followed by 64 bytes which say what it belongs to: docs/reference/vector-file.md.

const fs = require('fs');
const { FaissFleetError } = require('./errors');
const { replaceFile } = require('./replace-file');
const { METRICS } = require('./store');
const { crc32 } = require('./crc32');

const MAGIC = Buffer.from('FFINDX\r\n', 'latin1');
const VERSION = 1;
const TRAILER = 64;
const PART = 8 << 20;

function pathOf(vectors) {
  return `${vectors}.faiss`;
}

/** link: {file, n, crc} of the vector file. what: {metric, d, kind, writer}. */
function trailer(link, { metric, d, kind, writer }, crc) {
  const end = Buffer.alloc(TRAILER);
  MAGIC.copy(end);
  end.writeUInt32LE(VERSION, 8);
  end.writeUInt32LE(METRICS[metric], 12);
  end.writeUInt32LE(d, 16);
  end.writeUInt32LE(kind, 20);
  end.writeBigUInt64LE(BigInt(link.n), 24);
  end.writeUInt32LE(link.crc, 32);
  end.writeUInt32LE(crc, 36);
  end.write(writer.slice(0, 20), 40, 'latin1');
  end.writeUInt32LE(crc32(end.subarray(0, 60)), 60);
  return end;
}

/** {handle, size, end} of what is at the path, null when nothing can be read there. The handle is the caller's. */
async function opened(file) {
  let handle = null;
  try {
    handle = await fs.promises.open(file, 'r');
    const size = Math.max(0, (await handle.stat()).size - TRAILER);
    const end = Buffer.alloc(TRAILER);
    const { bytesRead } = await handle.read(end, 0, TRAILER, size);
    return { handle, size, end: end.subarray(0, bytesRead) };
  } catch (error) {
    if (handle) await handle.close();
    return null;
  }
}

async function isOursOrNothing(file) {
  const found = await opened(file);
  if (found === null) return !fs.existsSync(file);
  await found.handle.close();
  return found.end.subarray(0, 8).equals(MAGIC);
}

async function crcOf(handle, size) {
  const part = Buffer.alloc(Math.min(PART, size));
  let crc = 0;
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(part, 0, Math.min(part.length, size - at), at);
    if (bytesRead === 0) return null;
    crc = crc32(part.subarray(0, bytesRead), crc);
    at += bytesRead;
  }
  return crc;
}

/**
 * Writes it whole or not at all: `write(partial)` puts FAISS's bytes into an empty file, and only who may read the
 * vectors may read them. False when it could not be, or somebody
 * else's file is there: no vector is lost.
 */
async function save(link, what, write) {
  const file = pathOf(link.file);
  if (!(await isOursOrNothing(file))) return false;
  try {
    await replaceFile(file, async (handle, partial) => {
      await write(partial);
      const { size } = await handle.stat();
      const end = trailer(link, what, await crcOf(handle, size));
      await handle.write(end, 0, TRAILER, size);
    }, link.file);
    return true;
  } catch (error) {
    if (error instanceof FaissFleetError) throw error;      // the backend's, not the disk's
    return false;
  }
}

/** {file, size} when it belongs to this vector file, kind of index and release of FAISS, and is whole; otherwise null. */
async function load(link, what) {
  if (what.writer === null) return null;
  const file = pathOf(link.file);
  const found = await opened(file);
  if (found === null) return null;
  const { handle, size, end } = found;
  try {
    if (end.length < TRAILER || size === 0 || !end.equals(trailer(link, what, end.readUInt32LE(36)))) return null;
    return (await crcOf(handle, size)) === end.readUInt32LE(36) ? { file, size } : null;
  } catch (error) {
    return null;
  } finally {
    await handle.close();
  }
}

/** Removes an index that save() wrote for other vectors; one for these very vectors stays. */
async function dropStale(link) {
  const file = pathOf(link.file);
  const found = await opened(file);
  if (found === null) return;
  await found.handle.close();
  const { end } = found;
  const ours = end.length === TRAILER && end.subarray(0, 8).equals(MAGIC);
  if (ours && (end.readBigUInt64LE(24) !== BigInt(link.n) || end.readUInt32LE(32) !== link.crc)) {
    await fs.promises.unlink(file).catch(() => {});
  }
}

module.exports = { pathOf, trailer, save, load, dropStale, TRAILER };
'''

TEXTS['node/lib/index-settings.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// faiss-node has no call that sets nprobe of an IVF index or efSearch of an HNSW one. Both stand in the index file.

/** Where FAISS 1.7 keeps the setting in a file of this kind ('ivf', 'hnsw'); null for what is not laid out so. */
function placeOfSetting(bytes, kind) {
  const magic = bytes.toString('latin1', 0, 4);
  let at = 37;                                   // four letters, d, ntotal, two of no use, is_trained, metric
  try {
    if (kind === 'ivf' && magic === 'IwFl' && bytes.readUInt32LE(at + 8) === 1) return at + 8;
    if (kind === 'hnsw' && magic === 'IHNf') {
      for (const size of [8, 4, 4, 8, 4]) at += 8 + size * Number(bytes.readBigUInt64LE(at));
      if (bytes.readUInt32LE(at + 12) === 16) return at + 12;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;      // it ends too early
  }
  return null;
}

module.exports = { placeOfSetting };
'''

TEXTS['node/lib/kernel.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The WebAssembly SIMD kernel: where the engine has SIMD, rows lie in WebAssembly memory and are compared there.

const fs = require('fs');
const path = require('path');

const METRICS = { ip: 1, l2: 2, cosine: 3 };
const QUERIES = 16;                // that share one pass over the rows
const SPARE = 16;                  // rows beyond k that a heap holds, for those that float32 cannot tell apart
const MOST_K = 4096;               // beyond it lib/exact.js searches: a heap so large is what takes the time
const PAGE = 65536;
// A function that uses one SIMD instruction. An engine without SIMD refuses it.
const PROBE = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

const modules = new Map();

/** Whether this engine can run the kernel. FAISS_FLEET_KERNEL=js forbids it. */
function available() {
  return process.env.FAISS_FLEET_KERNEL !== 'js' && typeof WebAssembly === 'object' && WebAssembly.validate(PROBE);
}

/** The compiled kernel, for memory that threads share or that they do not; null where it cannot be used. */
function compiled(shared = false) {
  if (!available()) return null;
  const name = shared ? 'kernel-shared.wasm' : 'kernel.wasm';
  if (!modules.has(name)) {
    let found = null;
    try {
      found = new WebAssembly.Module(fs.readFileSync(path.join(__dirname, '..', 'kernel', name)));
    } catch (error) {
      // A copied loader without the file, or an engine without threads: the search goes on in JavaScript.
    }
    modules.set(name, found);
  }
  return modules.get(name);
}

/** Where in memory what lies; one area for each thread, and the rows after them. */
function layout(d, threads) {
  const padded = (d + 3) & ~3;
  const queries = 64, heaps = queries + QUERIES * padded * 4;
  // One query may have the whole room of the heaps.
  const room = Math.max(QUERIES * 8 * 1024, (MOST_K + SPARE) * 8);
  const scores = heaps + room, positions = scores + (MOST_K + SPARE) * 8;
  const area = (positions + (MOST_K + SPARE) * 4 + 63) & ~63;
  return { padded, queries, heaps, room, scores, positions, area, rows: PAGE + threads * area };
}

/** How many queries may share a pass when each wants so many. */
function batch(k) {
  return Math.max(1, Math.min(QUERIES, Math.floor(QUERIES * 1024 / (k + SPARE))));
}

/**
 * Whether no row that the kernel did not keep can be among the best: none is better than `worst` by float32, which is off by
 * the rounding of each multiplication and of each addition to one of its sums. `long`: a length that no row exceeds.
 */
function certain({ goodness, worst }, k, metric, query, long) {
  if (goodness.length < k) return false;
  const last = goodness[k - 1], rounding = (query.length / 4 + 8) * 2 ** -24 * 1.01;
  if (metric === 'l2') return last > worst * (1 - rounding) + query.length * 1e-44;      // both are below 0
  let square = 0;
  for (let i = 0; i < query.length; i++) square += query[i] * query[i];
  const off = rounding * Math.sqrt(square) * (metric === 'cosine' ? 1 : long) + query.length * 1e-44;
  return last > worst + off;
}

/** The kernel over one memory, by one thread of those that share it. */
class Kernel {
  constructor(module, memory, shape, thread = 0) {
    this.memory = memory;
    this.shape = shape;
    this.calls = new WebAssembly.Instance(module, { env: { memory } }).exports;
    this.at = layout(shape.d, shape.threads);
    this.base = PAGE + thread * this.at.area;
    const { d, metric, wide } = shape;
    new Uint32Array(memory.buffer, this.base, 4).set([METRICS[metric], d, this.at.padded, wide]);
  }

  /** Begins a search for `size` neighbours of each of these queries, one after the other, of d numbers each. */
  begin(queries, count, size) {
    const { d } = this.shape, { padded } = this.at;
    const room = new Float32Array(this.memory.buffer, this.base + this.at.queries, count * padded);
    if (padded !== d) room.fill(0);
    for (let i = 0; i < count; i++) room.set(queries.subarray(i * d, (i + 1) * d), i * padded);
    this.count = count;
    this.size = size;
    this.calls.begin(this.base + this.at.heaps, size, count);
  }

  /** Compares the rows from one of this memory's positions to another. */
  scan(from, to) {
    const { base, at } = this;
    this.calls.scan(base, at.rows, from, to, base + at.queries, this.count, base + at.heaps, this.size);
  }

  /** What a query found, best first, at most k, with exact scores, of float64; `worst`: the goodness by float32 of the last one kept. */
  found(query, k) {
    const { base, at, size } = this;
    const count = this.calls.finish(base, at.rows, base + at.queries + query * at.padded * 4, base + at.heaps + query * size * 8,
      size, base + at.scores, base + at.positions);
    const most = Math.min(count, k);
    return {
      positions: new Uint32Array(this.memory.buffer, base + at.positions, most),
      goodness: new Float64Array(this.memory.buffer, base + at.scores, most),
      worst: new Float32Array(this.memory.buffer, base + at.heaps + query * size * 8, 1)[0],
    };
  }
}

module.exports = { Kernel, certain, available, compiled, layout, batch, SPARE, MOST_K, PAGE };
'''

TEXTS['node/lib/kinds.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Kinds of index: which one a store gets, and with what an IVF index finds its lists.

const KINDS = { flat: 0, ivf: 1, hnsw: 2 };
const LINKS = 32;                  // of HNSW
const EF_SEARCH = 64;
const IVF_LEAST = 1000;            // below so many vectors lists win nothing: the index is flat
const IVF_OUTGROWN = 4;            // trained anew when there are so many times as many vectors as then
const SAMPLE = 40;                 // vectors for each list that it is trained with, as FAISS asks for
const MOST_SAMPLE = 48 << 20;      // bytes

function wanted(kind, count) {
  return kind === 'ivf' && count < IVF_LEAST ? 'flat' : kind;
}

/** What an index for a store of so many vectors is made with. */
function plan(kind, count) {
  const now = wanted(kind, count);
  return { kind: now, lists: now === 'ivf' ? Math.floor(Math.sqrt(count)) : 0, trainedWith: count };
}

/** Whether the store has grown beyond what its index was made for. */
function outgrown(made, kind, count) {
  return wanted(kind, count) !== made.kind || (made.kind === 'ivf' && count >= IVF_OUTGROWN * made.trainedWith);
}

/** How many lists of an IVF index are looked into. */
function probes(lists) {
  return Math.min(lists, Math.max(8, Math.floor(lists / 10)));
}

/** Rows from all over the store, one after the other. */
function sample(store, lists, rows = (at) => store.raw(at, at + 1)) {
  const count = Math.min(store.count, lists * SAMPLE, Math.max(lists, Math.floor(MOST_SAMPLE / (store.d * 4))));
  const found = new Float32Array(count * store.d);
  for (let i = 0; i < count; i++) found.set(rows(Math.floor((i * store.count) / count)), i * store.d);
  return found;
}

module.exports = { KINDS, LINKS, EF_SEARCH, IVF_OUTGROWN, wanted, plan, outgrown, probes, sample };
'''

TEXTS['node/lib/native.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
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
  const folders = ((runtime.env || {}).NODE_PATH || '').split(path.delimiter).filter(Boolean);
  if (runtime.prefix) folders.push(path.join(runtime.prefix, 'node_modules'));
  const from = folders.length ? createRequire(path.join(folders[0], 'faiss-node', 'package.json')) : require;
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
      return;                                    // whatever FAISS says of it: the index is built anew
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
'''

TEXTS['node/lib/opening.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Which backend a store has: the one that the setting names, the next one when it fails, and native search again later.

const { EventEmitter } = require('events');
const os = require('os');
const { FaissFleetError, BackendError } = require('./errors');
const { ExactBackend } = require('./fallback');
const { NativeBackend } = require('./native');
const { WorkerBackend } = require('./worker');
const setting = require('./setting');

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

/** How many threads the fallback takes: 0 leaves it to us. */
function threadsOf(asked) {
  return asked === 0 ? os.cpus().length : asked;
}

class Opening extends EventEmitter {
  constructor(options) {
    super();
    this.options = options;
    this._store = null;
    this._backend = null;
    this._opening = null;
    this._socket = null;
    this._because = null;
    this._lastRestart = -Infinity;
    this._retryAt = Infinity;
    this._retrying = null;
    this._closing = null;
    this._searches = new Set();        // promises of the searches that are under way
    this.why = null;
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

  /** The runtime that the setting names now; null when it says js. Throws SettingError. */
  _read() {
    const { setting: given } = this.options;
    const found = typeof given === 'object' ? setting.check(given) : setting.read(given);
    if (found.backend !== 'faiss') {
      this._because = found.because || 'the setting says so';
      return null;
    }
    this._socket = this.options.socket || found.socket || null;
    return found.runtime;
  }

  async _choose() {
    try {
      const runtime = this._read();
      if (runtime === null) return this._fallBack(null, this._because);
      return this._use(await this._startOnce(runtime));
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
      return this._again(error);
    }
  }

  /** One more start, by the setting as it is now: what it named may have been replaced since. */
  async _again(error) {
    if (Date.now() - this._lastRestart < this.options.restartWindow * 1000) throw error;
    this._lastRestart = Date.now();
    this.emit('restart', { error, count: this.count });
    const runtime = this._read();
    if (runtime === null) throw error;
    return this._start(runtime);
  }

  _use(backend) {
    this._backend = backend;
    return backend;
  }

  _fallBack(error, why) {
    if (error && !this.options.fallback) throw error;
    this.why = why;
    // Where something failed, rather than the setting says so, native search is tried again later.
    this._retryAt = error ? Date.now() + this.options.restartWindow * 1000 : Infinity;
    const backend = this._use(this._exact());
    const code = error ? error.code : 'SETTING_SAYS_JS';
    process.emitWarning(`Searching in JavaScript, without FAISS: ${why}`, { type: 'FaissFleetWarning', code });
    this.emit('fallback', { error, why, count: this.count });
    return backend;
  }

  _exact() {
    return new ExactBackend(threadsOf(this.options.threads));
  }

  /** After restartWindow native search is tried again, while JavaScript goes on answering. */
  _retryLater() {
    if (Date.now() < this._retryAt || this._backend === null || this._closed) return;
    this._retryAt = Infinity;
    const before = this._opening;
    this._retrying = this._retry(before).then(() => {}, () => {
      this._retryAt = Date.now() + this.options.restartWindow * 1000;
    });
  }

  async _retry(before) {
    const runtime = this._read();
    if (runtime === null) return;
    let backend = await this._start(runtime);
    try {
      for (;;) {
        const store = this._store;
        if (store !== null) await backend.sync(store);
        if (this._closed || this._opening !== before) return;
        if (this._store === store && this._lastChange === null) break;
        await this._lastChange;
      }
      const old = this._backend;
      this._opening = Promise.resolve(this._use(backend));
      backend = null;
      this.why = null;
      this._lastRestart = -Infinity;
      this._searched.then(() => old.close());      // the searches that it has begun come first
      this.emit('recovered', { backend: this.backend, count: this.count });
    } finally {
      if (backend !== null) backend.close();
    }
  }

  /** Ends with the searches that are under way now. */
  get _searched() { return Promise.allSettled([...this._searches]); }

  /** Does something with the backend; with the next one if that fails. */
  async _run(act) {
    for (;;) {
      this._retryLater();
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
        return this._use(await this._again(error));
      } catch (again) {
        if (!(again instanceof FaissFleetError)) throw again;
        last = again;
      }
    }
    return this._fallBack(last, last.message);
  }
}

module.exports = { Opening, closed, threadsOf };
'''

TEXTS['node/lib/options.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What the application may ask of a store. Anything else is refused, for a misspelt option would change results silently.

const { InputError } = require('./errors');
const { METRICS } = require('./store');
const { KINDS } = require('./kinds');

const DEFAULTS = {
  metric: 'cosine', dimension: undefined, setting: undefined, fallback: true, startTimeout: 60, callTimeout: 30,
  restartWindow: 600, threads: 1, index: 'flat', socket: null,
};
const NAMES = Object.keys(DEFAULTS);
const MOST_SECONDS = 2000000;           // a timer of Node takes no more
const has = (table, name) => Object.prototype.hasOwnProperty.call(table, name);

/** How many letters are to be put in, left out or changed. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length];
}

function nearest(name) {
  const plain = name.slice(0, 40).toLowerCase().replace(/[_-]/g, '');
  const far = (known) => (plain && known.toLowerCase().startsWith(plain) ? 0 : distance(plain, known.toLowerCase()));
  return NAMES.reduce((best, known) => (far(known) < far(best) ? known : best));
}

function refuse(message, remedy, code = 'BAD_ARGUMENT') {
  throw new InputError(code, message, remedy);
}

const isText = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');

/** One line for each option: whether a value will do, and what it is to be. */
const CHECKS = {
  metric: [(value) => has(METRICS, value), 'cosine, ip or l2'],
  dimension: [(value) => value === undefined || (Number.isInteger(value) && value > 0 && value <= 65536), 'a whole number from 1 to 65536'],
  setting: [(value) => value === undefined || isText(value) || typeof value === 'object', 'a path, or the content of a setting as an object'],
  fallback: [(value) => typeof value === 'boolean', 'true or false'],
  threads: [(value) => Number.isInteger(value) && value >= 0 && value <= 1024, 'a whole number from 0 to 1024'],
  index: [(value) => has(KINDS, value), 'flat, ivf or hnsw'],
  socket: [(value) => value === null || isText(value), 'the path of a socket'],
};
for (const name of ['startTimeout', 'callTimeout', 'restartWindow']) {
  CHECKS[name] = [(value) => Number.isFinite(value) && value > 0 && (value <= MOST_SECONDS || name === 'restartWindow'),
    `a number of seconds above 0${name === 'restartWindow' ? '' : ` and up to ${MOST_SECONDS}`}`];
}

/** A value as it can be told in a message. */
function told(value) {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** All options, with the defaults of those that were not given, or given as null. Throws InputError. */
function options(given = {}) {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    refuse(`The options of a store are ${Array.isArray(given) ? 'a list' : told(given)}; they are an object.`, "Write them such as {metric: 'cosine'}.");
  }
  const found = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given)) {
    if (!has(DEFAULTS, name)) {
      refuse(`There is no option ${told(name)}.`, `Is ${nearest(name)} meant? The options are ${NAMES.join(', ')}.`);
    }
    if (value !== undefined && value !== null) found[name] = value;
  }
  for (const [name, [good, wanted]] of Object.entries(CHECKS)) {
    if (!good(found[name])) {
      refuse(`${name} is ${told(found[name])}; it is ${wanted}.`, `Give ${wanted}, or leave ${name} out.`,
        name === 'dimension' ? 'BAD_DIMENSION' : 'BAD_ARGUMENT');
    }
  }
  return found;
}

module.exports = { options, told, isText };
'''

TEXTS['node/lib/protocol.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Frames between a loader and its worker: docs/reference/worker-protocol.md.

const { BackendError } = require('./errors');

const MAGIC = Buffer.from('FFWP', 'latin1');
const VERSION = 1;
const HEADER = 16;
const MOST_BYTES = 64 << 20;
const TYPES = { HELLO: 1, OPEN: 2, ADD: 3, SEARCH: 4, TRAIN: 5, DUMP: 6, RESTORE: 7, REPLY: 0x80, ERROR: 0xff };

function frame(type, request, ...payload) {
  const head = Buffer.alloc(HEADER);
  MAGIC.copy(head);
  head.writeUInt16LE(VERSION, 4);
  head.writeUInt16LE(type, 6);
  head.writeUInt32LE(request, 8);
  head.writeUInt32LE(payload.reduce((sum, part) => sum + part.length, 0), 12);
  return [head, ...payload];
}

function numbers(...values) {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => data.writeUInt32LE(value, i * 4));
  return data;
}

/** The same in 64 bits. */
function longs(...values) {
  const data = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => data.writeBigUInt64LE(BigInt(value), i * 8));
  return data;
}

/** Cuts a stream into frames. feed() throws BackendError as soon as it cannot be one of ours. */
class Reader {
  constructor() {
    this.parts = [];
    this.size = 0;
    this.head = null;
  }

  _take(size) {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts, this.size)];
    const all = this.parts[0] || Buffer.alloc(0);
    this.parts = all.length > size ? [all.subarray(size)] : [];
    this.size -= size;
    return all.subarray(0, size);
  }

  _header() {
    const head = this._take(HEADER);
    const version = head.readUInt16LE(4), length = head.readUInt32LE(12);
    if (!head.subarray(0, 4).equals(MAGIC)) {
      throw new BackendError('WORKER_NONSENSE', `The worker says ${JSON.stringify(head.toString('latin1'))}, which is no frame.`);
    }
    if (version !== VERSION) {
      throw new BackendError('WORKER_VERSION', `The worker speaks version ${version} of the protocol, this loader ${VERSION}.`,
        'Use the worker that comes with the loader.');
    }
    if (length > MOST_BYTES) {
      throw new BackendError('WORKER_NONSENSE', `The worker announces ${length} bytes; a frame has ${MOST_BYTES} at most.`);
    }
    return { type: head.readUInt16LE(6), request: head.readUInt32LE(8), length };
  }

  /** The frames that are complete now. */
  feed(data) {
    this.parts.push(data);
    this.size += data.length;
    const found = [];
    for (;;) {
      if (this.head === null) {
        if (this.size < HEADER) break;
        this.head = this._header();
      }
      if (this.size < this.head.length) break;
      found.push({ type: this.head.type, request: this.head.request, payload: this._take(this.head.length) });
      this.head = null;
    }
    return found;
  }
}

module.exports = { TYPES, VERSION, MOST_BYTES, frame, numbers, longs, Reader };
'''

TEXTS['node/lib/replace-file.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Puts a new file in the place of an old one, whole or not at all, whoever else does so at the same time.

const { randomBytes } = require('crypto');
const fs = require('fs');
const path = require('path');

const MOST_LINKS = 40;
const NOT_PERMITTED = ['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];      // to this user, or on this file system

/** Where a path leads: the end of its symbolic links, be there a file or not yet. */
async function placeOf(file) {
  let place = path.resolve(file);
  for (let links = 0; links < MOST_LINKS; links++) {
    const folder = await fs.promises.realpath(path.dirname(place));
    place = path.join(folder, path.basename(place));
    let aim;
    try {
      aim = await fs.promises.readlink(place);
    } catch (error) {
      if (error.code === 'EINVAL' || error.code === 'ENOENT') return place;
      throw error;
    }
    place = path.resolve(folder, aim);
  }
  throw new Error('it is a symbolic link that leads nowhere');
}

async function statOf(file) {
  try {
    return await fs.promises.stat(file);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Owner, group and mode of another file, as far as this user may give them. */
async function makeLike(handle, like) {
  const own = await handle.stat();
  const unless = (error) => { if (!NOT_PERMITTED.includes(error.code)) throw error; };
  if (own.gid !== like.gid) await handle.chown(own.uid, like.gid).catch(unless);
  if (own.uid !== like.uid) await handle.chown(like.uid, like.gid).catch(unless);
  await handle.chmod(like.mode & 0o777).catch(unless);
}

/** A new, empty file of a name that nobody else has: neither another call, another process, nor another machine. */
async function create(folder, name, mode) {
  for (;;) {
    const partial = path.join(folder, `.${name.slice(0, 40)}.${randomBytes(8).toString('hex')}.partial`);
    try {
      return { partial, handle: await fs.promises.open(partial, 'wx+', mode) };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/** So that the new name is on the disk as well. Not every file system can; the file is whole either way. */
async function syncFolder(folder) {
  try {
    const handle = await fs.promises.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (typeof error.code !== 'string') throw error;
  }
}

/**
 * `write(handle, partial)` fills a file beside the place to which the path leads, which then takes that place. It keeps
 * mode and owner of what was there; a new one has those of the file `like`, where one is given, or what the umask says.
 */
async function replaceFile(file, write, like = null) {
  const place = await placeOf(file), folder = path.dirname(place);
  const before = await statOf(place);
  if (before !== null && !before.isFile()) throw new Error('it is no regular file');
  const model = before || (like === null ? null : await statOf(like));
  const { partial, handle } = await create(folder, path.basename(place), model === null ? 0o666 : 0o600);
  let open = true;
  try {
    await write(handle, partial);
    if (model !== null) await makeLike(handle, model);
    await handle.sync();
    await handle.close();
    open = false;
    await fs.promises.rename(partial, place);
  } catch (error) {
    if (open) await handle.close().catch(() => {});
    await fs.promises.unlink(partial).catch(() => {});      // what this very call created
    throw error;
  }
  await syncFolder(folder);
}

module.exports = { replaceFile };
'''

TEXTS['node/lib/segments.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Where the rows of a store lie: in WebAssembly memory that grows where it is, or in pieces of ordinary memory. Rows
// are never moved, so a store grows without a pause.

const { Kernel, compiled, layout, PAGE } = require('./kernel');

const limits = { memory: 2 ** 31, piece: 16 << 20 };     // bytes of one WebAssembly memory and of one ordinary piece
const STEP = 256;                                        // pages by which a memory grows at least, when it is not small

/** Rows from a position on, one `wide` numbers after the other; for cosine each is followed by 1 / length. */
class Piece {
  constructor(shape, start, capacity) {
    this.start = start;
    this.capacity = this.most = capacity;
    this.kernel = null;
    this._view(shape, new ArrayBuffer(capacity * shape.wide * 4), 0);
  }

  _view({ padded, wide, metric }, buffer, base) {
    this.rows = new Float32Array(buffer, base);
    const after = base + padded * 4;
    this.inverse = metric !== 'cosine' ? null : after < buffer.byteLength ? new Float64Array(buffer, after) : new Float64Array(0);
    this.inverseWide = wide / 2;
  }

  grow() {}
}

/** The same in a WebAssembly memory. */
class Memory extends Piece {
  constructor(shape, module, start) {
    super(shape, start, 0);
    const { rows } = layout(shape.d, shape.threads);
    const maximum = Math.floor((limits.memory + rows) / PAGE) + 1;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(rows / PAGE) + 1, maximum, ...(shape.threads > 1 ? { shared: true } : {}) });
    this.shape = shape;
    this.base = rows;
    this.most = Math.floor((maximum * PAGE - rows) / (shape.wide * 4));
    this.kernel = new Kernel(module, this.memory, shape);
    this._resized();
  }

  _resized() {
    this._view(this.shape, this.memory.buffer, this.base);
    this.capacity = Math.floor((this.memory.buffer.byteLength - this.base) / (this.shape.wide * 4));
  }

  /** Room for so many rows in all, or for as many as it may hold. */
  grow(rows) {
    const wanted = Math.min(rows, this.most);
    if (wanted <= this.capacity) return;
    const pages = Math.ceil((this.base + wanted * this.shape.wide * 4) / PAGE), now = this.memory.buffer.byteLength / PAGE;
    const most = Math.ceil((this.base + this.most * this.shape.wide * 4) / PAGE);
    this.memory.grow(Math.max(pages - now, Math.min(most - now, now < STEP ? now : STEP)));
    this._resized();
  }
}

class Segments {
  constructor(d, metric, threads = 1) {
    const padded = (d + 3) & ~3;
    this.module = compiled(threads > 1);
    this.shape = { d, metric, padded, wide: padded + (metric === 'cosine' ? 4 : 0), threads: this.module === null ? 1 : threads };
    this.pieces = [];
    this.capacity = 0;
    this.exhausted = false;          // the machine gives no more WebAssembly memory
  }

  get kernel() { return this.module === null ? 'js' : 'wasm-simd'; }

  _memory(start) {
    if (this.module === null || this.exhausted) return null;
    try {
      return new Memory(this.shape, this.module, start);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null;            // no address space for it: ordinary memory
    }
  }

  /** Room for so many rows in all. Throws RangeError where the machine has no more memory. */
  reserve(count) {
    while (this.capacity < count) {
      let last = this.pieces[this.pieces.length - 1];
      if (!last || last.capacity >= last.most) {
        const most = Math.max(1, Math.floor(limits.piece / (this.shape.wide * 4)));
        last = this._memory(this.capacity) || new Piece(this.shape, this.capacity, Math.min(most, Math.max(64, this.capacity)));
        this.pieces.push(last);
      }
      try {
        last.grow(count - last.start);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        last.most = last.capacity;            // it cannot grow: the next rows go elsewhere
        this.exhausted = true;
      }
      if (last.capacity === 0) this.pieces.pop();
      this.capacity = last.start + last.capacity;
    }
  }

  /** The piece that has the row at a position. */
  of(position) {
    let low = 0, high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pieces[middle].start <= position) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low];
  }

  /** Calls act(piece, from, to) for each piece of the rows from one position to another; positions within the piece. */
  each(from, to, act) {
    for (const piece of this.pieces) {
      const first = Math.max(from, piece.start), end = Math.min(to, piece.start + piece.capacity);
      if (first < end) act(piece, first - piece.start, end - piece.start);
    }
  }
}

module.exports = { Segments, limits };
'''

TEXTS['node/lib/setting.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Reads which backend this host was given.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { SettingError } = require('./errors');

const DEFAULT = '/etc/faiss-fleet/backend.json';        // of the host
const NEXT = 'Run audit.yml for this host, which writes it anew.';

/** Text that a program or a path can have. */
function isText(value) {
  return typeof value === 'string' && !value.includes('\0');
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function said(value) {
  return typeof value === 'string' ? JSON.stringify(value) : isObject(value) ? 'an object' : String(value);
}

function problem(found) {
  if (!isObject(found)) return 'it is not an object';
  if (found.schema !== 1) return `its schema is ${said(found.schema)}, not 1`;
  if (found.socket !== undefined && found.socket !== null && !isText(found.socket)) return 'its socket is no path';
  if (found.backend === 'js') return null;
  if (found.backend !== 'faiss') return `its backend is ${said(found.backend)}`;
  const runtime = found.runtime;
  if (!isObject(runtime)) return 'it has no runtime';
  if (!isText(runtime.kind)) return 'its runtime has no kind';
  if (!Array.isArray(runtime.argv) || !runtime.argv.length || !runtime.argv.every(isText)) return 'its runtime has no argv';
  const env = runtime.env === undefined ? {} : runtime.env;
  if (!isObject(env) || !Object.entries(env).flat().every(isText)) return 'the env of its runtime is no object of texts';
  if (runtime.prefix !== undefined && runtime.prefix !== null && !isText(runtime.prefix)) return 'the prefix of its runtime is no path';
  return null;
}

/** The setting itself, from a file or from the application. Throws SettingError. */
function check(found, name = 'the setting') {
  const fault = problem(found);
  if (fault) throw new SettingError('SETTING_MALFORMED', `${name} is no setting: ${fault}.`, NEXT);
  return found;
}

/** The setting that `make audit` wrote for this user alone; null when there is none, or others could have put it there. */
function ofUser() {
  const place = path.join(process.env.XDG_CONFIG_HOME || path.join(os.homedir(), '.config'), 'faiss-fleet', 'backend.json');
  try {
    const { uid } = fs.statSync(place);
    return uid === 0 || uid === process.geteuid() ? place : null;
  } catch (error) {
    return null;
  }
}

/** The setting at a path, FAISS_FLEET_SETTING, of this user or of the host. Throws SettingError. */
function read(given) {
  const place = given || process.env.FAISS_FLEET_SETTING || ofUser() || DEFAULT;
  let text;
  try {
    text = fs.readFileSync(place, 'utf8');
  } catch (error) {
    const missing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    throw new SettingError(missing ? 'SETTING_MISSING' : 'SETTING_UNREADABLE',
      missing ? `There is no setting at ${place}.` : `${place} cannot be read: ${error.message}.`, NEXT, error);
  }
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new SettingError('SETTING_MALFORMED', `${place} is not JSON: ${error.message}.`, NEXT, error);
  }
  return check(found, place);
}

/** Throws SettingError when what the runtime starts is gone. */
function refuseStale(runtime) {
  const gone = (what) => new SettingError('SETTING_STALE', `The setting names ${what}, which is not here any more.`, NEXT);
  if (runtime.prefix && !fs.existsSync(runtime.prefix)) throw gone(runtime.prefix);
  if (runtime.argv[0].startsWith('/')) {
    try {
      fs.accessSync(runtime.argv[0], fs.constants.X_OK);
    } catch (error) {
      throw gone(runtime.argv[0]);
    }
  }
}

module.exports = { read, check, refuseStale };
'''

TEXTS['node/lib/slices.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Long computations of this process take turns with its event loop: a few milliseconds of each round are theirs.

const { performance } = require('perf_hooks');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place

const SLICE = 3;           // ms

const waiting = [];        // {step, resolve, reject}, the next first
let until = 0;             // when this round's slice ends; 0 where it has not begun

function round() {
  until = 0;
  if (waiting.length) work();
}

function work() {
  if (until === 0) {
    until = performance.now() + SLICE;
    later(round);         // and the event loop has had its turn
  }
  while (waiting.length && performance.now() < until) {
    const job = waiting[0];
    let part;
    try {
      part = job.step();
    } catch (error) {
      part = 'done';
      job.reject(error);
    }
    if (part !== undefined) waiting.shift();
    if (part === 'done') job.resolve();
    else if (part === 'turn') waiting.push(job);
  }
}

/**
 * Calls step(), which takes well below a millisecond, until it returns 'done'; at 'turn' the others come first. Short
 * work is done before this returns, if there is time left in this round.
 */
function inSlices(step) {
  return new Promise((resolve, reject) => {
    waiting.push({ step, resolve, reject });
    if (waiting.length === 1) work();
  });
}

/** Goes through a generator so, and resolves with what it returns. */
async function through(steps) {
  let value;
  await inSlices(() => {
    const step = steps.next();
    if (!step.done) return undefined;
    ({ value } = step);
    return 'done';
  });
  return value;
}

module.exports = { inSlices, through };
'''

TEXTS['node/lib/storage.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
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
      const count = this._store.remove(given);
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
      return this._named(store, answers, wanted, backend.index.kind === 'flat', dead, most);
    });
  }

  /** Positions become ids. A position that no vector has is the backend's failure, not the caller's. */
  _named(store, found, k, exact, dead, most) {
    return found.map(({ positions, scores }) => {
      const first = exact ? -1 : positions.indexOf(-1);       // an approximate index may find fewer
      const size = first < 0 ? positions.length : first, hits = [];
      for (let i = 0; i < size; i++) {
        const at = positions[i];
        if (!(at >= 0 && at < store.count) || Number.isNaN(scores[i]) || positions.length !== k) {
          throw new BackendError('WORKER_NONSENSE', `The backend answers with position ${at} of ${store.count}.`);
        }
        if (hits.length < most && !dead.has(at)) hits.push({ id: store.ids.at(at), score: scores[i] });
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
'''

TEXTS['node/lib/store.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Everything that was added, as it was added. Backends are filled from here, so that none of them can lose anything.

const { InputError } = require('./errors');
const { Ids } = require('./ids');
const { Segments } = require('./segments');

const METRICS = { ip: 1, l2: 2, cosine: 3 };
// Below this squared length no inner product and no squared distance leaves the range of float32.
const LONGEST = 3.4028234663852886e38 / 4;
const TINY = 1e-20, HUGE = 1e20;   // squared lengths between which float32 has the digits that the kernel counts on
const IDS_AT_ONCE = 2048;          // checked in one step
const NUMBERS_AT_ONCE = 1 << 16;   // converted in one step
const MOST_DEAD = 256;             // deleted rows that searches step over, before the others take their place

/** Whether this is one vector. It looks into a copy: V8 would turn the caller's numbers into objects where one place of the code sees lists of both kinds. */
function isVector(value) {
  if (ArrayBuffer.isView(value)) return true;
  return Array.isArray(value) && (value.length === 0 || typeof value.slice(0, 1)[0] === 'number');
}

/** Copies one vector into `out` and returns its squared length. Throws InputError for what is no vector of ours. */
function convert(vector, d, metric, out, at, what) {
  if (!isVector(vector) || ArrayBuffer.isView(vector) && typeof vector[0] !== 'number' && vector.length !== 0) {
    throw new InputError('BAD_ARGUMENT', `${what} is not a vector.`, 'Give an array of numbers or a Float32Array.');
  }
  if (vector.length !== d) {
    throw new InputError('BAD_DIMENSION', `${what} has ${vector.length} dimensions; the store has ${d}.`,
      'Use vectors of one embedding model, and a store for each model.');
  }
  const values = Array.isArray(vector) ? vector.slice() : vector;        // as above
  let square = 0;
  for (let i = 0; i < d; i++) {
    const value = Math.fround(values[i]);
    if (typeof values[i] !== 'number' || !Number.isFinite(value)) {
      throw new InputError('BAD_VALUE', `${what} holds ${String(values[i])} at ${i}.`,
        'Every value must be a finite float32; look at what made the vector.');
    }
    out[at + i] = value;
    square += value * value;
  }
  if (metric === 'cosine' ? !(square > 0) : square > LONGEST) {
    throw new InputError('BAD_VALUE', metric === 'cosine' ? `${what} has length 0, hence no direction to compare.`
      : `${what} is longer than 9.2e18, beyond which distances leave the range of float32.`,
    'Leave it out, or use another metric or scale.');
  }
  return square;
}

function checkId(id) {
  const value = typeof id === 'bigint' && id >= 0n && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InputError('BAD_ID', `${String(id)} is no id.`, 'Ids are whole numbers from 0 to 2^53-1.');
  }
  return value === 0 ? 0 : value;      // -0 is 0
}

class Store {
  constructor(d, metric, threads = 1) {
    this.d = d;
    this.metric = metric;
    this.threads = threads;
    this.count = 0;                         // rows, deleted ones included
    this.dead = new Set();                  // positions of deleted rows
    this.ids = new Ids();
    this.segments = new Segments(d, metric, threads);
    this.longest = 0;                       // length that no vector exceeds
    this.extreme = false;                   // some are so short or long that float32 has no sums for the kernel
    this.saved = null;                      // {file, n, crc} of the file that the first rows came from
  }

  /** Vectors that are there. */
  get alive() { return this.count - this.dead.size; }
  get kernel() { return this.segments.kernel; }

  /** Throws InputError unless there is one id for each of these vectors; the number of them. */
  _counted(ids, vectors) {
    const list = Array.isArray(ids) || ArrayBuffer.isView(ids) ? ids : null;
    if (list === null || !(Array.isArray(vectors) || ArrayBuffer.isView(vectors))) {
      throw new InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.',
        'Give lists, also for one vector: add([id], [vector]).');
    }
    const flat = ArrayBuffer.isView(vectors);
    const count = flat ? vectors.length / this.d : vectors.length;
    if (flat && !Number.isInteger(count)) {
      throw new InputError('BAD_DIMENSION', `${vectors.length} numbers are no whole vectors of ${this.d} dimensions.`,
        'Give one row after the other, or a list of vectors.');
    }
    if (list.length !== count) {
      throw new InputError('BAD_ARGUMENT', `${list.length} ids were given for ${count} vectors.`, 'Give one for each.');
    }
    return count;
  }

  /** Adds in steps, one for each value that it yields. Nothing can be seen before the last one, or when one throws. */
  * adding(ids, vectors, replacing = false) {
    const count = this._counted(ids, vectors), { d, metric, segments } = this, flat = ArrayBuffer.isView(vectors);
    const fresh = new Map();       // positions of what replaces others: seen at the end
    let known = 0, longest = 0, { extreme } = this;
    try {
      for (; known < count; known++) {
        const id = checkId(ids[known]), there = this.ids.position(id);
        if (there !== undefined && !replacing) {
          throw new InputError('DUPLICATE_ID', `The id ${id} is in the store or twice in this call.`,
            'Give each vector an id of its own; nothing of this call was added.');
        }
        if (replacing && there === undefined) throw new InputError('UNKNOWN_ID', `The id ${id} is not in the store.`, 'Use add() for new ids.');
        if (replacing && fresh.has(id)) throw new InputError('DUPLICATE_ID', `The id ${id} is twice in this call.`, 'Give each id once.');
        if (replacing) fresh.set(id, this.count + known);
        else this.ids.set(this.count + known, id);
        if (known % IDS_AT_ONCE === IDS_AT_ONCE - 1) yield;
      }
      const most = Math.max(1, Math.floor(NUMBERS_AT_ONCE / d));
      for (let first = 0; first < count; first += most) {
        const end = Math.min(count, first + most);
        segments.reserve(this.count + end);
        segments.each(this.count + first, this.count + end, (piece, from, to) => {
          const { wide } = segments.shape, offset = piece.start - this.count;
          for (let row = from; row < to; row++) {
            const i = row + offset;
            const vector = flat ? vectors.subarray(i * d, (i + 1) * d) : vectors[i];
            const square = convert(vector, d, metric, piece.rows, row * wide, `The vector of id ${String(ids[i])}`);
            longest = Math.max(longest, square);
            extreme = extreme || (metric === 'cosine' && (square < TINY || square > HUGE));
            piece.rows.fill(0, row * wide + d, row * wide + segments.shape.padded);
            if (piece.inverse !== null) piece.inverse[row * piece.inverseWide] = 1 / Math.sqrt(square);
          }
        });
        yield;
      }
    } catch (error) {
      if (!replacing) this._forgetIds(this.count, this.count + known);
      throw error instanceof RangeError ? new InputError('NO_MEMORY', `There is no memory for ${count} more vectors: ${error.message}.`, 'Use a larger machine, or fewer vectors.') : error;
    }
    const old = [];                           // positions of what was replaced
    for (const [id, position] of fresh) {
      old.push(this.ids.position(id));
      this.dead.add(this.ids.position(id));
      this.ids.set(position, id);
    }
    this.longest = Math.max(this.longest, Math.sqrt(longest));
    this.extreme = extreme;
    this.count += count;                      // nothing before this line can be seen
    return old;
  }

  _forgetIds(from, to) {
    for (let position = from; position < to; position++) this.ids.drop(position);
  }

  /** All of them or, when one is refused, none. vectors: a list of vectors, or one Float32Array of all rows. */
  add(ids, vectors) {
    for (const step of this.adding(ids, vectors)) void step;
  }

  /** The store as it was with its first `count` vectors; this one is as short from then on. */
  forget(count, old = []) {
    this._forgetIds(count, this.count);
    for (const position of old) {
      this.dead.delete(position);
      this.ids.set(position, this.ids.at(position));
    }
    this.count = count;
    return Object.assign(new Store(this.d, this.metric, this.threads), this);
  }

  has(id) {
    const position = this.ids.position(checkId(id));
    return position !== undefined && position < this.count;
  }

  /** The vector of an id as it was added; null when there is none. */
  get(id) {
    if (!this.has(id)) return null;
    const position = this.ids.position(checkId(id));
    return this.raw(position, position + 1);
  }

  /** Ids in the order of adding. */
  list() {
    const found = [];
    for (let position = 0; position < this.count; position++) if (!this.dead.has(position)) found.push(this.ids.at(position));
    return found;
  }

  /** Deletes what is there of these ids; how many that were. */
  remove(ids) {
    const positions = Array.from(ids, (id) => (this.has(id) ? this.ids.position(checkId(id)) : -1)).filter((position) => position >= 0);
    for (const position of new Set(positions)) {
      this.ids.drop(position);
      this.dead.add(position);
    }
    return new Set(positions).size;
  }

  /** Whether so many rows are deleted that the others should move together. */
  get crowded() { return this.dead.size > MOST_DEAD; }

  /** Moves the rows together, in steps, in the order of adding. No search may be under way. Returns the store that has them. */
  * compacting() {
    const { wide } = this.segments.shape;
    let to = 0;
    for (let from = 0; from < this.count; from++) {
      if (!this.dead.has(from)) {
        if (to !== from) {
          const source = this.segments.of(from), target = this.segments.of(to);
          const start = (from - source.start) * wide;
          target.rows.set(source.rows.subarray(start, start + wide), (to - target.start) * wide);
          this.ids.set(to, this.ids.at(from));
        }
        to += 1;
      }
      if (from % 1024 === 1023) yield;
    }
    this.count = to;
    this.dead.clear();
    this.saved = null;
    return Object.assign(new Store(this.d, this.metric, this.threads), this);
  }

  /** A copy of the rows from one position to another, as they were added. */
  raw(from, to) {
    const { d, segments } = this, { wide } = segments.shape, copy = new Float32Array((to - from) * d);
    let at = 0;
    segments.each(from, to, ({ rows }, first, end) => {
      if (wide === d) {
        copy.set(rows.subarray(first * d, end * d), at);
        at += (end - first) * d;
        return;
      }
      for (let row = first; row < end; row++, at += d) copy.set(rows.subarray(row * wide, row * wide + d), at);
    });
    return copy;
  }

  /** The same, of length 1 for cosine. */
  prepared(from, to) {
    const { d, segments } = this, scaled = this.raw(from, to);
    if (this.metric !== 'cosine') return scaled;
    let at = 0;
    segments.each(from, to, ({ inverse, inverseWide }, first, end) => {
      for (let row = first; row < end; row++) {
        const factor = inverse[row * inverseWide];
        for (let i = 0; i < d; i++, at++) scaled[at] *= factor;
      }
    });
    return scaled;
  }
}

module.exports = { Store, METRICS, convert, isVector };
'''

TEXTS['node/lib/team-worker.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One thread of team.js: it compares the rows it is told with the queries it is given.

const { parentPort, workerData } = require('worker_threads');
const { Kernel } = require('./kernel');

const kernels = new Map();

function answer({ number, from, to, queries, count, k, size }) {
  const kernel = kernels.get(number);
  kernel.begin(queries, count, size);
  kernel.scan(from, to);
  return Array.from({ length: count }, (_, query) => {
    const { positions, goodness, worst } = kernel.found(query, k);
    return { positions: positions.slice(), goodness: goodness.slice(), worst };      // not the memory of all threads
  });
}

parentPort.on('message', (message) => {
  if (message.memory !== undefined) {
    kernels.set(message.number, new Kernel(workerData.module, message.memory, message.shape, workerData.thread));
    return;
  }
  try {
    parentPort.postMessage({ request: message.request, answer: answer(message) });
  } catch (error) {
    parentPort.postMessage({ request: message.request, error: String(error && error.message) });
  }
});
'''

TEXTS['node/lib/team.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Threads that share the rows of a store: each compares its part of them, this one only puts their answers together.

const path = require('path');
const { Worker } = require('worker_threads');
const { batch, compiled, SPARE } = require('./kernel');

const LEAST = 1 << 18;           // numbers: less is not worth a message to another thread

class Team {
  constructor(threads) {
    this.threads = threads;
    this.workers = null;
    this.failed = null;
    this.waiting = new Map();
    this.next = 1;
    this.memories = new Map();   // a number for each memory that the threads have
    this.closed = false;
  }

  _start() {
    this.workers = Array.from({ length: this.threads }, (_, thread) => {
      const worker = new Worker(path.join(__dirname, 'team-worker.js'), { workerData: { module: compiled(true), thread } });
      worker.unref();
      worker.on('message', ({ request, answer, error }) => {
        const entry = this.waiting.get(request);
        this.waiting.delete(request);
        if (this.waiting.size === 0) for (const one of this.workers) one.unref();
        if (error === undefined) entry.resolve(answer);
        else entry.reject(new Error(error));
      });
      worker.on('error', (error) => this._fail(error));
      worker.on('exit', () => this._fail(new Error('the thread ended')));
      return worker;
    });
  }

  _fail(error) {
    if (this.failed === null) this.failed = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  _number(piece) {
    if (!this.memories.has(piece.memory)) {
      const number = this.memories.size;
      this.memories.set(piece.memory, number);
      for (const worker of this.workers) worker.postMessage({ number, memory: piece.memory, shape: piece.shape });
    }
    return this.memories.get(piece.memory);
  }

  _ask(worker, task) {
    return new Promise((resolve, reject) => {
      const request = this.next++;
      if (this.waiting.size === 0) for (const one of this.workers) one.ref();
      this.waiting.set(request, { resolve, reject });
      worker.postMessage({ request, ...task });
    });
  }

  /** {piece, from, to, answers} of each part of the rows, in their order: what its thread found for these queries. */
  async batch(store, group, size, k, count) {
    if (this.failed !== null) throw this.failed;
    if (this.workers === null) this._start();
    const asked = [];
    for (const piece of store.segments.pieces) {
      const rows = Math.min(count - piece.start, piece.capacity);
      if (rows <= 0) break;
      const number = this._number(piece);
      const parts = Math.max(1, Math.min(this.threads, Math.floor(rows * store.d / LEAST)));
      for (let part = 0; part < parts; part++) {
        const from = Math.floor(rows * part / parts), to = Math.floor(rows * (part + 1) / parts);
        asked.push(this._ask(this.workers[part], { number, from, to, queries: group, count: size, k, size: Math.min(to - from, k + SPARE) })
          .then((answers) => ({ piece, from, to, answers })));
      }
    }
    return Promise.all(asked);
  }

  /** How many queries go to the threads at once. */
  most(k) { return batch(k); }

  close() {
    this.closed = true;
    if (this.workers !== null) for (const worker of this.workers) worker.terminate();
    this.memories.clear();
  }
}

module.exports = { Team };
'''

TEXTS['node/lib/transport.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The two ways to a worker: a process of one's own with its pipes, and a socket at which one listens already.

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { BackendError } = require('./errors');
const { refuseStale } = require('./setting');

const LOG = 4000;                 // characters of standard error that are kept
const NOT_INHERITED = /^(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$/;
const START_IT = 'Start the worker that serves it, or leave the option socket out.';

let source = null;

function workerSource() {
  if (source === null) {
    // Beside the loader, or where the audit lays out both loaders.
    const places = ['../faiss_worker.py', '../../python/faiss_fleet_loader/faiss_worker.py'].map((place) => path.join(__dirname, place));
    try {
      source = fs.readFileSync(places.find((place) => fs.existsSync(place)) || places[0]);
    } catch (error) {
      throw new BackendError('WORKER_START', `The worker's program cannot be read: ${error.message}.`,
        'Install the package faiss-fleet again: faiss_worker.py belongs to it.', error);
    }
  }
  return source;
}

/** What follows argv. The text comes on stdin, before the frames: so it reaches a container too. */
function bootstrap(length) {
  return ['-c', `import sys;exec(compile(sys.stdin.buffer.read(${length}),'faiss_worker.py','exec'))`];
}

function environment(runtime) {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', PYTHONNOUSERSITE: '1', PYTHONDONTWRITEBYTECODE: '1', ...runtime.env };
}

/** A worker of this process alone. onData(bytes), onEnd(error): the latter once, when it can answer no more. */
class Process {
  constructor(runtime, onData, onEnd) {
    refuseStale(runtime);
    const text = workerSource();
    this.log = '';
    try {
      this.child = spawn(runtime.argv[0], [...runtime.argv.slice(1), ...bootstrap(text.length)], {
        cwd: '/', env: environment(runtime), stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {                            // a name that no program can have
      throw new BackendError('WORKER_START', `${runtime.argv[0]} cannot be started: ${error.message}.`, undefined, error);
    }
    const { child } = this;
    child.on('error', (error) => onEnd(new BackendError('WORKER_START',
      `${runtime.argv[0]} cannot be started: ${error.message}.`, 'Run audit.yml for this host.', error)));
    // 'close' comes when standard error has been read too, so the message can say what was the matter.
    child.on('close', (code, signal) => onEnd(new BackendError('WORKER_DIED',
      `The worker ended with ${signal || `exit code ${code}`}${this.log ? `: ${this.log.trim().slice(-400)}` : ''}.`)));
    child.stderr.on('data', (data) => { this.log = (this.log + data.toString('utf8')).slice(-LOG); });
    child.stdout.on('data', onData);
    child.stdin.on('error', () => {});           // it has gone: 'close' tells more
    this.out = child.stdin;
    this.parts = [child, child.stdin, child.stdout, child.stderr];
    child.stdin.write(text);
  }

  /** An application that forgets close() can still end: only unanswered requests keep it running. */
  rest() { for (const part of this.parts) part.unref(); }
  wake() { for (const part of this.parts) part.ref(); }

  kill() {
    this.child.kill('SIGKILL');
    for (const part of this.parts.slice(1)) part.destroy();
    this.child.unref();
  }

  /** Its input ends, and so does it; one that does not is ended. */
  close() {
    this.out.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 1000);
    this.child.on('close', () => clearTimeout(timer));
    this.wake();
  }
}

/** Throws BackendError unless the path is a socket of this user or of root. */
function refuseForeign(file) {
  let found;
  try {
    found = fs.lstatSync(file);
  } catch (error) {
    throw new BackendError('WORKER_SOCKET', `No worker answers at ${file}: ${error.message}.`, START_IT, error);
  }
  if (!found.isSocket()) throw new BackendError('WORKER_SOCKET', `${file} is no socket.`, START_IT);
  if (found.uid !== 0 && found.uid !== process.geteuid()) {
    throw new BackendError('WORKER_SOCKET', `${file} belongs to user ${found.uid}, who could read every vector.`,
      'Run the worker as the user of the application.');
  }
}

/** A connection to a worker that somebody else started, who must be this user or root. */
class Socket {
  constructor(file, onData, onEnd) {
    refuseForeign(file);
    let connected = false;
    this.out = net.connect(file, () => { connected = true; });
    this.out.on('data', onData);
    this.out.on('error', (error) => onEnd(connected ? new BackendError('WORKER_DIED',
      `The connection to the worker at ${file} broke: ${error.message}.`, undefined, error)
      : new BackendError('WORKER_SOCKET', `No worker answers at ${file}: ${error.message}.`, START_IT, error)));
    this.out.on('close', () => onEnd(new BackendError('WORKER_DIED', `The worker at ${file} closed the connection.`)));
  }

  rest() { this.out.unref(); }
  wake() { this.out.ref(); }
  kill() { this.out.destroy(); }
  close() { this.out.end(); }
}

module.exports = { Process, Socket, refuseForeign };
'''

TEXTS['node/lib/vector-file.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The file in which vectors are kept, the same for every backend and both loaders: docs/reference/vector-file.md.

const fs = require('fs');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place
const { FileError } = require('./errors');
const { METRICS } = require('./store');
const { crc32 } = require('./crc32');
const { replaceFile } = require('./replace-file');

const MAGIC = Buffer.from('FFVECT\r\n', 'latin1');     // a transfer that changes line ends is seen at once
const VERSION = 1;
const HEADER = 64;
const PART = 1 << 20;
const IDS = 1 << 14;                   // ids written at once
const NAMES = Object.fromEntries(Object.entries(METRICS).map(([name, code]) => [code, name]));
const SAVE_ANEW = 'Save it again from the program that has the vectors, or restore it from a backup.';

function header(metric, d, n, crc) {
  const head = Buffer.alloc(HEADER);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(METRICS[metric], 12);
  head.writeUInt32LE(d, 16);
  head.writeBigUInt64LE(BigInt(n), 24);
  head.writeUInt32LE(crc, 32);
  head.writeUInt32LE(crc32(head.subarray(0, 36)), 36);
  return head;
}

/** {metric, d, n, crc} of a file's first bytes. Throws FileError. */
function parse(head, file) {
  if (head.length < 8 || !head.subarray(0, 8).equals(MAGIC)) {
    throw new FileError(head.length < 8 && MAGIC.subarray(0, head.length).equals(head) ? 'FILE_TRUNCATED'
      : 'FILE_FOREIGN', `${file} is no vector file.`, 'Give a file that save() wrote.');
  }
  if (head.length < HEADER) {
    throw new FileError('FILE_TRUNCATED', `${file} ends within its header.`, SAVE_ANEW);
  }
  const version = head.readUInt32LE(8);
  if (version !== VERSION) {
    throw new FileError('FILE_VERSION', `${file} has version ${version}; this loader reads version ${VERSION}.`,
      'Use the loader that wrote it, or a newer one.');
  }
  const metric = NAMES[head.readUInt32LE(12)];
  const d = head.readUInt32LE(16);
  const n = head.readBigUInt64LE(24);
  if (crc32(head.subarray(0, 36)) !== head.readUInt32LE(36) || !metric || d === 0 || n >= 1n << 48n) {
    throw new FileError('FILE_CORRUPT', `${file} has a damaged header.`, SAVE_ANEW);
  }
  if (head.readUInt32LE(20) !== 0 || head.subarray(40).some((byte) => byte !== 0)) {
    throw new FileError('FILE_VERSION', `${file} has values in bytes of its header that are 0 in version ${VERSION}; a newer version may have written it.`,
      'Use the loader that wrote it, or a newer one.');
  }
  return { metric, d, n: Number(n), crc: head.readUInt32LE(32) };
}

function littleEndian(view) {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function failed(error, what, file) {
  if (error instanceof FileError) return error;
  return new FileError('FILE_IO', `${file} cannot be ${what}: ${error.message}.`, 'Check the path, its rights and the free space.', error);
}

/** The positions of what is there, in runs [from, to) of at most so many. */
function* runs(store, most) {
  for (let from = 0; from < store.count;) {
    if (store.dead.has(from)) {
      from += 1;
      continue;
    }
    let to = from + 1;
    while (to < store.count && to - from < most && !store.dead.has(to)) to += 1;
    yield [from, to];
    from = to;
  }
}

function idsOf(store, from, to) {
  const part = Buffer.alloc((to - from) * 8);
  for (let at = from; at < to; at++) part.writeBigInt64LE(BigInt(store.ids.at(at)), (at - from) * 8);
  return part;
}

/** A crash leaves the old file or the new one, and so do several calls at once. Resolves with the CRC. */
async function save(file, store) {
  const { metric, d } = store, most = Math.max(1, Math.floor(PART / (d * 4)));
  let crc = 0;
  try {
    await replaceFile(file, async (handle) => {
      const put = async (part) => {
        // A write may be a short one.
        for (let at = 0; at < part.length;) at += (await handle.write(part, at, part.length - at)).bytesWritten;
        crc = crc32(part, crc);
      };
      await handle.write(Buffer.alloc(HEADER));
      for (const [from, to] of runs(store, IDS)) await put(idsOf(store, from, to));
      for (const [from, to] of runs(store, most)) await put(littleEndian(store.raw(from, to)));
      await handle.write(header(metric, d, store.alive, crc), 0, HEADER, 0);
    });
    return crc;
  } catch (error) {
    throw failed(error, 'written', file);
  }
}

async function readExactly(handle, buffer, position) {
  let at = 0;
  while (at < buffer.length) {
    const { bytesRead } = await handle.read(buffer, at, Math.min(PART, buffer.length - at), position + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
}

/** {metric, d, n, ids, rows, crc} of a whole, undamaged file. Throws FileError. */
async function load(file) {
  let handle;
  try {
    handle = await fs.promises.open(file, 'r');
    const head = Buffer.alloc(HEADER);
    const got = await readExactly(handle, head, 0);
    const { metric, d, n, crc } = parse(head.subarray(0, got), file);
    const size = (await handle.stat()).size;
    const wanted = HEADER + n * (8 + 4 * d);
    if (size !== wanted) {
      throw new FileError(size < wanted ? 'FILE_TRUNCATED' : 'FILE_CORRUPT',
        `${file} has ${size} bytes where ${n} vectors of ${d} dimensions take ${wanted}.`, SAVE_ANEW);
    }
    const ids = new BigInt64Array(n), rows = new Float32Array(n * d);
    const rawIds = littleEndian(ids), rawRows = littleEndian(rows);
    await readExactly(handle, rawIds, HEADER);
    await readExactly(handle, rawRows, HEADER + n * 8);
    let found = 0;
    for (const body of [rawIds, rawRows]) {
      for (let at = 0; at < body.length; at += PART) {
        found = crc32(body.subarray(at, at + PART), found);
        await new Promise(later);                // the event loop has its turn
      }
    }
    if (found !== crc) throw new FileError('FILE_CORRUPT', `${file} is damaged: its CRC differs.`, SAVE_ANEW);
    return { metric, d, n, ids, rows, crc };
  } catch (error) {
    throw failed(error, 'read', file);
  } finally {
    if (handle) await handle.close().catch(() => {});
  }
}

module.exports = { save, load };
'''

TEXTS['node/lib/worker.js'] = r'''// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
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
'''

TEXTS['python/faiss_fleet_loader/__init__.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One vector store for Python 3.6 and later: native FAISS where the host has it, exact search by numpy elsewhere."""
from .errors import BackendError, FaissFleetError, FileError, InputError, SettingError
from .storage import FallbackWarning, NumpyVectorStorage, VectorStorage

__version__ = '0.1.0'
__all__ = ['BackendError', 'FaissFleetError', 'FallbackWarning', 'FileError', 'InputError', 'NumpyVectorStorage',
           'SettingError', 'VectorStorage']
'''

TEXTS['python/faiss_fleet_loader/errors.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by kind. ``code`` is for programs, the text names thing and cause, ``remedy`` the next step."""


# By code, where the place that raises it knows no better one.
REMEDIES = {
    'BAD_ARGUMENT': 'Look at the call in docs/how-to/use-from-python.md.',
    'BAD_DIMENSION': 'Give vectors of the dimension that the store was made with.',
    'BAD_K': 'Give how many neighbours you want, such as 10.',
}


class FaissFleetError(Exception):
    """Any of the loader's errors. __cause__ is what lay behind it, if anything did."""

    def __init__(self, code, message, remedy=None):
        remedy = remedy or REMEDIES.get(code)
        super().__init__('%s %s' % (message, remedy) if remedy else message)
        self.code = code
        self.remedy = remedy


class InputError(FaissFleetError, ValueError):
    """An argument that cannot be. Nothing of the call was done."""


class SettingError(FaissFleetError):
    """The setting is missing, malformed, or points at what is no longer there."""


class FileError(FaissFleetError):
    """A file is not a vector file, or not a whole one."""


class BackendError(FaissFleetError):
    """A backend cannot be started, died, hung or answered nonsense."""
'''

TEXTS['python/faiss_fleet_loader/exact.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Exact search with numpy: every row is compared."""

CACHED = 1 << 20            # bytes that fit into a processor's cache


def nearest(numpy, rows, metric, query, k):
    """(positions, scores) of the k best rows for one query, best first, equal scores in the order of the rows.

    metric: 'ip' or 'cosine' (rows and query have length 1; larger is nearer), or 'l2' (squared distance).
    """
    count, d = rows.shape
    if metric == 'l2':
        goodness = numpy.empty(count, dtype='float32')
        step = max(1, CACHED // (d * 4))
        for start in range(0, count, step):
            gap = rows[start:start + step] - query
            goodness[start:start + step] = -numpy.einsum('ij,ij->i', gap, gap)
    else:
        goodness = rows.dot(query)
    least = numpy.partition(goodness, count - k)[count - k]
    positions = numpy.nonzero(goodness >= least)[0]
    order = numpy.lexsort((positions, -goodness[positions]))[:k]
    positions = positions[order]
    scores = goodness[positions]
    return positions.tolist(), (-scores if metric == 'l2' else scores).tolist()
'''

TEXTS['python/faiss_fleet_loader/faiss_worker.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Holds a FAISS index and answers searches, for a loader in another process: on stdin and stdout, or on a socket.

Runs on Python 3.6 and later with numpy and faiss. A loader sends this text to the interpreter that the setting names;
or `python faiss_worker.py --socket PATH` serves several loaders, each with an index and a process of its own.
The frames are described in docs/reference/worker-protocol.md. It ends when its input does.
"""
import errno
import fcntl
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')      # magic, version, type, request, length of the payload
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH, TRAIN, DUMP, RESTORE = 1, 2, 3, 4, 5, 6, 7
REPLY, ERROR = 0x80, 0xff
IP, L2, COSINE = 1, 2, 3
FLAT, IVF, HNSW = 0, 1, 2
LINKS, EF_SEARCH = 32, 64               # of HNSW
CHUNK = 32 << 20                        # bytes of an index in one frame
MOST_PEERS = 64
GRACE = 1.0                             # seconds until a process whose loader has gone is killed


class Refused(Exception):
    """The request makes no sense. The worker goes on."""


def read_exactly(stream, size):
    """The next bytes, or None when the stream ends before."""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = stream.readinto(view[at:])
        if not count:
            return None
        at += count
    return data


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


class Index:
    """One FAISS index of a kind; cosine is the inner product of vectors of length 1. Vectors are rows as bytes."""

    def __init__(self, faiss, numpy):
        self.faiss, self.numpy = faiss, numpy
        self.index, self.d, self.metric, self.kind = None, 0, 0, FLAT

    def open(self, d, metric, threads=0, kind=FLAT, lists=0):
        if not d or metric not in (IP, L2, COSINE) or kind not in (FLAT, IVF, HNSW) or (kind == IVF) != bool(lists):
            raise Refused('no index has %d dimensions, metric %d, kind %d and %d lists' % (d, metric, kind, lists))
        if threads and hasattr(self.faiss, 'omp_set_num_threads'):
            self.faiss.omp_set_num_threads(threads)
        if kind == FLAT:
            self.index = self.faiss.IndexFlatL2(d) if metric == L2 else self.faiss.IndexFlatIP(d)
        else:
            factory = 'IVF%d,Flat' % lists if kind == IVF else 'HNSW%d' % LINKS
            self.index = self.faiss.index_factory(d, factory, self._measure(metric))
        self.d, self.metric, self.kind = d, metric, kind
        self._tune()

    def _measure(self, metric):
        return self.faiss.METRIC_L2 if metric == L2 else self.faiss.METRIC_INNER_PRODUCT

    def _tune(self):
        """Settings of the search, which not every release keeps in a file."""
        if self.kind == IVF:
            self.index.nprobe = min(self.index.nlist, max(8, self.index.nlist // 10))
        if self.kind == HNSW:
            self.index.hnsw.efSearch = EF_SEARCH

    def rows(self, data):
        """The rows as an array, of length 1 for cosine."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        if len(data) % (self.d * 4):
            raise Refused('%d bytes are no whole vectors of %d dimensions' % (len(data), self.d))
        found = self.numpy.frombuffer(data, dtype='<f4').reshape(-1, self.d)
        if self.metric == COSINE:
            # In float64, so that neither very long nor very short vectors lose their direction.
            wide = found.astype('float64')
            found = wide / self.numpy.sqrt((wide * wide).sum(axis=1))[:, None]
        return self.numpy.ascontiguousarray(found, dtype='float32')

    def train(self, data):
        """Lets an IVF index find its lists among these rows, which are not added."""
        rows = self.rows(data)
        if self.kind != IVF or len(rows) < self.index.nlist or self.index.ntotal:
            raise Refused('%d vectors cannot train this index' % len(rows))
        self.index.train(rows)

    def add(self, data):
        """Number of vectors after it."""
        rows = self.rows(data)
        if not self.index.is_trained:
            raise Refused('TRAIN comes before ADD')
        if len(rows):
            self.index.add(rows)
        return self.index.ntotal

    def search(self, data, k):
        """(scores, positions); an index that is not flat may answer -1 where it found fewer than k."""
        rows = self.rows(data)
        if not 1 <= k <= self.index.ntotal:
            raise Refused('%d neighbours among %d vectors' % (k, self.index.ntotal))
        return self.index.search(rows, k)

    def dump(self):
        """The index as FAISS writes it into a file."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        return self.faiss.serialize_index(self.index).tobytes()

    def restore(self, data):
        """Takes an index of the same kind, dimension and metric from dump(). Number of its vectors."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        found = self.faiss.deserialize_index(self.numpy.frombuffer(data, dtype='uint8'))
        kind = IVF if hasattr(found, 'nlist') else HNSW if hasattr(found, 'hnsw') else FLAT
        if (found.d, found.metric_type, kind) != (self.d, self._measure(self.metric), self.kind):
            raise Refused('that is an index of another kind')
        self.index = found
        self._tune()
        return found.ntotal


class Requests:
    """The payloads of requests, and what is answered."""

    def __init__(self, index, about):
        self.index, self.about = index, about
        self.parts = b''               # of an index that is on its way, out or in

    def answer(self, kind, payload):
        answers = {HELLO: self.hello, OPEN: self.open, ADD: self.add, SEARCH: self.search, TRAIN: self.train,
                   DUMP: self.dump, RESTORE: self.restore}
        if kind not in answers:
            raise Refused('no request has the type %d' % kind)
        return answers[kind](payload)

    def hello(self, _payload):
        return self.about

    def open(self, payload):
        if len(payload) != 20:
            raise Refused('OPEN wants 20 bytes, not %d' % len(payload))
        self.parts = b''
        self.index.open(*struct.unpack('<IIIII', payload))
        return struct.pack('<Q', 0)

    def counted(self, payload, head):
        """The rows behind a head of numbers, the first of which says how many they are."""
        if len(payload) < head:
            raise Refused('a request of %d bytes lacks its numbers' % len(payload))
        count, = struct.unpack_from('<I', payload)
        if len(payload) != head + count * self.index.d * 4:
            raise Refused('%d vectors of %d dimensions are not %d bytes' % (count, self.index.d, len(payload) - head))
        return count, memoryview(payload)[head:]

    def add(self, payload):
        return struct.pack('<Q', self.index.add(self.counted(payload, 4)[1]))

    def train(self, payload):
        self.index.train(self.counted(payload, 4)[1])
        return struct.pack('<Q', 0)

    def search(self, payload):
        count, rows = self.counted(payload, 8)
        k, = struct.unpack_from('<I', payload, 4)
        if count * k * 12 > MOST_BYTES - 8:
            raise Refused('an answer of %d neighbours for %d queries is too long' % (k, count))
        scores, positions = self.index.search(rows, k)
        return struct.pack('<II', count, k) + positions.astype('<i8').tobytes() + scores.astype('<f4').tobytes()

    def dump(self, payload):
        if len(payload) != 8:
            raise Refused('DUMP wants 8 bytes, not %d' % len(payload))
        offset, = struct.unpack('<Q', payload)
        if offset == 0:
            self.parts = self.index.dump()
        total, part = len(self.parts), self.parts[offset:offset + CHUNK]
        if offset + len(part) >= total:
            self.parts = b''
        return struct.pack('<Q', total) + part

    def restore(self, payload):
        if len(payload) < 16:
            raise Refused('RESTORE without its numbers')
        total, offset = struct.unpack_from('<QQ', payload)
        if offset == 0:
            self.parts = bytearray()
        part = memoryview(payload)[16:]
        if offset != len(self.parts) or offset + len(part) > total:
            raise Refused('RESTORE of bytes %d to %d of %d, out of their order' % (offset, offset + len(part), total))
        self.parts += part
        if len(self.parts) < total:
            return struct.pack('<Q', 0)
        whole, self.parts = self.parts, b''
        return struct.pack('<Q', self.index.restore(whole))


def serve(stream, out, requests):
    """Answers until the stream ends or holds something that is no frame."""
    while True:
        head = read_exactly(stream, HEADER.size)
        if head is None:
            return
        magic, version, kind, request, length = HEADER.unpack(bytes(head))
        if magic != MAGIC or version != VERSION or length > MOST_BYTES:
            sys.exit('faiss_worker: a frame begins with %r; this worker speaks version %d' % (bytes(head), VERSION))
        payload = read_exactly(stream, length)
        if payload is None:
            return
        try:
            kind, answer = kind | REPLY, requests.answer(kind, payload)
        except Refused as exc:
            kind, answer = ERROR, error('refused', exc)
        except MemoryError as exc:
            kind, answer = ERROR, error('out_of_memory', exc)
        except Exception as exc:           # whatever FAISS raises is the loader's to judge
            kind, answer = ERROR, error('faiss', exc)
        write_all(out, HEADER.pack(MAGIC, VERSION, kind, request, len(answer)) + answer)


def error(code, exc):
    return json.dumps({'code': code, 'message': '%s: %s' % (type(exc).__name__, str(exc)[:2000])}).encode('ascii')


class Listener:
    """A socket that only this user reaches. Each connection is served by a process of its own, forked after FAISS was
    imported: a crash ends one connection, and what a connection held goes with it."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        folder = os.stat(os.path.dirname(self.path))
        if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
            sys.exit('faiss_worker: anybody may write to the folder of %s; choose another' % path)
        # Held as long as this process lives: so a socket that is there without its lock being held is nobody's.
        self._lock = os.open(self.path + '.lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit('faiss_worker: another worker serves %s' % path)
        self.peers = {}                # descriptor: [connection, process, when it is killed]

    def listen(self):
        if os.path.lexists(self.path):
            found = os.lstat(self.path)
            if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
                sys.exit('faiss_worker: %s is no socket of this user; it stays' % self.path)
            os.unlink(self.path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(self.path)
        finally:
            os.umask(before)
        self._socket.listen(MOST_PEERS)

    def run(self, start):
        """Forks for each connection; start(connection) is what the new process does."""
        self._read, self._write = os.pipe()
        for descriptor in (self._read, self._write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._write)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: sys.exit(0))
        self._poll = select.poll()
        for descriptor in (self._socket.fileno(), self._read):
            self._poll.register(descriptor, select.POLLIN)
        try:
            while True:
                self._turn(start)
        finally:
            self._close()

    def _turn(self, start):
        due = [entry[2] for entry in self.peers.values() if entry[2] is not None]
        wait = 1000 * max(0.01, min(due) - time.monotonic()) if due else None
        for descriptor, _event in self._poll.poll(wait):
            if descriptor == self._socket.fileno():
                self._accept(start)
            elif descriptor == self._read:
                os.read(self._read, 4096)
            else:                                  # its loader has gone; most end by themselves when they see it
                self._poll.unregister(descriptor)
                self.peers[descriptor][2] = time.monotonic() + GRACE
        now = time.monotonic()
        for descriptor, (connection, process, kill_at) in list(self.peers.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                if kill_at is None:
                    self._poll.unregister(descriptor)
                connection.close()
                del self.peers[descriptor]
            elif kill_at is not None and now >= kill_at:
                os.kill(process, signal.SIGKILL)
                self.peers[descriptor][2] = now + GRACE

    def _accept(self, start):
        connection, _address = self._socket.accept()
        uid = struct.unpack('3i', connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (0, os.geteuid()) or len(self.peers) >= MOST_PEERS:
            connection.close()
            return
        sys.stderr.flush()
        try:
            process = os.fork()
        except OSError as exc:
            sys.stderr.write('faiss_worker: no process for a connection: %s\n' % exc)
            connection.close()
            return
        if process == 0:
            self._become_child(connection, start)
        self.peers[connection.fileno()] = [connection, process, None]
        self._poll.register(connection, 0)         # a hang-up is told unasked

    def _become_child(self, connection, start):
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            # Of the others it keeps nothing, or they would not see each other's end.
            for descriptor in (self._read, self._write, self._lock):
                os.close(descriptor)
            self._socket.close()
            for other, _process, _when in self.peers.values():
                other.close()
            start(connection)
            status = 0
        except SystemExit as exc:
            sys.stderr.write('%s\n' % exc)
        except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
            pass
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _close(self):
        for _connection, process, _when in self.peers.values():
            try:
                os.kill(process, signal.SIGTERM)
            except OSError as exc:
                if exc.errno != errno.ESRCH:
                    raise
        os.unlink(self.path)


def main(arguments):
    sys.path[:] = [path for path in sys.path if path]     # a folder named faiss in the working directory is not FAISS
    if arguments and (len(arguments) != 2 or arguments[0] != '--socket'):
        sys.exit('usage: faiss_worker.py [--socket PATH]')
    out = os.dup(1)
    os.dup2(2, 1)                                          # what anything prints must not come between the frames
    listener = Listener(arguments[1]) if arguments else None
    import faiss
    import numpy

    def requests():
        about = {'faiss': getattr(faiss, '__version__', None), 'numpy': numpy.__version__,
                 'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
        return Requests(Index(faiss, numpy), json.dumps(about).encode('ascii'))

    if listener is None:
        serve(sys.stdin.buffer, out, requests())
    else:
        listener.listen()
        listener.run(lambda connection: serve(connection.makefile('rb', 0), connection.fileno(), requests()))


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
    except OSError as exc:
        sys.exit('faiss_worker: %s' % exc)
'''

TEXTS['python/faiss_fleet_loader/filling.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Keeps a FAISS index equal to a store, whichever kind of index it is and wherever it lives."""
from . import index_file

KINDS = {'flat': 0, 'ivf': 1, 'hnsw': 2}
IVF_LEAST = 1000            # below so many vectors lists win nothing: the index is flat
IVF_OUTGROWN = 4            # trained anew when there are so many times as many vectors as then
SAMPLE = 40                 # vectors for each list that it is trained with, as FAISS asks for
MOST_SAMPLE = 48 << 20      # bytes
PART = 8 << 20              # bytes of vectors at a time
PART_HNSW = 1 << 20         # whose vectors take long to add


class Filling:
    """A backend with an index. It has _open, _train, _add, _dump and _restore; ``writer`` names it in an index file."""

    writer = None

    def __init__(self, kind):
        self.kind = kind
        self.store, self.count = None, 0
        self.index = {'kind': 'flat', 'from': 'built'}
        self._trained_with = 0

    def _wanted(self, count):
        return 'flat' if self.kind == 'ivf' and count < IVF_LEAST else self.kind

    def _outgrown(self, count):
        if self._wanted(count) != self.index['kind']:
            return True
        return self.index['kind'] == 'ivf' and count >= IVF_OUTGROWN * self._trained_with

    def sync(self, store):
        """Gives the index what it lacks of the store."""
        if self.store is not store or self._outgrown(len(store)):
            self._begin(store)
        size = PART_HNSW if self.index['kind'] == 'hnsw' else PART
        step = max(1, size // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            self._add(store.raw(self.count, to), to)
            self.count = to

    def _begin(self, store):
        self.store, self.count = None, 0
        kind, count = self._wanted(len(store)), len(store)
        lists = int(count ** 0.5) if kind == 'ivf' else 0
        self._open(store, KINDS[kind], lists)
        self.index, self._trained_with = {'kind': kind, 'from': 'built'}, count
        saved, store.saved = store.saved, None     # once: should FAISS die of it, the next backend builds its own
        if kind != 'flat' and saved is not None and count < IVF_OUTGROWN * saved.n:
            data = index_file.load(saved, store.metric, store.d, KINDS[kind], self.writer)
            if data is not None and self._restore(data) == saved.n:
                self.index['from'], self.count = 'file', saved.n
                store.saved = saved
            elif data is not None:
                self._open(store, KINDS[kind], lists)
        if kind == 'ivf' and self.count == 0:
            self._train(*self._sample(store, lists))
        self.store = store

    @staticmethod
    def _sample(store, lists):
        """(rows from all over the store, their number)"""
        wanted = min(len(store), lists * SAMPLE, max(lists, MOST_SAMPLE // (store.d * 4)))
        rows = (store.raw(at, at + 1) for at in (i * len(store) // wanted for i in range(wanted)))
        return b''.join(rows), wanted

    def save_index(self, link, store):
        """Writes the index beside the vector file of this store, where that spares the next start some work."""
        if self.writer is None or self._wanted(len(store)) == 'flat':
            return False
        self.sync(store)
        kind = KINDS[self.index['kind']]
        return index_file.save(link, store.metric, store.d, kind, self.writer, self._dump())
'''

TEXTS['python/faiss_fleet_loader/index_file.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The FAISS index beside a vector file: only ever a shortcut. What does not match is not used, and that is no error.

It is what FAISS writes, followed by 64 bytes which say what it belongs to: docs/reference/vector-file.md.
"""
import os
import struct
import zlib
from collections import namedtuple

from .replace_file import replace_file
from .store import METRICS

MAGIC = b'FFINDX\r\n'
VERSION = 1
TRAILER = struct.Struct('<8sIIIIQII20sI')

# Of the vector file: its path, number of vectors and the CRC in its header.
Link = namedtuple('Link', 'path n crc')


def path_of(vectors):
    return vectors + '.faiss'


def trailer(link, metric, d, kind, writer, crc):
    fields = (MAGIC, VERSION, METRICS[metric], d, kind, link.n, link.crc, crc, writer.encode('ascii', 'replace')[:20])
    body = TRAILER.pack(*(fields + (0,)))[:-4]
    return body + struct.pack('<I', zlib.crc32(body) & 0xffffffff)


def _is_ours(path):
    """Whether nothing is there, or one that save() wrote."""
    try:
        with open(path, 'rb') as source:
            source.seek(max(0, os.fstat(source.fileno()).st_size - TRAILER.size))
            return source.read(8) == MAGIC
    except FileNotFoundError:
        return True
    except OSError:
        return False


def save(link, metric, d, kind, writer, parts):
    """Writes it whole or not at all. False when that cannot be or somebody else's file is there: no vector is lost."""
    path = path_of(link.path)
    if not _is_ours(path):
        return False

    def write(out):
        crc = 0
        for part in parts:
            out.write(part)
            crc = zlib.crc32(part, crc)
        out.write(trailer(link, metric, d, kind, writer, crc & 0xffffffff))

    try:
        replace_file(path, write, like=link.path)
    except OSError:
        return False
    return True


def load(link, metric, d, kind, writer):
    """FAISS's bytes, or None unless they belong to this vector file, this kind of index and this release of FAISS."""
    if writer is None:
        return None
    try:
        with open(path_of(link.path), 'rb') as source:
            size = os.fstat(source.fileno()).st_size - TRAILER.size
            if size <= 0:
                return None
            source.seek(size)
            end = source.read(TRAILER.size)
            crc, = struct.unpack_from('<I', end, 36)
            if end != trailer(link, metric, d, kind, writer, crc):
                return None
            source.seek(0)
            data = source.read(size)
    except OSError:
        return None
    return data if len(data) == size and zlib.crc32(data) & 0xffffffff == crc else None


def drop_stale(link):
    """Removes an index that save() wrote for other vectors; one for these very vectors stays."""
    path = path_of(link.path)
    try:
        with open(path, 'rb') as source:
            source.seek(max(0, os.fstat(source.fileno()).st_size - TRAILER.size))
            end = source.read(TRAILER.size)
        if len(end) == TRAILER.size and end[:8] == MAGIC and struct.unpack_from('<QI', end, 24) != (link.n, link.crc):
            os.unlink(path)
    except OSError:
        pass                                       # nothing there, or not ours to remove: it is never used
'''

TEXTS['python/faiss_fleet_loader/inprocess.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Backends in this very process: FAISS where this interpreter is the one that the setting names, else exact search."""
import array
import heapq
import operator
import os
import sys

from . import exact, rows
from .errors import BackendError
from .faiss_worker import Index
from .filling import PART, Filling
from .setting import refuse_stale
from .store import METRICS


def fits(runtime):
    """Whether this interpreter is the one that passed the search test, so that importing its FAISS is no gamble."""
    program = runtime['argv'][0]
    if runtime['kind'] != 'python' or len(runtime['argv']) > 1 or not program.startswith('/'):
        return False
    if os.path.abspath(program) == os.path.abspath(sys.executable or ''):
        return True
    # Another name of it; without PYTHONPATH a virtual environment has the packages, and the name decides.
    same = os.path.realpath(program) == os.path.realpath(sys.executable or '')
    return same and bool((runtime.get('env') or {}).get('PYTHONPATH'))


def import_faiss(runtime):
    """(faiss, numpy) of the runtime. Raises BackendError."""
    refuse_stale(runtime)
    folders = [path for path in (runtime.get('env') or {}).get('PYTHONPATH', '').split(os.pathsep) if path]
    fresh = [path for path in folders if path not in sys.path]
    sys.path[:0] = fresh
    try:
        import faiss
        import numpy
    except Exception as exc:                     # a FAISS that does not fit raises whatever it likes
        raise BackendError('BACKEND_FAILED', 'faiss cannot be imported: %s.' % exc,
                           'Run audit.yml for this host.') from exc
    finally:
        # What is imported later comes from the application's own folders first.
        for path in fresh:
            sys.path.remove(path)
        sys.path.extend(fresh)
    return faiss, numpy


class FaissBackend(Filling):
    """An index in this process."""

    name = 'faiss'
    usable = True

    def __init__(self, runtime, threads, kind='flat'):
        super().__init__(kind)
        faiss, self._numpy = import_faiss(runtime)
        self._threads, self._index = threads, Index(faiss, self._numpy)
        self.about = {'faiss': getattr(faiss, '__version__', None), 'numpy': self._numpy.__version__,
                      'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
        if self.about['faiss']:
            self.writer = 'faiss %s' % self.about['faiss']

    def _guard(self, act, *arguments):
        try:
            return act(*arguments)
        except Exception as exc:
            raise BackendError('BACKEND_FAILED', 'faiss failed: %s.' % exc) from exc

    def _open(self, store, kind, lists):
        self._guard(self._index.open, store.d, METRICS[store.metric], self._threads, kind, lists)

    def _train(self, rows, _count):
        self._guard(self._index.train, rows)

    def _add(self, rows, _total):
        self._guard(self._index.add, rows)

    def _dump(self):
        return [self._guard(self._index.dump)]

    def _restore(self, data):
        try:
            return self._index.restore(data)
        except Exception:                  # whatever FAISS says of it: the index is built anew
            return None

    def search(self, queries, count, k):
        scores, positions = self._guard(self._index.search, queries, k)
        return list(zip(positions.tolist(), scores.tolist()))

    def close(self):
        self._index = None


def exact_backend():
    """The fallback: every row is compared, with numpy where there is one."""
    return PlainBackend() if rows.numpy_or_none() is None else NumpyBackend()


class NumpyBackend:
    """Exact search with numpy."""

    name = 'numpy'
    usable = True

    def __init__(self):
        self._numpy = rows.numpy_or_none()
        self.about = {'numpy': self._numpy.__version__}
        self.index = {'kind': 'flat', 'from': 'built'}
        self.store, self.count = None, 0

    def _prepared(self, data, d, metric):
        """Rows as an array, of length 1 for cosine."""
        found = self._numpy.frombuffer(data, dtype='<f4').reshape(-1, d)
        if metric == 'cosine':
            wide = found.astype('float64')
            found = wide / self._numpy.sqrt((wide * wide).sum(axis=1))[:, None]
        return self._numpy.ascontiguousarray(found, dtype='float32')

    def sync(self, store):
        numpy = self._numpy
        if self.store is not store:
            self.store, self.count = store, 0
            self._rows = numpy.empty((0, store.d), dtype='float32')
        if len(store) > len(self._rows):
            grown = numpy.empty((max(len(store), len(self._rows) * 3 // 2), store.d), dtype='float32')
            grown[:self.count] = self._rows[:self.count]
            self._rows = grown
        step = max(1, PART // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            self._rows[self.count:to] = self._prepared(store.raw(self.count, to), store.d, store.metric)
            self.count = to

    def search(self, queries, count, k):
        wanted = self._prepared(queries, self.store.d, self.store.metric)
        return [exact.nearest(self._numpy, self._rows[:self.count], self.store.metric, query, k) for query in wanted]

    def save_index(self, _link, _store):
        """It has none to save."""
        return False

    def close(self):
        self._rows = None


class PlainBackend:
    """Exact search without numpy: a hundred times slower than with it, and as right."""

    name = 'python'
    usable = True

    def __init__(self):
        self.about = {'python': '%d.%d.%d' % sys.version_info[:3]}
        self.index = {'kind': 'flat', 'from': 'built'}
        self.store, self.rows, self.squares = None, [], []

    @staticmethod
    def _floats(data):
        found = array.array('f')
        found.frombytes(data)
        if sys.byteorder == 'big':
            found.byteswap()
        return found

    def sync(self, store):
        if self.store is not store:
            self.store, self.rows, self.squares = store, [], []
        for at in range(len(self.rows), len(store)):
            row = self._floats(store.raw(at, at + 1))
            self.rows.append(row)
            self.squares.append(sum(map(operator.mul, row, row)))

    def search(self, queries, count, k):
        size = self.store.d * 4
        return [self._nearest(self._floats(bytes(queries[at:at + size])), k) for at in range(0, count * size, size)]

    def _nearest(self, query, k):
        own, metric = sum(map(operator.mul, query, query)), self.store.metric
        products = [sum(map(operator.mul, row, query)) for row in self.rows]
        if metric == 'l2':
            products = [2 * product - square - own for product, square in zip(products, self.squares)]
        elif metric == 'cosine':
            products = [product / (square * own) ** 0.5 for product, square in zip(products, self.squares)]
        best = heapq.nsmallest(k, range(len(products)), key=lambda at: (-products[at], at))
        return best, [max(0.0, -products[at]) if metric == 'l2' else products[at] for at in best]

    def save_index(self, _link, _store):
        """It has none to save."""
        return False

    def close(self):
        self.rows = self.squares = None
'''

TEXTS['python/faiss_fleet_loader/replace_file.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts a new file in the place of an old one, whole or not at all, whoever else does so at the same time."""
import binascii
import contextlib
import errno
import os
import stat


def _stat_of(path):
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _create(folder, name, mode):
    """A new, empty file of a name that nobody else has: neither another thread, process nor machine."""
    while True:
        tail = binascii.hexlify(os.urandom(8)).decode('ascii')
        partial = os.path.join(folder, '.%s.%s.partial' % (name[:40], tail))
        with contextlib.suppress(FileExistsError):
            return partial, os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_CLOEXEC', 0), mode)


def _make_like(descriptor, like):
    """Owner, group and mode of another file, as far as this user and the file system may give them."""
    for change in (lambda: os.fchown(descriptor, -1, like.st_gid), lambda: os.fchown(descriptor, like.st_uid, -1),
                   lambda: os.fchmod(descriptor, stat.S_IMODE(like.st_mode) & 0o777)):
        try:
            change()
        except OSError as exc:
            if exc.errno not in (errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise


def _sync_folder(folder):
    """So that the new name is on the disk as well. Not every file system can; the file is whole either way."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path, write, like=None):
    """``write(out)`` fills a file beside the place to which the path leads, which then takes that place.

    It keeps mode and owner of what was there; a new one has those of the file ``like``, where one is given, or what the
    umask says. Raises OSError, also where no regular file is there.
    """
    place = os.path.realpath(path)
    before = _stat_of(place)
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(errno.EINVAL, 'it is no regular file', place)
    model = before if before is not None or like is None else _stat_of(like)
    folder = os.path.dirname(place)
    partial, descriptor = _create(folder, os.path.basename(place), 0o666 if model is None else 0o600)
    try:
        with open(descriptor, 'wb') as out:
            write(out)
            out.flush()
            if model is not None:
                _make_like(out.fileno(), model)
            os.fsync(out.fileno())
        os.rename(partial, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)                     # what this very call created
        raise
    _sync_folder(folder)
'''

TEXTS['python/faiss_fleet_loader/rows.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From what callers give to rows of little-endian float32; with numpy when there is one, and without."""
import array
import math
import operator
import sys

from .errors import InputError

# Below this squared length no inner product and no squared distance leaves the range of float32.
LONGEST = 3.4028234663852886e38 / 4
FINITE = 'Every value must be a finite float32; look at what made the vector.'


def numpy_or_none():
    """numpy, or None where it is not installed or does not load."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def dimension_error(what, found, d):
    return InputError('BAD_DIMENSION', '%s has %s dimensions; the store has %d.' % (what, found, d),
                      'Use vectors of one embedding model, and a store for each model.')


def is_vector(value):
    """Whether this is one vector rather than a list of them. An empty list is a list of none."""
    shape = getattr(value, 'shape', None)
    if shape is not None:
        return len(shape) == 1
    try:
        return len(value) > 0 and not hasattr(value[0], '__len__')
    except (TypeError, KeyError):
        raise InputError(
            'BAD_ARGUMENT', 'A %s is neither a vector nor a list of vectors.' % type(value).__name__) from None


def width(vector):
    """Number of dimensions; 0 for what has none."""
    shape = getattr(vector, 'shape', None)
    if shape is not None:
        return shape[-1] if shape else 0
    return len(vector) if hasattr(vector, '__len__') and not isinstance(vector, (str, bytes, dict)) else 0


def convert(vectors, d, metric, name):
    """(count, bytes) of a list of vectors. name(i) says what the i-th is called in an error."""
    for i, vector in enumerate(vectors if getattr(vectors, 'ndim', None) is None else ()):
        if width(vector) != d:
            raise dimension_error(name(i), width(vector), d)
    if getattr(vectors, 'ndim', 2) != 2 or (hasattr(vectors, 'shape') and vectors.shape[1] != d):
        raise dimension_error('The array of shape %s' % (vectors.shape,), width(vectors), d)
    numpy = numpy_or_none()
    return (_plain if numpy is None else _by_numpy)(numpy, vectors, d, metric, name)


def _by_numpy(numpy, vectors, d, metric, name):
    try:
        rows = numpy.asarray(vectors)
    except ValueError:
        rows = numpy.empty((0,), dtype=object)
    if not len(vectors):
        return 0, b''
    if rows.dtype.kind not in 'iuf' or rows.ndim != 2:
        return _plain(numpy, vectors, d, metric, name)         # which says what is the matter, and where
    with numpy.errstate(over='ignore', invalid='ignore'):
        rows = numpy.ascontiguousarray(rows, dtype='<f4')
    finite = numpy.isfinite(rows).all(axis=1)
    if not finite.all():
        row = int(numpy.argmin(finite))
        at = int(numpy.argmin(numpy.isfinite(rows[row])))
        raise InputError('BAD_VALUE', '%s holds %r at %d.' % (name(row), float(rows[row, at]), at), FINITE)
    for start in range(0, len(rows), 4096):                    # in parts: float64 takes twice the room
        wide = rows[start:start + 4096].astype('float64')
        squares = (wide * wide).sum(axis=1)
        bad = squares <= 0 if metric == 'cosine' else squares > LONGEST
        if bad.any():
            _refuse_length(metric, name(start + int(numpy.argmax(bad))))
    return len(rows), rows.tobytes()


def _plain(_numpy, vectors, d, metric, name):
    rows = array.array('f')
    for i, vector in enumerate(vectors):
        try:
            row = array.array('f', vector if isinstance(vector, array.array) else list(vector))
        except (TypeError, ValueError, OverflowError):
            raise InputError('BAD_VALUE', '%s holds what is no float32.' % name(i), FINITE) from None
        square = sum(map(operator.mul, row, row))
        if not math.isfinite(square):
            at = next(at for at, value in enumerate(row) if not math.isfinite(value))
            raise InputError('BAD_VALUE', '%s holds %r at %d.' % (name(i), row[at], at), FINITE)
        if square <= 0 if metric == 'cosine' else square > LONGEST:
            _refuse_length(metric, name(i))
        rows.extend(row)
    if sys.byteorder == 'big':
        rows.byteswap()
    return len(rows) // d, rows.tobytes()


def _refuse_length(metric, what):
    if metric == 'cosine':
        raise InputError('BAD_VALUE', '%s has length 0, hence no direction to compare.' % what,
                         'Leave it out, or use another metric.')
    raise InputError('BAD_VALUE', '%s is longer than 9.2e18, beyond which distances leave the range of float32.' % what,
                     'Scale the vectors.')
'''

TEXTS['python/faiss_fleet_loader/setting.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads which backend this host was given."""
import json
import os

from .errors import SettingError

DEFAULT = '/etc/faiss-fleet/backend.json'
NEXT = 'Run audit.yml for this host, which writes it anew.'


def read(path=None):
    """The setting at a path, FAISS_FLEET_SETTING or the usual place. Raises SettingError."""
    path = os.fspath(path or os.environ.get('FAISS_FLEET_SETTING') or DEFAULT)
    try:
        with open(path, encoding='utf-8') as source:
            found = json.load(source)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise SettingError('SETTING_MISSING', 'There is no setting at %s.' % path, NEXT) from exc
    except OSError as exc:
        raise SettingError('SETTING_UNREADABLE', '%s cannot be read: %s.' % (path, exc.strerror), NEXT) from exc
    except (ValueError, RecursionError) as exc:
        raise SettingError('SETTING_MALFORMED', '%s is not JSON: %s.' % (path, exc), NEXT) from exc
    return check(found, path)


def check(found, path='the setting'):
    """The same, or SettingError."""
    problem = _problem(found)
    if problem:
        raise SettingError('SETTING_MALFORMED', '%s is no setting: %s.' % (path, problem), NEXT)
    return found


def _problem(found):
    if not isinstance(found, dict):
        return 'it is not an object'
    if found.get('schema') != 1:
        return 'its schema is %r, not 1' % (found.get('schema'),)
    if not isinstance(found.get('socket'), (str, type(None))):
        return 'its socket is no path'
    if found.get('backend') == 'js':
        return None
    if found.get('backend') != 'faiss':
        return 'its backend is %r' % (found.get('backend'),)
    runtime = found.get('runtime')
    if not isinstance(runtime, dict):
        return 'it has no runtime'
    argv, env = runtime.get('argv'), runtime.get('env', {})
    if not isinstance(runtime.get('kind'), str):
        return 'its runtime has no kind'
    if not isinstance(argv, list) or not argv or not all(isinstance(part, str) for part in argv):
        return 'its runtime has no argv'
    if any('\0' in part for part in argv):
        return 'its argv holds a zero byte'
    if not isinstance(env, dict) or not all(isinstance(part, str) for pair in env.items() for part in pair):
        return 'the env of its runtime is no object of texts'
    if any('\0' in part for pair in env.items() for part in pair):
        return 'the env of its runtime holds a zero byte'
    return None


def refuse_stale(runtime):
    """Raises SettingError when what the runtime starts is gone."""
    program, prefix = runtime['argv'][0], runtime.get('prefix')
    gone = None
    if prefix and not os.path.isdir(prefix):
        gone = prefix
    elif program.startswith('/') and not os.access(program, os.X_OK):
        gone = program
    if gone:
        raise SettingError('SETTING_STALE', 'The setting names %s, which is not here any more.' % gone, NEXT)
'''

TEXTS['python/faiss_fleet_loader/storage.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One interface over every backend. What is added goes into the store first; a backend is a faster way to search it."""
import operator
import os
import threading
import time
import warnings

from . import index_file, rows, setting, vector_file
from .errors import BackendError, FaissFleetError, InputError
from .filling import KINDS
from .inprocess import FaissBackend, exact_backend, fits
from .store import METRICS, Store
from .worker import WorkerBackend

MOST_DIMENSIONS = 65536
MOST_THREADS = 1024


def _path(value):
    """The path as text. Raises InputError for what names no file."""
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str) or not path or '\0' in path:
        raise InputError('BAD_ARGUMENT', 'The path is %r.' % (value,), 'Give the path of a file as text.')
    return path


class FallbackWarning(UserWarning):
    """The application has a slower backend than it could have."""


class VectorStorage:
    """add, search, save, load, count, close. May be used from several threads; calls wait for one another.

    metric: 'cosine', 'ip' or 'l2'. dimension: that of the first vector unless given.
    setting: path of backend.json or its content as a dict; FAISS_FLEET_SETTING or the usual place unless given.
    on_event: called with 'restart' or 'fallback' and a dict of error, why and count. fallback=False: rather an error.
    in_process: False never imports FAISS into this process. Times are in seconds.
    threads: of FAISS for one call; 0 for one on each core, which pays where one caller asks for large batches alone.
    index: 'flat' (exact), 'ivf' or 'hnsw' (approximate, with FAISS alone: the fallback is always exact).
    socket: path of a socket at which a worker of this user or root listens; without it, or when none answers there, a
    worker is started.
    """

    def __init__(self, metric=None, dimension=None, setting=None, on_event=None, fallback=True, in_process=True,
                 start_timeout=60, call_timeout=30, restart_window=600, threads=1, index='flat', socket=None):
        if metric is not None and metric not in METRICS:
            raise InputError('BAD_ARGUMENT', 'metric is %r; it is cosine, ip or l2.' % (metric,), 'Give one of them.')
        if dimension is not None and not (isinstance(dimension, int) and 1 <= dimension <= MOST_DIMENSIONS):
            raise InputError('BAD_DIMENSION', 'dimension is %r; it is a whole number from 1 to 65536.' % (dimension,),
                             'Give the number of dimensions of your vectors, or nothing.')
        if index not in KINDS:
            raise InputError('BAD_ARGUMENT', 'index is %r; it is flat, ivf or hnsw.' % (index,), 'Give one of them.')
        if isinstance(threads, bool) or not isinstance(threads, int) or not 0 <= threads <= MOST_THREADS:
            raise InputError('BAD_ARGUMENT', 'threads is %r; it is a whole number from 0 to %d.' % (
                threads, MOST_THREADS), 'Give 1, or 0 for one on each core.')
        self._kind, self._socket = index, socket
        self._metric, self._dimension, self._setting = metric, dimension, setting
        self._on_event, self._fallback, self._in_process = on_event, fallback, in_process
        self._times = {'start_timeout': start_timeout, 'call_timeout': call_timeout, 'threads': threads}
        self._restart_window, self._last_restart = restart_window, None
        self._store = None if dimension is None else Store(dimension, metric or 'cosine')
        self._backend, self._runtime, self._closed = None, None, False
        self._lock = threading.RLock()
        self.why = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def __len__(self):
        return self.count

    @property
    def count(self):
        """Number of vectors."""
        return 0 if self._store is None else len(self._store)

    @property
    def dimension(self):
        return None if self._store is None else self._store.d

    @property
    def metric(self):
        return (self._metric or 'cosine') if self._store is None else self._store.metric

    @property
    def backend(self):
        """'faiss', 'worker', 'numpy' or 'python'; None before the first call that needs it."""
        return None if self._backend is None else self._backend.name

    @property
    def about(self):
        """What the backend says of itself: versions, process id."""
        return None if self._backend is None else self._backend.about

    @property
    def index(self):
        """{'kind': 'flat', 'ivf' or 'hnsw', 'from': 'built' or 'file'}: what is searched now; None before that."""
        return None if self._backend is None else dict(self._backend.index)

    def ready(self):
        """Starts the backend now rather than at the first call."""
        with self._lock:
            self._refuse_closed()
            self._open()
        return self

    def add(self, ids, vectors):
        """All of them or, when one is refused, none."""
        with self._lock:
            self._refuse_closed()
            # First the backend: a FAISS in this process comes with the numpy that fits it.
            self._open()
            if not hasattr(ids, '__len__') or not hasattr(vectors, '__len__'):
                raise InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.',
                                 'Give lists, also for one vector: add([id], [vector]).')
            store = self._store
            if store is None:
                if len(vectors) == 0 and len(ids) == 0:
                    return
                store = self._new_store(vectors)
            before, count = self._store, len(store)
            store.add(ids, vectors)
            self._store = store
            try:
                self._run(lambda backend: backend.sync(store))
            except BaseException:
                # Refused as a whole; the backend, which may hold some of them, is filled anew by the next call.
                store.forget_from(count)
                self._store = before
                self._drop_backend()
                raise

    def _new_store(self, vectors):
        d = rows.width(vectors[0]) if len(vectors) else 0
        if not 1 <= d <= MOST_DIMENSIONS:
            raise InputError('BAD_DIMENSION', 'The first vector is empty, no vector, or longer than 65536.',
                             'Give lists of numbers or an array of two dimensions.')
        return Store(d, self._metric or 'cosine')

    def search(self, query, k=10):
        """The k nearest, best first: [(id, score)] for one query, a list of such lists for several."""
        with self._lock:
            self._refuse_closed()
            try:
                k = -1 if isinstance(k, bool) else operator.index(k)
            except TypeError:
                k = -1
            if k < 1:
                raise InputError('BAD_K', 'k is no whole number from 1.')
            single = rows.is_vector(query)
            several = [query] if single else query
            if self._store is None or len(several) == 0:
                return [] if single else [[] for _ in several]
            store = self._store
            self._open()
            count, data = rows.convert(several, store.d, store.metric,
                                       lambda i: 'The query' if single else 'Query %d' % i)
            if len(store) == 0:
                found = [[] for _ in range(count)]
            else:
                found = self._run(lambda backend: self._searched(backend, data, count, min(k, len(store))))
            return found[0] if single else found

    def _searched(self, backend, data, count, k):
        """Positions become ids. A position that no vector has is the backend's failure, not the caller's."""
        store = self._store
        backend.sync(store)
        found = []
        for positions, scores in backend.search(data, count, k):
            whole = len(positions) == k
            if backend.index['kind'] != 'flat' and -1 in positions:
                positions = positions[:positions.index(-1)]       # it found fewer
            if not whole or not all(0 <= at < len(store) for at in positions) or any(
                    score != score for score in scores):
                raise BackendError('WORKER_NONSENSE', 'The backend answers with positions that no vector has.')
            found.append([(store.ids[at], score) for at, score in zip(positions, scores)])
        return found

    def save(self, path):
        """Writes all vectors into one file, whole or not at all, and an IVF or HNSW index beside it, if any."""
        path = _path(path)
        with self._lock:
            self._refuse_closed()
            if self._store is None:
                raise InputError('BAD_DIMENSION', 'There is nothing to save, not even a dimension.',
                                 'Add vectors first, or give dimension.')
            store = self._store
            crc = vector_file.save(path, store)
            link = index_file.Link(path, len(store), crc)
            if self._backend is None or not self._saves_index(link):
                index_file.drop_stale(link)

    def _saves_index(self, link):
        """Whether the index went into a file beside the vectors. If not, the next load() takes longer, no more: a
        backend that fails here is replaced at the next search."""
        try:
            return self._backend.usable and self._backend.save_index(link, self._store)
        except BackendError:
            return False

    def load(self, path):
        """Replaces what is in the store by what is in the file. On an error the store stays as it was."""
        path = _path(path)
        with self._lock:
            self._refuse_closed()
            self._open()
            metric, d, ids, data, crc = vector_file.load(path)
            given = self._dimension or (self._store.d if self.count else d)
            if given != d:
                raise InputError('BAD_DIMENSION', '%s has vectors of %d dimensions; this store has %d.' % (
                    path, d, given), 'Load it into a store of its own.')
            if metric != self.metric and (self.count or self._metric):
                raise InputError('BAD_ARGUMENT', '%s was saved for %s; this store uses %s.' % (
                    path, metric, self.metric), 'Open it with metric=%r.' % metric)
            store = Store(d, metric)
            store.take_file(ids, data)
            store.saved = index_file.Link(path, len(store), crc)
            before, self._store = self._store, store
            try:
                self._run(lambda backend: backend.sync(store))
            except BaseException:
                self._store = before
                self._drop_backend()
                raise

    def _drop_backend(self):
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def close(self):
        """Ends the worker and forgets the vectors. A second time does nothing."""
        with self._lock:
            self._closed = True
            if self._backend is not None:
                self._backend.close()
            self._backend = self._store = None

    def _refuse_closed(self):
        if self._closed:
            raise FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.')

    def _open(self):
        if self._backend is not None and not self._backend.usable:
            self._backend.abandon()                    # this process was forked; its parent keeps the worker
            self._backend = None
        if self._backend is None:
            self._backend = self._choose()
        return self._backend

    def _choose(self):
        try:
            found = setting.check(self._setting) if isinstance(self._setting, dict) else setting.read(self._setting)
            self._socket = self._socket or found.get('socket')
            if found['backend'] != 'faiss':
                return self._fall_back(None, found.get('because') or 'the setting says so')
            self._runtime = found['runtime']
            return self._start_native()
        except FaissFleetError as exc:
            return self._fall_back(exc, str(exc))

    def _start_native(self):
        if self._socket is None and self._in_process and fits(self._runtime):
            try:
                return FaissBackend(self._runtime, self._times['threads'], self._kind)
            except BackendError:
                pass                      # another numpy is loaded already, for one: the worker has its own
        if self._socket is None and self._runtime['kind'] not in ('python', 'container'):
            raise BackendError('BACKEND_FAILED', 'A runtime of kind %s is for another language.' % (
                self._runtime['kind']), 'Name a strategy that Python can use in faiss_install__strategies.')
        try:
            return self._worker()
        except BackendError as exc:
            return self._again(exc)

    def _worker(self):
        """The one at the socket; where there is none, or none is to be had there, one of our own."""
        if self._socket is not None:
            try:
                return WorkerBackend(self._runtime, kind=self._kind, socket=self._socket, **self._times)
            except BackendError as exc:
                if self._runtime['kind'] not in ('python', 'container'):
                    raise
                self._tell('restart', exc, str(exc))
        return WorkerBackend(self._runtime, kind=self._kind, **self._times)

    def _again(self, error):
        """A new worker, unless there was one just now."""
        now = time.monotonic()
        if self._last_restart is not None and now - self._last_restart < self._restart_window:
            raise error
        self._last_restart = now
        self._tell('restart', error, str(error))
        return self._worker()

    def _tell(self, event, error, why):
        if self._on_event is not None:
            self._on_event(event, {'error': error, 'why': why, 'count': self.count})

    def _fall_back(self, error, why):
        if error is not None and not self._fallback:
            raise error
        backend = exact_backend()
        self.why = why
        warnings.warn('Searching with %s, without FAISS: %s' % (backend.name, why), FallbackWarning, stacklevel=2)
        self._tell('fallback', error, why)
        return backend

    def _run(self, act):
        """Does something with the backend; with the next one if that fails."""
        while True:
            backend = self._open()
            try:
                return act(backend)
            except BackendError as exc:
                self._replace(backend, exc)

    def _replace(self, backend, error):
        self._backend = None
        backend.close()
        if backend.name in ('numpy', 'python'):
            raise error
        if backend.name == 'worker':
            try:
                self._backend = self._again(error)
                return
            except FaissFleetError as exc:
                error = exc
        self._backend = self._fall_back(error, str(error))


class NumpyVectorStorage(VectorStorage):
    """The reference store: the same interface, always exact and without FAISS, a setting or a warning."""

    def _choose(self):
        return exact_backend()
'''

TEXTS['python/faiss_fleet_loader/store.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Everything that was added, as it was added. Backends are filled from here, so that none of them can lose anything."""
import array
import operator

from . import rows
from .errors import InputError

METRICS = {'ip': 1, 'l2': 2, 'cosine': 3}
MOST = 2 ** 53 - 1


def check_id(value):
    """The id as an int. Raises InputError for what another language could not hold."""
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number <= MOST:
        raise InputError('BAD_ID', '%r is no id.' % (value,), 'Ids are whole numbers from 0 to 2^53-1.')
    return number


class Store:
    """ids in the order in which they were added, and their rows one after the other."""

    def __init__(self, d, metric):
        self.d, self.metric = d, metric
        self.ids = array.array('q')
        self.rows = bytearray()
        self.known = set()
        self.saved = None               # index_file.Link of the file that the first rows came from

    def __len__(self):
        return len(self.ids)

    def add(self, ids, vectors):
        """All of them or, when one is refused, none."""
        numbers = [check_id(value) for value in ids]
        if len(numbers) != len(vectors):
            raise InputError('BAD_ARGUMENT', '%d ids were given for %d vectors.' % (len(numbers), len(vectors)),
                             'Give one for each.')
        fresh = self._fresh(numbers)
        _count, data = rows.convert(vectors, self.d, self.metric, lambda i: 'The vector of id %d' % numbers[i])
        self._take(numbers, fresh, data)

    def _fresh(self, numbers):
        fresh = set()
        for number in numbers:
            if number in self.known or number in fresh:
                raise InputError('DUPLICATE_ID', 'The id %d is in the store or twice in this call.' % number,
                                 'Give each vector an id of its own; nothing of this call was added.')
            fresh.add(number)
        return fresh

    def _take(self, numbers, fresh, data):
        self.rows += data
        self.ids.extend(numbers)
        self.known |= fresh

    def forget_from(self, count):
        """Takes back what was added last, so that ``count`` are left."""
        self.known.difference_update(self.ids[count:])
        del self.ids[count:]
        del self.rows[count * self.d * 4:]

    def take_file(self, ids, data):
        """What a file held, whose rows are float32 already."""
        numbers = [check_id(value) for value in ids]
        fresh = self._fresh(numbers)
        step = max(1, (8 << 20) // (4 * self.d))
        numpy = rows.numpy_or_none()
        for start in range(0, len(numbers), step):
            part = memoryview(data)[start * self.d * 4:(start + step) * self.d * 4]
            if numpy is not None:
                part = numpy.frombuffer(part, dtype='<f4').reshape(-1, self.d)
            else:
                part = _lists(part, self.d)
            rows.convert(part, self.d, self.metric, lambda i, start=start: 'The vector of id %d' % numbers[start + i])
        self._take(numbers, fresh, data)

    def raw(self, start, stop):
        """A copy of the rows from one position to another, as bytes."""
        size = self.d * 4
        return bytes(self.rows[start * size:stop * size])


def _lists(data, d):
    import struct
    return [struct.unpack_from('<%df' % d, data, at) for at in range(0, len(data), d * 4)]
'''

TEXTS['python/faiss_fleet_loader/transport.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The two ways to a worker: a process of one's own with its pipes, and a socket at which one listens already."""
import os
import re
import socket
import stat
import struct
import subprocess

from .errors import BackendError
from .setting import refuse_stale

NOT_INHERITED = re.compile(r'(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$')
START_IT = 'Start the worker that serves it, or leave the option socket out.'


def worker_source():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'faiss_worker.py'), 'rb') as source:
        return source.read()


def bootstrap(length):
    """What follows argv. The text comes on stdin, before the frames: so it reaches a container too."""
    return ['-c', "import sys;exec(compile(sys.stdin.buffer.read(%d),'faiss_worker.py','exec'))" % length]


def environment(runtime, environ):
    env = dict((name, value) for name, value in environ.items() if not NOT_INHERITED.match(name))
    env.update(LC_ALL='C', PYTHONNOUSERSITE='1', PYTHONDONTWRITEBYTECODE='1')
    env.update(runtime.get('env') or {})
    return env


class Process:
    """A worker of this process alone. ``first`` is what it is to be given before the first frame."""

    def __init__(self, runtime):
        refuse_stale(runtime)
        self.first = worker_source()
        try:
            self._process = subprocess.Popen(
                list(runtime['argv']) + bootstrap(len(self.first)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, cwd='/', env=environment(runtime, os.environ))
        except (OSError, ValueError) as exc:
            raise BackendError('WORKER_START', '%s cannot be started: %s.' % (runtime['argv'][0], exc),
                               'Run audit.yml for this host.') from exc
        self._streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self.writes, self.reads, self.log = (stream.fileno() for stream in self._streams)

    def end(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self):
        """Closes the pipes and nothing else."""
        for stream in self._streams:
            stream.close()

    def forget(self):
        """For a forked process: not its child, and not its to wait for."""
        self.let_go()
        self._process.returncode = 0

    def how_it_ended(self):
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return 'closed its output'
        return 'ended with ' + ('signal %d' % -code if code < 0 else 'exit code %d' % code)

    def close(self):
        """Its input ends, and so does it."""
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        self.end()


class Socket:
    """A connection to a worker that somebody else started, who must be this user or root."""

    first, log = b'', None

    def __init__(self, path, timeout):
        path = os.fspath(path)
        try:
            refuse_foreign(path)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except (OSError, ValueError) as exc:
            raise BackendError('WORKER_SOCKET', 'No worker answers at %s: %s.' % (path, exc), START_IT) from exc
        uid = struct.unpack('3i', self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (0, os.geteuid()):
            self._socket.close()
            raise _foreign('The worker at %s' % path, uid)
        # Two descriptors of one socket, as one that is asked for both could not be asked for either.
        self.reads, self.writes = self._socket.fileno(), os.dup(self._socket.fileno())

    def end(self):
        self.let_go()

    def let_go(self):
        if self.writes is not None:
            os.close(self.writes)
            self.writes = None
        self._socket.close()

    forget = close = let_go

    @staticmethod
    def how_it_ended():
        return 'closed the connection'


def refuse_foreign(path):
    """Raises BackendError unless the path is a socket of this user or of root."""
    found = os.lstat(path)
    if not stat.S_ISSOCK(found.st_mode):
        raise BackendError('WORKER_SOCKET', '%s is no socket.' % path, START_IT)
    if found.st_uid not in (0, os.geteuid()):
        raise _foreign(path, found.st_uid)


def _foreign(what, uid):
    return BackendError('WORKER_SOCKET', '%s belongs to user %d, who could read every vector.' % (what, uid),
                        'Run the worker as the user of the application.')
'''

TEXTS['python/faiss_fleet_loader/vector_file.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The file in which vectors are kept, the same for every backend and both loaders: docs/reference/vector-file.md."""
import array
import os
import struct
import sys
import zlib

from .errors import FileError
from .replace_file import replace_file
from .store import METRICS

MAGIC = b'FFVECT\r\n'            # a transfer that changes line ends is seen at once
VERSION = 1
HEADER = struct.Struct('<8sIIIIQI')
SIZE = 64
NAMES = dict((code, name) for name, code in METRICS.items())
SAVE_ANEW = 'Save it again from the program that has the vectors, or restore it from a backup.'


def header(metric, d, n, crc):
    head = HEADER.pack(MAGIC, VERSION, METRICS[metric], d, 0, n, crc)
    return (head + struct.pack('<I', zlib.crc32(head) & 0xffffffff)).ljust(SIZE, b'\0')


def parse(head, path):
    """(metric, d, n, crc) of a file's first bytes. Raises FileError."""
    if head[:8] != MAGIC:
        cut = len(head) < 8 and MAGIC.startswith(head)
        raise FileError('FILE_TRUNCATED' if cut else 'FILE_FOREIGN', '%s is no vector file.' % path,
                        'Give a file that save() wrote.')
    if len(head) < SIZE:
        raise FileError('FILE_TRUNCATED', '%s ends within its header.' % path, SAVE_ANEW)
    _magic, version, metric, d, flags, n, crc = HEADER.unpack_from(head)
    if version != VERSION:
        raise FileError('FILE_VERSION', '%s has version %d; this loader reads version %d.' % (path, version, VERSION),
                        'Use the loader that wrote it, or a newer one.')
    own, = struct.unpack_from('<I', head, HEADER.size)
    if zlib.crc32(head[:HEADER.size]) & 0xffffffff != own or metric not in NAMES or d == 0 or n >= 1 << 48:
        raise FileError('FILE_CORRUPT', '%s has a damaged header.' % path, SAVE_ANEW)
    if flags or any(head[HEADER.size + 4:SIZE]):
        raise FileError('FILE_VERSION', '%s has values in bytes of its header that are 0 in version %d; a newer '
                        'version may have written it.' % (path, VERSION),
                        'Use the loader that wrote it, or a newer one.')
    return NAMES[metric], d, n, crc


def _little_endian(ids):
    ids = array.array('q', ids)
    if sys.byteorder == 'big':
        ids.byteswap()
    return ids


def save(path, store):
    """A crash leaves the old file or the new one, and so do several calls at once.

    Returns the CRC. Raises FileError.
    """
    ids = _little_endian(store.ids).tobytes()
    crc = zlib.crc32(store.rows, zlib.crc32(ids)) & 0xffffffff

    def write(out):
        for part in (header(store.metric, store.d, len(store), crc), ids, store.rows):
            out.write(part)

    try:
        replace_file(path, write)
    except OSError as exc:
        raise FileError('FILE_IO', '%s cannot be written: %s.' % (path, exc.strerror),
                        'Check the path, its rights and the free space.') from exc
    return crc


def load(path):
    """(metric, d, ids, rows as bytes, crc) of a whole, undamaged file. Raises FileError."""
    try:
        with open(path, 'rb') as source:
            metric, d, n, crc = parse(source.read(SIZE), path)
            size, wanted = os.fstat(source.fileno()).st_size, SIZE + n * (8 + 4 * d)
            if size != wanted:
                raise FileError('FILE_TRUNCATED' if size < wanted else 'FILE_CORRUPT',
                                '%s has %d bytes where %d vectors of %d dimensions take %d.' % (
                                    path, size, n, d, wanted), SAVE_ANEW)
            raw, data = source.read(n * 8), source.read()
    except OSError as exc:
        raise FileError('FILE_IO', '%s cannot be read: %s.' % (path, exc.strerror),
                        'Check the path, its rights and the free space.') from exc
    if zlib.crc32(data, zlib.crc32(raw)) & 0xffffffff != crc or len(raw) + len(data) != wanted - SIZE:
        raise FileError('FILE_CORRUPT', '%s is damaged: its CRC differs.' % path, SAVE_ANEW)
    ids = array.array('q')
    ids.frombytes(raw)
    return metric, d, _little_endian(ids), data, crc
'''

TEXTS['python/faiss_fleet_loader/worker.py'] = r'''# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""FAISS in another process, spoken to in frames: docs/reference/worker-protocol.md."""
import json
import os
import select
import struct
import time

from .errors import BackendError
from .filling import PART, Filling
from .store import METRICS
from .transport import Process, Socket

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH, TRAIN, DUMP, RESTORE = 1, 2, 3, 4, 5, 6, 7
REPLY, ERROR = 0x80, 0xff
CHUNK = 32 << 20                 # bytes of an index in one frame
LOG = 4000                       # bytes of standard error that are kept
LONG = 10                        # times call_timeout, for what takes longer than a search: to train, to carry an index


class WorkerBackend(Filling):
    """One worker. Any BackendError is final: it has been ended, or its connection closed."""

    name = 'worker'

    def __init__(self, runtime, start_timeout, call_timeout, threads, kind='flat', socket=None):
        """By the socket, when there is one, otherwise in a process that is started from the runtime."""
        super().__init__(kind)
        self.call_timeout, self.threads = call_timeout, threads
        self._owner = os.getpid()
        self._request = 0
        self._log = bytearray()
        self._line = Process(runtime) if socket is None else Socket(socket, start_timeout)
        self._in, self._out, self._err = self._line.writes, self._line.reads, self._line.log
        for descriptor in (self._in, self._out, self._err):
            if descriptor is not None:
                os.set_blocking(descriptor, False)
        hello = self._ask(HELLO, [struct.pack('<I', 1)], start_timeout, before=self._line.first)
        try:
            self.about = dict(json.loads(hello.decode('utf-8')))
        except (ValueError, TypeError) as exc:
            raise self._failed('WORKER_NONSENSE', 'greets with what is no JSON object') from exc
        if self.about.get('faiss'):
            self.writer = 'faiss %s' % self.about['faiss']

    @property
    def usable(self):
        """False in a process that was forked from the one which started the worker: two cannot share its pipes."""
        return self._owner == os.getpid()

    def _failed(self, code, what, remedy=None):
        self._end()
        log = bytes(self._log).decode('utf-8', 'replace').strip()[-400:]
        return BackendError(code, 'The worker %s%s.' % (what, ': ' + log if log else ''), remedy)

    def _end(self):
        if self._owner == os.getpid():
            self._line.end()

    def _ask(self, kind, payload, timeout=None, before=b'', may_refuse=False):
        """The answer's payload; None when the worker says that it cannot, where it may. Writes and reads at once, so
        that neither side can block the other."""
        timeout = self.call_timeout if timeout is None else timeout
        self._request = self._request % 0xffffffff + 1
        size = sum(len(part) for part in payload)
        out = memoryview(b''.join([before, HEADER.pack(MAGIC, VERSION, kind, self._request, size)] + payload))
        until = time.monotonic() + timeout
        answer, wanted, head = bytearray(), HEADER.size, None
        poll = select.poll()
        for descriptor in (self._out, self._err):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        poll.register(self._in, select.POLLOUT)
        while True:
            left = until - time.monotonic()
            ready = poll.poll(max(0, left) * 1000) if left > 0 else []
            if not ready:
                raise self._failed('WORKER_TIMEOUT', 'did not answer within %s s' % timeout)
            for descriptor, _event in ready:
                if descriptor == self._in:
                    out = self._write(out, poll)
                elif descriptor == self._err:
                    self._read_log(poll)
                elif not self._read(answer, wanted):
                    raise self._died()
            if head is None and len(answer) == wanted:
                head = self._header(bytes(answer), kind)
                answer, wanted = bytearray(), head[1]
            if head is not None and len(answer) == wanted:
                if head[0] == ERROR and may_refuse:
                    return None
                if head[0] == ERROR:
                    said = bytes(answer[:2000]).decode('utf-8', 'replace')
                    raise self._failed('WORKER_ERROR', 'could not do it (%s)' % said)
                return bytes(answer)

    def _write(self, out, poll):
        try:
            out = out[os.write(self._in, out[:1 << 20]):]
        except BlockingIOError:
            return out
        except OSError:
            out = out[len(out):]                 # it has gone; its end of the other pipe says so
        if not out:
            poll.unregister(self._in)
        return out

    def _read_log(self, poll):
        data = self._some(self._err, 65536)
        if data == b'':
            poll.unregister(self._err)
        self._log = (self._log + (data or b''))[-LOG:]

    @staticmethod
    def _some(descriptor, size):
        """None when there is nothing now, b'' at the end."""
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return b''

    def _read(self, answer, wanted):
        if len(answer) == wanted:
            return True
        data = self._some(self._out, min(wanted - len(answer), 1 << 20))
        answer += data or b''
        return data != b''

    def _died(self):
        how = self._line.how_it_ended()
        rest = None if self._err is None else self._some(self._err, 65536)
        self._log = (self._log + (rest or b''))[-LOG:]
        return self._failed('WORKER_DIED', how)

    def _header(self, head, kind):
        """(type, length of the payload)"""
        magic, version, answered, request, length = HEADER.unpack(head)
        if magic != MAGIC:
            raise self._failed('WORKER_NONSENSE', 'says %r, which is no frame' % head)
        if version != VERSION:
            raise self._failed('WORKER_VERSION', 'speaks version %d of the protocol, this loader %d' % (
                version, VERSION), 'Use the worker that comes with the loader.')
        if length > MOST_BYTES or request != self._request or answered not in (kind | REPLY, ERROR):
            raise self._failed('WORKER_NONSENSE', 'answers %d to request %d with %d bytes, which was not asked' % (
                answered, request, length))
        return answered, length

    def _open(self, store, kind, lists):
        self._ask(OPEN, [struct.pack('<IIIII', store.d, METRICS[store.metric], self.threads, kind, lists)])

    def _train(self, rows, count):
        self._ask(TRAIN, [struct.pack('<I', count), rows], self.call_timeout * LONG)

    def _add(self, rows, total):
        said = self._ask(ADD, [struct.pack('<I', total - self.count), rows])
        if said != struct.pack('<Q', total):
            raise self._failed('WORKER_NONSENSE', 'counts other vectors than it was given')

    def _dump(self):
        """The index in parts."""
        offset, total = 0, None
        while total is None or offset < total:
            said = self._ask(DUMP, [struct.pack('<Q', offset)], self.call_timeout * LONG)
            size = struct.unpack_from('<Q', said)[0] if len(said) > 8 else 0
            if size < offset + len(said) - 8 or total not in (None, size):
                raise self._failed('WORKER_NONSENSE', 'hands out an index that is not whole')
            total, offset = size, offset + len(said) - 8
            yield said[8:]

    def _restore(self, data):
        """Number of vectors in it; None when the worker cannot read it."""
        said = None
        for at in range(0, len(data), CHUNK):
            said = self._ask(RESTORE, [struct.pack('<QQ', len(data), at), data[at:at + CHUNK]],
                             self.call_timeout * LONG, may_refuse=True)
            if said is None or len(said) != 8:
                return None
        return struct.unpack('<Q', said)[0]

    def search(self, queries, count, k):
        """[(positions, scores)] for each query; queries are rows of float32."""
        d, found = self.store.d, []
        step = max(1, PART // max(d * 4, k * 12))
        for start in range(0, count, step):
            some = min(step, count - start)
            rows = bytes(queries[start * d * 4:(start + some) * d * 4])
            data = self._ask(SEARCH, [struct.pack('<II', some, k), rows])
            if len(data) != 8 + some * k * 12 or struct.unpack_from('<II', data) != (some, k):
                raise self._failed('WORKER_NONSENSE', 'answers with another number of neighbours than was asked')
            positions = struct.unpack_from('<%dq' % (some * k), data, 8)
            scores = struct.unpack_from('<%df' % (some * k), data, 8 + some * k * 8)
            found.extend((positions[at:at + k], scores[at:at + k]) for at in range(0, some * k, k))
        return found

    def abandon(self):
        """For a forked process: lets go of the worker, so that it sees when the parent is gone."""
        self._line.forget()

    def close(self):
        if self._owner == os.getpid():
            self._line.close()
'''
