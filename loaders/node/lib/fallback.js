// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The backend that is always there: exact search in JavaScript over the store itself, without a copy of it.

const exact = require('./exact');
const { scale } = require('./native');

class ExactBackend {
  constructor() {
    this.name = 'js';
    this.about = {};
    this.index = { kind: 'flat', from: 'built' };
  }

  async sync() {}

  async search(store, queries, m, k) {
    const { rows, inverse, count, d, metric } = store;
    const found = [];
    for (let query = 0; query < m; query++) {
      const vector = queries.slice(query * d, (query + 1) * d);
      if (metric === 'cosine') scale(vector);
      found.push(exact.search(rows, inverse, count, d, metric, vector, k));
    }
    return found;
  }

  /** It has none to save. */
  async saveIndex() { return false; }

  close() {}
}

module.exports = { ExactBackend };
