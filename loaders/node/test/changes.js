// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// delete(), update(), clear() and what is there, over every backend.
const path = require('path');
const { assert, VectorStorage, JSVectorStorage, InputError, runtimes, directory, settingOf, refused } = require('./help');

const BACKENDS = [['js', (options) => new JSVectorStorage(options)]];
runtimes.forEach((runtime, i) => {
  BACKENDS.push([`${runtime.kind} ${i}`, (options) => new VectorStorage({ ...options, setting: settingOf(runtime), fallback: false })]);
});
const idsOf = (hits) => hits.map((hit) => hit.id);

for (const [name, open] of BACKENDS) {
  test(`changes: ${name} deletes, updates and clears`, async () => {
    const store = open({ metric: 'l2' });
    await store.add([1, 2, 3, 4], [[1, 0], [2, 0], [3, 0], [4, 0]]);
    assert.strictEqual(await store.delete([2, 99, 2n]), 1);
    assert.deepStrictEqual([store.count, store.ids(), store.has(2), store.has(3), store.get(2)], [3, [1, 3, 4], false, true, null]);
    assert.deepStrictEqual(idsOf(await store.search([1.9, 0], 10)), [1, 3, 4]);
    await store.update([3], [[-9, 0]]);
    assert.deepStrictEqual([...store.get(3)], [-9, 0]);
    assert.deepStrictEqual(idsOf(await store.search([2, 0], 10)), [1, 4, 3]);
    await refused(() => store.update([1, 77], [[5, 5], [6, 6]]), 'UNKNOWN_ID', InputError);
    await refused(() => store.update([1, 1], [[5, 5], [6, 6]]), 'DUPLICATE_ID', InputError);
    await refused(() => store.update([1], [[5, NaN]]), 'BAD_VALUE', InputError);
    await refused(() => store.delete(5), 'BAD_ARGUMENT', InputError);
    assert.deepStrictEqual([[...store.get(1)], store.count], [[1, 0], 3]);
    await store.add([2], [[2, 0]]);                                   // its id is free again
    const file = path.join(directory(), 'vectors.ffv');
    await store.save(file);
    const other = open({ metric: 'l2' });
    await other.load(file);
    assert.deepStrictEqual([other.ids().sort(), idsOf(await other.search([2, 0], 2))], [[1, 2, 3, 4], [2, 1]]);
    await store.clear();
    assert.deepStrictEqual([store.count, store.ids(), await store.search([1, 0], 3)], [0, [], []]);
    await store.add([7], [[7, 7]]);
    assert.deepStrictEqual(idsOf(await store.search([1, 0], 3)), [7]);
    await Promise.all([store.close(), other.close()]);
  });

  test(`changes: ${name} moves the others together when many are deleted, while searches go on`, async () => {
    const store = open({ metric: 'l2', dimension: 16 }), n = 3000;
    const ids = Array.from({ length: n }, (_, i) => i), vectors = ids.map((id) => new Float32Array(16).fill(id));
    await store.add(ids, vectors);
    const calls = [];
    for (let i = 0; i < 2000; i += 100) {
      calls.push(store.delete(ids.slice(i, i + 100)), store.search(vectors[2500], 3), store.update([2999], [vectors[2999]]));
    }
    const found = await Promise.all(calls);
    for (const hits of found.filter(Array.isArray)) assert.deepStrictEqual([hits[0].id, idsOf(hits).sort()], [2500, [2499, 2500, 2501]]);
    assert.strictEqual(store.count, 1000);
    assert.ok(store._store.count < 1300);
    assert.deepStrictEqual(idsOf(await store.search(vectors[0], 3)), [2000, 2001, 2002]);
    assert.deepStrictEqual([...store.get(2700)], [...vectors[2700]]);
    await store.close();
  });
}
