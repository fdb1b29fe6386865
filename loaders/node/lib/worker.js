// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// FAISS in another process: the prefix's own Python or a container, fed with the worker's text and then with frames.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { BackendError } = require('./errors');
const { TYPES, Reader, frame, numbers } = require('./protocol');
const { METRICS } = require('./store');
const { refuseStale } = require('./setting');

const PART = 8 << 20;             // bytes of vectors in one frame
const LOG = 4000;                 // characters of standard error that are kept
const NOT_INHERITED = /^(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$/;

let source = null;

function workerSource() {
  if (source === null) {
    // In a package it lies beside the loader; in the project the loader for Python has it.
    const places = ['../faiss_worker.py', '../../python/faiss_fleet_loader/faiss_worker.py'].map((place) => path.join(__dirname, place));
    source = fs.readFileSync(places.find((place) => fs.existsSync(place)) || places[0]);
  }
  return source;
}

/** What follows argv. The text comes on stdin, before the frames: so it reaches a container too. */
function bootstrap(length) {
  return ['-c', `import sys;exec(compile(sys.stdin.buffer.read(${length}),'faiss_worker.py','exec'))`];
}

function environment(runtime) {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', PYTHONNOUSERSITE: '1', PYTHONDONTWRITEBYTECODE: '1', ...runtime.env };
}

class WorkerBackend {
  /** A backend whose worker has answered. Rejects with SettingError or BackendError. */
  static async start(runtime, options) {
    refuseStale(runtime);
    const backend = new WorkerBackend(runtime, options);
    try {
      const hello = await backend._ask(TYPES.HELLO, [numbers(1)], options.startTimeout);
      backend.about = JSON.parse(hello.toString('utf8'));
    } catch (error) {
      const fault = error instanceof BackendError ? error
        : new BackendError('WORKER_NONSENSE', `The worker greets with what is no JSON: ${error.message}.`);
      backend._fail(fault);
      throw fault;
    }
    return backend;
  }

  constructor(runtime, options) {
    this.name = 'worker';
    this.options = options;
    this.store = null;
    this.count = 0;
    this.fault = null;
    this.log = '';
    this.waiting = new Map();
    this.next = 1;
    this.reader = new Reader();
    this.syncing = Promise.resolve();
    const text = workerSource();
    try {
      this.child = spawn(runtime.argv[0], [...runtime.argv.slice(1), ...bootstrap(text.length)], {
        cwd: '/', env: environment(runtime), stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {                            // a name that no program can have
      throw new BackendError('WORKER_START', `${runtime.argv[0]} cannot be started: ${error.message}.`, undefined, error);
    }
    this.child.on('error', (error) => this._fail(new BackendError('WORKER_START',
      `${runtime.argv[0]} cannot be started: ${error.message}.`, 'Run audit.yml for this host.', error)));
    // 'close' comes when standard error has been read too, so the message can say what was the matter.
    this.child.on('close', (code, signal) => this._fail(new BackendError('WORKER_DIED',
      `The worker ended with ${signal || `exit code ${code}`}${this.log ? `: ${this.log.trim().slice(-400)}` : ''}.`)));
    this.child.stderr.on('data', (data) => { this.log = (this.log + data.toString('utf8')).slice(-LOG); });
    this.child.stdout.on('data', (data) => this._read(data));
    this.child.stdin.on('error', () => {});      // it has gone: 'close' tells more
    this.child.stdin.write(text);
    this._rest();
  }

  /** An application that forgets close() can still end: only unanswered requests keep it running. */
  _rest() {
    for (const part of [this.child, this.child.stdin, this.child.stdout, this.child.stderr]) part.unref();
  }

  _wake() {
    for (const part of [this.child, this.child.stdin, this.child.stdout, this.child.stderr]) part.ref();
  }

  _fail(error) {
    if (this.fault) return;
    this.fault = error;
    this.child.kill('SIGKILL');
    for (const part of [this.child.stdin, this.child.stdout, this.child.stderr]) part.destroy();
    this.child.unref();
    for (const entry of this.waiting.values()) {
      clearTimeout(entry.timer);
      entry.reject(error);
    }
    this.waiting.clear();
  }

  _read(data) {
    try {
      for (const { type, request, payload } of this.reader.feed(data)) this._answer(type, request, payload);
    } catch (error) {
      this._fail(error);
    }
  }

  _answer(type, request, payload) {
    const entry = this.waiting.get(request);
    if (!entry || (type !== TYPES.ERROR && type !== (entry.type | TYPES.REPLY))) {
      throw new BackendError('WORKER_NONSENSE', `The worker answers ${type} to request ${request}, which was not asked.`);
    }
    if (type === TYPES.ERROR) {
      throw new BackendError('WORKER_ERROR', `The worker could not do it: ${payload.toString('utf8').slice(0, 2000)}`);
    }
    this.waiting.delete(request);
    clearTimeout(entry.timer);
    if (this.waiting.size === 0) this._rest();
    entry.resolve(payload);
  }

  _ask(type, payload, seconds = this.options.callTimeout) {
    if (this.fault) return Promise.reject(this.fault);
    return new Promise((resolve, reject) => {
      const request = this.next;
      this.next = (this.next % 0xffffffff) + 1;
      const timer = setTimeout(() => this._fail(new BackendError('WORKER_TIMEOUT',
        `The worker did not answer within ${seconds} s.`)), seconds * 1000);
      if (this.waiting.size === 0) this._wake();
      this.waiting.set(request, { type, resolve, reject, timer });
      const parts = frame(type, request, ...payload);
      const { stdin } = this.child;
      const small = parts.reduce((sum, part) => sum + part.length, 0) < 65536;
      if (small) {
        stdin.write(Buffer.concat(parts));
      } else {
        stdin.cork();
        for (const part of parts) stdin.write(part);
        stdin.uncork();
      }
    });
  }

  /** Gives the worker what it lacks of the store. */
  sync(store) {
    if (this.store === store && this.count === store.count) return this.syncing;
    this.syncing = this.syncing.then(() => this._sync(store));
    this.syncing.catch(() => {});
    return this.syncing;
  }

  async _sync(store) {
    if (this.store !== store) {
      await this._ask(TYPES.OPEN, [numbers(store.d, METRICS[store.metric], this.options.threads)]);
      this.store = store;
      this.count = 0;
    }
    const step = Math.max(1, Math.floor(PART / (store.d * 4)));
    while (this.count < store.count) {
      const to = Math.min(store.count, this.count + step);
      const rows = store.raw(this.count, to);
      const payload = [numbers(to - this.count), Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength)];
      const said = await this._ask(TYPES.ADD, payload);
      if (said.length !== 8 || said.readBigUInt64LE(0) !== BigInt(to)) {
        throw this._nonsense('counts other vectors than it was given');
      }
      this.count = to;
    }
  }

  _nonsense(what) {
    const error = new BackendError('WORKER_NONSENSE', `The worker ${what}.`);
    this._fail(error);
    return error;
  }

  /** [{positions, scores}] for each of m queries, which lie one after the other. */
  async search(store, queries, m, k) {
    // Another store may be on its way, of a load() that came first. What is asked below goes out in one piece, before
    // anything that comes after.
    do await this.sync(store); while (this.store !== store);
    const { d } = store;
    const step = Math.max(1, Math.floor(PART / Math.max(d * 4, k * 12)));
    const asked = [];
    for (let from = 0; from < m; from += step) {
      const count = Math.min(step, m - from);
      const part = queries.subarray(from * d, (from + count) * d);
      asked.push(this._ask(TYPES.SEARCH, [numbers(count, k), Buffer.from(part.buffer, part.byteOffset, part.byteLength)])
        .then((data) => ({ data, count })));
    }
    const found = [];
    for (const { data, count } of await Promise.all(asked)) {
      if (data.length !== 8 + count * k * 12 || data.readUInt32LE(0) !== count || data.readUInt32LE(4) !== k) {
        throw this._nonsense('answers with another number of neighbours than was asked');
      }
      for (let query = 0; query < count; query++) {
        const positions = new Float64Array(k), scores = new Float32Array(k);
        for (let i = 0; i < k; i++) {
          const at = query * k + i;
          // Below 2^53 the two halves are an exact number, and cheaper than a BigInt.
          positions[i] = data.readInt32LE(8 + at * 8 + 4) * 4294967296 + data.readUInt32LE(8 + at * 8);
          scores[i] = data.readFloatLE(8 + count * k * 8 + at * 4);
        }
        found.push({ positions, scores });
      }
    }
    return found;
  }

  close() {
    if (this.fault) return;
    this.fault = new BackendError('CLOSED', 'The worker was closed.');
    for (const entry of this.waiting.values()) {
      clearTimeout(entry.timer);
      entry.reject(this.fault);
    }
    this.waiting.clear();
    this.child.stdin.end();                        // it ends by itself; one that does not is ended
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 1000);
    this.child.on('close', () => clearTimeout(timer));
    this._wake();
  }
}

module.exports = { WorkerBackend };
