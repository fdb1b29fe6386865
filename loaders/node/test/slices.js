// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// Searches in JavaScript leave the event loop time for the rest of the application.
const { assert, JSVectorStorage, FaissFleetError } = require('./help');
const exact = require('../lib/exact');
const { inSlices } = require('../lib/slices');

const D = 128, COUNT = 20000;

function rowsOf(count, d, seed = 1) {
  let state = seed;
  return Float32Array.from({ length: count * d }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  });
}

async function large() {
  const store = new JSVectorStorage({ dimension: D, metric: 'l2' }), rows = rowsOf(COUNT, D);
  await store.add(Array.from({ length: COUNT }, (_, i) => i), rows);
  return { store, queries: Array.from({ length: 40 }, (_, i) => rows.subarray(i * D, (i + 1) * D)) };
}

/** How often the event loop had its turn during what is done, and in how many ms of this process's processor: none lasts for more than a slice and a step. */
async function turns(act) {
  const before = process.cpuUsage();
  let count = 0, on = true;
  const turn = () => {
    count += 1;
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  await act();
  on = false;
  const { user, system } = process.cpuUsage(before);
  return { count, ms: (user + system) / 1000 };
}

test('slices: the event loop goes on during searches, whether at once, one after the other or in one call', async () => {
  const { store, queries } = await large();
  const right = (found) => found.forEach((hits, i) => assert.deepStrictEqual([hits.length, hits[0]], [5, { id: i, score: 0 }]));
  for (const act of [async () => right(await Promise.all(queries.map((query) => store.search(query, 5)))),
    async () => right(await store.search(queries, 5)),
    async () => { for (const query of queries) await store.search(query, 5); }]) {
    const { count, ms } = await turns(act);
    assert.ok(ms > 5 && count >= ms / 10, `${count} turns in ${ms} ms`);
  }
});

test('slices: thousands of short searches at once leave room, too', async () => {
  const store = new JSVectorStorage({ dimension: D, metric: 'ip' }), rows = rowsOf(200, D);
  await store.add(Array.from({ length: 200 }, (_, i) => i), rows);
  const { count, ms } = await turns(() => Promise.all(Array.from({ length: 4000 }, () => store.search(rows.subarray(0, D), 3))));
  assert.ok(ms > 5 && count >= ms / 10, `${count} turns in ${ms} ms`);
});

test('slices: a scan in steps finds what one in one go finds', () => {
  const d = 7, n = 500, rows = rowsOf(n, d).map((value) => Math.round(value * 2)), query = rowsOf(1, d, 5);
  const inverse = Float64Array.from({ length: n }, (_, i) => 1 / (i + 1));
  for (const metric of ['ip', 'l2', 'cosine']) {
    for (const k of [0, 1, 10, 499, 600]) {
      const whole = exact.search(rows, inverse, n, d, metric, query, k);
      for (const step of [1, 37, 500, 5000]) {
        const scan = new exact.Scan(d, metric, query, Math.min(k, n)), piece = { rows, inverse, start: 0, inverseWide: 1 };
        for (let at = 0; at < n; at += step) scan.compare(piece, d, at, Math.min(n, at + step));
        assert.deepStrictEqual(scan.found(), whole);
      }
    }
  }
});

test('slices: a search does not see what is added while it goes on', async () => {
  const { store, queries } = await large();
  const busy = queries.map((query) => store.search(query, 2)), early = store.search(queries[3], 2);
  await store.add([COUNT + 3], [queries[3]]);
  const late = store.search(queries[3], 2);
  assert.deepStrictEqual((await early)[0], { id: 3, score: 0 });
  assert.notStrictEqual((await early)[1].score, 0);
  assert.deepStrictEqual((await late).map((hit) => hit.id), [3, COUNT + 3]);
  await Promise.all(busy);
});

test('slices: a call of many queries does not keep others waiting till its end', async () => {
  const { store, queries } = await large();
  let over = false;
  const many = store.search([...queries, ...queries, ...queries], 5).then(() => { over = true; });
  await store.search(queries[0], 5);
  assert.strictEqual(over, false);
  await many;
});

test('slices: close() ends searches that are under way', async () => {
  const { store, queries } = await large();
  const pending = queries.map((query) => store.search(query, 5).then(() => 'answered', (error) => error));
  await store.close();
  const found = (await Promise.all(pending)).filter((one) => one !== 'answered');
  assert.ok(found.length > 30);
  for (const error of found) assert.ok(error.constructor === FaissFleetError && error.code === 'CLOSED', error.stack);
});

test('slices: one that fails does not stop the others', async () => {
  const steps = [];
  const job = (name, count) => inSlices(() => {
    steps.push(name);
    if (name === 'b') throw new Error('b fails');
    count -= 1;
    return count ? undefined : 'done';
  });
  const all = await Promise.allSettled([job('a', 3), job('b', 1), job('c', 2)]);
  assert.deepStrictEqual([all.map((one) => one.status), steps.sort().join('')], [['fulfilled', 'rejected', 'fulfilled'], 'aaabcc']);
});
