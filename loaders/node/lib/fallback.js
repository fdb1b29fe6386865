// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The backend that is always there: exact search over the store itself, without a copy of it and without keeping the
// event loop from its work. Where the rows lie in WebAssembly memory the kernel compares them, elsewhere JavaScript;
// what they find is the same to the last digit.

const { FaissFleetError } = require('./errors');
const { kept, search } = require('./codes');
const { Scan } = require('./exact');
const { batch, LARGE, MOST_K } = require('./kernel');
const { scale } = require('./native');
const { inSlices, through } = require('./slices');
const { Team } = require('./team');

const PART = 1 << 16;            // numbers that JavaScript compares in one step: some 0.1 ms

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

/** What a kernel found in rows that begin at a position of the store. */
function named({ positions, goodness }, start) {
  return Array.from(positions, (at, i) => ({ position: start + at, goodness: goodness[i] }));
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

/** Yields undefined within a query, its answer at the end. */
function* inJavaScript(store, queries, m, k, count) {
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
function* byKernel(store, queries, m, k, count) {
  const { d, metric, segments } = store, most = batch(k);
  for (let first = 0; first < m; first += most) {
    const size = Math.min(most, m - first), group = queries.subarray(first * d, (first + size) * d);
    const lists = Array.from({ length: size }, () => []);
    for (const piece of segments.pieces) {
      const rows = Math.min(count - piece.start, piece.capacity);
      if (rows <= 0) break;
      if (piece.kernel !== null) yield* pieceByKernel(store, piece, rows, group, size, k, lists);
      else for (let query = 0; query < size; query++) yield* compare(store, piece, 0, rows, group.subarray(query * d, (query + 1) * d), k, lists[query]);
    }
    if (k <= LARGE) yield lists.map((each) => merged(each, k, metric === 'l2'));
    else for (const each of lists) yield [merged(each, k, metric === 'l2')];
  }
}

function* pieceByKernel(store, piece, rows, group, size, k, lists) {
  const { d } = store, { kernel, coding, start } = piece;
  const codes = kept(k, size) > 0 ? yield* coding.ready(store.segments.module, kernel, piece.most, rows, size) : null;
  const { found, missed } = yield* search(kernel, codes, group, size, k, 0, rows, store.longest);
  if (codes !== null) coding.told(size, missed);
  for (let query = 0; query < size; query++) {
    // What float32 cannot tell apart, JavaScript can.
    if (found[query].sure) lists[query].push(named(found[query], start));
    else yield* compare(store, piece, 0, rows, group.subarray(query * d, (query + 1) * d), k, lists[query]);
    if (k > LARGE) yield undefined;
  }
}

/** Puts the best rows of a part of a piece into a list of lists, by JavaScript. */
function* compare({ d, metric, segments }, piece, first, end, query, k, lists) {
  const { wide } = segments.shape, part = Math.max(1, Math.ceil(PART / d));
  const scan = new Scan(d, metric, query, Math.min(k, end - first));
  for (let at = first; at < end; at += part) {
    scan.compare(piece, wide, at, Math.min(end, at + part));
    yield undefined;
  }
  lists.push(scan.sorted().map(([position, goodness]) => ({ position, goodness })));
}

/** Collects, in steps, the pieces whose rows all have codes. */
function* coding({ segments }, size, k, count, coded) {
  if (kept(k, size) === 0) return;
  for (const piece of segments.pieces) {
    const rows = Math.min(count - piece.start, piece.capacity);
    if (rows > 0 && (yield* piece.coding.ready(segments.module, piece.kernel, piece.most, rows, size)) !== null) coded.add(piece);
  }
}

function kernelCan(store, k) {
  return k > 0 && k <= MOST_K && !store.extreme && store.segments.pieces.some(({ kernel }) => kernel !== null);
}

/** Yields undefined now and then, and lists of answers. */
function answers(store, queries, m, k, count) {
  return kernelCan(store, k) ? byKernel(store, queries, m, k, count) : inJavaScript(store, queries, m, k, count);
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
    if (kernelCan(store, size) && this.team !== null && store.segments.shape.threads > 1 && !store.segments.exhausted) {
      try {
        return await this._byTeam(store, prepared, m, size, count);
      } catch (error) {
        if (this.closed) throw closed();
        this.team.close();
        this.team = null;                 // threads that cannot be had: this one goes on alone
      }
    }
    const steps = answers(store, prepared, m, size, count);
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

  async _byTeam(store, queries, m, k, count) {
    const { d, metric } = store, most = this.team.most(k), found = [];
    for (let first = 0; first < m; first += most) {
      const size = Math.min(most, m - first);
      const group = queries.slice(first * d, (first + size) * d);
      const coded = new Set();
      await through(coding(store, size, k, count, coded));
      const parts = await this.team.batch(store, group, size, k, count, coded);
      if (this.closed) throw closed();
      for (let query = 0; query < size; query++) {
        const vector = group.subarray(query * d, (query + 1) * d), lists = [];
        for (const { piece, from, to, answers } of parts) {
          if (answers[query].sure) lists.push(named(answers[query], piece.start));
          else await through(compare(store, piece, from, to, vector, k, lists));
        }
        found.push(merged(lists, k, metric === 'l2'));
      }
    }
    return found;
  }

  /** It has none to save. */
  async saveIndex() { return false; }

  close() {
    this.closed = true;
    if (this.team !== null) this.team.close();
  }
}

module.exports = { ExactBackend, answers };
