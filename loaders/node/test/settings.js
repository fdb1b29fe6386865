// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { assert, VectorStorage, SettingError, BackendError, directory, refused, events } = require('./help');

function file(text) {
  const made = path.join(directory(), 'backend.json');
  fs.writeFileSync(made, text);
  return made;
}

function pipe() {
  const made = path.join(directory(), 'backend.json');
  execFileSync('mkfifo', [made]);
  return made;
}

function grown(made, size) {
  fs.truncateSync(made, size);
  return made;
}

const runtime = { kind: 'python', argv: ['/usr/bin/env'], env: {}, prefix: null };
const faiss = (change) => ({ schema: 1, backend: 'faiss', runtime: { ...runtime, ...change } });
const MALFORMED = [
  ['a list', []],
  ['an object of nothing', {}],
  ['of a later schema', { schema: 2, backend: 'js' }],
  ['of a schema in text', { schema: '1', backend: 'js' }],
  ['of an unknown backend', { schema: 1, backend: 'cuda' }],
  ['without a runtime', { schema: 1, backend: 'faiss' }],
  ['with null for a runtime', { schema: 1, backend: 'faiss', runtime: null }],
  ['with text for a runtime', { schema: 1, backend: 'faiss', runtime: 'python' }],
  ['with a list for a runtime', { schema: 1, backend: 'faiss', runtime: [] }],
  ['with no kind', faiss({ kind: undefined })],
  ['with an argv that is text', faiss({ argv: 'python' })],
  ['with an empty argv', faiss({ argv: [] })],
  ['with an argv of numbers', faiss({ argv: [1] })],
  ['with a NUL in its argv', faiss({ argv: ['/usr/bin/env\0'] })],
  ['with an env of numbers', faiss({ env: { A: 1 } })],
  ['with an env of null', faiss({ env: null })],
  ['with a list for an env', faiss({ env: ['A'] })],
  ['with a NUL in its env', faiss({ env: { A: 'b\0c' } })],
  ['with a number for a prefix', faiss({ prefix: 5 })],
  ['with a number for a socket', { ...faiss({}), socket: 5 }],
  ['with a NUL in its socket', { ...faiss({}), socket: '/run/a\0' }],
];
const BAD = [
  ['missing', () => '/nowhere/backend.json', 'SETTING_MISSING'],
  ['a directory', () => directory(), 'SETTING_UNREADABLE'],
  ['a pipe', pipe, 'SETTING_UNREADABLE'],
  ['huge', () => grown(file('{}'), 1 << 30), 'SETTING_UNREADABLE'],
  ['empty', () => file(''), 'SETTING_MALFORMED'],
  ['no JSON', () => file('{"schema": 1,'), 'SETTING_MALFORMED'],
  ['null', () => file('null'), 'SETTING_MALFORMED'],
  ['for a prefix that is gone', () => file(JSON.stringify(faiss({ prefix: '/opt/faiss-fleet/wheel/gone' }))), 'SETTING_STALE'],
  ['for an interpreter that is gone', () => file(JSON.stringify(faiss({ argv: ['/nowhere/python'] }))), 'SETTING_STALE'],
];
for (const [what, content] of MALFORMED) {
  BAD.push([what, () => file(JSON.stringify(content)), 'SETTING_MALFORMED']);
  BAD.push([`${what}, given as an object,`, () => content, 'SETTING_MALFORMED']);
}
for (const [what, make, code] of BAD) {
  test(`settings: one that is ${what} means JavaScript, and why is told`, async () => {
    const place = make();
    const store = new VectorStorage({ setting: place });
    const seen = events(store);
    await store.add([1, 2], [[1, 0], [0, 1]]);
    assert.deepStrictEqual((await store.search([1, 0], 1)).map((hit) => hit.id), [1]);
    assert.strictEqual(store.backend, 'js');
    assert.deepStrictEqual(seen.map(([name]) => name), ['fallback']);
    assert.ok(seen[0][1].error instanceof SettingError && seen[0][1].error.code === code, seen[0][1].error.stack);
    assert.ok(seen[0][1].error.remedy.includes('audit.yml'));
    assert.strictEqual(store.why, seen[0][1].error.message);
    await refused(() => new VectorStorage({ setting: place, fallback: false }).ready(), code, SettingError);
  });
}

test('settings: js is what it says, with one warning', async () => {
  await new Promise(setImmediate);         // those of the tests before
  const warnings = [];
  const listen = (warning) => warnings.push(warning);
  process.on('warning', listen);
  const store = new VectorStorage({ setting: file('{"schema": 1, "backend": "js", "because": "glibc is 2.12"}'), fallback: false });
  const seen = events(store);
  await store.add([1], [[1, 0]]);
  await store.search([1, 0]);
  await store.search([1, 0]);
  await new Promise(setImmediate);
  process.removeListener('warning', listen);
  assert.strictEqual(store.why, 'glibc is 2.12');
  assert.strictEqual(seen[0][1].error, null);
  assert.deepStrictEqual(warnings.map(({ name, code }) => [name, code]), [['FaissFleetWarning', 'SETTING_SAYS_JS']]);
});

test('settings: FAISS_FLEET_SETTING is where it is looked for', async () => {
  const before = process.env.FAISS_FLEET_SETTING;
  process.env.FAISS_FLEET_SETTING = file('{"schema": 1, "backend": "js", "because": "by the environment"}');
  try {
    assert.strictEqual((await new VectorStorage().ready()).why, 'by the environment');
  } finally {
    if (before === undefined) delete process.env.FAISS_FLEET_SETTING;
    else process.env.FAISS_FLEET_SETTING = before;
  }
});

test('settings: a runtime of an unknown kind', async () => {
  await refused(() => new VectorStorage({ setting: faiss({ kind: 'wasm' }), fallback: false }).ready(), 'BACKEND_FAILED', BackendError);
});

test('settings: faiss-node that is not installed', async () => {
  const place = directory();
  const setting = faiss({ kind: 'node', argv: [process.execPath], env: { NODE_PATH: place } });
  await refused(() => new VectorStorage({ setting, fallback: false }).ready(), 'BACKEND_FAILED', BackendError);
});

// A faiss-node as far as a flat index goes, which remembers how many threads it was loaded for.
const ADDON = `
exports.loadedWith = process.env.OMP_NUM_THREADS;
exports.IndexFlatL2 = class { add() {} search(query, k) { return { labels: Array.from({ length: k }, (_, i) => i), distances: new Array(k).fill(0) }; } };
exports.MetricType = {};`;

for (const [given, expected] of [[{}, '1'], [{ threads: 4 }, '4'], [{ threads: 0 }, 'seven']]) {
  test(`settings: faiss-node gets ${JSON.stringify(given)} of threads`, async () => {
    const place = path.join(directory(), 'node_modules'), before = process.env.OMP_NUM_THREADS;
    fs.mkdirSync(path.join(place, 'faiss-node'), { recursive: true });
    fs.writeFileSync(path.join(place, 'faiss-node', 'package.json'), '{"name": "faiss-node", "version": "0.5.1", "main": "index.js"}');
    fs.writeFileSync(path.join(place, 'faiss-node', 'index.js'), ADDON);
    const setting = faiss({ kind: 'node', argv: [process.execPath], env: { NODE_PATH: place } });
    process.env.OMP_NUM_THREADS = 'seven';
    try {
      const store = new VectorStorage({ setting, metric: 'l2', fallback: false, ...given });
      await store.add([8], [[1, 2]]);
      assert.deepStrictEqual(await store.search([1, 2], 1), [{ id: 8, score: 0 }]);
      assert.strictEqual(store.backend, 'faiss-node');
      assert.strictEqual(require(path.join(place, 'faiss-node')).loadedWith, expected);
      assert.strictEqual(process.env.OMP_NUM_THREADS, 'seven');
    } finally {
      if (before === undefined) delete process.env.OMP_NUM_THREADS;
      else process.env.OMP_NUM_THREADS = before;
    }
  });
}
