// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { Store } = require('../lib/store');
const { assert, VectorStorage, JSVectorStorage, runtimes, cases, directory, settingOf, near } = require('./help');

const BACKENDS = [['js', (options) => new JSVectorStorage(options)]];
runtimes.forEach((runtime, i) => {
  BACKENDS.push([`${runtime.kind} ${i}`, (options) => new VectorStorage({ ...options, setting: settingOf(runtime), fallback: false })]);
});

for (const [name, open] of BACKENDS) {
  for (const metric of ['cosine', 'ip', 'l2']) {
    (metric === 'ip' ? slow : test)(`backends: ${name} answers as expected, ${metric}`, async () => {
      const store = open({ metric });
      await store.add(cases.ids.slice(0, 100), cases.vectors.slice(0, 100));
      await store.search(cases.queries[0], 1);
      await store.add(cases.ids.slice(100), cases.vectors.slice(100));
      for (const k of cases.ks) {
        const all = await store.search(cases.queries, k);
        all.forEach((found, i) => near(found, cases.expected[metric][i].slice(0, k)));
        for (let i = 0; i < cases.queries.length; i++) near(await store.search(cases.queries[i], k), all[i]);
      }
      const every = await store.search(cases.queries[0], 10000);
      assert.deepStrictEqual(every.map((hit) => hit.id).sort(), [...cases.ids].sort());
      const file = path.join(directory(), 'vectors.ffv');
      await store.save(file);
      const other = open();
      await other.load(file);
      near(await other.search(cases.queries[3], 10), cases.expected[metric][3]);
      await Promise.all([store.close(), other.close()]);
    });
  }

  test(`backends: ${name} takes calls that overlap`, async () => {
    const store = open({ metric: 'ip', dimension: 19 });
    const adds = cases.ids.map((id, i) => store.add([id], [cases.vectors[i]]));
    const early = cases.queries.map((query) => store.search(query, 5));
    await Promise.all([...adds, ...early]);
    const found = await Promise.all(cases.queries.map((query) => store.search(query, 10)));
    found.forEach((hits, i) => near(hits, cases.expected.ip[i]));
    await store.close();
  });

  test(`backends: ${name} answers from the store that a search began with, though another is on its way`, async () => {
    const store = open({ metric: 'l2' });
    await store.add([1, 2], [[0, 0], [5, 5]]);
    const first = store._store, backend = store._backend, second = new Store(2, 'l2');
    second.add([3, 4, 5], [[9, 9], [5, 5], [0, 0]]);
    await backend.search(first, Float32Array.of(0, 0), 1, 1);
    const calls = [backend.sync(second), backend.search(first, Float32Array.of(5, 5), 1, 1),
      backend.search(second, Float32Array.of(0, 0), 1, 1), backend.search(first, Float32Array.of(0, 0), 1, 2)];
    const [, [one], [two], [three]] = await Promise.all(calls);
    assert.deepStrictEqual([[...one.positions], [...two.positions], [...three.positions]], [[1], [2], [0, 1]]);
    await store.close();
  });

  test(`backends: ${name} loads over what it had`, async () => {
    const store = open({ metric: 'l2' });
    await store.add([5], [cases.queries[0]]);
    const file = path.join(directory(), 'vectors.ffv');
    await store.save(file);
    await store.add([6], [cases.queries[1]]);
    await store.load(file);
    assert.strictEqual(store.count, 1);
    assert.deepStrictEqual(await store.search(cases.queries[0], 9), [{ id: 5, score: 0 }]);
    await store.close();
  });
}

runtimes.filter((runtime) => runtime.kind !== 'node').forEach((runtime, i) => {
  test(`backends: an application that forgets close() ends, ${runtime.kind} ${i}`, () => {
    const file = path.join(directory(), 'forgets.js');
    fs.writeFileSync(file, `const { VectorStorage } = require(${JSON.stringify(path.join(__dirname, '..'))});
      (async () => {
        const store = new VectorStorage({ setting: ${JSON.stringify(settingOf(runtime))}, fallback: false });
        await store.add([1], [[1, 2]]);
        console.log((await store.search([1, 2], 1))[0].id, store.backend);
      })();`);
    const said = execFileSync(process.execPath, [file], { timeout: 60000, encoding: 'utf8' });
    assert.strictEqual(said, '1 worker\n');
  });
});

test('backends: the same names by import', () => {
  const file = path.join(directory(), 'app.mjs');
  const index = path.join(__dirname, '..', 'index.mjs');
  fs.writeFileSync(file, `import * as loader from ${JSON.stringify(index)};
    const store = new loader.JSVectorStorage();
    await store.add([1], [[1, 2]]);
    console.log(Object.keys(loader).sort().join());`);
  const names = execFileSync(process.execPath, [file], { timeout: 60000, encoding: 'utf8' }).trim();
  assert.strictEqual(names, Object.keys(require('..')).sort().join());
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', null]) {
  test(`backends: these tests leave no directory behind when they end by ${signal || 'themselves'}`, async () => {
    const child = spawn(process.execPath, ['-e', `
      const { directory } = require(${JSON.stringify(path.join(__dirname, 'help.js'))});
      console.log(directory() + ' ' + directory());
      ${signal ? 'setInterval(() => {}, 1000);' : ''}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => { child.on('close', resolve); });
    const said = String(await new Promise((resolve) => { child.stdout.once('data', resolve); })).trim();
    if (signal) child.kill(signal);
    assert.strictEqual(await ended, { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, null: 0 }[signal]);
    const [first, second] = said.split(' ');
    assert.ok(second && path.dirname(first) === path.dirname(second) && !fs.existsSync(path.dirname(first)), said);
  });
}
