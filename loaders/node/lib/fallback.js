// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The backend that is always there: exact search over the store itself, without a copy of it and without keeping the
// event loop from its work. Where the rows lie in WebAssembly memory the kernel compares them, elsewhere JavaScript.

const { FaissFleetError } = require('./errors');
const { Scan } = require('./exact');
const { batch, SPARE, MOST_K } = require('./kernel');
const { scale } = require('./native');
const { inSlices } = require('./slices');
const { Team } = require('./team');

const PART = 1 << 16;            // numbers that JavaScript compares in one step: some 0.1 ms
const PART_KERNEL = 1 << 19;     // numbers that the kernel does

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

/** The k best of lists of {position, goodness} of one query, each sorted, as {positions, scores}. */
function merged(lists, k, l2) {
  let best = lists[0];
  for (const next of lists.slice(1)) {
    const all = [];
    for (let i = 0, j = 0; all.length < k && (i < best.length || j < next.length);) {
      // Positions of the next piece are all later: among equals the first list goes first.
      if (j >= next.length || (i < best.length && best[i].goodness >= next[j].goodness)) all.push(best[i++]);
      else all.push(next[j++]);
    }
    best = all;
  }
  return {
    positions: Float64Array.from(best, (one) => one.position),
    scores: Float32Array.from(best, (one) => (l2 ? -one.goodness : one.goodness)),
  };
}

class ExactBackend {
  constructor(threads = 1) {
    this.name = 'js';
    this.about = {};
    this.closed = false;
    this.index = { kind: 'flat', from: 'built' };
    this.team = threads > 1 ? new Team(threads) : null;
  }

  async sync(store) {
    this._see(store);
  }

  _see({ kernel }) {
    if (this.about.kernel !== kernel) this.about = { kernel };
  }

  /** Among the first `count` vectors; what is added meanwhile is not looked at. */
  async search(store, queries, m, k, count = store.count) {
    this._see(store);
    if (this.closed) throw closed();
    const prepared = queries.slice(0, m * store.d);
    if (store.metric === 'cosine') for (let i = 0; i < m; i++) scale(prepared.subarray(i * store.d, (i + 1) * store.d));
    const size = Math.min(k, count);
    const byKernel = size > 0 && size <= MOST_K && store.segments.pieces.some(({ kernel }) => kernel !== null);
    if (byKernel && this.team !== null && store.segments.shape.threads > 1 && !store.segments.exhausted) {
      try {
        return await this._byTeam(store, prepared, m, size, count);
      } catch (error) {
        if (this.closed) throw closed();
        this.team.close();
        this.team = null;                 // threads that cannot be had: this one goes on alone
      }
    }
    const steps = byKernel ? this._byKernel(store, prepared, m, size, count) : this._inJavaScript(store, prepared, m, size, count);
    const found = [];
    await inSlices(() => {
      if (this.closed) throw closed();
      const { value, done } = steps.next();
      if (done) return 'done';
      if (value !== undefined) found.push(...value);
      return value === undefined ? undefined : found.length === m ? 'done' : 'turn';
    });
    return found;
  }

  /** Yields undefined within a query, its answer at the end. */
  * _inJavaScript(store, queries, m, k, count) {
    const { d, metric, segments } = store, { wide } = segments.shape;
    const part = Math.max(1, Math.ceil(PART / d));
    for (let query = 0; query < m; query++) {
      const scan = new Scan(d, metric, queries.subarray(query * d, (query + 1) * d), k);
      for (let at = 0; at < count; at += part) {
        segments.each(at, Math.min(count, at + part), (piece, from, to) => scan.compare(piece, wide, from, to));
        if (at + part < count) yield undefined;
      }
      yield [scan.found()];
    }
  }

  /** The same for as many queries at a time as share a pass over the rows. */
  * _byKernel(store, queries, m, k, count) {
    const { d, metric, segments } = store, { wide } = segments.shape, most = batch(k);
    for (let first = 0; first < m; first += most) {
      const size = Math.min(most, m - first), group = queries.subarray(first * d, (first + size) * d);
      const lists = Array.from({ length: size }, () => []);
      for (const piece of segments.pieces) {
        const rows = Math.min(count - piece.start, piece.capacity);
        if (rows <= 0) break;
        if (piece.kernel === null) yield* this._piece(piece, wide, rows, group, size, k, d, metric, lists);
        else yield* this._pieceByKernel(piece, rows, group, size, k, d, lists);
      }
      yield lists.map((each) => merged(each, k, metric === 'l2'));
    }
  }

  * _pieceByKernel({ kernel, start }, rows, group, size, k, d, lists) {
    const part = Math.max(16, Math.ceil(PART_KERNEL / (d * size)));
    kernel.begin(group, size, Math.min(rows, k + SPARE));
    for (let at = 0; at < rows; at += part) {
      kernel.scan(at, Math.min(rows, at + part));
      yield undefined;
    }
    for (let query = 0; query < size; query++) {
      const { positions, goodness } = kernel.found(query, k);
      lists[query].push(Array.from(positions, (at, i) => ({ position: start + at, goodness: goodness[i] })));
    }
  }

  async _byTeam(store, queries, m, k, count) {
    const { d, metric } = store, most = this.team.most(k), found = [];
    for (let first = 0; first < m; first += most) {
      const size = Math.min(most, m - first);
      const parts = await this.team.batch(store, queries.slice(first * d, (first + size) * d), size, k, count);
      if (this.closed) throw closed();
      for (let query = 0; query < size; query++) found.push(merged(parts.map((lists) => lists[query]), k, metric === 'l2'));
    }
    return found;
  }

  /** A piece of ordinary memory, where WebAssembly memory could not be got. */
  * _piece(piece, wide, rows, group, size, k, d, metric, lists) {
    const part = Math.max(1, Math.ceil(PART / d));
    for (let query = 0; query < size; query++) {
      const scan = new Scan(d, metric, group.subarray(query * d, (query + 1) * d), Math.min(k, rows));
      for (let at = 0; at < rows; at += part) {
        scan.compare(piece, wide, at, Math.min(rows, at + part));
        yield undefined;
      }
      lists[query].push(scan.sorted().map(([position, goodness]) => ({ position, goodness })));
    }
  }

  /** It has none to save. */
  async saveIndex() { return false; }

  close() {
    this.closed = true;
    if (this.team !== null) this.team.close();
  }
}

module.exports = { ExactBackend, merged, closed };
