// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The search test for the JavaScript fallback: the loader's own store in the place of faiss-node, as an application uses
// it. It has a flat index only.

const { Test, Wrong, main } = require('./node_test.js');
const { JSVectorStorage } = require('../node');

const AT_ONCE = 1000;           // vectors in one call of add()

/** A store of the loader with the part of a faiss-node index's interface that the search test uses. */
class StoreIndex {
  constructor(store) { this.store = store; }

  static async read(file) {
    const store = new JSVectorStorage({ metric: 'l2' });
    await store.load(file);
    return new StoreIndex(store);
  }

  ntotal() { return this.store.count; }
  write(file) { return this.store.save(file); }

  async search(numbers, k) {
    const d = this.store.dimension, queries = [];
    if (numbers.length === d) return flattened([await this.store.search(numbers, k)]);
    for (let at = 0; at < numbers.length; at += d) queries.push(numbers.slice(at, at + d));
    return flattened(await this.store.search(queries, k));
  }
}

function flattened(answers) {
  const hits = [].concat(...answers);
  return { labels: hits.map((hit) => hit.id), distances: hits.map((hit) => hit.score) };
}

class FallbackTest extends Test {
  step_import() {
    this.faiss = { Index: StoreIndex };
    this.mostChecked = 20;      // an exact search of every row is expensive, and the same for each query
    return {};
  }

  /** With what compared: `wasm-simd`, or `js` where the engine cannot run the loader's kernel. */
  async step_known_answer() {
    return { ...await super.step_known_answer(), kernel: this.kernel };
  }

  async make(d, factory, vectors) {
    if (factory !== 'Flat') throw new Wrong('unknown', `the fallback has no index ${factory}`);
    const store = new JSVectorStorage({ metric: 'l2', dimension: d });
    for (let at = 0, count = vectors.length / d; at < count; at += AT_ONCE) {
      const ids = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, row) => at + row);
      await store.add(ids, vectors.slice(at * d, (at + ids.length) * d));
    }
    this.kernel = store.about.kernel;
    return new StoreIndex(store);
  }
}

main(FallbackTest);
