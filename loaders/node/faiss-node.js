// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// In place of faiss-node: the addon where the configuration names it, flat indexes of this package elsewhere.

const { addon } = require('./lib/native');
const flat = require('./lib/flat-index');
const setting = require('./lib/setting');

function chosen() {
  try {
    const found = setting.read();
    if (found.backend === 'faiss' && found.runtime.kind === 'node') {
      setting.refuseStale(found.runtime);
      return { ...addon(found.runtime).faiss, backend: 'faiss-node', why: null };
    }
    const why = found.backend === 'js' ? found.because || 'the setting says so' : `a ${found.runtime.kind} cannot be called synchronously`;
    return { ...flat, backend: 'js', why };
  } catch (error) {
    return { ...flat, backend: 'js', why: error.message };
  }
}

module.exports = chosen();
