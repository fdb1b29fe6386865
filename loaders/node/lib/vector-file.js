// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The file in which vectors are kept, the same for every backend and both loaders: docs/reference/vector-file.md.

const fs = require('fs');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place
const { FileError } = require('./errors');
const { METRICS } = require('./store');
const { crc32 } = require('./crc32');
const { replaceFile } = require('./replace-file');

const MAGIC = Buffer.from('FFVECT\r\n', 'latin1');     // a transfer that changes line ends is seen at once
const VERSION = 1;
const HEADER = 64;
const PART = 1 << 20;
const IDS = 1 << 14;                   // ids written at once
const NAMES = Object.fromEntries(Object.entries(METRICS).map(([name, code]) => [code, name]));
const SAVE_ANEW = 'Save it again from the program that has the vectors, or restore it from a backup.';

function header(metric, d, n, crc) {
  const head = Buffer.alloc(HEADER);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(METRICS[metric], 12);
  head.writeUInt32LE(d, 16);
  head.writeBigUInt64LE(BigInt(n), 24);
  head.writeUInt32LE(crc, 32);
  head.writeUInt32LE(crc32(head.subarray(0, 36)), 36);
  return head;
}

/** {metric, d, n, crc} of a file's first bytes. Throws FileError. */
function parse(head, file) {
  if (head.length < 8 || !head.subarray(0, 8).equals(MAGIC)) {
    throw new FileError(head.length < 8 && MAGIC.subarray(0, head.length).equals(head) ? 'FILE_TRUNCATED'
      : 'FILE_FOREIGN', `${file} is no vector file.`, 'Give a file that save() wrote.');
  }
  if (head.length < HEADER) {
    throw new FileError('FILE_TRUNCATED', `${file} ends within its header.`, SAVE_ANEW);
  }
  const version = head.readUInt32LE(8);
  if (version !== VERSION) {
    throw new FileError('FILE_VERSION', `${file} has version ${version}; this loader reads version ${VERSION}.`,
      'Use the loader that wrote it, or a newer one.');
  }
  const metric = NAMES[head.readUInt32LE(12)];
  const d = head.readUInt32LE(16);
  const n = head.readBigUInt64LE(24);
  if (crc32(head.subarray(0, 36)) !== head.readUInt32LE(36) || !metric || d === 0 || n >= 1n << 48n) {
    throw new FileError('FILE_CORRUPT', `${file} has a damaged header.`, SAVE_ANEW);
  }
  if (head.readUInt32LE(20) !== 0 || head.subarray(40).some((byte) => byte !== 0)) {
    throw new FileError('FILE_VERSION', `${file} has values in bytes of its header that are 0 in version ${VERSION}; a newer version may have written it.`,
      'Use the loader that wrote it, or a newer one.');
  }
  return { metric, d, n: Number(n), crc: head.readUInt32LE(32) };
}

function littleEndian(view) {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function failed(error, what, file) {
  if (error instanceof FileError) return error;
  return new FileError('FILE_IO', `${file} cannot be ${what}: ${error.message}.`, 'Check the path, its rights and the free space.', error);
}

/** The positions of what is there, in runs [from, to) of at most so many. */
function* runs(store, most) {
  for (let from = 0; from < store.count;) {
    if (store.dead.has(from)) {
      from += 1;
      continue;
    }
    let to = from + 1;
    while (to < store.count && to - from < most && !store.dead.has(to)) to += 1;
    yield [from, to];
    from = to;
  }
}

function idsOf(store, from, to) {
  const part = Buffer.alloc((to - from) * 8);
  for (let at = from; at < to; at++) part.writeBigInt64LE(BigInt(store.ids.at(at)), (at - from) * 8);
  return part;
}

/** A crash leaves the old file or the new one, and so do several calls at once. Resolves with the CRC. */
async function save(file, store) {
  const { metric, d } = store, most = Math.max(1, Math.floor(PART / (d * 4)));
  let crc = 0;
  try {
    await replaceFile(file, async (handle) => {
      const put = async (part) => {
        // A write may be a short one.
        for (let at = 0; at < part.length;) at += (await handle.write(part, at, part.length - at)).bytesWritten;
        crc = crc32(part, crc);
      };
      await handle.write(Buffer.alloc(HEADER));
      for (const [from, to] of runs(store, IDS)) await put(idsOf(store, from, to));
      for (const [from, to] of runs(store, most)) await put(littleEndian(store.raw(from, to)));
      await handle.write(header(metric, d, store.alive, crc), 0, HEADER, 0);
    });
    return crc;
  } catch (error) {
    throw failed(error, 'written', file);
  }
}

async function readExactly(handle, buffer, position) {
  let at = 0;
  while (at < buffer.length) {
    const { bytesRead } = await handle.read(buffer, at, Math.min(PART, buffer.length - at), position + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
}

/** {metric, d, n, ids, rows, crc} of a whole, undamaged file. Throws FileError. */
async function load(file) {
  let handle;
  try {
    handle = await fs.promises.open(file, 'r');
    const head = Buffer.alloc(HEADER);
    const got = await readExactly(handle, head, 0);
    const { metric, d, n, crc } = parse(head.subarray(0, got), file);
    const size = (await handle.stat()).size;
    const wanted = HEADER + n * (8 + 4 * d);
    if (size !== wanted) {
      throw new FileError(size < wanted ? 'FILE_TRUNCATED' : 'FILE_CORRUPT',
        `${file} has ${size} bytes where ${n} vectors of ${d} dimensions take ${wanted}.`, SAVE_ANEW);
    }
    const ids = new BigInt64Array(n), rows = new Float32Array(n * d);
    const rawIds = littleEndian(ids), rawRows = littleEndian(rows);
    await readExactly(handle, rawIds, HEADER);
    await readExactly(handle, rawRows, HEADER + n * 8);
    let found = 0;
    for (const body of [rawIds, rawRows]) {
      for (let at = 0; at < body.length; at += PART) {
        found = crc32(body.subarray(at, at + PART), found);
        await new Promise(later);                // the event loop has its turn
      }
    }
    if (found !== crc) throw new FileError('FILE_CORRUPT', `${file} is damaged: its CRC differs.`, SAVE_ANEW);
    return { metric, d, n, ids, rows, crc };
  } catch (error) {
    throw failed(error, 'read', file);
  } finally {
    if (handle) await handle.close().catch(() => {});
  }
}

module.exports = { save, load };
