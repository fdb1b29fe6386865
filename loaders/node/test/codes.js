// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
// Codes of rows change how long a search takes, and nothing that it finds.
const { assert, JSVectorStorage } = require('./help');
const { search } = require('../lib/exact');
const { limits, Codes, Coding } = require('../lib/codes');
const { IndexFlatIP, IndexFlatL2 } = require('../lib/flat-index');
const { available, compiled, layout, Kernel } = require('../lib/kernel');
const { limits: memories } = require('../lib/segments');
const { Store } = require('../lib/store');
const { ExactBackend } = require('../lib/fallback');

function numbers(count, seed = 1) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  });
}

/** Runs a test with codes for every store, from its first search on. */
async function always(act) {
  const before = { ...limits };
  Object.assign(limits, { least: 0, pays: 0 });
  try {
    await act();
  } finally {
    Object.assign(limits, before);
  }
}

function filled(n, d, metric, rows, threads = 1) {
  const store = new Store(d, metric, threads);
  store.add(Array.from({ length: n }, (_, i) => i), rows);
  return store;
}

function expected(store, n, query, k) {
  const { d, metric } = store, rows = store.raw(0, n), vector = query.slice();
  const lengths = (values) => 1 / Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const inverse = Float64Array.from({ length: n }, (_, i) => lengths(rows.subarray(i * d, (i + 1) * d)));
  if (metric === 'cosine') {
    const length = lengths(query);
    for (let i = 0; i < d; i++) vector[i] *= length;
  }
  return search(rows, inverse, n, d, metric, vector, k);
}

async function compare(store, queries, count, k, threads = 1) {
  const backend = new ExactBackend(threads), { d } = store, n = store.count;
  const found = await backend.search(store, queries, count, k);
  for (let i = 0; i < count; i++) {
    const wanted = expected(store, n, queries.subarray(i * d, (i + 1) * d), Math.min(k, n));
    assert.deepStrictEqual([...found[i].positions], [...wanted.positions]);
    assert.deepStrictEqual([...found[i].scores], [...wanted.scores]);
  }
  backend.close();
}

const coded = ({ segments }) => segments.pieces.map(({ coding }) => coding.rows);

if (available()) {
  for (const metric of ['cosine', 'ip', 'l2']) {
    test(`codes: the same ids, ranks and scores as JavaScript, ${metric}`, () => always(async () => {
      for (const d of [1, 16, 19, 130]) {
        const n = 1003, rows = numbers(n * d, d), store = filled(n, d, metric, rows);
        for (const count of [1, 4, 7]) for (const k of [1, 10, 200]) await compare(store, numbers(count * d, 77), count, k);
        assert.deepStrictEqual(coded(store), [d < 16 ? 0 : n]);
      }
    }));

    test(`codes: rows and queries of all sizes, zeros and lone large numbers, ${metric}`, () => always(async () => {
      const n = 1500, d = 40, rows = numbers(n * d, 5);
      for (let i = 0; i < n; i++) {
        const size = 10 ** ((i % 17) - 8);
        for (let j = 0; j < d; j++) rows[i * d + j] *= size;
        if (i % 11 === 3) rows[i * d + (i % d)] = 1e9;
        if (i % 13 === 5) rows.fill(metric === 'cosine' ? 1e-7 : 0, i * d, (i + 1) * d);
      }
      const store = filled(n, d, metric, rows), queries = numbers(6 * d, 9);
      for (let j = 0; j < d; j++) {
        queries[d + j] *= 1e-8;
        queries[2 * d + j] *= 1e8;
        queries[3 * d + j] = j === 7 ? 1 : 1e-12;
        queries[4 * d + j] = metric === 'cosine' ? 3 : 0;
      }
      for (const k of [1, 10, 300]) await compare(store, queries, 6, k);
    }));

    test(`codes: no row is better than its bound, ${metric}`, () => always(async () => {
      const n = 500, d = 100, rows = numbers(n * d, 21), store = filled(n, d, metric, rows), query = numbers(d, 4);
      await compare(store, query, 1, 1);
      const [{ coding: { codes } }] = store.segments.pieces, exact = expected(store, n, query, n);
      let near = 0;
      const vector = query.slice();
      if (metric === 'cosine') for (let i = 0; i < d; i++) vector[i] /= Math.sqrt(query.reduce((sum, x) => sum + x * x, 0));
      codes.begin(vector, 1, n);
      codes.scan(0, n);
      const bounds = new Float32Array(codes.memory.buffer, codes.base + codes.at.heaps, n);
      const positions = new Uint32Array(codes.memory.buffer, codes.base + codes.at.heaps + n * 4, n);
      const goodness = new Map([...exact.positions].map((position, i) => [position, metric === 'l2' ? -exact.scores[i] : exact.scores[i]]));
      for (let i = 0; i < n; i++) {
        const off = bounds[i] - goodness.get(positions[i]);
        assert.ok(off > -1e-6 * Math.abs(bounds[i]), `${bounds[i]} < ${goodness.get(positions[i])}`);
        if (off < (metric === 'cosine' ? 0.02 : 2)) near += 1;
      }
      assert.strictEqual(near, n);                 // and it is worth something
    }));
  }

  test('codes: rows that they cannot tell apart are found all the same, and then without them', () => always(async () => {
    const n = 3000, d = 32, base = numbers(d, 3), rows = new Float32Array(n * d);
    for (let i = 0; i < n; i++) {
      rows.set(base, i * d);
      rows[i * d + 5] += 1e-5 * ((i * 7919) % n);
    }
    const store = filled(n, d, 'ip', rows), [{ coding }] = store.segments.pieces;
    for (let i = 0; i < 3; i++) await compare(store, numbers(16 * d, 50 + i), 16, 10);
    assert.strictEqual(coding.off, true);
    assert.strictEqual(coding.codes, null);
    await compare(store, numbers(16 * d, 60), 16, 10);
  }));

  test('codes: rows that change have new ones', () => always(async () => {
    const d = 24, n = 1000, rows = numbers(n * d), store = filled(n, d, 'l2', rows), queries = numbers(3 * d, 8);
    await compare(store, queries, 3, 5);
    store.add([n, n + 1], [queries.subarray(0, d), queries.subarray(d, 2 * d)]);
    await compare(store, queries, 3, 5);
    assert.deepStrictEqual(coded(store), [n + 2]);
    const shorter = store.forget(n - 10);
    shorter.add([n + 5], [queries.subarray(2 * d)]);
    await compare(shorter, queries, 3, 5);
    for (const step of shorter.removing(Array.from({ length: 300 }, (_, i) => 2 * i))) void step;
    const steps = shorter.compacting();
    let moved = steps.next();
    while (!moved.done) moved = steps.next();
    await compare(moved.value, queries, 3, 5);
    assert.deepStrictEqual(coded(moved.value), [n - 9 - 300]);
  }));

  test('codes: the drop-in for faiss-node has them, and new ones after removeIds and mergeFrom', () => always(async () => {
    const d = 24, n = 600;
    for (const Kind of [IndexFlatIP, IndexFlatL2]) {
      const index = new Kind(d), other = new Kind(d), plain = Array.from(numbers(n * d, 2)), query = Array.from(numbers(d, 6));
      const check = () => {
        const { labels } = index.search(query, 4), rows = index._values(0, index.ntotal());
        const wanted = search(rows, null, index.ntotal(), d, Kind === IndexFlatIP ? 'ip' : 'l2', Float32Array.from(query), 4);
        assert.deepStrictEqual(labels, [...wanted.positions]);
      };
      index.add(plain);
      check();
      index.removeIds(index.search(query, 3).labels);
      check();
      other.add(query);
      index.mergeFrom(other);
      check();
      other.add(plain.slice(0, 2 * d));
      other.search(query, 2);
    }
  }));

  test('codes: each of several memories has its own', () => always(async () => {
    const before = memories.memory, n = 9000, d = 32;
    memories.memory = 300000;
    try {
      const store = filled(n, d, 'ip', numbers(n * d));
      assert.ok(store.segments.pieces.length >= 3);
      await compare(store, numbers(5 * d, 7), 5, 20);
      assert.strictEqual(coded(store).reduce((sum, rows) => sum + rows), n);
    } finally {
      memories.memory = before;
    }
  }));

  slow('codes: threads share them', () => always(async () => {
    const n = 30000, d = 32, rows = numbers(n * d);
    for (const metric of ['cosine', 'l2']) {
      const store = filled(n, d, metric, rows, 3);
      await compare(store, numbers(18 * d, 5), 18, 12, 3);
      assert.deepStrictEqual(coded(store), [n]);
      store.add([n], [numbers(d, 5)]);
      await compare(store, numbers(d, 5), 1, 2, 3);
    }
  }));

  test('codes: they are made when they pay, a quarter as large as the rows', async () => {
    const n = 12000, d = 100, open = new JSVectorStorage({ metric: 'ip', dimension: d }), rows = numbers(n * d);
    await open.add(Array.from({ length: n }, (_, i) => i), rows);
    const coding = () => open._store.segments.pieces[0].coding;
    for (let i = 0; i < 15; i++) await open.search(rows.subarray(0, d), 3);
    assert.strictEqual(coding().rows, 0);
    await open.search(rows.subarray(0, d), 3);
    assert.strictEqual(coding().rows, n);
    assert.ok(coding().codes.memory.buffer.byteLength < n * d * 1.2 + 2 ** 20);
    await open.add([n], [rows.subarray(0, d)]);
    await open.search(rows.subarray(0, d), 3);
    assert.strictEqual(coding().rows, n + 1);          // one more costs next to nothing
    await open.close();
  });

  test('codes: without memory for them the search goes on by the rows', () => always(async () => {
    const n = 2000, d = 16, store = filled(n, d, 'ip', numbers(n * d)), [piece] = store.segments.pieces, { Memory } = WebAssembly;
    WebAssembly.Memory = function none() { throw new RangeError('no memory'); };
    try {
      await compare(store, numbers(d, 3), 1, 5);
    } finally {
      WebAssembly.Memory = Memory;
    }
    assert.strictEqual(piece.coding.off, true);
    const tight = filled(n, d, 'ip', numbers(n * d)), kernel = tight.segments.pieces[0].kernel;
    kernel.begin(numbers(d), 1, 26);
    const coding = new Coding();
    coding.codes = new Codes(tight.segments.module, kernel, 0);         // it may not grow
    tight.segments.pieces[0].coding = coding;
    await compare(tight, numbers(50 * d, 3).subarray(0, d), 1, 5);
  }));

  test('codes: they are written nowhere but where they belong', () => {
    const d = 20, n = 700, shape = { d, metric: 'l2', padded: 20, wide: 20, threads: 1 }, at = layout(d, 1);
    const memory = new WebAssembly.Memory({ initial: Math.ceil((at.rows + n * 80) / 65536) + 1 });
    const kernel = new Kernel(compiled(), memory, shape);
    new Float32Array(memory.buffer, at.rows, n * d).set(numbers(n * d));
    const codes = new Codes(compiled(), kernel, n);
    for (let from = 0; from < n; from += 50) codes.encode(from, from + 50, n);
    const bytes = new Uint8Array(codes.memory.buffer), end = codes.at.codes + n * codes.at.code;
    bytes.fill(0x5a, 0, 65536);
    bytes.fill(0x5a, end);
    for (let from = 0; from < n; from += 50) codes.encode(from, from + 50);
    const made = Buffer.from(bytes.slice(codes.at.codes, end));
    codes.begin(numbers(16 * d), 16, 700);
    codes.scan(0, n);
    for (let i = 0; i < 16; i++) for (const step of codes.finding(i, 300, n, 100)) void step;
    assert.ok(bytes.subarray(0, 65536).every((byte) => byte === 0x5a));       // no stack either, which threads would share
    assert.ok(bytes.subarray(end).every((byte) => byte === 0x5a));
    assert.ok(made.equals(Buffer.from(bytes.subarray(codes.at.codes, end))));
  });
}
