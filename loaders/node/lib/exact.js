// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
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
