// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Kinds of index: which one a store gets, and with what an IVF index finds its lists.

const KINDS = { flat: 0, ivf: 1, hnsw: 2 };
const LINKS = 32;                  // of HNSW
const EF_SEARCH = 64;
const IVF_LEAST = 1000;            // below so many vectors lists win nothing: the index is flat
const IVF_OUTGROWN = 4;            // trained again when there are so many times as many vectors as then
const SAMPLE = 40;                 // vectors for each list that it is trained with, as FAISS asks for
const MOST_SAMPLE = 48 << 20;      // bytes

function wanted(kind, count) {
  return kind === 'ivf' && count < IVF_LEAST ? 'flat' : kind;
}

/** What an index for a store of so many vectors is made with. */
function plan(kind, count) {
  const now = wanted(kind, count);
  return { kind: now, lists: now === 'ivf' ? Math.floor(Math.sqrt(count)) : 0, trainedWith: count };
}

/** Whether the store has grown beyond what its index was made for. */
function outgrown(made, kind, count) {
  return wanted(kind, count) !== made.kind || (made.kind === 'ivf' && count >= IVF_OUTGROWN * made.trainedWith);
}

/** How many lists of an IVF index are looked into. */
function probes(lists) {
  return Math.min(lists, Math.max(8, Math.floor(lists / 10)));
}

/** Rows from all over the store, one after the other. */
function sample(store, lists, rows = (at) => store.raw(at, at + 1)) {
  const count = Math.min(store.count, lists * SAMPLE, Math.max(lists, Math.floor(MOST_SAMPLE / (store.d * 4))));
  const found = new Float32Array(count * store.d);
  for (let i = 0; i < count; i++) found.set(rows(Math.floor((i * store.count) / count)), i * store.d);
  return found;
}

module.exports = { KINDS, LINKS, EF_SEARCH, IVF_OUTGROWN, wanted, plan, outgrown, probes, sample };
