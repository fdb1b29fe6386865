// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Where the rows of a store lie: in WebAssembly memory that grows where it is, or in pieces of ordinary memory. Rows
// are never moved, so a store grows without a pause.

const { Coding } = require('./codes');
const { Kernel, compiled, layout, PAGE } = require('./kernel');

const limits = { memory: 2 ** 31, piece: 16 << 20 };     // bytes of one WebAssembly memory and of one ordinary piece
const STEP = 256;                                        // pages by which a memory grows at least, when it is not small

/** Rows from a position on, one `wide` numbers after the other; for cosine each is followed by 1 / length. */
class Piece {
  constructor(shape, start, capacity) {
    this.start = start;
    this.capacity = this.most = capacity;
    this.kernel = null;
    this._view(shape, new ArrayBuffer(capacity * shape.wide * 4), 0);
  }

  _view({ padded, wide, metric }, buffer, base) {
    this.rows = new Float32Array(buffer, base);
    const after = base + padded * 4;
    this.inverse = metric !== 'cosine' ? null : after < buffer.byteLength ? new Float64Array(buffer, after) : new Float64Array(0);
    this.inverseWide = wide / 2;
  }

  grow() {}
}

/** The same in a WebAssembly memory. */
class Memory extends Piece {
  constructor(shape, module, start) {
    super(shape, start, 0);
    const { rows } = layout(shape.d, shape.threads);
    const maximum = Math.floor((limits.memory + rows) / PAGE) + 1;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(rows / PAGE) + 1, maximum, ...(shape.threads > 1 ? { shared: true } : {}) });
    this.shape = shape;
    this.base = rows;
    this.most = Math.floor((maximum * PAGE - rows) / (shape.wide * 4));
    this.kernel = new Kernel(module, this.memory, shape);
    this.coding = new Coding();
    this._resized();
  }

  _resized() {
    this._view(this.shape, this.memory.buffer, this.base);
    this.capacity = Math.floor((this.memory.buffer.byteLength - this.base) / (this.shape.wide * 4));
  }

  /** Room for so many rows in all, or for as many as it may hold. */
  grow(rows) {
    const wanted = Math.min(rows, this.most);
    if (wanted <= this.capacity) return;
    const pages = Math.ceil((this.base + wanted * this.shape.wide * 4) / PAGE), now = this.memory.buffer.byteLength / PAGE;
    const most = Math.ceil((this.base + this.most * this.shape.wide * 4) / PAGE);
    this.memory.grow(Math.max(pages - now, Math.min(most - now, now < STEP ? now : STEP)));
    this._resized();
  }
}

class Segments {
  constructor(d, metric, threads = 1) {
    const padded = (d + 3) & ~3;
    this.module = compiled(threads > 1);
    this.shape = { d, metric, padded, wide: padded + (metric === 'cosine' ? 4 : 0), threads: this.module === null ? 1 : threads };
    this.pieces = [];
    this.capacity = 0;
    this.exhausted = false;          // the machine gives no more WebAssembly memory
  }

  get kernel() { return this.module === null ? 'js' : 'wasm-simd'; }

  _memory(start) {
    if (this.module === null || this.exhausted) return null;
    try {
      return new Memory(this.shape, this.module, start);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null;            // no address space for it: ordinary memory
    }
  }

  /** Room for so many rows in all. Throws RangeError where the machine has no more memory. */
  reserve(count) {
    while (this.capacity < count) {
      let last = this.pieces[this.pieces.length - 1];
      if (!last || last.capacity >= last.most) {
        const most = Math.max(1, Math.floor(limits.piece / (this.shape.wide * 4)));
        last = this._memory(this.capacity) || new Piece(this.shape, this.capacity, Math.min(most, Math.max(64, this.capacity)));
        this.pieces.push(last);
      }
      try {
        last.grow(count - last.start);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        last.most = last.capacity;            // it cannot grow: the next rows go elsewhere
        this.exhausted = true;
      }
      if (last.capacity === 0) this.pieces.pop();
      this.capacity = last.start + last.capacity;
    }
  }

  /** Rows from this position on are about to be others. */
  changed(from) {
    for (const { kernel, coding, start } of this.pieces) if (kernel !== null) coding.changed(Math.max(0, from - start));
  }

  /** The piece that has the row at a position. */
  of(position) {
    let low = 0, high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pieces[middle].start <= position) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low];
  }

  /** Calls act(piece, from, to) for each piece of the rows from one position to another; positions within the piece. */
  each(from, to, act) {
    for (const piece of this.pieces) {
      const first = Math.max(from, piece.start), end = Math.min(to, piece.start + piece.capacity);
      if (first < end) act(piece, first - piece.start, end - piece.start);
    }
  }
}

module.exports = { Segments, limits };
