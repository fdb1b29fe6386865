// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Everything that was added, as it was added. Backends are filled from here, so that none of them can lose anything.

const { InputError } = require('./errors');
const { Ids } = require('./ids');
const { Segments } = require('./segments');

const METRICS = { ip: 1, l2: 2, cosine: 3 };
// Below this squared length no inner product and no squared distance leaves the range of float32.
const LONGEST = 3.4028234663852886e38 / 4;
const TINY = 1e-20, HUGE = 1e20;   // squared lengths between which float32 has the digits that the kernel counts on
const IDS_AT_ONCE = 2048;          // checked in one step
const NUMBERS_AT_ONCE = 1 << 16;   // converted in one step
const MOST_DEAD = 256;             // deleted rows that searches step over, before the others take their place

/** Whether this is one vector. It looks into a copy: V8 would turn the caller's numbers into objects where one place of the code sees lists of both kinds. */
function isVector(value) {
  if (ArrayBuffer.isView(value)) return true;
  return Array.isArray(value) && (value.length === 0 || typeof value.slice(0, 1)[0] === 'number');
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
  const values = Array.isArray(vector) ? vector.slice() : vector;        // as above
  let square = 0;
  for (let i = 0; i < d; i++) {
    const value = Math.fround(values[i]);
    if (typeof values[i] !== 'number' || !Number.isFinite(value)) {
      throw new InputError('BAD_VALUE', `${what} holds ${String(values[i])} at ${i}.`,
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
  constructor(d, metric, threads = 1) {
    this.d = d;
    this.metric = metric;
    this.threads = threads;
    this.count = 0;                         // rows, deleted ones included
    this.dead = new Set();                  // positions of deleted rows
    this.ids = new Ids();
    this.segments = new Segments(d, metric, threads);
    this.longest = 0;                       // length that no vector exceeds
    this.extreme = false;                   // some are so short or long that float32 has no sums for the kernel
    this.saved = null;                      // {file, n, crc} of the file that the first rows came from
  }

  /** Vectors that are there. */
  get alive() { return this.count - this.dead.size; }
  get kernel() { return this.segments.kernel; }

  /** Throws InputError unless there is one id for each of these vectors; the number of them. */
  _counted(ids, vectors) {
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
    return count;
  }

  /** Adds in steps, one for each value that it yields. Nothing can be seen before the last one, or when one throws. */
  * adding(ids, vectors, replacing = false) {
    const count = this._counted(ids, vectors), { d, metric, segments } = this, flat = ArrayBuffer.isView(vectors);
    const fresh = new Map();       // positions of what replaces others: seen at the end
    let known = 0, longest = 0, { extreme } = this;
    try {
      for (; known < count; known++) {
        const id = checkId(ids[known]), there = this.ids.position(id);
        if (there !== undefined && !replacing) {
          throw new InputError('DUPLICATE_ID', `The id ${id} is in the store or twice in this call.`,
            'Give each vector an id of its own; nothing of this call was added.');
        }
        if (replacing && there === undefined) throw new InputError('UNKNOWN_ID', `The id ${id} is not in the store.`, 'Use add() for new ids.');
        if (replacing && fresh.has(id)) throw new InputError('DUPLICATE_ID', `The id ${id} is twice in this call.`, 'Give each id once.');
        if (replacing) fresh.set(id, this.count + known);
        else this.ids.set(this.count + known, id);
        if (known % IDS_AT_ONCE === IDS_AT_ONCE - 1) yield;
      }
      segments.changed(this.count);
      const most = Math.max(1, Math.floor(NUMBERS_AT_ONCE / d));
      for (let first = 0; first < count; first += most) {
        const end = Math.min(count, first + most);
        segments.reserve(this.count + end);
        segments.each(this.count + first, this.count + end, (piece, from, to) => {
          const { wide } = segments.shape, offset = piece.start - this.count;
          for (let row = from; row < to; row++) {
            const i = row + offset;
            const vector = flat ? vectors.subarray(i * d, (i + 1) * d) : vectors[i];
            const square = convert(vector, d, metric, piece.rows, row * wide, `The vector of id ${String(ids[i])}`);
            longest = Math.max(longest, square);
            extreme = extreme || (metric === 'cosine' && (square < TINY || square > HUGE));
            piece.rows.fill(0, row * wide + d, row * wide + segments.shape.padded);
            if (piece.inverse !== null) piece.inverse[row * piece.inverseWide] = 1 / Math.sqrt(square);
          }
        });
        yield;
      }
    } catch (error) {
      if (!replacing) this._forgetIds(this.count, this.count + known);
      throw error instanceof RangeError ? new InputError('NO_MEMORY', `There is no memory for ${count} more vectors: ${error.message}.`, 'Use a larger machine, or fewer vectors.') : error;
    }
    const old = [];                           // positions of what was replaced
    for (const [id, position] of fresh) {
      old.push(this.ids.position(id));
      this.dead.add(this.ids.position(id));
      this.ids.set(position, id);
    }
    this.longest = Math.max(this.longest, Math.sqrt(longest));
    this.extreme = extreme;
    this.count += count;                      // nothing before this line can be seen
    return old;
  }

  _forgetIds(from, to) {
    for (let position = from; position < to; position++) this.ids.drop(position);
  }

  /** All of them or, when one is refused, none. vectors: a list of vectors, or one Float32Array of all rows. */
  add(ids, vectors) {
    for (const step of this.adding(ids, vectors)) void step;
  }

  /** The store as it was with its first `count` vectors; this one is as short from then on. */
  forget(count, old = []) {
    this._forgetIds(count, this.count);
    for (const position of old) {
      this.dead.delete(position);
      this.ids.set(position, this.ids.at(position));
    }
    this.count = count;
    return Object.assign(new Store(this.d, this.metric, this.threads), this);
  }

  has(id) {
    const position = this.ids.position(checkId(id));
    return position !== undefined && position < this.count;
  }

  /** The vector of an id as it was added; null when there is none. */
  get(id) {
    if (!this.has(id)) return null;
    const position = this.ids.position(checkId(id));
    return this.raw(position, position + 1);
  }

  /** Ids in the order of adding. */
  list() {
    const found = [];
    for (let position = 0; position < this.count; position++) if (!this.dead.has(position)) found.push(this.ids.at(position));
    return found;
  }

  /** Deletes what is there of these ids, in steps, after all of them were checked; returns how many that were. */
  * removing(ids) {
    for (let i = 0; i < ids.length; i++) {
      checkId(ids[i]);
      if (i % IDS_AT_ONCE === IDS_AT_ONCE - 1) yield;
    }
    let count = 0;
    for (let i = 0; i < ids.length; i++) {
      if (this.has(ids[i])) {
        const position = this.ids.position(checkId(ids[i]));
        this.ids.drop(position);
        this.dead.add(position);
        count += 1;
      }
      if (i % IDS_AT_ONCE === IDS_AT_ONCE - 1) yield;
    }
    return count;
  }

  /** Whether so many rows are deleted that the others should move together. */
  get crowded() { return this.dead.size > MOST_DEAD; }

  /** Moves the rows together, in steps, in the order of adding. No search may be under way. Returns the store that has them. */
  * compacting() {
    const { wide } = this.segments.shape;
    this.segments.changed(0);
    let to = 0;
    for (let from = 0; from < this.count; from++) {
      if (!this.dead.has(from)) {
        if (to !== from) {
          const source = this.segments.of(from), target = this.segments.of(to);
          const start = (from - source.start) * wide;
          target.rows.set(source.rows.subarray(start, start + wide), (to - target.start) * wide);
          this.ids.set(to, this.ids.at(from));
        }
        to += 1;
      }
      if (from % 1024 === 1023) yield;
    }
    this.count = to;
    this.dead.clear();
    this.saved = null;
    return Object.assign(new Store(this.d, this.metric, this.threads), this);
  }

  /** A copy of the rows from one position to another, as they were added. */
  raw(from, to) {
    const { d, segments } = this, { wide } = segments.shape, copy = new Float32Array((to - from) * d);
    let at = 0;
    segments.each(from, to, ({ rows }, first, end) => {
      if (wide === d) {
        copy.set(rows.subarray(first * d, end * d), at);
        at += (end - first) * d;
        return;
      }
      for (let row = first; row < end; row++, at += d) copy.set(rows.subarray(row * wide, row * wide + d), at);
    });
    return copy;
  }

  /** The same, of length 1 for cosine. */
  prepared(from, to) {
    const { d, segments } = this, scaled = this.raw(from, to);
    if (this.metric !== 'cosine') return scaled;
    let at = 0;
    segments.each(from, to, ({ inverse, inverseWide }, first, end) => {
      for (let row = first; row < end; row++) {
        const factor = inverse[row * inverseWide];
        for (let i = 0; i < d; i++, at++) scaled[at] *= factor;
      }
    });
    return scaled;
  }
}

module.exports = { Store, METRICS, convert, isVector };
