// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Searches through the loader for Node as an application would, and says how fast.

const ROUNDS = [3, 10], STEADY = 0.05, ENOUGH_MS = 500;

// Whether another round would tell nothing new, or would take too long. Rounds are sorted times of calls.
function enough(rounds, sum, ms) {
  if (rounds.length < ROUNDS[0]) return false;
  if (rounds.length >= ROUNDS[1] || ms >= ENOUGH_MS) return true;
  const [best, other] = [...rounds].sort((one, two) => sum(one) - sum(two)).slice(0, 2)
    .map((calls) => [sum(calls), calls[calls.length >> 1], calls[Math.floor(calls.length * 0.95)]]);
  return best.every((one, at) => Math.abs(one - other[at]) <= STEADY * one);
}

function uniform(seed) {
  let state = (seed + 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

async function measure(params) {
  const { performance } = require('perf_hooks');
  const { VectorStorage } = require('../node');
  const { n, d, k } = params;
  const numbers = Float32Array.from({ length: n + d }, uniform(params.seed));
  const places = Array.from({ length: params.queries }, (_, query) => (query * 7919) % n);
  const queries = places.map((at) => numbers.subarray(at, at + d));
  const store = new VectorStorage({ metric: 'l2', dimension: d, fallback: false, threads: params.threads,
    setting: { schema: 1, backend: 'faiss', runtime: params.runtime },
    startTimeout: params.timeout, callTimeout: params.timeout });
  const began = performance.now();
  for (let start = 0; start < n; start += 5000) {
    const ids = Array.from({ length: Math.min(5000, n - start) }, (_, i) => start + i);
    await store.add(ids, ids.map((at) => numbers.subarray(at, at + d)));
  }
  const filled = performance.now() - began;
  for (let i = 0; i < Math.min(20, places.length); i++) {
    const found = await store.search(queries[i], k);
    const ordered = found.every((hit, at) => at === 0 || hit.score >= found[at - 1].score);
    if (found.length !== k || found[0].id !== places[i] || found[0].score !== 0 || !ordered) {
      throw new Error(`vector ${places[i]} is not its own nearest neighbour: ${JSON.stringify(found.slice(0, 3))}`);
    }
  }
  const rounds = [], start = performance.now(), sum = (calls) => calls.reduce((all, call) => all + call, 0);
  while (!enough(rounds, sum, performance.now() - start)) {
    const calls = [];
    for (const query of queries) {
      const from = performance.now();
      await store.search(query, k);
      calls.push(performance.now() - from);
    }
    rounds.push(calls.sort((one, other) => one - other));
  }
  const best = rounds.reduce((one, other) => (sum(other) < sum(one) ? other : one));
  const rounded = (value, digits) => Number(value.toFixed(digits));
  const found = { mode: store.backend, language: 'node', fill_seconds: rounded(filled / 1000, 3), rounds: rounds.length,
    qps: rounded((1000 * best.length) / Math.max(sum(best), 1e-6), 1), p50_ms: rounded(best[best.length >> 1], 4),
    p95_ms: rounded(best[Math.min(best.length - 1, Math.floor(best.length * 0.95))], 4) };
  await store.close();
  return found;
}

async function main() {
  const { params, start } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  let frame;
  try {
    frame = { stage: 'done', found: await measure(params) };
  } catch (error) {
    frame = { stage: 'loader', failed: { type: error.name, message: String(error.message) } };
  }
  require('fs').writeSync(1, '\n' + start + JSON.stringify(frame) + '\n');
  process.exit(0);
}

main();
