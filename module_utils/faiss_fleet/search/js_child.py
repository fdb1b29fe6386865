# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test for the JavaScript fallback: the test of faiss-node, with the fallback's own search in its place.

A flat index is all it has.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from . import loader_texts, node_child as search_child_node

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
  this.mostChecked = 20;      // an exact search of every row is dear, and the same for each query
  return {};
};
'''


def program():
    """The text that Node reads."""
    exact = u"const exact = (() => {\nconst module = {};\n%s\nreturn module.exports;\n})();\n" % (
        loader_texts.TEXTS['node/lib/exact.js'])
    return search_child_node.PROGRAM + exact + INDEX
