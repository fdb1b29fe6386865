// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// Calls that overlap, calls that are rejected, and close() among them.
const fs = require('fs');
const path = require('path');
const { assert, VectorStorage, JSVectorStorage, FaissFleetError, InputError, SettingError, BackendError, runtimes, cases, directory,
  settingOf, fake, near, refused } = require('./help');

const BACKENDS = [['js', (options) => new JSVectorStorage(options)]];
runtimes.forEach((runtime, i) => {
  BACKENDS.push([`${runtime.kind} ${i}`, (options) => new VectorStorage({ ...options, setting: settingOf(runtime), fallback: false })]);
});
const idsOf = (hits) => hits.map((hit) => hit.id).sort((one, other) => one - other);

async function fileOf(ids) {
  const file = path.join(directory(), 'vectors.ffv'), store = new JSVectorStorage({ metric: 'l2' });
  await store.add(ids, ids.map((id) => [id, 1]));
  await store.save(file);
  return file;
}

for (const [name, open] of BACKENDS) {
  test(`turns: ${name} carries out add, load and save in the order of the calls`, async () => {
    const file = await fileOf([1, 2]), mine = path.join(directory(), 'mine.ffv');
    const store = open({ metric: 'l2' });
    const row = [9, 9];
    const calls = [store.add([5], [[5, 5]]), store.load(file), store.add([77], [row]), store.save(mine), store.add([78], [[3, 3]])];
    row[0] = NaN;                                       // its owner uses it again
    const found = store.search([0, 0], 10);
    await Promise.all(calls);
    assert.deepStrictEqual(idsOf(await found), [1, 2, 77, 78]);
    assert.deepStrictEqual([store.count, idsOf(await store.search([0, 0], 10))], [4, [1, 2, 77, 78]]);
    await store.load(mine);
    assert.deepStrictEqual((await store.search([9, 9], 1)), [{ id: 77, score: 0 }]);
    assert.strictEqual(store.count, 3);
    await store.close();
  });

  test(`turns: ${name} answers a search from what was there when it was called`, async () => {
    const store = open({ metric: 'l2' });
    await store.add([1, 2], [[1, 1], [2, 2]]);
    for (let i = 10; i < 20; i++) {
      const before = store.count;
      const [early, , late] = await Promise.all([store.search([1, 1], 50), store.add([i], [[1, 1]]), store.search([1, 1], 50)]);
      assert.deepStrictEqual([early.length, late.length], [before, before + 1]);
      assert.ok(late.some((hit) => hit.id === i) && !early.some((hit) => hit.id === i));
    }
    await store.close();
  });

  test(`turns: ${name} goes on after a call that was refused in between`, async () => {
    const store = open({ metric: 'l2' });
    await store.ready();
    const all = await Promise.allSettled([store.add([1], [[1, 1]]), store.add([1], [[2, 2]]), store.load('/nowhere/at/all'),
      store.add([2], [[1, 1, 1]]), store.save('/nowhere/at/all'), store.add([3], [[3, 3]])]);
    assert.deepStrictEqual(all.map((one) => one.reason && one.reason.code), [undefined, 'DUPLICATE_ID', 'FILE_IO', 'BAD_DIMENSION', 'FILE_IO', undefined]);
    assert.deepStrictEqual(idsOf(await store.search([0, 0], 10)), [1, 3]);
    await store.close();
  });

  test(`turns: ${name} rejects what is under way at close() as closed, but for saves`, async () => {
    const store = open({ metric: 'l2' });
    await store.add(cases.ids, cases.vectors);
    const file = path.join(directory(), 'vectors.ffv');
    const calls = [store.save(file), store.add([99999], [cases.vectors[0]]), store.load(file), store.save(file),
      ...cases.queries.map((query) => store.search(query, 10))];
    const closing = store.close();
    calls.push(store.add([5], [[1]]), store.save(file), store.ready());
    const found = await Promise.allSettled(calls);
    await closing;
    assert.deepStrictEqual([found[0].status, found[3].status], ['fulfilled', 'fulfilled']);
    for (const { status, reason } of found) {
      if (status === 'rejected') assert.ok(reason.constructor === FaissFleetError && reason.code === 'CLOSED' && reason.remedy, reason.stack);
    }
    for (const at of [1, 2, found.length - 1, found.length - 2, found.length - 3]) assert.strictEqual(found[at].status, 'rejected');
    const reader = new JSVectorStorage();
    await reader.load(file);
    assert.strictEqual(reader.count, cases.ids.length);
  });

  test(`turns: ${name} may be closed while it is opened`, async () => {
    const file = await fileOf([1, 2]);
    for (const act of [(store) => store.add([1], [[1, 2]]), (store) => store.ready(), (store) => store.load(file),
      (store) => store.search([1, 2])]) {
      const store = open({ dimension: 2, metric: 'l2' });
      const pending = act(store).then(() => null, (error) => error);
      await Promise.all([store.close(), store.close()]);
      const error = await pending;
      assert.ok(error === null || (error.constructor === FaissFleetError && error.code === 'CLOSED'), error && error.stack);
    }
  });
}

test('turns: an add() without a backend has not happened, and may be tried again', async () => {
  const place = path.join(directory(), 'backend.json');
  const store = new VectorStorage({ setting: place, fallback: false, metric: 'l2' });
  for (let i = 0; i < 2; i++) {
    await refused(() => store.add([1], [[1, 2]]), 'SETTING_MISSING', SettingError);
    assert.deepStrictEqual([store.count, store.dimension], [0, null]);
  }
  const file = await fileOf([4, 5]);
  await refused(() => store.load(file), 'SETTING_MISSING', SettingError);
  assert.deepStrictEqual([store.count, store.dimension], [0, null]);
  fs.writeFileSync(place, '{"schema": 1, "backend": "js"}');
  await store.add([1], [[1, 2]]);
  assert.strictEqual(store.count, 1);
  await store.load(file);
  assert.strictEqual(store.count, 2);
});

test('turns: an add() or load() that no worker takes has not happened', async () => {
  const { runtime } = fake('miscounts');
  const store = new VectorStorage({ setting: settingOf(runtime), metric: 'l2', dimension: 2, fallback: false });
  const file = await fileOf([4, 5]);
  for (const act of [() => store.add([1, 2], [[1, 2], [3, 4]]), () => store.load(file), () => store.add([1], [[1, 2]])]) {
    const error = await refused(act, 'WORKER_NONSENSE', BackendError);
    assert.ok(error.remedy);
    assert.strictEqual(store.count, 0);
  }
  await store.close();
});

test('turns: what was there before a refused add() is found afterwards, and the new ids are free', async () => {
  let fails = false;
  class Failing extends JSVectorStorage {
    async _choose() {
      const backend = await super._choose();
      if (fails) backend.sync = async () => { throw new BackendError('BACKEND_FAILED', 'It is to fail.'); };
      return backend;
    }

    async _replace(backend, error) {
      backend.close();
      this._backend = null;
      throw error;
    }
  }
  const store = new Failing({ metric: 'l2' });
  await store.add([1, 2], [[1, 1], [2, 2]]);
  const backend = store._backend;
  backend.sync = async () => { throw new BackendError('BACKEND_FAILED', 'It is to fail.'); };
  fails = true;
  const first = store._store;
  await refused(() => store.add([3, 4], [[3, 3], [4, 4]]), 'BACKEND_FAILED', BackendError);
  assert.strictEqual(store.count, 2);
  assert.notStrictEqual(store._store, first);
  assert.deepStrictEqual(idsOf(await store.search([0, 0], 9)), [1, 2]);
  fails = false;
  store._backend = store._opening = null;
  await store.add([4], [[5, 5]]);
  assert.deepStrictEqual(await store.search([5, 5], 1), [{ id: 4, score: 0 }]);
  await refused(() => store.add([4], [[5, 5]]), 'DUPLICATE_ID', InputError);
});

test('turns: what cannot be is refused before a backend is started', async () => {
  const { runtime, starts } = fake('die');
  const store = new VectorStorage({ setting: settingOf(runtime), metric: 'l2', fallback: false });
  await refused(() => store.add([1], [[1, NaN]]), 'BAD_VALUE', InputError);
  await refused(() => store.add([1, 1], [[1, 2], [3, 4]]), 'DUPLICATE_ID', InputError);
  await refused(() => store.load('/nowhere/at/all'), 'FILE_IO');
  await store.add([], []);
  assert.deepStrictEqual([starts(), store.count], [0, 0]);
  await store.close();
});

test('turns: a listener that throws does not leave half a call behind', async () => {
  const store = new VectorStorage({ setting: '/nowhere/backend.json' });
  store.once('fallback', () => { throw new Error('the listener\'s'); });
  await assert.rejects(() => store.add([1], [[1, 2]]), /the listener's/);
  assert.strictEqual(store.count, 0);
  await store.add([1], [[1, 2]]);
  near(await store.search([1, 2], 1), [{ id: 1, score: 1 }]);
});
