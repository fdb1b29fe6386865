// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
const fs = require('fs');
const path = require('path');
const { assert, JSVectorStorage, FileError, InputError, FIXTURES, cases, directory, near, refused } = require('./help');
const { byTables, crc32 } = require('../lib/crc32');

const good = fs.readFileSync(path.join(FIXTURES, 'l2.ffv'));

function written(data) {
  const file = path.join(directory(), 'vectors.ffv');
  fs.writeFileSync(file, data);
  return file;
}

function changed(at, value) {
  const data = Buffer.from(good);
  data[at] = value;
  return data;
}

/** As another version might write it. */
function flagged() {
  const data = changed(21, 1);
  data.writeUInt32LE(crc32(data.subarray(0, 36)), 36);
  return data;
}

for (const metric of ['cosine', 'ip', 'l2']) {
  test(`files: ${metric} as described is read, and written again byte for byte`, async () => {
    const store = new JSVectorStorage();
    await store.load(path.join(FIXTURES, `${metric}.ffv`));
    assert.strictEqual(store.count, cases.ids.length);
    assert.strictEqual(store.metric, metric);
    near(await store.search(cases.queries[0], 10), cases.expected[metric][0]);
    const copy = path.join(directory(), 'copy.ffv');
    await store.save(copy);
    assert.ok(fs.readFileSync(copy).equals(fs.readFileSync(path.join(FIXTURES, `${metric}.ffv`))));
    assert.deepStrictEqual(fs.readdirSync(path.dirname(copy)), ['copy.ffv']);
  });
}

const BAD = [
  ['an empty file', Buffer.alloc(0), 'FILE_TRUNCATED'],
  ['five bytes', good.subarray(0, 5), 'FILE_TRUNCATED'],
  ['a cut header', good.subarray(0, 40), 'FILE_TRUNCATED'],
  ['no body', good.subarray(0, 64), 'FILE_TRUNCATED'],
  ['one byte less', good.subarray(0, good.length - 1), 'FILE_TRUNCATED'],
  ['one byte more', Buffer.concat([good, Buffer.alloc(1)]), 'FILE_CORRUPT'],
  ['text', Buffer.from('not a vector file, but long enough to have been one of them, if it were'), 'FILE_FOREIGN'],
  ['a FAISS index', Buffer.concat([Buffer.from('IxF2'), Buffer.alloc(100)]), 'FILE_FOREIGN'],
  ['changed line ends', Buffer.concat([Buffer.from('FFVECT\n'), good.subarray(8)]), 'FILE_FOREIGN'],
  ['a later version', changed(8, 2), 'FILE_VERSION'],
  ['an unknown metric', changed(12, 9), 'FILE_CORRUPT'],
  ['another dimension', changed(16, 18), 'FILE_CORRUPT'],
  ['a number of vectors beyond measure', changed(31, 255), 'FILE_CORRUPT'],
  ['values in what is kept for later', changed(40, 1), 'FILE_VERSION'],
  ['a last byte of the header that says something', changed(63, 128), 'FILE_VERSION'],
  ['flags that the header\'s CRC covers', flagged(), 'FILE_VERSION'],
  ['flags that it does not cover', changed(20, 1), 'FILE_CORRUPT'],
  ['a flipped id', changed(70, 1 ^ good[70]), 'FILE_CORRUPT'],
  ['a flipped value', changed(good.length - 3, 1 ^ good[good.length - 3]), 'FILE_CORRUPT'],
];
for (const [what, data, code] of BAD) {
  test(`files: ${what} is refused and what was in the store stays`, async () => {
    const store = new JSVectorStorage({ metric: 'l2' });
    await store.add([1], [cases.queries[0]]);
    await refused(() => store.load(written(data)), code, FileError);
    assert.deepStrictEqual(await store.search(cases.queries[0], 3), [{ id: 1, score: 0 }]);
  });
}

test('files: a header with unknown values says that a newer version may have written it', async () => {
  const error = await refused(() => new JSVectorStorage().load(written(flagged())), 'FILE_VERSION', FileError);
  assert.ok(error.message.includes('a newer version may have written it') && error.remedy.includes('a newer one'), error.message);
});

for (const place of [undefined, null, 5, '', {}, '/tmp/a\0b']) {
  test(`files: ${JSON.stringify(place)} is no path`, async () => {
    const store = new JSVectorStorage({ dimension: 2 });
    for (const act of [() => store.save(place), () => store.load(place)]) {
      const error = await refused(act, 'BAD_ARGUMENT', InputError);
      assert.ok(error.remedy.includes('path'));
    }
  });
}

test('files: one that is not there', async () => {
  const error = await refused(() => new JSVectorStorage().load('/nowhere/at/all'), 'FILE_IO', FileError);
  assert.strictEqual(error.cause.code, 'ENOENT');
});

test('files: a directory that is not there, and nothing to save', async () => {
  const store = new JSVectorStorage({ dimension: 2 });
  await refused(() => store.save('/nowhere/at/all'), 'FILE_IO', FileError);
  await refused(() => new JSVectorStorage().save('/tmp/x'), 'BAD_DIMENSION', InputError);
});

test('files: an empty store is saved and loaded', async () => {
  const file = path.join(directory(), 'empty.ffv');
  await new JSVectorStorage({ dimension: 3, metric: 'ip' }).save(file);
  const store = new JSVectorStorage();
  await store.load(file);
  assert.deepStrictEqual([store.count, store.dimension, store.metric], [0, 3, 'ip']);
});

test('files: of another dimension or metric than the store has', async () => {
  const file = path.join(FIXTURES, 'l2.ffv');
  await refused(() => new JSVectorStorage({ dimension: 4 }).load(file), 'BAD_DIMENSION', InputError);
  await refused(() => new JSVectorStorage({ metric: 'ip' }).load(file), 'BAD_ARGUMENT', InputError);
});

test('files: a failed save leaves the file from before', async () => {
  const place = directory();
  const file = path.join(place, 'vectors.ffv');
  fs.mkdirSync(file);                                   // cannot be renamed over
  await refused(() => new JSVectorStorage({ dimension: 3 }).save(file), 'FILE_IO', FileError);
  assert.deepStrictEqual(fs.readdirSync(place), ['vectors.ffv']);
});

test('files: the CRC is that of zlib, in parts and by tables', () => {
  const data = Buffer.from('123456789');
  assert.strictEqual(crc32(data), 0xcbf43926);
  assert.strictEqual(byTables(data, 0), 0xcbf43926);
  assert.strictEqual(byTables(data.subarray(4), byTables(data.subarray(0, 4), 0)), 0xcbf43926);
});
