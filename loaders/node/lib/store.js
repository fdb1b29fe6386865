// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Everything that was added, as it was added. Backends are filled from here, so that none of them can lose anything.

const { InputError } = require('./errors');

const METRICS = { ip: 1, l2: 2, cosine: 3 };
// Below this squared length no inner product and no squared distance leaves the range of float32.
const LONGEST = 3.4028234663852886e38 / 4;

function isVector(value) {
  return ArrayBuffer.isView(value) || (Array.isArray(value) && (value.length === 0 || typeof value[0] === 'number'));
}

/** Copies one vector into `out` and returns its squared length. Throws InputError for what is no vector of ours. */
function convert(vector, d, metric, out, at, what) {
  if (!isVector(vector) || ArrayBuffer.isView(vector) && typeof vector[0] !== 'number' && vector.length !== 0) {
    throw new InputError('BAD_ARGUMENT', `${what} is not a vector.`, 'Give an array of numbers or a Float32Array.');
  }
  if (vector.length !== d) {
    throw new InputError('BAD_DIMENSION', `${what} has ${vector.length} dimensions; the store has ${d}.`,
      'Use vectors of one embedding model, and a store for each model.');
  }
  let square = 0;
  for (let i = 0; i < d; i++) {
    const value = Math.fround(vector[i]);
    if (typeof vector[i] !== 'number' || !Number.isFinite(value)) {
      throw new InputError('BAD_VALUE', `${what} holds ${String(vector[i])} at ${i}.`,
        'Every value must be a finite float32; look at what made the vector.');
    }
    out[at + i] = value;
    square += value * value;
  }
  if (metric === 'cosine' ? !(square > 0) : square > LONGEST) {
    throw new InputError('BAD_VALUE', metric === 'cosine' ? `${what} has length 0, hence no direction to compare.`
      : `${what} is longer than 9.2e18, beyond which distances leave the range of float32.`,
    'Leave it out, or use another metric or scale.');
  }
  return square;
}

function checkId(id) {
  const value = typeof id === 'bigint' && id >= 0n && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InputError('BAD_ID', `${String(id)} is no id.`, 'Ids are whole numbers from 0 to 2^53-1.');
  }
  return value === 0 ? 0 : value;      // -0 is 0
}

class Store {
  constructor(d, metric) {
    this.d = d;
    this.metric = metric;
    this.count = 0;
    this.ids = new Float64Array(0);
    this.rows = new Float32Array(0);
    this.inverse = new Float64Array(0);     // 1 / length, for cosine alone
    this.known = new Set();
    this.saved = null;                      // {file, n, crc} of the file that the first rows came from
  }

  /** Room for so many more. */
  reserve(more) {
    const wanted = this.count + more;
    if (this.ids.length >= wanted) return;
    const capacity = Math.max(wanted, Math.min(this.count * 2, this.count + 500000), 64);
    const grow = (old, size) => {
      const grown = new old.constructor(size);
      grown.set(old.subarray(0, Math.min(old.length, size)));
      return grown;
    };
    const ids = grow(this.ids, capacity);
    const rows = grow(this.rows, capacity * this.d);
    if (this.metric === 'cosine') this.inverse = grow(this.inverse, capacity);
    this.ids = ids;
    this.rows = rows;
  }

  /** All of them or, when one is refused, none. vectors: a list of vectors, or one Float32Array of all rows. */
  add(ids, vectors) {
    const list = Array.isArray(ids) || ArrayBuffer.isView(ids) ? ids : null;
    if (list === null || !(Array.isArray(vectors) || ArrayBuffer.isView(vectors))) {
      throw new InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.',
        'Give lists, also for one vector: add([id], [vector]).');
    }
    const flat = ArrayBuffer.isView(vectors);
    const count = flat ? vectors.length / this.d : vectors.length;
    if (flat && !Number.isInteger(count)) {
      throw new InputError('BAD_DIMENSION', `${vectors.length} numbers are no whole vectors of ${this.d} dimensions.`,
        'Give one row after the other, or a list of vectors.');
    }
    if (list.length !== count) {
      throw new InputError('BAD_ARGUMENT', `${list.length} ids were given for ${count} vectors.`, 'Give one for each.');
    }
    const fresh = new Set();
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const id = checkId(list[i]);
      if (this.known.has(id) || fresh.has(id)) {
        throw new InputError('DUPLICATE_ID', `The id ${id} is in the store or twice in this call.`,
          'Give each vector an id of its own; nothing of this call was added.');
      }
      fresh.add(id);
      numbers[i] = id;
    }
    this.reserve(count);
    for (let i = 0; i < count; i++) {
      const row = this.count + i;
      const vector = flat ? vectors.subarray(i * this.d, (i + 1) * this.d) : vectors[i];
      const square = convert(vector, this.d, this.metric, this.rows, row * this.d, `The vector of id ${numbers[i]}`);
      if (this.metric === 'cosine') this.inverse[row] = 1 / Math.sqrt(square);
    }
    this.ids.set(numbers, this.count);
    for (const id of fresh) this.known.add(id);
    this.count += count;                      // nothing before this line can be seen
  }

  /** The store as it was with its first `count` vectors; this one is as short from then on. */
  forget(count) {
    for (let row = count; row < this.count; row++) this.known.delete(this.ids[row]);
    this.count = count;
    return Object.assign(new Store(this.d, this.metric), this);
  }

  /** Rows as they were added, from one position to another. Shares memory. */
  raw(from, to) {
    return this.rows.subarray(from * this.d, to * this.d);
  }

  /** The same, of length 1 for cosine. */
  prepared(from, to) {
    const rows = this.raw(from, to);
    if (this.metric !== 'cosine') return rows;
    const scaled = new Float32Array(rows.length);
    for (let row = from, at = 0; row < to; row++) {
      for (let i = 0; i < this.d; i++, at++) scaled[at] = rows[at] * this.inverse[row];
    }
    return scaled;
  }
}

module.exports = { Store, METRICS, convert, isVector };
