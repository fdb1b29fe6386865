// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// What a store is made with.
const fs = require('fs');
const path = require('path');
const { assert, JSVectorStorage, VectorStorage, InputError } = require('./help');

const BAD = [
  { metric: 'hamming' }, { metric: 'constructor' }, { dimension: 0 }, { dimension: 1.5 }, { dimension: '3' }, { dimension: 1e9 },
  { callTimeout: 0 }, { startTimeout: '60' }, { restartWindow: NaN }, { callTimeout: Infinity }, { callTimeout: 1e8 }, { threads: -1 },
  { threads: 1.5 }, { threads: '1' }, { fallback: 0 }, { fallback: 'false' }, { index: 'annoy' }, { socket: 5 }, { socket: '' },
  { socket: '/a\0b' }, { setting: 5 }, { setting: '' }, { setting: '/a\0b' }, { setting: true },
  'x', 5, null, [], true,
];
for (const [number, given] of BAD.entries()) {
  for (const Kind of [VectorStorage, JSVectorStorage]) {
    test(`options: number ${number}, ${JSON.stringify(given)}, is refused by ${Kind.name}`, () => {
      assert.throws(() => new Kind(given), (error) => {
        assert.ok(error instanceof InputError && error.remedy && ['BAD_ARGUMENT', 'BAD_DIMENSION'].includes(error.code), error.stack);
        return true;
      });
    });
  }
}

for (const [written, meant] of [['metrik', 'metric'], ['Metric', 'metric'], ['dim', 'dimension'], ['dimensions', 'dimension'],
  ['call_timeout', 'callTimeout'], ['start_timeout', 'startTimeout'], ['numThreads', 'threads'], ['settings', 'setting'],
  ['fallBack', 'fallback'], ['toString', 'setting'], ['__proto', null]]) {
  test(`options: ${written} is unknown, and what is known is told`, () => {
    assert.throws(() => new VectorStorage({ [written]: 'l2' }), (error) => {
      assert.ok(error instanceof InputError && error.code === 'BAD_ARGUMENT', error.stack);
      assert.ok(error.message.includes(written));
      if (meant !== null) assert.ok(error.remedy.startsWith(`Is ${meant} meant?`), error.remedy);
      for (const name of ['metric', 'restartWindow', 'socket']) assert.ok(error.remedy.includes(name));
      return true;
    });
  });
}

test('options: what is undefined or null is as if it were not given', () => {
  for (const nothing of [undefined, null]) {
    const given = {};
    for (const name of ['metric', 'dimension', 'setting', 'fallback', 'startTimeout', 'callTimeout', 'restartWindow', 'threads',
      'index', 'socket']) given[name] = nothing;
    assert.deepStrictEqual(new VectorStorage(given).options, new VectorStorage().options);
  }
  assert.strictEqual(new VectorStorage().options.threads, 1);
});

test('options: the page that a remedy names is in the package', () => {
  const { remedy } = new InputError('BAD_ARGUMENT', 'x'), root = path.join(__dirname, '..');
  const pages = remedy.match(/[\w./-]+\.(md|d\.ts)/g);
  assert.ok(pages.length && pages.every((page) => fs.existsSync(path.join(root, page))), remedy);
});
