// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global slow, test */
const { assert, VectorStorage, BackendError, runtimes, cases, settingOf, fake, near, refused, events } = require('./help');

// When it goes wrong, and how the loader calls it.
const FAKES = [
  ['nonsense', 'WORKER_NONSENSE'], ['die', 'WORKER_DIED'], ['hang', 'WORKER_TIMEOUT'], ['version', 'WORKER_VERSION'],
  ['flood', 'WORKER_NONSENSE'], ['other request', 'WORKER_NONSENSE'], ['no json', 'WORKER_NONSENSE'],
  ['miscounts', 'WORKER_NONSENSE'], ['wrong positions', 'WORKER_NONSENSE'], ['too few', 'WORKER_NONSENSE'],
  ['half a frame', 'WORKER_DIED'], ['refuses', 'WORKER_ERROR'], ['hangs later', 'WORKER_TIMEOUT'],
];
for (const [how, code] of FAKES) {
  (how === 'hang' ? slow : test)(`failures: a worker (${how}) is started once more, then JavaScript has all the data`, async () => {
    const { runtime, starts } = fake(how);
    const store = new VectorStorage({ setting: settingOf(runtime), metric: 'l2', startTimeout: how === 'hang' ? 1 : 30, callTimeout: how === 'hangs later' ? 1 : 30 });
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    near(await store.search(cases.queries[0], 10), cases.expected.l2[0]);
    assert.strictEqual(store.backend, 'js');
    assert.strictEqual(store.count, cases.ids.length);
    assert.deepStrictEqual(seen.map(([name]) => name), ['restart', 'fallback']);
    for (const [, event] of seen) assert.ok(event.error instanceof BackendError && event.error.code === code, event.error.stack);
    assert.strictEqual(starts(), 2);
    if (how === 'die') assert.ok(seen[0][1].error.message.includes('cannot go on'), seen[0][1].error.message);
    await store.close();
  });
}

test('failures: without a fallback the error is the application\'s, and the data is kept', async () => {
  const { runtime } = fake('refuses');
  const store = new VectorStorage({ setting: settingOf(runtime), metric: 'l2', callTimeout: 5, fallback: false });
  await store.add(cases.ids, cases.vectors);
  await refused(() => store.search(cases.queries[0], 1), 'WORKER_ERROR', BackendError);
  assert.strictEqual(store.count, cases.ids.length);
  await store.close();
});

test('failures: a program that cannot be started', async () => {
  const runtime = { kind: 'python', argv: ['no-such-program-anywhere'], env: {}, prefix: null };
  await refused(() => new VectorStorage({ setting: settingOf(runtime), fallback: false }).ready(), 'WORKER_START', BackendError);
});

const real = runtimes.find((runtime) => runtime.kind === 'python');
if (real) {
  const open = (options) => new VectorStorage({ setting: settingOf(real), metric: 'l2', callTimeout: 20, ...options });
  const all = async (store) => {
    const found = await Promise.all(cases.queries.map((query) => store.search(query, 10)));
    found.forEach((hits, i) => near(hits, cases.expected.l2[i]));
  };

  test('failures: kill -9 in the middle of searches: each is answered by the next worker', async () => {
    const store = open();
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    const first = store.about.pid;
    const searches = all(store);
    process.kill(first, 'SIGKILL');
    await searches;
    await all(store);
    assert.strictEqual(store.backend, 'worker');
    assert.notStrictEqual(store.about.pid, first);
    assert.deepStrictEqual(seen.map(([name]) => name), ['restart']);
    assert.strictEqual(seen[0][1].error.code, 'WORKER_DIED');
    await store.close();
  });

  test('failures: kill -9 twice: JavaScript takes over', async () => {
    const store = open();
    const seen = events(store);
    await store.add(cases.ids.slice(0, 100), cases.vectors.slice(0, 100));
    process.kill(store.about.pid, 'SIGKILL');
    await store.add(cases.ids.slice(100, 150), cases.vectors.slice(100, 150));
    process.kill(store.about.pid, 'SIGKILL');
    await store.add(cases.ids.slice(150), cases.vectors.slice(150));
    await all(store);
    assert.strictEqual(store.backend, 'js');
    assert.deepStrictEqual(seen.map(([name]) => name), ['restart', 'fallback']);
    await store.close();
  });

  slow('failures: a worker that went long ago does not count against the next', async () => {
    const store = open({ restartWindow: 0.001 });
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    for (let i = 0; i < 3; i++) {
      process.kill(store.about.pid, 'SIGKILL');
      await all(store);
    }
    assert.strictEqual(store.backend, 'worker');
    assert.deepStrictEqual(seen.map(([name]) => name), ['restart', 'restart', 'restart']);
    await store.close();
  });

  slow('failures: a worker that is stopped counts as hung', async () => {
    const store = open({ callTimeout: 1 });
    const seen = events(store);
    await store.add(cases.ids, cases.vectors);
    process.kill(store.about.pid, 'SIGSTOP');
    store.options.callTimeout = 30;                   // for the next worker, on a busy machine
    store._backend.options = { ...store.options, callTimeout: 1 };
    await all(store);
    assert.deepStrictEqual(seen.map(([name, event]) => [name, event.error.code]), [['restart', 'WORKER_TIMEOUT']]);
    await store.close();
  });

  test('failures: close() while calls are under way', async () => {
    const store = open();
    await store.add(cases.ids, cases.vectors);
    const pending = store.search(cases.queries[0], 3).catch((error) => error);
    await store.close();
    const found = await pending;
    assert.ok(Array.isArray(found) || found.code === 'CLOSED', found);
  });

  test('failures: directories and variables of the application do not reach the worker', async () => {
    process.env.PYTHONPATH = '/nowhere';
    process.env.PYTHONHOME = '/nowhere';
    try {
      const store = open({ fallback: false });
      await store.ready();
      await store.close();
    } finally {
      delete process.env.PYTHONPATH;
      delete process.env.PYTHONHOME;
    }
  });
}
