// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// CRC-32 as in zlib. Node has had one of its own since 20.15 and 22.2.

const zlib = require('zlib');

const TABLES = [];

/** Eight bytes a step by eight tables. */
function tables() {
  if (TABLES.length) return TABLES;
  const first = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    first[n] = c >>> 0;
  }
  TABLES.push(first);
  for (let t = 1; t < 8; t++) {
    TABLES.push(TABLES[t - 1].map((c) => ((c >>> 8) ^ first[c & 255]) >>> 0));
  }
  return TABLES;
}

function byTables(data, before) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables();
  let crc = ~before, at = 0;
  for (const end = data.length - (data.length & 7); at < end; at += 8) {
    crc ^= data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24;
    crc = t7[crc & 255] ^ t6[crc >>> 8 & 255] ^ t5[crc >>> 16 & 255] ^ t4[crc >>> 24] ^
      t3[data[at + 4]] ^ t2[data[at + 5]] ^ t1[data[at + 6]] ^ t0[data[at + 7]];
  }
  for (; at < data.length; at++) crc = crc >>> 8 ^ t0[(crc ^ data[at]) & 255];
  return ~crc >>> 0;
}

/** The CRC of data that follows what had the CRC `before`. */
function crc32(data, before = 0) {
  return zlib.crc32 ? zlib.crc32(data, before) : byTables(data, before);
}

module.exports = { crc32, byTables };
