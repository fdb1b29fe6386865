// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Flat indexes as FAISS writes them: four letters, a header of 33 bytes, the number of values and the values.

const { FileError } = require('./errors');

const HEADER = 45;
const LETTERS = { l2: 'IxF2', ip: 'IxFI' };
const METRICS = { ip: 0, l2: 1 };
const UNUSED = 1n << 20n;          // two numbers that FAISS writes so and does not read

/** The first bytes of the file of a flat index of so many rows. */
function header(count, d, metric) {
  const head = Buffer.alloc(HEADER);
  head.write(LETTERS[metric], 0, 'latin1');
  head.writeInt32LE(d, 4);
  head.writeBigInt64LE(BigInt(count), 8);
  head.writeBigInt64LE(UNUSED, 16);
  head.writeBigInt64LE(UNUSED, 24);
  head.writeUInt8(1, 32);                  // is_trained
  head.writeInt32LE(METRICS[metric], 33);
  head.writeBigUInt64LE(BigInt(count) * BigInt(d), 37);
  return head;
}

/** The whole file. */
function bytes(rows, count, d, metric) {
  return Buffer.concat([header(count, d, metric), Buffer.from(rows.buffer, rows.byteOffset, count * d * 4)]);
}

/** {metric, d, count} of a file of `size` bytes, by its first ones. Throws FileError. */
function parseHeader(data, size, name) {
  const letters = data.toString('latin1', 0, 4);
  const metric = Object.keys(LETTERS).find((one) => LETTERS[one] === letters);
  if (metric === undefined) {
    throw new FileError('FILE_FOREIGN', `${name} is not a flat index of FAISS: it begins with ${JSON.stringify(letters)}.`,
      'The fallback reads IndexFlatL2 and IndexFlatIP; read other kinds on a host with faiss-node, or make a flat index of the vectors.');
  }
  if (data.length < HEADER) throw new FileError('FILE_TRUNCATED', `${name} ends within its header.`, 'Write the index again.');
  const d = data.readInt32LE(4), count = Number(data.readBigInt64LE(8)), values = Number(data.readBigUInt64LE(37));
  if (!(d > 0) || !(count >= 0) || values !== d * count || data.readInt32LE(33) !== METRICS[metric]) {
    throw new FileError('FILE_CORRUPT', `${name} has a damaged header.`, 'Write the index again.');
  }
  if (size !== HEADER + values * 4) {
    throw new FileError(size < HEADER + values * 4 ? 'FILE_TRUNCATED' : 'FILE_CORRUPT',
      `${name} has ${size} bytes where ${count} vectors of ${d} dimensions take ${HEADER + values * 4}.`, 'Write the index again.');
  }
  return { metric, d, count };
}

/** {metric, d, count, rows} of a file's bytes; `rows` is a copy. Throws FileError. */
function parse(data, name = 'The buffer') {
  const found = parseHeader(data, data.length, name), rows = new Float32Array(found.count * found.d);
  Buffer.from(rows.buffer).set(data.subarray(HEADER));
  return { ...found, rows };
}

module.exports = { bytes, header, parse, parseHeader, HEADER };
