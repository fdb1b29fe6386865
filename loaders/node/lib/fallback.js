// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The backend that is always there: exact search in JavaScript over the store itself, without a copy of it and without
// keeping the event loop from its work.

const { FaissFleetError } = require('./errors');
const exact = require('./exact');
const { scale } = require('./native');
const { inSlices } = require('./slices');

const PART = 1 << 16;      // numbers compared in one step: some 0.1 ms

class ExactBackend {
  constructor() {
    this.name = 'js';
    this.about = {};
    this.closed = false;
    this.index = { kind: 'flat', from: 'built' };
  }

  async sync() {}

  /** Among the first `count` vectors; what is added meanwhile is not looked at. */
  async search(store, queries, m, k, count = store.count) {
    const { rows, inverse, d, metric } = store;
    const part = Math.max(1, Math.ceil(PART / d));
    const found = [];
    let scan = null;
    await inSlices(() => {
      if (this.closed) throw new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
      if (scan === null) {
        const vector = queries.slice(found.length * d, (found.length + 1) * d);
        if (metric === 'cosine') scale(vector);
        scan = new exact.Scan(rows, inverse, count, d, metric, vector, k);
      }
      scan.step(part);
      if (scan.left > 0) return undefined;
      found.push(scan.found());
      scan = null;
      return found.length === m ? 'done' : 'turn';
    });
    return found;
  }

  /** It has none to save. */
  async saveIndex() { return false; }

  close() { this.closed = true; }
}

module.exports = { ExactBackend };
