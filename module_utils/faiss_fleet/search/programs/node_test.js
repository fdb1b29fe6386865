// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The steps of the search test in Node: the same questions and workload as faiss_child.py and faiss_figures.py. What is
// tested is a subclass's: faiss_node.js, js_fallback.js. Written for Node 14 and newer.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { performance } = require('perf_hooks');
const { Worker } = require('worker_threads');

// One vector's neighbours in a line of points: known without computing anything (see known_answer).
const LINE = 200, LINE_D = 24, LINE_K = 5;
const KNOWN = { flat: 'Flat', ivf: 'IVF4,Flat', hnsw: 'HNSW16' };
const POINTS_PER_CLUSTER = 100;
const SPREAD = 0.7;             // of a cluster's points, where the clusters' centres have 1
const NPROBE = 8;
const ROUNDS = [2, 10];         // at least, at most
const STEADY = 0.05;            // none begins when the two quickest of three or more are this near to each other
const ENOUGH_MS = 300;          // of this process's processor time, after which no further round begins
const TIE = 1e-5;               // float32 distances differ in the last digits by the order of the additions
const SOAK_N = 1000;            // vectors in the index that is searched again and again
const SOAK_GROWTH = 16 << 20;   // bytes; 100,000 searches that each lose a query of 384 numbers would lose 150 MB
const STAGES = ['start', 'import', 'known_answer', 'recall', 'save_load', 'throughput', 'soak', 'done'];

class Wrong extends Error {
  constructor(cause, text) {
    super(text);
    this.cause = cause;
  }
}

// Ends this process when it holds too much memory or goes on for too long: the main thread is inside FAISS most of
// the time and could not. The caller's own time limit comes first; this one is for when the caller was killed.
const WATCHDOG = `
const { workerData } = require('worker_threads');
const fs = require('fs');
const { start, stages, stage, seconds, megabytes } = workerData;
const began = Date.now();
setInterval(() => {
  const held = process.memoryUsage().rss;
  const late = Date.now() - began > seconds * 1000;
  if (!late && !(megabytes && held > megabytes * 1048576)) return;
  const message = late ? 'no end within ' + seconds + ' s' :
    'it holds ' + Math.round(held / 1048576) + ' MB, and memory_limit_mb is ' + megabytes;
  fs.writeSync(1, '\\n' + start + JSON.stringify({ stage: stages[Atomics.load(stage, 0)], index: null, failed: {
    type: 'Limit', cause: late ? 'timeout' : 'out_of_memory', message, trace: '' } }) + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 100);
`;

function peakRss() {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'latin1'));
    return line ? Number(line[1]) * 1024 : null;
  } catch (error) {
    return null;
  }
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// Numbers from a seed. They are not numpy's, and of the same shape: clusters of a normal distribution.
function normals(seed) {
  let state = (seed + 0x9e3779b9) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  let spare = null;
  const normal = () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal };
}

function percentile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at), high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

const ascending = (values) => Float64Array.from(values).sort();

// Whether another round would tell nothing new, or would take too long. Rounds are [qps, p50, p95], the quickest first.
function enough(rounds, ms) {
  if (rounds.length < ROUNDS[0]) return false;
  if (rounds.length >= ROUNDS[1] || ms >= ENOUGH_MS) return true;
  return rounds.length > 2 && rounds[0].every((one, at) => Math.abs(one - rounds[1][at]) <= STEADY * one);
}

const rounded = (value, digits) => Number(value.toFixed(digits));
const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);

/**
 * A subclass has step_import(), which sets this.faiss and returns what it found, and make(d, factory, vectors), which
 * returns an index with search(numbers, k), write(file) and ntotal(). All of them may be asynchronous.
 */
class Test {
  constructor(params, progress) {
    this.params = params;
    this.progress = progress;
    this.mostChecked = Infinity;
    this.brief = !params.figures;     // only known answers, each index saved and loaded
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'faiss-fleet-'));
    this.file = path.join(this.directory, 'index');
  }

  close() {
    (fs.rmSync || fs.rmdirSync)(this.directory, { recursive: true });
  }

  /** An index with the number of lists or candidates that a search looks at. */
  tuned(name, index, _nprobe) { return index; }

  // Points on a line, a quarter of a step beside one: the nearest are that one, the next, the one before... All
  // numbers are small multiples of a quarter, so float32 holds every distance exactly, in any order of sums.
  async step_known_answer() {
    const place = Array.from({ length: LINE }, (_, number) => (number * 77) % LINE);
    const numberAt = [];
    place.forEach((at, number) => { numberAt[at] = number; });
    const direction = Array.from({ length: LINE_D }, (_, axis) => (axis % 3 ? 1 : -1));
    const row = (value) => direction.map((one) => value * one);
    const rows = (values) => Float32Array.from([].concat(...values.map(row)));
    const starts = [10, 57, 101, 150, 188], offsets = [0, 1, -1, 2, -2];
    const ids = [].concat(...starts.map((start) => offsets.map((offset) => numberAt[start + offset])));
    const distances = [].concat(...starts.map(() => offsets.map((offset) => LINE_D * (offset - 0.25) ** 2)));
    const queries = Array.from(rows(starts.map((start) => start + 0.25)));
    for (const name of this.params.indexes) {
      this.progress(name);
      const index = await this.tuned(name, await this.make(LINE_D, KNOWN[name], rows(place)), 4);   // all lists: exact
      const found = await index.search(queries, LINE_K);
      if (!same(found.labels, ids) || !same(found.distances, distances)) {
        throw new Wrong('wrong_answer', `${KNOWN[name]} does not find the known neighbours: the first query wants ` +
          `numbers ${ids.slice(0, 5)} at squared distances ${distances.slice(0, 5)} and got ` +
          `${found.labels.slice(0, 5)} at ${found.distances.slice(0, 5)}.`);
      }
      if (this.brief) await this.sameAfterSave(index, queries, LINE_K, ids, KNOWN[name]);
    }
    return this.brief ? { known_answer: true, save_load: true } : { known_answer: true };
  }

  data() {
    const { n, d, queries, seed } = this.params;
    const { uniform, normal } = normals(seed);
    const clusters = Math.max(1, Math.floor(n / POINTS_PER_CLUSTER));
    const centres = Float32Array.from({ length: clusters * d }, normal);
    const around = (count, cluster) => {
      const rows = new Float32Array(count * d);
      for (let row = 0; row < count; row++) {
        const centre = cluster(row) * d;
        for (let axis = 0; axis < d; axis++) rows[row * d + axis] = centres[centre + axis] + SPREAD * normal();
      }
      return rows;
    };
    this.vectors = around(n, (row) => row % clusters);
    this.queries = around(queries, () => Math.floor(uniform() * clusters));
    this.checked = Math.min(queries, this.mostChecked);   // the first so many queries have their answers checked
  }

  distance(number, query) {
    const d = this.params.d;
    let sum = 0;
    for (let axis = 0, at = number * d, to = query * d; axis < d; axis++, at++, to++) {
      const gap = this.vectors[at] - this.queries[to];
      sum += gap * gap;
    }
    return sum;
  }

  // For each query the exact distance of its k-th neighbour, in float64.
  farthestAllowed() {
    const { n, k } = this.params;
    const distances = new Float64Array(n);
    return Array.from({ length: this.checked }, (_, query) => {
      for (let number = 0; number < n; number++) distances[number] = this.distance(number, query);
      return Float64Array.from(distances).sort()[k - 1] * (1 + TIE);
    });
  }

  async step_recall() {
    this.data();
    const { n, d, k, indexes } = this.params;
    const allowed = this.farthestAllowed();
    const lists = Math.max(1, Math.floor(n / POINTS_PER_CLUSTER));
    const factories = { flat: 'Flat', ivf: `IVF${lists},Flat`, hnsw: 'HNSW16' };
    this.indexes = {};
    this.answers = {};
    this.batches = {};
    this.reports = [];
    this.all = Array.from(this.queries);
    this.asked = this.all.slice(0, this.checked * d);
    for (const name of indexes) {
      this.progress(name);
      const factory = factories[name], began = performance.now();
      const made = await this.make(d, factory, this.vectors);
      const seconds = (performance.now() - began) / 1000;
      this.indexes[name] = await this.tuned(name, made, Math.min(NPROBE, lists));
      const labels = this.answers[name] = await this.batch(name, this.asked);
      let hits = 0;
      for (let query = 0; query < this.checked; query++) {
        const found = labels.slice(query * k, (query + 1) * k);
        if (found.some((number) => !(number >= -1 && number < n))) {
          throw new Wrong('wrong_answer',
            `${factory} answers query ${query} with numbers that no vector has: ${found}.`);
        }
        for (const number of new Set(found)) {          // -1: found fewer than k; a double counts once
          if (number !== -1 && this.distance(number, query) <= allowed[query]) hits++;
        }
      }
      this.reports.push({ index: name, factory, build_seconds: rounded(seconds, 3),
        recall_at_k: rounded(hits / (k * this.checked), 4) });
    }
    return { indexes: this.reports };
  }

  // Answers to many queries in one call, whose time is kept.
  async batch(name, queries) {
    const start = performance.now();
    const { labels } = await this.indexes[name].search(queries, this.params.k);
    const seconds = Math.max(performance.now() - start, 1e-6) / 1000;
    (this.batches[name] = this.batches[name] || []).push(queries.length / this.params.d / seconds);
    return labels;
  }

  async sameAfterSave(index, queries, k, labels, factory) {
    await index.write(this.file);
    const loaded = await this.faiss.Index.read(this.file);
    fs.unlinkSync(this.file);
    if (!same(labels, (await loaded.search(queries, k)).labels)) {
      throw new Wrong('wrong_answer', `${factory} answers otherwise after save and load.`);
    }
  }

  async step_save_load() {
    for (const report of this.reports) {
      this.progress(report.index);
      const index = this.indexes[report.index];
      await this.sameAfterSave(index, this.asked, this.params.k, this.answers[report.index], report.factory);
      report.save_load = true;
    }
    return { save_load: true, indexes: this.reports };
  }

  // One query a call, in rounds until they agree; the figures are of the quickest, which the host disturbed least.
  async step_throughput() {
    const { d, k, queries } = this.params;
    const single = Array.from({ length: queries }, (_, row) => this.all.slice(row * d, (row + 1) * d));
    for (const report of this.reports) {
      this.progress(report.index);
      const index = this.indexes[report.index];
      for (const query of single.slice(0, this.mostChecked === Infinity ? 20 : 5)) await index.search(query, k);
      const rounds = [], began = cpuMs();
      while (!enough(rounds, cpuMs() - began)) {
        const calls = [];
        for (const query of single) {
          const start = performance.now();
          await index.search(query, k);
          calls.push(performance.now() - start);
        }
        const sorted = ascending(calls);
        const total = calls.reduce((sum, call) => sum + call, 0);
        rounds.push([1000 * calls.length / Math.max(total, 1e-6), percentile(sorted, 0.5), percentile(sorted, 0.95)]);
        rounds.sort((one, other) => other[0] - one[0]);
      }
      const batches = this.batches[report.index], asked = cpuMs();
      // One that answers query by query gains nothing from more at once.
      while (this.checked === queries && batches.length < 3 && cpuMs() - asked < ENOUGH_MS / 3) {
        await this.batch(report.index, this.all);
      }
      const [qps, p50, p95] = rounds[0];
      Object.assign(report, { qps: rounded(qps, 1), p50_ms: rounded(p50, 4), p95_ms: rounded(p95, 4),
        batch_qps: rounded(Math.max(...batches), 1), rounds: rounds.length });
    }
    return { indexes: this.reports };
  }

  // The memory held after a tenth of the searches against that after all of them.
  async step_soak() {
    const { d, k, soak } = this.params;
    const held = () => {
      if (global.gc) global.gc();
      return process.memoryUsage().rss;
    };
    const vectors = this.vectors.subarray(0, Math.min(SOAK_N, this.params.n) * d);
    const rows = Math.min(50, this.params.n);
    const queries = Array.from({ length: rows }, (_, row) => Array.from(vectors.subarray(row * d, (row + 1) * d)));
    const began = performance.now();
    let growth = 0;
    for (const name of this.params.indexes) {
      this.progress(name);
      const index = await this.make(d, name === 'ivf' ? 'IVF10,Flat' : KNOWN[name], vectors);
      let before = held();
      for (let count = 0; count < soak; count++) {
        await index.search(queries[count % queries.length], Math.min(k, index.ntotal()));
        if (count === Math.floor(soak / 10)) before = held();
      }
      const grown = held() - before;
      growth = Math.max(growth, grown);
      if (grown > SOAK_GROWTH) {
        const megabytes = Math.round(grown / 1048576);
        throw new Wrong('out_of_memory', `${name} grew by ${megabytes} MB in ${soak} searches: memory is lost`);
      }
    }
    return { soak: { searches: soak * this.params.indexes.length, growth_bytes: growth,
      seconds: rounded((performance.now() - began) / 1000, 3) } };
  }
}

function causeOf(error) {
  if (error instanceof Wrong) return error.cause;
  const absent = error.code === 'MODULE_NOT_FOUND' && /^Cannot find module 'faiss-node'/.test(error.message);
  return absent ? 'not_installed' : null;
}

/** Runs the steps of a subclass of Test. Parameters come as JSON on standard input, answers go to standard output. */
async function main(Kind) {
  const { params, start } = JSON.parse(fs.readFileSync(0, 'utf8'));
  const stage = new Int32Array(new SharedArrayBuffer(4));
  const at = { stage: 'start', index: null };
  const say = (frame) => fs.writeSync(1, '\n' + start + JSON.stringify(Object.assign({}, at, frame)) + '\n');
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: {
    start, stages: STAGES, stage, seconds: params.timeout + 5, megabytes: params.memory_limit_mb } });
  watchdog.unref();
  say({ found: { node_version: process.versions.node, peak_rss_bytes: peakRss() } });
  const progress = (index) => {
    at.index = index;
    say({});
  };
  let test = null;
  try {
    test = new Kind(params, progress);
    for (const name of STAGES.slice(1, params.figures ? (params.soak ? 7 : 6) : 3)) {
      at.stage = name;
      Atomics.store(stage, 0, STAGES.indexOf(name));
      progress(null);
      say({ found: Object.assign(await test['step_' + name](), { peak_rss_bytes: peakRss() }) });
    }
    at.stage = 'done';
    progress(null);
  } catch (error) {
    say({ failed: {
      type: error.name, cause: causeOf(error), message: String(error.message), trace: String(error.stack) } });
  } finally {
    if (test) test.close();
    process.exit(0);
  }
}

module.exports = { Test, Wrong, main };
