// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The FAISS index beside a vector file: only ever a shortcut. What does not match is not used, and that is no error.
// It is what FAISS writes, followed by 64 bytes which say what it belongs to: docs/reference/vector-file.md.

const fs = require('fs');
const { FaissFleetError } = require('./errors');
const { replaceFile } = require('./replace-file');
const { METRICS } = require('./store');
const { crc32 } = require('./crc32');

const MAGIC = Buffer.from('FFINDX\r\n', 'latin1');
const VERSION = 1;
const TRAILER = 64;
const PART = 8 << 20;

function pathOf(vectors) {
  return `${vectors}.faiss`;
}

/** link: {file, n, crc} of the vector file. what: {metric, d, kind, writer}. */
function trailer(link, { metric, d, kind, writer }, crc) {
  const end = Buffer.alloc(TRAILER);
  MAGIC.copy(end);
  end.writeUInt32LE(VERSION, 8);
  end.writeUInt32LE(METRICS[metric], 12);
  end.writeUInt32LE(d, 16);
  end.writeUInt32LE(kind, 20);
  end.writeBigUInt64LE(BigInt(link.n), 24);
  end.writeUInt32LE(link.crc, 32);
  end.writeUInt32LE(crc, 36);
  end.write(writer.slice(0, 20), 40, 'latin1');
  end.writeUInt32LE(crc32(end.subarray(0, 60)), 60);
  return end;
}

/** {handle, size, end} of what is at the path, null when nothing can be read there. The handle is the caller's. */
async function opened(file) {
  let handle = null;
  try {
    handle = await fs.promises.open(file, 'r');
    const size = Math.max(0, (await handle.stat()).size - TRAILER);
    const end = Buffer.alloc(TRAILER);
    const { bytesRead } = await handle.read(end, 0, TRAILER, size);
    return { handle, size, end: end.subarray(0, bytesRead) };
  } catch (error) {
    if (handle) await handle.close();
    return null;
  }
}

async function isOursOrNothing(file) {
  const found = await opened(file);
  if (found === null) return !fs.existsSync(file);
  await found.handle.close();
  return found.end.subarray(0, 8).equals(MAGIC);
}

async function crcOf(handle, size) {
  const part = Buffer.alloc(Math.min(PART, size));
  let crc = 0;
  for (let at = 0; at < size;) {
    const { bytesRead } = await handle.read(part, 0, Math.min(part.length, size - at), at);
    if (bytesRead === 0) return null;
    crc = crc32(part.subarray(0, bytesRead), crc);
    at += bytesRead;
  }
  return crc;
}

/**
 * Writes it whole or not at all: `write(partial)` puts FAISS's bytes into an empty file, and only who may read the
 * vectors may read them. False when it could not be, or somebody
 * else's file is there: no vector is lost.
 */
async function save(link, what, write) {
  const file = pathOf(link.file);
  if (!(await isOursOrNothing(file))) return false;
  try {
    await replaceFile(file, async (handle, partial) => {
      await write(partial);
      const { size } = await handle.stat();
      const end = trailer(link, what, await crcOf(handle, size));
      await handle.write(end, 0, TRAILER, size);
    }, link.file);
    return true;
  } catch (error) {
    if (error instanceof FaissFleetError) throw error;      // the backend's, not the disk's
    return false;
  }
}

/** {file, size} when it belongs to this vector file, kind of index and release of FAISS, and is whole; otherwise null. */
async function load(link, what) {
  if (what.writer === null) return null;
  const file = pathOf(link.file);
  const found = await opened(file);
  if (found === null) return null;
  const { handle, size, end } = found;
  try {
    if (end.length < TRAILER || size === 0 || !end.equals(trailer(link, what, end.readUInt32LE(36)))) return null;
    return (await crcOf(handle, size)) === end.readUInt32LE(36) ? { file, size } : null;
  } catch (error) {
    return null;
  } finally {
    await handle.close();
  }
}

/** Removes an index that save() wrote for other vectors; one for these very vectors stays. */
async function dropStale(link) {
  const file = pathOf(link.file);
  const found = await opened(file);
  if (found === null) return;
  await found.handle.close();
  const { end } = found;
  const ours = end.length === TRAILER && end.subarray(0, 8).equals(MAGIC);
  if (ours && (end.readBigUInt64LE(24) !== BigInt(link.n) || end.readUInt32LE(32) !== link.crc)) {
    await fs.promises.unlink(file).catch(() => {});
  }
}

module.exports = { pathOf, trailer, save, load, dropStale, TRAILER };
