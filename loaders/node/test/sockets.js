// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
// A worker that listens at a socket, and loaders that use it.
const { spawn, execFileSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { assert, VectorStorage, BackendError, FIXTURES, runtimes, python, cases, directory, settingOf, near, refused, events } = require('./help');
const { refuseForeign } = require('../lib/transport');

const real = runtimes.find((runtime) => runtime.kind === 'python');
const WORKER = path.join(__dirname, '..', '..', 'python', 'faiss_fleet_loader', 'faiss_worker.py');
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const started = [];
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

/** Who started a process, as a number; busybox's ps knows no single process. */
const parentOf = (pid) => Number(/^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** Whether a process has ended. In a container without an init nobody may ask a zombie for its end. */
function gone(pid) {
  try {
    return /^State:\s*Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return true;
  }
}

async function until(condition, what) {
  for (let i = 0; i < 3000; i++) {
    if (await condition()) return;
    await pause(20);
  }
  throw new Error(`${what} did not come to pass`);
}

function listens(file) {
  return new Promise((resolve) => {
    const probe = net.connect(file, () => { probe.destroy(); resolve(true); });
    probe.on('error', () => resolve(false));
  });
}

async function serve(argv, env, file) {
  const child = spawn(argv[0], argv.slice(1), { env: { ...process.env, ...env }, stdio: 'ignore', cwd: '/' });
  child.unref();
  started.push(child);
  await until(() => listens(file), `a listener at ${file}`);
  return child;
}

const worker = (file) => serve([...real.argv, WORKER, '--socket', file], { ...real.env, OMP_NUM_THREADS: '1' }, file);
const fake = (how, file) => serve([python, path.join(FIXTURES, 'fake_worker.py'), how, `${file}.starts`, '--socket', file], {}, file);
const place = () => path.join(directory(), 'worker.sock');
const open = (file, options) => new VectorStorage({ metric: 'l2', callTimeout: 20, setting: settingOf(real), socket: file, ...options });

async function right(store) {
  const found = await Promise.all(cases.queries.map((query) => store.search(query, 10)));
  found.forEach((hits, i) => near(hits, cases.expected.l2[i]));
}

if (real) {
  test('sockets: several stores share one worker and each has its own vectors', async () => {
    const file = place();
    const parent = await worker(file);
    const [first, second] = [open(file, { fallback: false }), open(file, { fallback: false })];
    const seen = [...events(first), ...events(second)];
    await Promise.all([first.add(cases.ids, cases.vectors), second.add([9], [cases.queries[0]])]);
    await right(first);
    assert.deepStrictEqual(await second.search(cases.queries[0], 3), [{ id: 9, score: 0 }]);
    assert.strictEqual(new Set([first.about.pid, second.about.pid, parent.pid]).size, 3);
    assert.deepStrictEqual([first.backend, seen], ['worker', []]);
    await second.close();
    await right(first);
    await first.close();
    parent.kill();
    await until(() => !fs.existsSync(file), 'its end');
  });

  slow('sockets: a connection that dies is made again, one that hangs too', async () => {
    const file = place();
    const parent = await worker(file);
    for (const [signal, code] of [['SIGKILL', 'WORKER_DIED'], ['SIGSTOP', 'WORKER_TIMEOUT']]) {
      const store = open(file);
      const seen = events(store);
      await store.add(cases.ids, cases.vectors);
      const { pid } = store.about;
      process.kill(pid, signal);
      store._backend.options = { ...store.options, callTimeout: 1 };
      await right(store);
      assert.deepStrictEqual(seen.map(([name, event]) => [name, event.error.code]), [['restart', code]]);
      assert.strictEqual(parentOf(store.about.pid), parent.pid);
      await until(() => gone(pid), 'the end of the one from before');
      await store.close();
    }
    parent.kill();
  });

  test('sockets: a worker that goes leaves the store with one of its own', async () => {
    const file = place();
    const parent = await worker(file);
    const store = open(file);
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    const { pid } = store.about;
    parent.kill();
    await until(() => gone(pid), 'the end of the connection');
    await right(store);
    assert.strictEqual(store.backend, 'worker');
    assert.deepStrictEqual(seen.map(([name, event]) => [name, event.error.code]), [['restart', 'WORKER_DIED'], ['restart', 'WORKER_SOCKET']]);
    await store.close();
  });

  slow('sockets: nobody there, a stale one, no socket, one of another user', async () => {
    const absent = place(), stale = place(), text = place(), foreign = place();
    const killed = await worker(stale);
    killed.kill('SIGKILL');
    await until(async () => !(await listens(stale)), 'its end');
    assert.ok(fs.existsSync(stale));
    fs.writeFileSync(text, 'mine');
    await worker(foreign);
    const root = process.geteuid() === 0;
    if (root) fs.chownSync(foreign, 65534, 65534);
    for (const file of root ? [absent, stale, text, foreign] : [absent, stale, text]) {
      const store = open(file);
      const seen = events(store);
      await store.add(cases.ids, cases.vectors);
      await right(store);
      assert.deepStrictEqual(seen.map(([name, event]) => [name, event.error.code]), [['restart', 'WORKER_SOCKET']]);
      assert.strictEqual(store.backend, 'worker');
      await store.close();
    }
    const own = process.geteuid;
    process.geteuid = () => 12345;
    try {
      if (root) fs.chownSync(foreign, 65533, 65533);
      await refused(() => refuseForeign(foreign), 'WORKER_SOCKET', BackendError);
    } finally {
      process.geteuid = own;
    }
    assert.strictEqual(fs.readFileSync(text, 'utf8'), 'mine');
  });

  test('sockets: the setting may name it, and an application that forgets close() ends', async () => {
    const file = place();
    const parent = await worker(file);
    const program = path.join(directory(), 'forgets.js');
    fs.writeFileSync(program, `const { VectorStorage } = require(${JSON.stringify(path.join(__dirname, '..'))});
      (async () => {
        const store = new VectorStorage({ setting: ${JSON.stringify({ ...settingOf(real), socket: file })}, fallback: false });
        await store.add([1], [[1, 2]]);
        const status = require('fs').readFileSync('/proc/' + store.about.pid + '/status', 'utf8');
        console.log(/^PPid:\\s*(\\d+)/m.exec(status)[1]);
      })();`);
    assert.strictEqual(execFileSync(process.execPath, [program], { timeout: 60000, encoding: 'utf8' }).trim(), String(parent.pid));
    parent.kill();
  });

  for (const [how, code] of [['nonsense', 'WORKER_NONSENSE'], ['die', 'WORKER_DIED'], ['version', 'WORKER_VERSION'],
    ['flood', 'WORKER_NONSENSE'], ['no json', 'WORKER_NONSENSE']]) {
    (how === 'die' ? test : slow)(`sockets: where one answers badly at once (${how}) the store has a worker of its own`, async () => {
      const file = place();
      const child = await fake(how, file);
      const store = open(file, { fallback: false });
      const seen = events(store);
      await store.add(cases.ids, cases.vectors);
      await right(store);
      assert.deepStrictEqual(seen.map(([name, event]) => [name, event.error.code]), [['restart', code]]);
      await store.close();
      child.kill();
    });
  }
}

for (const [how, code] of [['hang', 'WORKER_TIMEOUT'], ['miscounts', 'WORKER_NONSENSE'], ['wrong positions', 'WORKER_NONSENSE'], ['too few', 'WORKER_NONSENSE'],
  ['half a frame', 'WORKER_DIED'], ['refuses', 'WORKER_ERROR'], ['hangs later', 'WORKER_TIMEOUT']]) {
  (how.startsWith('hang') ? slow : test)(`sockets: where one goes wrong (${how}) and no other can be started, JavaScript has all the data`, async () => {
    const file = place();
    const child = await fake(how, file);
    const gone = { kind: 'python', argv: ['no-such-program-anywhere'], env: {}, prefix: null };
    const store = new VectorStorage({ metric: 'l2', setting: settingOf(gone), socket: file, callTimeout: how === 'hangs later' ? 1 : 30, startTimeout: how === 'hang' ? 1 : 30 });
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    await right(store);
    assert.deepStrictEqual([store.backend, store.count, seen[0][1].error.code, seen[seen.length - 1][0]], ['js', cases.ids.length, code, 'fallback']);
    await store.close();
    child.kill();
  });
}
