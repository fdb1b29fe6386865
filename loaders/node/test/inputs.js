// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
const { assert, JSVectorStorage, InputError, FaissFleetError, refused } = require('./help');

async function three(metric = 'l2') {
  const store = new JSVectorStorage({ metric });
  await store.add([1, 2, 3], [[1, 0], [0, 2], [3, 3]]);
  return store;
}

const BAD = [
  ['a vector of another dimension', 'BAD_DIMENSION', (s) => s.add([9], [[1, 2, 3]])],
  ['an empty vector', 'BAD_DIMENSION', (s) => s.add([9], [[]])],
  ['one NaN', 'BAD_VALUE', (s) => s.add([9, 10], [[1, 1], [NaN, 1]])],
  ['infinity', 'BAD_VALUE', (s) => s.add([9], [[1, Infinity]])],
  ['more than float32 holds', 'BAD_VALUE', (s) => s.add([9], [[1, 1e39]])],
  ['text for a number', 'BAD_VALUE', (s) => s.add([9], [[1, '2']])],
  ['a hole', 'BAD_VALUE', (s) => s.add([9], [[1, undefined]])],
  ['a vector too long for its square', 'BAD_VALUE', (s) => s.add([9], [[1e19, 1e19]])],
  ['an id beyond 2^53', 'BAD_ID', (s) => s.add([2 ** 53], [[1, 1]])],
  ['a BigInt beyond 2^53', 'BAD_ID', (s) => s.add([2n ** 53n], [[1, 1]])],
  ['a negative id', 'BAD_ID', (s) => s.add([-1], [[1, 1]])],
  ['a fraction for an id', 'BAD_ID', (s) => s.add([1.5], [[1, 1]])],
  ['text for an id', 'BAD_ID', (s) => s.add(['9'], [[1, 1]])],
  ['an id that is there', 'DUPLICATE_ID', (s) => s.add([9, 2], [[1, 1], [1, 1]])],
  ['an id twice in a call', 'DUPLICATE_ID', (s) => s.add([9, 9], [[1, 1], [1, 1]])],
  ['fewer ids than vectors', 'BAD_ARGUMENT', (s) => s.add([9], [[1, 1], [1, 1]])],
  ['no list of vectors', 'BAD_ARGUMENT', (s) => s.add([9], 'text')],
  ['no ids at all', 'BAD_ARGUMENT', (s) => s.add(undefined, [[1, 1]])],
  ['half a row', 'BAD_DIMENSION', (s) => s.add([9], new Float32Array(3))],
  ['a query of another dimension', 'BAD_DIMENSION', (s) => s.search([1, 2, 3], 1)],
  ['a query with NaN', 'BAD_VALUE', (s) => s.search([1, NaN], 1)],
  ['k of 0', 'BAD_K', (s) => s.search([1, 1], 0)],
  ['k that is no whole number', 'BAD_K', (s) => s.search([1, 1], 1.5)],
  ['a query that is none', 'BAD_ARGUMENT', (s) => s.search('x', 1)],
  ['null for a query', 'BAD_ARGUMENT', (s) => s.search(null, 1)],
];
for (const [what, code, act] of BAD) {
  test(`inputs: ${what} is refused, and nothing is added`, async () => {
    const store = await three();
    const error = await refused(() => act(store), code, InputError);
    assert.ok(error.remedy && error.message.endsWith(error.remedy), error.message);
    assert.strictEqual(store.count, 3);
    assert.deepStrictEqual((await store.search([1, 0], 9)).map((hit) => hit.id), [1, 2, 3]);
    await store.add([9], [[1, 1]]);
    assert.strictEqual(store.count, 4);
  });
}

test('inputs: a vector of length 0 has no cosine', async () => {
  const store = await three('cosine');
  await refused(() => store.add([9], [[0, 0]]), 'BAD_VALUE', InputError);
  await refused(() => store.search([0, 0], 1), 'BAD_VALUE', InputError);
});

test('inputs: k beyond count gives all there are', async () => {
  const store = await three();
  assert.strictEqual((await store.search([1, 0], 1000000)).length, 3);
});

test('inputs: an empty store finds nothing', async () => {
  const store = new JSVectorStorage();
  assert.deepStrictEqual(await store.search([1, 2], 3), []);
  assert.deepStrictEqual(await store.search([[1, 2], [3, 4]], 3), [[], []]);
  await store.add([], []);
  assert.strictEqual(store.count, 0);
});

test('inputs: no queries have no answers', async () => {
  assert.deepStrictEqual(await (await three()).search([], 3), []);
});

test('inputs: typed arrays, BigInt ids and one array of all rows', async () => {
  const store = new JSVectorStorage({ metric: 'ip', dimension: 2 });
  await store.add([7n, 8n], Float32Array.from([1, 2, 3, 4]));
  await store.add(BigInt64Array.from([9n]), [Float64Array.from([5, 6])]);
  await store.add(Uint32Array.from([10]), [[0, 1]]);
  assert.deepStrictEqual((await store.search(Float32Array.from([1, 0]), 4)).map((hit) => hit.id), [9, 8, 7, 10]);
});

test('inputs: equal scores come in the order of adding', async () => {
  const store = new JSVectorStorage({ metric: 'l2' });
  const ids = Array.from({ length: 50 }, (_, i) => 100 - i);
  await store.add(ids, ids.map(() => [1, 1]));
  assert.deepStrictEqual((await store.search([0, 0], 7)).map((hit) => hit.id), ids.slice(0, 7));
});

test('inputs: very short and very long vectors keep their direction', async () => {
  const store = new JSVectorStorage({ metric: 'cosine' });
  await store.add([1, 2, 3], [[1e-30, 0], [0, 1e30], [1e-40, 1e-40]]);
  const found = await store.search([1e-35, 1e-35], 3);
  assert.strictEqual(found[0].id, 3);
  assert.ok(Math.abs(found[0].score - 1) < 1e-4 && Math.abs(found[1].score - Math.SQRT1_2) < 1e-4);
});

test('inputs: a closed store says so', async () => {
  const store = await three();
  await store.close();
  await store.close();
  for (const act of [() => store.add([5], [[1, 1]]), () => store.search([1, 1]), () => store.save('/x'), () => store.load('/x'),
    () => store.ready()]) await refused(act, 'CLOSED', FaissFleetError);
});

test('inputs: the largest and smallest ids come back', async () => {
  const store = new JSVectorStorage({ metric: 'l2' });
  await store.add([Number.MAX_SAFE_INTEGER, 0], [[1], [2]]);
  assert.deepStrictEqual((await store.search([1], 2)).map((hit) => hit.id), [Number.MAX_SAFE_INTEGER, 0]);
});
