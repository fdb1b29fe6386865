// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What the application sees.

module.exports = { ...require('./lib/storage'), ...require('./lib/errors') };
