// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
// What an application relies on as it goes on: a busy worker is not a hung one, native search comes back, the loop goes on.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { assert, VectorStorage, JSVectorStorage, BackendError, runtimes, python, FIXTURES, directory, settingOf, refused, events } = require('./help');

const ROOT = path.join(__dirname, '..');
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A runtime of a worker that answers well; each search takes `seconds` a query. Where the file `broken` is, it dies. */
function slow(seconds, broken = '/nowhere/broken') {
  return { kind: 'python', argv: [python, path.join(FIXTURES, 'slow_worker.py'), String(seconds), broken], env: {}, prefix: null };
}

slow('upkeep: a worker that is busy for longer than callTimeout, but answers, is left alone', async () => {
  const store = new VectorStorage({ setting: settingOf(slow(0.25)), metric: 'l2', callTimeout: 1, fallback: false });
  const seen = events(store);
  await store.add([1, 2], [[1, 1], [2, 2]]);
  const found = await Promise.all(Array.from({ length: 8 }, () => store.search([1, 1], 1)));      // 2 s
  assert.deepStrictEqual([found.length, store.backend, seen], [8, 'worker', []]);
  await store.close();
});

test('upkeep: many queries go to a worker in frames of bounded work', async () => {
  const { WorkerBackend } = require('../lib/worker');
  const sizes = [], n = 2 ** 20, d = 128, store = { d, count: n };
  const backend = Object.assign(Object.create(WorkerBackend.prototype), { store, count: n, _ask: async (type, [head]) => {
    const size = head.readUInt32LE(0), answer = Buffer.alloc(8 + size * 12);
    sizes.push(size);
    answer.writeUInt32LE(size, 0);
    answer.writeUInt32LE(1, 4);
    return answer;
  } });
  assert.strictEqual((await backend.search(store, new Float32Array(600 * d), 600, 1)).length, 600);
  assert.ok(Math.max(...sizes) * n * d <= 2 ** 31 && sizes.length < 600, String(sizes));
});

test('upkeep: native search comes back after restartWindow, by the configuration as it is then', async () => {
  const broken = path.join(directory(), 'broken'), place = path.join(directory(), 'backend.json');
  fs.writeFileSync(broken, '');
  fs.writeFileSync(place, JSON.stringify(settingOf(slow(0, broken))));
  const store = new VectorStorage({ setting: place, metric: 'l2', restartWindow: 0.5 });
  const seen = events(store);
  store.on('recovered', (event) => seen.push(['recovered', event]));
  await store.add([1, 2], [[1, 1], [2, 2]]);
  await store.search([1, 1], 1);
  assert.deepStrictEqual([store.backend, seen.map(([name]) => name)], ['js', ['restart', 'fallback']]);
  fs.writeFileSync(place, JSON.stringify(settingOf(slow(0))));          // the next audit has repaired it
  await store.add([3], [[3, 3]]);
  const { now } = Date;
  Date.now = () => now() - 3600000;                                      // the host's clock is set back meanwhile
  try {
    for (let i = 0; i < 100 && store.backend === 'js'; i++) {
      await store.search([1, 1], 1);
      await pause(50);
    }
  } finally {
    Date.now = now;
  }
  assert.deepStrictEqual([store.backend, store.why, store.count, seen.pop()[0]], ['worker', null, 3, 'recovered']);
  assert.strictEqual((await store.search([3, 3], 1))[0].id, 1);          // that worker always says so
  await store.close();
});

test('upkeep: a worker whose program was replaced starts by the configuration as it is now', async () => {
  const place = path.join(directory(), 'backend.json'), prefix = directory(), broken = path.join(directory(), 'broken');
  fs.writeFileSync(place, JSON.stringify(settingOf({ ...slow(0, broken), prefix })));
  const store = new VectorStorage({ setting: place, metric: 'l2', fallback: false });
  await store.add([1], [[1, 1]]);
  fs.rmdirSync(prefix);
  fs.writeFileSync(broken, '');
  fs.writeFileSync(place, JSON.stringify(settingOf(slow(0))));
  assert.strictEqual((await store.search([1, 1], 1))[0].id, 1);
  assert.strictEqual(store.backend, 'worker');
  await store.close();
});

function copy() {
  const place = path.join(directory(), 'faiss-fleet');
  execFileSync('cp', ['-r', ROOT, place]);
  return place;
}

test('upkeep: a copied directory has the worker; without its file the fallback answers', async () => {
  const place = copy();
  assert.ok(fs.existsSync(path.join(place, 'faiss_worker.py')));
  fs.unlinkSync(path.join(place, 'faiss_worker.py'));
  const other = require(place);
  const store = new other.VectorStorage({ setting: settingOf(slow(0)) });
  await store.add([1], [[1, 2]]);
  assert.deepStrictEqual([(await store.search([1, 2], 1))[0].id, store.backend], [1, 'js']);
  const error = await new other.VectorStorage({ setting: settingOf(slow(0)), fallback: false }).ready().catch((thrown) => thrown);
  assert.ok(error instanceof other.BackendError && error.code === 'WORKER_START' && error.message.includes('faiss_worker.py'), error.stack);
});

test('upkeep: the worker in this package is that of the loader for Python', () => {
  const theirs = path.join(ROOT, '..', 'python', 'faiss_fleet_loader', 'faiss_worker.py');
  assert.ok(fs.readFileSync(path.join(ROOT, 'faiss_worker.py')).equals(fs.readFileSync(theirs)), 'cp loaders/python/faiss_fleet_loader/faiss_worker.py loaders/node/');
});

test('upkeep: the setting that an audit without root wrote for this user is found', () => {
  const home = directory(), place = path.join(home, '.config', 'faiss-fleet');
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, 'backend.json'), '{"schema": 1, "backend": "js", "because": "my own"}');
  const program = `const { VectorStorage } = require(${JSON.stringify(ROOT)});
    const store = new VectorStorage(); store.ready().then(() => console.log(store.why));`;
  const env = { ...process.env, HOME: home };
  delete env.FAISS_FLEET_SETTING;
  delete env.XDG_CONFIG_HOME;
  const run = (more, cwd = home) => execFileSync(process.execPath, ['-e', program], { env: { ...env, ...more }, cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.strictEqual(run({}), 'my own\n');
  assert.strictEqual(run({ HOME: '/nowhere', XDG_CONFIG_HOME: path.join(home, '.config') }), 'my own\n');
  const foreign = directory();                       // whose owner wants to name the program that is started
  fs.mkdirSync(path.join(foreign, 'faiss-fleet'));
  fs.writeFileSync(path.join(foreign, 'faiss-fleet', 'backend.json'), '{"schema": 1, "backend": "js", "because": "foreign"}');
  assert.strictEqual(run({ XDG_CONFIG_HOME: '.' }, foreign), 'my own\n');
  assert.ok(run({ FAISS_FLEET_SETTING: '/nowhere/backend.json' }).includes('/nowhere/backend.json'));
});

test('upkeep: the numbers of the caller stay numbers after searches of both shapes and a refused vector', () => {
  const program = `const { JSVectorStorage } = require(${JSON.stringify(ROOT)});
    const d = 256, lists = (n) => Array.from({ length: n }, () => Array.from({ length: d }, Math.random));
    (async () => {
      const store = new JSVectorStorage({ dimension: d });
      for (let i = 0; i < 60; i++) {
        const some = lists(20);
        await store.add(some.map((_, j) => i * 20 + j), some);
        await store.search(some[0], 2);
        await store.search(some.slice(0, 2), 2);
        await store.add([1e9], [[...some[0].slice(1), i % 2 ? undefined : '1']]).catch(() => {});
      }
      const large = lists(6000);
      gc();
      const before = process.memoryUsage().heapUsed;
      await store.add(large.map((_, i) => 1e6 + i), large);
      gc();
      console.log(Math.round((process.memoryUsage().heapUsed - before) / 1e6), %HasDoubleElements(large[5000]));
    })();`;
  const said = execFileSync(process.execPath, ['--expose-gc', '--allow-natives-syntax', '-e', program], { encoding: 'utf8' });
  const [grown, doubles] = said.trim().split(' ');
  assert.ok(Number(grown) < 4 && doubles === 'true', said);
});

/** The longest time that this thread was busy without a turn of the event loop, in ms of its processor. */
async function busiest(act) {
  let most = 0, last = process.cpuUsage(), on = true;
  const turn = () => {
    const { user, system } = process.cpuUsage(last);
    most = Math.max(most, (user + system) / 1000);
    last = process.cpuUsage();
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  await act();
  on = false;
  return most;
}

// A round of the event loop holds steps until a slice of 3 ms is over, and the last of them may go on beyond it. So nothing
// is blocked for longer than a slice and the longest step. Here each round has one step; its processor time is that of the
// quickest of several runs, for the collector, the compiler and other processes never disturb the same step in all of them.
// A machine that is slower than the one of the documents, or whose processors others use as well, is allowed as much more.
const ROUNDS_PROGRAM = `
  const { JSVectorStorage } = require(process.argv[1]);
  const { limits } = require(process.argv[1] + '/lib/slices');
  const { search } = require(process.argv[1] + '/lib/exact');
  const n = 100000, d = 64, slice = limits.slice, NOMINAL = 0.9;      // ms for the million numbers below
  const rows = new Float32Array(n * d).map((_, i) => ((i * 7919) % 1000) / 1000 - 0.499), ids = Array.from({ length: n }, (_, i) => i);
  const queries = Array.from({ length: 20 }, (_, i) => rows.subarray(i * d, (i + 1) * d)), half = ids.slice(n / 2);
  const acts = {
    add: (store) => store.add(ids, rows),
    search: (store) => Promise.all([store.search(queries, 10), ...queries.map((query) => store.search(query, 10)), store.search(queries.slice(0, 3), 1000)]),
    another: (store) => store.add([n], [queries[0]]),
    delete: (store) => store.delete(half),
  };
  async function rounds(act) {
    const times = [], usage = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
    let on = true, last = usage();
    const round = () => { const now = usage(); times.push(now - last); last = usage(); if (on) setImmediate(round); };
    setImmediate(round);
    await act();
    await new Promise((resolve) => { setImmediate(resolve); });
    on = false;
    return times;
  }
  (async () => {
    limits.slice = 0;
    const found = {}, calibration = [];
    for (let run = 0; run < 6; run++) {
      const store = new JSVectorStorage({ dimension: d });
      for (let i = 0; i < 10; i++) {
        const before = process.cpuUsage();
        search(rows, null, 1 << 14, d, 'ip', queries[0], 10);
        const { user, system } = process.cpuUsage(before);
        calibration.push((user + system) / 1000);
      }
      for (const [name, act] of Object.entries(acts)) {
        const times = await rounds(() => act(store));
        found[name] = (found[name] || times).slice(0, times.length).map((one, i) => Math.min(one, times[i]));
      }
      await store.close();
    }
    const slow = Math.max(1, calibration.sort((one, other) => one - other)[calibration.length >> 1] / NOMINAL);
    const told = Object.entries(found).map(([name, times]) => [name, { rounds: times.length, at: times.indexOf(Math.max(...times)), longest: slice + Math.max(...times) / slow }]);
    console.log(JSON.stringify(Object.fromEntries(told)));
  })();`;

slow('upkeep: add() of 100,000 vectors blocks the event loop for 10 ms at most, a search for 5', () => {
  for (const kernel of ['', 'js']) {
    const env = { ...process.env, FAISS_FLEET_KERNEL: kernel };
    const { add, search, another, delete: gone } = JSON.parse(execFileSync(process.execPath, ['-e', ROUNDS_PROGRAM, ROOT], { encoding: 'utf8', env }));
    assert.ok(add.rounds > 140 && search.rounds > 250 && gone.rounds > 70, JSON.stringify({ add, search, gone }));
    assert.ok([add, search, another, gone].every((one) => one.rounds > 0 && one.longest > 3), JSON.stringify({ add, search, another, gone }));
    assert.ok(add.longest < 10 && search.longest < 5 && another.longest < 5 && gone.longest < 10, JSON.stringify({ kernel, add, search, another, gone }));
  }
});

runtimes.filter((runtime) => runtime.kind === 'node').forEach((runtime) => {
  test('upkeep: faiss-node gets many vectors fast, and the event loop its turns', async () => {
    const n = 20000, d = 128, store = new VectorStorage({ setting: settingOf(runtime), dimension: d, metric: 'cosine', fallback: false });
    const rows = new Float32Array(n * d).map((_, i) => ((i * 7919) % 1000) / 1000 - 0.49), ids = Array.from({ length: n }, (_, i) => i);
    const plain = require(path.join(runtime.env.NODE_PATH || path.join(runtime.prefix, 'node_modules'), 'faiss-node'));
    const before = process.cpuUsage(), index = new plain.IndexFlatIP(d);
    index.add(Array.from(rows));
    const direct = process.cpuUsage(before).user, from = process.cpuUsage();
    const most = await busiest(() => store.add(ids, rows));
    assert.ok(process.cpuUsage(from).user < direct, `${process.cpuUsage(from).user} us, FAISS alone ${direct} us`);
    assert.ok(most < 100, String(most));
    const same = new JSVectorStorage({ dimension: d });
    await same.add(ids, rows);
    for (let i = 0; i < 5; i++) {
      const [a, b] = await Promise.all([store, same].map((one) => one.search(rows.subarray(i * 999 * d, (i * 999 + 1) * d), 1)));
      assert.ok(Math.abs(a[0].score - b[0].score) < 1e-5);
    }
    await store.close();
  });
});

slow('upkeep: options of time still end a worker that says nothing', async () => {
  const store = new VectorStorage({ setting: settingOf(slow(30)), metric: 'l2', callTimeout: 0.5, fallback: false, restartWindow: 1000 });
  await store.add([1], [[1, 1]]);
  await refused(() => store.search([1, 1], 1), 'WORKER_TIMEOUT', BackendError);
  await store.close();
});
