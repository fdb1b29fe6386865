// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// faiss-node has no call that sets nprobe of an IVF index or efSearch of an HNSW one. Both stand in the index file.

/** Where FAISS 1.7 keeps the setting in a file of this kind ('ivf', 'hnsw'); null for what is not laid out so. */
function placeOfSetting(bytes, kind) {
  const magic = bytes.toString('latin1', 0, 4);
  let at = 37;                                   // four letters, d, ntotal, two of no use, is_trained, metric
  try {
    if (kind === 'ivf' && magic === 'IwFl' && bytes.readUInt32LE(at + 8) === 1) return at + 8;
    if (kind === 'hnsw' && magic === 'IHNf') {
      for (const size of [8, 4, 4, 8, 4]) at += 8 + size * Number(bytes.readBigUInt64LE(at));
      if (bytes.readUInt32LE(at + 12) === 16) return at + 12;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;      // it ends too early
  }
  return null;
}

module.exports = { placeOfSetting };
