// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
const fs = require('fs');
const path = require('path');
const { assert, VectorStorage, SettingError, BackendError, folder, refused, events } = require('./help');

function file(text) {
  const made = path.join(folder(), 'backend.json');
  fs.writeFileSync(made, text);
  return made;
}

const runtime = { kind: 'python', argv: ['/usr/bin/env'], env: {}, prefix: null };
const faiss = (change) => JSON.stringify({ schema: 1, backend: 'faiss', runtime: { ...runtime, ...change } });
const BAD = [
  ['missing', () => '/nowhere/backend.json', 'SETTING_MISSING'],
  ['a folder', () => folder(), 'SETTING_UNREADABLE'],
  ['empty', () => file(''), 'SETTING_MALFORMED'],
  ['no JSON', () => file('{"schema": 1,'), 'SETTING_MALFORMED'],
  ['a list', () => file('[]'), 'SETTING_MALFORMED'],
  ['null', () => file('null'), 'SETTING_MALFORMED'],
  ['of a later schema', () => file('{"schema": 2, "backend": "js"}'), 'SETTING_MALFORMED'],
  ['of an unknown backend', () => file('{"schema": 1, "backend": "gpu"}'), 'SETTING_MALFORMED'],
  ['without a runtime', () => file('{"schema": 1, "backend": "faiss"}'), 'SETTING_MALFORMED'],
  ['with an argv that is text', () => file(faiss({ argv: 'python' })), 'SETTING_MALFORMED'],
  ['with an env of numbers', () => file(faiss({ env: { A: 1 } })), 'SETTING_MALFORMED'],
  ['for a prefix that is gone', () => file(faiss({ prefix: '/opt/faiss-fleet/wheel/gone' })), 'SETTING_STALE'],
  ['for an interpreter that is gone', () => file(faiss({ argv: ['/nowhere/python'] })), 'SETTING_STALE'],
];
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
  await refused(() => new VectorStorage({ setting: file(faiss({ kind: 'wasm' })), fallback: false }).ready(), 'BACKEND_FAILED', BackendError);
});

test('settings: faiss-node that is not installed', async () => {
  const place = folder();
  const setting = file(faiss({ kind: 'node', argv: [process.execPath], env: { NODE_PATH: place } }));
  await refused(() => new VectorStorage({ setting, fallback: false }).ready(), 'BACKEND_FAILED', BackendError);
});
