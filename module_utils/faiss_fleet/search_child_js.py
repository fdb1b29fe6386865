# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test for the JavaScript fallback: the test of faiss-node, with the fallback's own search in its place.

A flat index is all it has. EXACT is loaders/node/lib/exact.js; tools/embed-exact-search writes it here.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from . import search_child_node

EXACT = u'''\
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
 * The k best of n rows for one query: {positions, scores}, best first, equal scores in the order of the rows.
 * metric: 'ip' and 'cosine' (larger is nearer) or 'l2' (squared distance, smaller is nearer). For cosine `inverse`
 * holds 1 / length of each row, and the query has length 1.
 */
function search(rows, inverse, n, d, metric, query, k) {
  const size = Math.min(k, n);
  const goodness = new Float64Array(size).fill(-Infinity);
  const positions = new Float64Array(size).fill(Infinity);
  if (size === 0) return { positions, scores: new Float32Array(0) };
  const wide = Float64Array.from(query);      // once, rather than at each multiplication
  const l2 = metric === 'l2', cosine = metric === 'cosine';
  for (let row = 0, at = 0; row < n; row++, at += d) {
    let value;
    if (l2) value = -squaredDistance(rows, at, wide, d);
    else if (cosine) value = dot(rows, at, wide, d) * inverse[row];
    else value = dot(rows, at, wide, d);
    if (value > goodness[0]) {
      goodness[0] = value;
      positions[0] = row;
      sink(goodness, positions, size);
    }
  }
  // The heap is taken apart from the worst on.
  const found = { positions: new Float64Array(size), scores: new Float32Array(size) };
  for (let left = size - 1; left >= 0; left--) {
    found.positions[left] = positions[0];
    found.scores[left] = l2 ? -goodness[0] : goodness[0];
    goodness[0] = goodness[left];
    positions[0] = positions[left];
    sink(goodness, positions, left);
  }
  return found;
}

module.exports = { search };
'''

# An index as faiss-node has it, as far as the search test asks.
INDEX = u'''\
class ExactIndex {
  static fromFactory(d, factory) {
    if (factory !== 'Flat') throw new Wrong('unknown', `the fallback has no index ${factory}`);
    return new ExactIndex(d);
  }

  static read(file) {
    const bytes = fs.readFileSync(file);
    const index = new ExactIndex(bytes.readUInt32LE(0));
    index.add(new Float32Array(bytes.buffer.slice(bytes.byteOffset + 4, bytes.byteOffset + bytes.length)));
    return index;
  }

  constructor(d) {
    this.d = d;
    this.count = 0;
    this.rows = new Float32Array(0);
  }

  isTrained() { return true; }
  ntotal() { return this.count; }

  add(numbers) {
    const used = this.count * this.d;
    if (used + numbers.length > this.rows.length) {
      const grown = new Float32Array(Math.max(used + numbers.length, 2 * used));
      grown.set(this.rows.subarray(0, used));
      this.rows = grown;
    }
    this.rows.set(numbers, used);
    this.count += numbers.length / this.d;
  }

  search(queries, k) {
    const labels = [], distances = [];
    for (let at = 0; at < queries.length; at += this.d) {
      const query = Float32Array.from(queries.slice(at, at + this.d));
      const found = exact.search(this.rows, null, this.count, this.d, 'l2', query, k);
      labels.push(...found.positions);
      distances.push(...found.scores);
    }
    return { labels, distances };
  }

  write(file) {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(this.d, 0);
    const rows = this.rows.subarray(0, this.count * this.d);
    fs.writeFileSync(file, Buffer.concat([head, Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength)]));
  }
}

Test.prototype.step_import = function () {
  this.faiss = { Index: ExactIndex };
  return {};
};
'''


def program():
    """The text that Node reads."""
    exact = u"const exact = (() => {\nconst module = {};\n%s\nreturn module.exports;\n})();\n" % EXACT
    return search_child_node.PROGRAM + exact + INDEX
