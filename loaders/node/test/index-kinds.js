// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
// Kinds of index, and the FAISS index that is kept beside the vectors.
const fs = require('fs');
const path = require('path');
const { assert, VectorStorage, JSVectorStorage, InputError, runtimes, everything, directory, settingOf, events } = require('./help');
const indexFile = require('../lib/index-file');
const { placeOfSetting } = require('../lib/index-settings');

const D = 16;

/** Rows around centres: uniform noise has no neighbours worth finding. */
function clusters(count, seed = 1) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
  const centres = Array.from({ length: count / 50 }, () => Array.from({ length: D }, random));
  return Array.from({ length: count }, (_, i) => centres[i % centres.length].map((value) => value + 0.3 * random()));
}

const vectors = clusters(1600);
const ids = vectors.map((_, i) => i + 7);
const queries = vectors.filter((_, i) => i % 80 === 0).map((row) => row.map((value) => value + 0.01));

async function exact(metric) {
  const store = new JSVectorStorage({ metric });
  await store.add(ids, vectors);
  return store;
}

async function recall(store, true_, k = 10) {
  const [mine, best] = [await store.search(queries, k), await true_.search(queries, k)];
  let found = 0;
  mine.forEach((hits, i) => { found += hits.filter((hit) => best[i].some((other) => other.id === hit.id)).length; });
  return found / (k * queries.length);
}

test('index: one that does not exist', () => {
  assert.throws(() => new VectorStorage({ index: 'annoy' }), InputError);
  assert.throws(() => new VectorStorage({ index: 'toString' }), InputError);
});

test('index: a file of another layout has no place for a setting', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('IwFl'), Buffer.from('IHNf'), Buffer.alloc(500, 'IHNf'), Buffer.alloc(500, 'IwFl')]) {
    for (const kind of ['ivf', 'hnsw', 'flat']) assert.strictEqual(placeOfSetting(bytes, kind), null);
  }
});

// Of the Pythons the last: the loader for Python tries the kinds with each.
const pythons = runtimes.filter((runtime) => runtime.kind === 'python');
runtimes.filter((runtime) => runtime.kind !== 'python' || runtime === pythons[pythons.length - 1]).forEach((runtime, number) => {
  const name = `${runtime.kind} ${number}`;
  const open = (options) => new VectorStorage({ threads: 1, ...options, setting: settingOf(runtime), fallback: false });

  async function saved(kind = 'hnsw', metric = 'cosine') {
    const store = open({ metric, index: kind });
    await store.add(ids, vectors);
    const answers = await store.search(queries, 10);
    const file = path.join(directory(), 'vectors.ffv');
    await store.save(file);
    await store.close();
    return { file, answers, beside: indexFile.pathOf(file) };
  }

  for (const kind of ['flat', 'ivf', 'hnsw']) {
    (kind === 'hnsw' ? test : slow)(`index: ${name} finds the neighbours by ${kind} with each metric`, async () => {
      for (const metric of ['cosine', 'ip', 'l2']) {
        const store = open({ metric, index: kind });
        await store.add(ids, vectors);
        const share = await recall(store, await exact(metric));
        assert.deepStrictEqual(store.index, { kind, from: 'built' });
        assert.ok(share >= (kind === 'flat' ? 1 : 0.9), `${metric}: ${share}`);
        await store.close();
      }
    });
  }

  test(`index: ${name} makes lists when there are vectors enough, and again when outgrown`, async () => {
    const store = open({ metric: 'l2', index: 'ivf' });
    await store.add(ids.slice(0, 900), vectors.slice(0, 900));
    assert.strictEqual(store.index.kind, 'flat');
    await store.add(ids.slice(900, 1000), vectors.slice(900, 1000));
    assert.deepStrictEqual([store.index.kind, store._backend.made.trainedWith], ['ivf', 1000]);
    await store.add(ids.slice(1000), vectors.slice(1000));
    assert.strictEqual(store._backend.made.trainedWith, 1000);
    const more = clusters(2400, 2);
    await store.add(more.map((_, i) => 10000 + i), more);
    assert.strictEqual(store._backend.made.trainedWith, 4000);
    for (const at of [0, 999, 1599]) assert.deepStrictEqual(await store.search(vectors[at], 1), [{ id: ids[at], score: 0 }]);
    const all = await store.search(queries[0], 4000);
    assert.ok(all.length > 0 && all.length <= 4000);
    await store.close();
  });

  for (const kind of ['ivf', 'hnsw']) {
    (kind === 'hnsw' ? test : slow)(`index: ${name} uses a kept ${kind} again, and it answers the same`, async () => {
      for (const metric of everything ? ['cosine', 'ip', 'l2'] : [kind === 'ivf' ? 'ip' : 'l2']) {
        const { file, answers } = await saved(kind, metric);
        assert.deepStrictEqual(fs.readdirSync(path.dirname(file)).sort(), ['vectors.ffv', 'vectors.ffv.faiss']);
        const again = open({ index: kind });
        await again.load(file);
        assert.deepStrictEqual(again.index, { kind, from: 'file' });
        assert.deepStrictEqual(await again.search(queries, 10), answers);
        await again.add([5], [new Array(D).fill(0.5)]);
        await again.save(file);
        const last = open({ index: kind });
        await last.load(file);
        assert.deepStrictEqual([last.index.from, last.count], ['file', ids.length + 1]);
        assert.strictEqual((await last.search(new Array(D).fill(0.5), 1))[0].id, 5);
        await Promise.all([again.close(), last.close()]);
      }
    });
  }

  test(`index: ${name} does not use what does not belong, and nothing is lost`, async () => {
    const { file, answers, beside } = await saved();
    const good = fs.readFileSync(beside), body = good.subarray(0, good.length - indexFile.TRAILER);
    const end = good.subarray(body.length), crc = end.readUInt32LE(36), link = { file, n: ids.length, crc: end.readUInt32LE(32) };
    const what = { metric: 'cosine', d: D, kind: 2, writer: end.toString('latin1', 40, 60).replace(/\0+$/, '') };
    const under = (changedLink, changedWhat) => Buffer.concat([body, indexFile.trailer({ ...link, ...changedLink }, { ...what, ...changedWhat }, crc)]);
    assert.ok(under({}, {}).equals(good));
    const flipped = Buffer.from(good);
    flipped[200] ^= 1;
    const bad = {
      empty: Buffer.alloc(0), cut: good.subarray(0, -1), half: good.subarray(0, good.length / 2), 'its end alone': end, 'a flipped bit': flipped,
      'of nobody': Buffer.alloc(500, 'no index'), 'no index under our end': Buffer.concat([Buffer.alloc(500), end]),
      'another release': under({}, { writer: 'faiss 0.0.1' }), 'other vectors': under({ crc: (link.crc ^ 1) >>> 0 }, {}), 'another count': under({ n: 5 }, {}),
      'another kind': under({}, { kind: 1 }), 'another metric': under({}, { metric: 'l2' }), 'another dimension': under({}, { d: 3 }),
    };
    const store = open({ index: 'hnsw' });
    for (const [name, data] of Object.entries(bad)) {
      fs.writeFileSync(beside, data);
      await store.load(file);
      assert.deepStrictEqual([store.index, store.count], [{ kind: 'hnsw', from: 'built' }, ids.length], name);
      assert.deepStrictEqual((await store.search(queries, 10)).map((hits) => hits[0].id), answers.map((hits) => hits[0].id));
    }
    await store.close();
  });

  slow(`index: ${name} builds again what FAISS refuses though its sums are right`, async () => {
    const { file, beside } = await saved();
    const link = { file, n: ids.length, crc: fs.readFileSync(file).readUInt32LE(32) };
    const store = await open({ index: 'hnsw' }).ready();
    const what = { metric: 'cosine', d: D, kind: 2, writer: store._backend.writer };
    assert.ok(await indexFile.save(link, what, (partial) => fs.promises.writeFile(partial, Buffer.alloc(5000, 'IxNo'))));
    const seen = events(store);
    await store.load(file);
    assert.deepStrictEqual(store.index, { kind: 'hnsw', from: 'built' });
    assert.deepStrictEqual((await store.search(vectors[9], 1)).map((hit) => hit.id), [ids[9]]);
    assert.deepStrictEqual(seen, []);
    fs.unlinkSync(beside);
    fs.mkdirSync(beside);                       // neither read nor written over, and no error
    await store.load(file);
    await store.save(file);
    assert.ok(fs.statSync(beside).isDirectory());
    await store.close();
  });

  test(`index: from ${name} to JavaScript and back`, async () => {
    const { file, beside } = await saved('hnsw', 'l2');
    const script = new JSVectorStorage();
    await script.load(file);
    await script.save(file);                    // the same vectors: their index still belongs to them
    assert.ok(fs.existsSync(beside));
    await script.add([5], [new Array(D).fill(0.5)]);
    await script.save(file);
    assert.ok(!fs.existsSync(beside));
    const store = open({ index: 'hnsw' });
    await store.load(file);
    assert.deepStrictEqual([store.index.from, store.count], ['built', ids.length + 1]);
    assert.deepStrictEqual(await store.search(new Array(D).fill(0.5), 1), [{ id: 5, score: 0 }]);
    fs.writeFileSync(beside, 'IxHN, and not ours, at all, whoever may have written it into this place');
    await store.save(file);
    assert.ok(fs.readFileSync(beside, 'latin1').startsWith('IxHN, and not ours'));
    await store.close();
  });
});

const python = pythons[pythons.length - 1];
if (python) {
  test('index: a worker that dies leaves an index of the same kind, the fallback is exact', async () => {
    const store = new VectorStorage({ setting: settingOf(python), metric: 'l2', index: 'hnsw', threads: 1 });
    await store.add(ids, vectors);
    process.kill(store.about.pid, 'SIGKILL');
    assert.ok(await recall(store, await exact('l2')) >= 0.9);
    assert.deepStrictEqual([store.backend, store.index.kind], ['worker', 'hnsw']);
    process.kill(store.about.pid, 'SIGKILL');
    assert.strictEqual(await recall(store, await exact('l2')), 1);
    assert.deepStrictEqual([store.backend, store.index], ['js', { kind: 'flat', from: 'built' }]);
    await store.close();
  });

  slow('index: adding while an index is saved loses nothing', async () => {
    const store = new VectorStorage({ setting: settingOf(python), metric: 'l2', index: 'hnsw', threads: 1, fallback: false });
    const file = path.join(directory(), 'vectors.ffv');
    await store.add(ids.slice(0, 800), vectors.slice(0, 800));
    await Promise.all([store.save(file), ...ids.slice(800).map((id, i) => store.add([id], [vectors[800 + i]]))]);
    assert.strictEqual(store.count, ids.length);
    const again = new VectorStorage({ setting: settingOf(python), index: 'hnsw', threads: 1, fallback: false });
    await again.load(file);
    assert.strictEqual(again.count, 800);
    for (const at of [0, 799]) assert.deepStrictEqual((await again.search(vectors[at], 1)).map((hit) => hit.id), [ids[at]]);
    await Promise.all([store.close(), again.close()]);
  });
}
