// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// What happens to the file when it is saved: by several at once, with rights of its own, behind a link.
const { execFile } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { assert, JSVectorStorage, FileError, directory, refused } = require('./help');
const indexFile = require('../lib/index-file');

async function of(count, d = 8) {
  const store = new JSVectorStorage({ dimension: d, metric: 'l2' });
  await store.add(Array.from({ length: count }, (_, i) => i), new Float32Array(count * d).fill(count));
  return store;
}

const modeOf = (file) => fs.statSync(file).mode & 0o777;
const write = (bytes) => async (partial) => fs.writeFileSync(partial, bytes);
const linkOf = (file) => [{ file, n: 1, crc: 2 }, { metric: 'l2', d: 2, kind: 2, writer: 'test 1' }];

test('saves: two at once to one path both succeed', async () => {
  const place = directory(), file = path.join(place, 'vectors.ffv');
  const store = await of(1);
  for (let round = 0; round < 50; round++) {
    await Promise.all([store.save(file), store.save(file)]);
    assert.deepStrictEqual(fs.readdirSync(place), ['vectors.ffv']);
  }
});

test('saves: stores that save to one path at once leave the vectors of one of them', async () => {
  const place = directory(), file = path.join(place, 'vectors.ffv');
  const stores = await Promise.all([of(100), of(5000), of(1)]);
  for (let round = 0; round < 10; round++) {
    const reads = [];
    await stores[0].save(file);
    await Promise.all([...stores, ...stores].map(async (store) => {
      await store.save(file);
      const reader = new JSVectorStorage();
      await reader.load(file);
      reads.push(reader.count);
    }));
    assert.ok(reads.length === 6 && reads.every((count) => [100, 5000, 1].includes(count)), String(reads));
  }
  assert.deepStrictEqual(fs.readdirSync(place), ['vectors.ffv']);
});

test('saves: processes of one number, at one time, do not take each other for themselves', async () => {
  const place = directory(), file = path.join(place, 'vectors.ffv'), program = path.join(directory(), 'saver.js');
  // As in containers, where each is process 1, with a clock that does not go on.
  fs.writeFileSync(program, `Object.defineProperty(process, 'pid', { value: 1 });
    Date.now = () => 1;
    const { JSVectorStorage } = require(${JSON.stringify(path.join(__dirname, '..'))});
    (async () => {
      const count = Number(process.argv[2]), store = new JSVectorStorage({ dimension: 8, metric: 'l2' });
      await store.add(Array.from({ length: count }, (_, i) => i), new Float32Array(count * 8).fill(count));
      for (let i = 0; i < 60; i++) await store.save(${JSON.stringify(file)});
      console.log('saved');
    })();`);
  await (await of(10)).save(file);
  let running = 4;
  const savers = [20, 3000, 40, 50].map((count) => new Promise((resolve, reject) => {
    execFile(process.execPath, [program, String(count)], { timeout: 60000 }, (error, said) => {
      running -= 1;
      if (error) reject(error);
      else resolve(said);
    });
  }));
  const all = Promise.all(savers);
  all.catch(() => {});
  while (running) {
    const reader = new JSVectorStorage();
    await reader.load(file);
    assert.ok([10, 20, 3000, 40, 50].includes(reader.count));
  }
  assert.deepStrictEqual(await all, ['saved\n', 'saved\n', 'saved\n', 'saved\n']);
  assert.deepStrictEqual(fs.readdirSync(place), ['vectors.ffv']);
});

test('saves: indexes of one path at once are whole, too', async () => {
  const place = directory(), file = path.join(place, 'vectors.ffv');
  const [link, what] = linkOf(file);
  await (await of(1)).save(file);
  const all = Array.from({ length: 20 }, (_, i) => indexFile.save(link, what, write(Buffer.alloc(1000 * i + 1, i))));
  assert.deepStrictEqual([...new Set(await Promise.all(all))], [true]);
  assert.ok(await indexFile.load(link, what));
  assert.deepStrictEqual(fs.readdirSync(place), ['vectors.ffv', 'vectors.ffv.faiss']);
});

test('saves: the mode of the file stays, a new one follows the umask, an index the vectors', async () => {
  const place = directory(), old = path.join(place, 'old.ffv'), fresh = path.join(place, 'new.ffv');
  const store = await of(3);
  for (const mode of [0o600, 0o664, 0o440]) {
    fs.writeFileSync(old, 'from before');
    fs.chmodSync(old, mode);
    await store.save(old);
    assert.strictEqual(modeOf(old).toString(8), mode.toString(8));
    fs.unlinkSync(old);
  }
  const umask = process.umask(0o027);
  try {
    await store.save(fresh);
  } finally {
    process.umask(umask);
  }
  assert.strictEqual(modeOf(fresh).toString(8), '640');
  fs.chmodSync(fresh, 0o600);
  assert.strictEqual(await indexFile.save(...linkOf(fresh), write('index')), true);
  assert.strictEqual(modeOf(indexFile.pathOf(fresh)).toString(8), '600');
});

if (process.geteuid() === 0) {
  test('saves: the owner of the file stays', async () => {
    const file = path.join(directory(), 'vectors.ffv');
    fs.writeFileSync(file, '');
    fs.chownSync(file, 1234, 2345);
    await (await of(3)).save(file);
    const { uid, gid } = fs.statSync(file);
    assert.deepStrictEqual([uid, gid], [1234, 2345]);
  });
}

test('saves: what a symbolic link leads to is written, there or not, and the link stays', async () => {
  const place = directory(), other = directory();
  const store = await of(3);
  fs.writeFileSync(path.join(other, 'there.ffv'), '');
  for (const [link, aim, end] of [['a', path.join(other, 'there.ffv'), path.join(other, 'there.ffv')],
    ['b', path.join(other, 'not-yet.ffv'), path.join(other, 'not-yet.ffv')], ['c', 'near.ffv', path.join(place, 'near.ffv')],
    ['d', 'a', path.join(other, 'there.ffv')]]) {
    fs.symlinkSync(aim, path.join(place, link));
    fs.rmSync(end, { force: true });
    await store.save(path.join(place, link));
    assert.strictEqual(fs.readlinkSync(path.join(place, link)), aim);
    assert.ok(fs.lstatSync(end).isFile() && fs.lstatSync(end).size === 64 + 3 * 40);
    const reader = new JSVectorStorage();
    await reader.load(path.join(place, link));
    assert.strictEqual(reader.count, 3);
  }
  fs.symlinkSync('round', path.join(place, 'round'));
  await refused(() => store.save(path.join(place, 'round')), 'FILE_IO', FileError);
});

test('saves: what is not a regular file is not written over', async () => {
  const file = path.join(directory(), 'socket'), server = net.createServer();
  await new Promise((resolve) => { server.listen(file, resolve); });
  try {
    await refused(async () => (await of(1)).save(file), 'FILE_IO', FileError);
    assert.ok(fs.lstatSync(file).isSocket());
  } finally {
    server.close();
  }
});

test('saves: a name may be as long as names can be', async () => {
  const file = path.join(directory(), 'v'.repeat(255));
  await (await of(1)).save(file);
  assert.ok(fs.statSync(file).isFile());
});
