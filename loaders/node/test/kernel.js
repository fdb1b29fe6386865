// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
// The WebAssembly kernel finds what lib/exact.js finds: the same ids, in the same order, with the same scores.
const { execFileSync } = require('child_process');
const path = require('path');
const { assert, JSVectorStorage, cases } = require('./help');
const { search } = require('../lib/exact');
const { Kernel, available, compiled, layout } = require('../lib/kernel');
const { limits, Segments } = require('../lib/segments');
const { Store } = require('../lib/store');
const { ExactBackend } = require('../lib/fallback');

function numbers(count, seed = 1) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  });
}

function filled(n, d, metric, rows, threads = 1) {
  const store = new Store(d, metric, threads);
  store.add(Array.from({ length: n }, (_, i) => i), rows);
  return store;
}

/** What exact.js finds over plain arrays. */
function expected(store, rows, n, query, k) {
  const inverse = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(rows.subarray(i * store.d, (i + 1) * store.d).reduce((sum, x) => sum + x * x, 0)));
  const vector = query.slice();
  if (store.metric === 'cosine') {
    const length = 1 / Math.sqrt(query.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < vector.length; i++) vector[i] *= length;
  }
  return search(rows, inverse, n, store.d, store.metric, vector, k);
}

async function compare(store, rows, n, count, k, threads = 1) {
  const backend = new ExactBackend(threads), { d } = store, queries = numbers(count * d, 77);
  const found = await backend.search(store, queries, count, k, n);
  for (let i = 0; i < count; i++) {
    const wanted = expected(store, rows, n, queries.subarray(i * d, (i + 1) * d), k);
    assert.deepStrictEqual([...found[i].positions], [...wanted.positions]);
    assert.deepStrictEqual([...found[i].scores], [...wanted.scores]);
  }
  backend.close();
}

test('kernel: this Node has it', () => {
  assert.ok(available() || process.env.FAISS_FLEET_KERNEL === 'js');
});

if (available()) {
  for (const metric of ['cosine', 'ip', 'l2']) {
    (metric === 'cosine' ? test : slow)(`kernel: the same ids, ranks and scores as JavaScript, ${metric}`, async () => {
      for (const d of [1, 3, 4, 19, 64, 130]) {
        const n = 701, rows = numbers(n * d, d), store = filled(n, d, metric, rows);
        assert.strictEqual(store.kernel, 'wasm-simd');
        for (const count of [1, 2, 4, 5, 17]) for (const k of [1, 10, 700, 701]) await compare(store, rows, n, count, k);
      }
    });

    test(`kernel: rows that are equal, or equal but for what float32 cannot hold, come in the right order, ${metric}`, async () => {
      const d = 48, n = 400, base = numbers(d, 3), rows = new Float32Array(n * d);
      for (let i = 0; i < n; i++) {
        rows.set(base, i * d);
        if (i % 40 === 7) rows[i * d + 5] += 1.2e-7 * (i % 5);      // ten that differ by the last digit
      }
      await compare(filled(n, d, metric, rows), rows, n, 3, 50);
    });
  }

  test('kernel: k beyond what its heaps hold is found by JavaScript', async () => {
    const n = 5000, d = 8, rows = numbers(n * d);
    await compare(filled(n, d, 'l2', rows), rows, n, 2, 4500);
  });

  test('kernel: rows in several memories, and in ordinary memory after them', async () => {
    const before = limits.memory, n = 9000, d = 32, rows = numbers(n * d);
    limits.memory = 300000;
    try {
      for (const metric of ['cosine', 'l2']) {
        const store = filled(n, d, metric, rows);
        assert.ok(store.segments.pieces.length >= 3 && store.segments.pieces.every((piece) => piece.kernel !== null));
        await compare(store, rows, n, 5, 20);
        const mixed = new Store(d, metric);
        mixed.add(Array.from({ length: 2000 }, (_, i) => i), rows.subarray(0, 2000 * d));
        mixed.segments.exhausted = true;                  // the machine gives no more
        mixed.add(Array.from({ length: n - 2000 }, (_, i) => 2000 + i), rows.subarray(2000 * d));
        assert.ok(mixed.segments.pieces.some((piece) => piece.kernel === null));
        await compare(mixed, rows, n, 5, 20);
        assert.deepStrictEqual(mixed.raw(0, n), rows);
      }
    } finally {
      limits.memory = before;
    }
  });

  test('kernel: rows are held once and never moved', () => {
    const d = 64, segments = new Segments(d, 'ip');
    segments.reserve(1000);
    const [first] = segments.pieces;
    first.rows[5] = 42;
    segments.reserve(200000);
    assert.strictEqual(segments.pieces.length, 1);
    assert.strictEqual(first.rows[5], 42);
    assert.ok(first.memory.buffer.byteLength < 200000 * d * 4 * 1.3);
  });

  test('kernel: it writes nowhere but where it is told', () => {
    const d = 20, shape = { d, metric: 'l2', padded: 20, wide: 20, threads: 1 }, at = layout(d, 1);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(at.rows / 65536) + 4 });
    const bytes = new Uint8Array(memory.buffer);
    bytes.fill(0x5a, 0, 65536);
    bytes.fill(0x5a, at.rows);
    const kernel = new Kernel(compiled(), memory, shape);
    new Float32Array(memory.buffer, at.rows, 3000 * d).set(numbers(3000 * d));
    const after = Buffer.from(bytes.slice(at.rows));
    kernel.begin(numbers(16 * d), 16, 1000);
    kernel.scan(0, 3000);
    for (let i = 0; i < 16; i++) for (const step of kernel.finding(i, 900, 3000, 100)) void step;
    assert.ok(bytes.subarray(0, 65536).every((byte) => byte === 0x5a));       // no stack either, which threads would share
    assert.ok(after.equals(Buffer.from(bytes.subarray(at.rows))));
  });

  slow('kernel: threads that share the rows find the same', async () => {
    const n = 30000, d = 32, rows = numbers(n * d);
    for (const metric of ['cosine', 'ip', 'l2']) {
      const store = filled(n, d, metric, rows, 3);
      await compare(store, rows, n, 18, 12, 3);
    }
    const open = new JSVectorStorage({ metric: 'l2', dimension: d, threads: 2 });
    await open.add(Array.from({ length: n }, (_, i) => i), rows);
    const hits = await Promise.all([3, 700, 29999].map((i) => open.search(rows.subarray(i * d, (i + 1) * d), 2)));
    assert.deepStrictEqual(hits.map(([hit]) => hit), [3, 700, 29999].map((id) => ({ id, score: 0 })));
    await open.add([n], [rows.subarray(0, d)]);
    assert.deepStrictEqual((await open.search(rows.subarray(0, d), 2)).map((hit) => hit.id), [0, n]);
    const pending = open.search(rows.subarray(0, d), 2).catch((error) => error.code);
    await open.close();
    assert.ok(['CLOSED'].includes(await pending) || (await pending).length === 2);
  });
}

test('kernel: without SIMD JavaScript answers the same', () => {
  const program = `
    const { JSVectorStorage } = require(${JSON.stringify(path.join(__dirname, '..'))});
    const cases = require(${JSON.stringify(path.join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'vectors', 'cases.json'))});
    (async () => {
      const all = [];
      for (const metric of ['cosine', 'ip', 'l2']) {
        const store = new JSVectorStorage({ metric });
        await store.add(cases.ids, cases.vectors);
        all.push(await store.search(cases.queries, cases.ids.length));
        if (metric === 'l2') console.error(store.about.kernel);
      }
      console.log(JSON.stringify(all));
    })();`;
  const run = (env) => execFileSync(process.execPath, ['-e', program], { env: { ...process.env, FAISS_FLEET_KERNEL: '', ...env }, encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] });
  const plain = run({ FAISS_FLEET_KERNEL: 'js' });
  assert.ok(plain.length > 1000);
  assert.strictEqual(run({}), plain);
  assert.ok(cases.ids.length > 100);
});
