// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Codes of rows: scalar quantization with 8 bits, with a bound of each row's error. They lie in a WebAssembly memory of their
// own, a quarter as large as the rows. A search by them reads less, and has the kernel compute the exact scores of the rows that
// can be among the best: what it finds is what the kernel finds, or it says that it cannot tell.

const { LARGE, METRICS, MOST_K, PAGE, PART, QUERIES, SPARE } = require('./kernel');

// Numbers of the rows of a piece from which codes pay; searches of one query that take as long as to make the codes of their rows.
const limits = { least: 2 ** 20, pays: 16 };
const LEAST_D = 16;                // with fewer dimensions codes are not much smaller than rows
const MOST = 65536;                // pages of a memory
const GROWTH = 16;                 // pages by which a memory grows: with more, collecting garbage takes milliseconds
const STEP = 64;                   // rows whose codes are made in one step: some 0.1 ms
const ROOM = QUERIES * 1024;       // rows that the heaps hold together
const MISSES = 32;                 // queries after which codes go if they could not tell for a quarter of them

/** Where in memory what lies: an area for each thread, rows whose codes are being made, and the codes. */
function layout({ d, padded, wide, threads }) {
  const whole = (d + 15) & ~15, asked = 64 + QUERIES * padded * 4, heaps = asked + QUERIES * (16 + 2 * whole);
  const area = (heaps + ROOM * 8 + 63) & ~63, rows = PAGE + threads * area;
  return { code: 16 + whole, queries: 64, asked, heaps, area, rows, codes: (rows + STEP * wide * 4 + 63) & ~63 };
}

/** How many rows are kept for each of so many queries that want k; 0 where the heaps have no room for them. */
function kept(k, count) {
  const size = 2 * k + 4 * SPARE;
  return size * count <= ROOM && size <= MOST_K + SPARE ? size : 0;
}

/** The codes of one piece, by one thread of those that share them. */
class Codes {
  constructor(module, kernel, most, memory = null, thread = 0) {
    const { shape } = kernel;
    this.kernel = kernel;
    this.at = layout(shape);
    this.base = PAGE + thread * this.at.area;
    this.memory = memory || new WebAssembly.Memory({ initial: Math.ceil(this.at.codes / PAGE) + 1,
      maximum: Math.min(MOST, Math.ceil((this.at.codes + most * this.at.code) / PAGE) + 1), ...(shape.threads > 1 ? { shared: true } : {}) });
    this.calls = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports;
    new Uint32Array(this.memory.buffer, this.base, 4).set([METRICS[shape.metric], shape.d, shape.padded, shape.wide]);
  }

  /** Makes the codes of at most STEP rows of the kernel's memory, of `end` that will have some. Throws RangeError without memory. */
  encode(from, to, end) {
    const { at, memory, kernel } = this, { wide } = kernel.shape;
    const pages = (rows) => Math.ceil((at.codes + rows * at.code - memory.buffer.byteLength) / PAGE);
    if (pages(to) > 0) memory.grow(Math.max(pages(to), Math.min(GROWTH, pages(end))));
    const rows = new Float32Array(kernel.memory.buffer, kernel.at.rows + from * wide * 4, (to - from) * wide);
    new Float32Array(memory.buffer, at.rows, rows.length).set(rows);
    this.calls.encode(this.base, at.rows, to - from, at.codes + from * at.code);
  }

  kept(k) { return kept(k, 1); }

  begin(queries, count, size) {
    const { base, at, kernel } = this, { padded } = kernel.at;
    kernel.begin(queries, count, size);
    this.count = count;
    this.size = size;
    const prepared = new Float32Array(kernel.memory.buffer, kernel.base + kernel.at.queries, count * padded);
    new Float32Array(this.memory.buffer, base + at.queries, count * padded).set(prepared);
    this.calls.ask(base, base + at.queries, count, base + at.asked);
    this.calls.begin(base + at.heaps, size, count);
  }

  scan(from, to) {
    const { base, at } = this;
    this.calls.sift(base, at.codes, from, to, base + at.asked, this.count, base + at.heaps, this.size);
  }

  /** As the kernel's; rows that are not kept are no better than the bound of the last one that is. */
  * finding(query, k, rows, long) {
    const { kernel, size } = this, place = query * size * 8;
    const heap = new Uint32Array(this.memory.buffer, this.base + this.at.heaps + place, size * 2);
    new Uint32Array(kernel.memory.buffer, kernel.base + kernel.at.heaps + place, size * 2).set(heap);
    const found = yield* kernel.finding(query, k, rows, long);
    return { ...found, sure: rows <= size || (found.goodness.length >= k && found.goodness[k - 1] > found.worst) };
  }
}

/** What a piece knows of its codes: which rows have them, and whether they pay. */
class Coding {
  constructor() {
    this.codes = null;
    this.rows = 0;             // the first so many have codes
    this.searches = 0;         // queries since some rows have none
    this.asked = this.missed = 0;
    this.off = false;          // no memory for them, or they cannot tell rows apart
  }

  /** Rows from this position on are not what they were. */
  changed(from) { this.rows = Math.min(this.rows, from); }

  told(asked, missed) {
    this.asked += asked;
    this.missed += missed;
    if (this.asked < MISSES) return;
    if (this.missed * 4 > this.asked) {
      this.off = true;
      this.codes = null;
    }
    this.asked = this.missed = 0;
  }

  /** The codes of so many rows, where they pay for so many queries more; else null. Makes what is missing, in steps. */
  * ready(module, kernel, most, rows, count) {
    if (this.off || kernel.shape.d < LEAST_D || rows * kernel.shape.d < limits.least) return null;
    if (this.rows >= rows) return this.codes;
    this.searches += count;
    if (this.searches * rows < limits.pays * (rows - this.rows)) return null;
    try {
      if (this.codes === null) this.codes = new Codes(module, kernel, most);
      const { codes } = this;
      yield undefined;
      for (let from = this.rows; from < rows; from = this.rows) {
        const to = Math.min(rows, from + STEP);
        codes.encode(from, to, rows);
        this.rows = to;
        yield undefined;
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.off = true;
      this.codes = null;
      this.rows = 0;
    }
    this.searches = 0;
    return this.codes;
  }
}

/**
 * What the rows from one position to another have for each query, in steps: {positions, goodness, sure} by codes if there are
 * any, by the rows where codes cannot tell. `missed`: for how many they could not. `long`: a length that no row exceeds.
 */
function* search(kernel, codes, queries, count, k, from, to, long) {
  const { d } = kernel.shape, found = new Array(count);
  let left = Array.from(found, (_, query) => query), missed = 0;
  for (const way of codes === null ? [kernel] : [codes, kernel]) {
    const asked = left, group = new Float32Array(asked.length * d);
    if (asked.length === 0) break;
    asked.forEach((query, i) => group.set(queries.subarray(query * d, (query + 1) * d), i * d));
    way.begin(group, asked.length, Math.min(to - from, way.kept(k)));
    const part = Math.max(16, Math.ceil(PART / (d * asked.length)));
    for (let at = from; at < to; at += part) {
      way.scan(at, Math.min(to, at + part));
      yield undefined;
    }
    left = [];
    for (let i = 0; i < asked.length; i++) {
      const { positions, goodness, sure } = yield* way.finding(i, k, to - from, long);
      found[asked[i]] = { positions: positions.slice(), goodness: goodness.slice(), sure };      // the next one has its place
      if (!sure) left.push(asked[i]);
      if (k > LARGE) yield undefined;
    }
    if (way === codes) missed = left.length;
  }
  return { found, missed };
}

module.exports = { Codes, Coding, kept, search, limits };
