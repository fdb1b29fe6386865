// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// By this package `require('faiss-node')` of a library nobody here wrote finds faiss-fleet/faiss-node.

const { Index, IndexFlatL2, IndexFlatIP, MetricType } = require('faiss-fleet/faiss-node');

module.exports = { Index, IndexFlatL2, IndexFlatIP, MetricType };
