// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Frames between a loader and its worker: docs/reference/worker-protocol.md.

const { BackendError } = require('./errors');

const MAGIC = Buffer.from('FFWP', 'latin1');
const VERSION = 1;
const HEADER = 16;
const MOST_BYTES = 64 << 20;
const TYPES = { HELLO: 1, OPEN: 2, ADD: 3, SEARCH: 4, TRAIN: 5, DUMP: 6, RESTORE: 7, REPLY: 0x80, ERROR: 0xff };

function frame(type, request, ...payload) {
  const head = Buffer.alloc(HEADER);
  MAGIC.copy(head);
  head.writeUInt16LE(VERSION, 4);
  head.writeUInt16LE(type, 6);
  head.writeUInt32LE(request, 8);
  head.writeUInt32LE(payload.reduce((sum, part) => sum + part.length, 0), 12);
  return [head, ...payload];
}

function numbers(...values) {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => data.writeUInt32LE(value, i * 4));
  return data;
}

/** The same in 64 bits. */
function longs(...values) {
  const data = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => data.writeBigUInt64LE(BigInt(value), i * 8));
  return data;
}

/** Cuts a stream into frames. feed() throws BackendError as soon as it cannot be one of ours. */
class Reader {
  constructor() {
    this.parts = [];
    this.size = 0;
    this.head = null;
  }

  _take(size) {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts, this.size)];
    const all = this.parts[0] || Buffer.alloc(0);
    this.parts = all.length > size ? [all.subarray(size)] : [];
    this.size -= size;
    return all.subarray(0, size);
  }

  _header() {
    const head = this._take(HEADER);
    const version = head.readUInt16LE(4), length = head.readUInt32LE(12);
    if (!head.subarray(0, 4).equals(MAGIC)) {
      throw new BackendError('WORKER_NONSENSE', `The worker says ${JSON.stringify(head.toString('latin1'))}, which is no frame.`);
    }
    if (version !== VERSION) {
      throw new BackendError('WORKER_VERSION', `The worker speaks version ${version} of the protocol, this loader ${VERSION}.`,
        'Use the worker that comes with the loader.');
    }
    if (length > MOST_BYTES) {
      throw new BackendError('WORKER_NONSENSE', `The worker announces ${length} bytes; a frame has ${MOST_BYTES} at most.`);
    }
    return { type: head.readUInt16LE(6), request: head.readUInt32LE(8), length };
  }

  /** The frames that are complete now. */
  feed(data) {
    this.parts.push(data);
    this.size += data.length;
    const found = [];
    for (;;) {
      if (this.head === null) {
        if (this.size < HEADER) break;
        this.head = this._header();
      }
      if (this.size < this.head.length) break;
      found.push({ type: this.head.type, request: this.head.request, payload: this._take(this.head.length) });
      this.head = null;
    }
    return found;
  }
}

module.exports = { TYPES, VERSION, MOST_BYTES, frame, numbers, longs, Reader };
