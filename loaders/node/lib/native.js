// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// FAISS in this very process, by the addon faiss-node.

const { createRequire } = require('module');
const path = require('path');
const { BackendError } = require('./errors');
const { refuseStale } = require('./setting');

function addon(runtime) {
  const folders = ((runtime.env || {}).NODE_PATH || '').split(path.delimiter).filter(Boolean);
  if (runtime.prefix) folders.push(path.join(runtime.prefix, 'node_modules'));
  for (const folder of folders) {
    const from = createRequire(path.join(folder, 'faiss-node', 'package.json'));
    return from('faiss-node');
  }
  return require('faiss-node');
}

class NativeBackend {
  static async start(runtime) {
    refuseStale(runtime);
    let faiss;
    try {
      faiss = addon(runtime);
    } catch (error) {
      throw new BackendError('BACKEND_FAILED', `faiss-node cannot be loaded: ${error.message}.`, 'Run audit.yml for this host.', error);
    }
    return new NativeBackend(faiss);
  }

  constructor(faiss) {
    this.name = 'faiss-node';
    this.faiss = faiss;
    this.store = null;
    this.count = 0;
    this.about = {};
  }

  _guard(act) {
    try {
      return act();
    } catch (error) {
      throw new BackendError('BACKEND_FAILED', `faiss-node failed: ${error.message}.`, undefined, error);
    }
  }

  async sync(store) {
    this._fill(store);
  }

  _fill(store) {
    if (this.store !== store) {
      const Index = store.metric === 'l2' ? this.faiss.IndexFlatL2 : this.faiss.IndexFlatIP;
      this.index = this._guard(() => new Index(store.d));
      this.store = store;
      this.count = 0;
    }
    // It takes plain arrays only, so in parts.
    const step = Math.max(1, Math.floor((1 << 20) / store.d));
    while (this.count < store.count) {
      const to = Math.min(store.count, this.count + step);
      this._guard(() => this.index.add(Array.from(store.prepared(this.count, to))));
      this.count = to;
    }
  }

  async search(store, queries, m, k) {
    this._fill(store);
    const { d, metric } = store;
    const found = [];
    for (let query = 0; query < m; query++) {
      const vector = Array.from(queries.subarray(query * d, (query + 1) * d));
      if (metric === 'cosine') scale(vector);
      const { labels, distances } = this._guard(() => this.index.search(vector, k));
      found.push({ positions: Float64Array.from(labels, Number), scores: Float32Array.from(distances) });
    }
    return found;
  }

  close() {
    this.index = null;
  }
}

/** Makes a vector's length 1. */
function scale(vector) {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += vector[i] * vector[i];
  const inverse = 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i++) vector[i] *= inverse;
}

module.exports = { NativeBackend, scale };
