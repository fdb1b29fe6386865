// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// node tests/bench/bench_node_kernel.js [SIZES] [NODE_MODULES with faiss-node]: the kernel of the loader for Node against its
// JavaScript and against FAISS Flat in process. d=384, k=10, inner product; one process, rounds of each in turn. Times are of
// this process's processor, and of each way the quartile that was quickest: what others do on the machine disturbs it least.

const path = require('path');

const [sizes = '10000,100000', modules] = process.argv.slice(2);
const lib = path.join(__dirname, '..', '..', 'loaders', 'node');
const { search } = require(path.join(lib, 'lib', 'exact'));
const { IndexFlatIP } = require(path.join(lib, 'lib', 'flat-index'));
const native = modules ? require(path.join(path.resolve(modules), 'faiss-node')).IndexFlatIP : null;
const { bytes } = require(path.join(lib, 'lib', 'flat-file'));

const D = 384, K = 10, BATCH = 16, ROUNDS = 128;
const now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const quartile = (times) => times.sort((one, other) => one - other)[times.length >> 2];

for (const n of sizes.split(',').map(Number)) {
  let state = n;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2147483648 - 1;
  const centres = Float32Array.from({ length: 100 * D }, next);
  const rows = Float32Array.from({ length: n * D }, (_, i) => centres[(Math.floor(i / D) % 100) * D + (i % D)] + 0.5 * next());
  const file = bytes(rows, n, D, 'ip'), kernel = IndexFlatIP.fromBuffer(file), faiss = native ? native.fromBuffer(file) : null;
  const queries = Array.from({ length: BATCH }, (_, i) => Array.from(rows.subarray(i * D, (i + 1) * D), (value) => value + 0.1 * next()));
  const all = queries.flat(), floats = queries.map((query) => Float32Array.from(query));
  const ways = {
    javascript: (i) => Array.from(search(rows, null, n, D, 'ip', floats[i], K).positions),
    kernel: (i) => kernel.search(queries[i], K).labels,
    'kernel, 16 at once': () => kernel.search(all, K).labels,
    ...(faiss === null ? {} : { 'faiss-node': (i) => faiss.search(queries[i], K).labels }),
  };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  let same = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const found = {};
    for (const [name, act] of Object.entries(ways)) {
      const began = now();
      found[name] = act(round % BATCH);
      if (round >= 4) times[name].push(now() - began);
    }
    same += found.javascript.join() === found.kernel.join() ? 1 : 0;
  }
  const took = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, quartile(list)]));
  console.log(`n=${n} d=${D} k=${K}, ms: ${Object.entries(took).map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join('; ')}`);
  console.log(`  javascript / kernel ${(took.javascript / took.kernel).toFixed(2)}, 16 kernel / 16 at once ${(16 * took.kernel / took['kernel, 16 at once']).toFixed(2)}` +
    `${faiss === null ? '' : `, kernel / faiss-node ${(took.kernel / took['faiss-node']).toFixed(2)}`}, same ids in ${same} of ${ROUNDS}`);
}
