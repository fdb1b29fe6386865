// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The WebAssembly SIMD kernel: where the engine has SIMD, rows lie in WebAssembly memory and are compared there.

const fs = require('fs');
const path = require('path');

const METRICS = { ip: 1, l2: 2, cosine: 3 };
const QUERIES = 16;                // that share one pass over the rows
const SPARE = 16;                  // rows beyond k that a heap holds, for those that float32 cannot tell apart
const MOST_K = 4096;               // beyond it lib/exact.js searches: a heap so large is what takes the time
const PART = 1 << 18;             // numbers that are compared in one step
const LARGE = 256;                // neighbours of one query that take a step of their own
const EXACT = 512;                // exact scores that are computed in one step
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

  /** How many rows are kept for each query that wants k: enough for those that float32 cannot tell apart. */
  kept(k) { return k + SPARE; }

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

  /**
   * What a query found, best first, at most k, with exact scores, of float64, in steps. `worst`: the goodness of the last one
   * kept. `sure` if none of the `rows` that were compared can be better; `long`: a length that none of them exceeds.
   */
  * finding(query, k, rows, long) {
    const { base, at, size } = this, heap = base + at.heaps + query * size * 8, scores = base + at.scores, positions = base + at.positions;
    let count = 0;
    for (let from = 0; from < size; from += EXACT) {
      if (from) yield;
      const to = Math.min(size, from + EXACT);
      count = this.calls.collect(base, at.rows, base + at.queries + query * at.padded * 4, heap, size, from, to, count, scores, positions);
    }
    this.calls.sort(count, scores, positions);
    const most = Math.min(count, k);
    const found = {
      positions: new Uint32Array(this.memory.buffer, base + at.positions, most),
      goodness: new Float64Array(this.memory.buffer, base + at.scores, most),
      worst: new Float32Array(this.memory.buffer, base + at.heaps + query * size * 8, 1)[0],
    };
    const vector = new Float32Array(this.memory.buffer, base + at.queries + query * at.padded * 4, this.shape.d);
    return { ...found, sure: rows <= size || certain(found, k, this.shape.metric, vector, long) };
  }
}

module.exports = { Kernel, available, compiled, layout, batch, METRICS, QUERIES, SPARE, MOST_K, PART, LARGE, PAGE };
