// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Which backend a store has: the one that the setting names, the next one when it fails, and native search again later.

const { EventEmitter } = require('events');
const os = require('os');
const { performance } = require('perf_hooks');
const { FaissFleetError, BackendError } = require('./errors');
const { ExactBackend } = require('./fallback');
const { NativeBackend } = require('./native');
const { WorkerBackend } = require('./worker');
const setting = require('./setting');

function closed() {
  return new FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.');
}

/** Milliseconds on a clock that nobody sets: an hour set back must not put native search off by an hour. */
function now() {
  return performance.now();
}

/** How many threads the fallback takes: 0 leaves it to us. */
function threadsOf(asked) {
  return asked === 0 ? os.cpus().length : asked;
}

class Opening extends EventEmitter {
  constructor(options) {
    super();
    this.options = options;
    this._store = null;
    this._backend = null;
    this._opening = null;
    this._socket = null;
    this._because = null;
    this._lastRestart = -Infinity;
    this._retryAt = Infinity;
    this._retrying = null;
    this._closing = null;
    this._searches = new Set();        // promises of the searches that are under way
    this.why = null;
  }

  get _closed() { return this._closing !== null; }

  _refuseClosed() {
    if (this._closed) throw closed();
  }

  /** The backend, started if need be. */
  async _opened() {
    const backend = await this._open().catch((error) => { throw this._closed ? closed() : error; });
    this._refuseClosed();
    return backend;
  }

  _open() {
    if (this._opening === null) {
      this._opening = this._choose();
      // A start that failed for good ({fallback: false}) may be tried again.
      this._opening.catch(() => { this._opening = null; });
    }
    return this._opening;
  }

  /** The runtime that the setting names now; null when it says js. Throws SettingError. */
  _read() {
    const { setting: given } = this.options;
    const found = typeof given === 'object' ? setting.check(given) : setting.read(given);
    if (found.backend !== 'faiss') {
      this._because = found.because || 'the setting says so';
      return null;
    }
    this._socket = this.options.socket || found.socket || null;
    return found.runtime;
  }

  async _choose() {
    try {
      const runtime = this._read();
      if (runtime === null) return this._fallBack(null, this._because);
      return this._use(await this._startOnce(runtime));
    } catch (error) {
      if (!(error instanceof FaissFleetError)) throw error;
      return this._fallBack(error, error.message);
    }
  }

  async _start(runtime) {
    if (this._socket !== null) {
      try {
        return await WorkerBackend.start(runtime, this.options, this._socket);
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        this.emit('restart', { error, count: this.count });
      }
    }
    if (runtime.kind === 'node') return NativeBackend.start(runtime, this.options);
    if (runtime.kind === 'python' || runtime.kind === 'container') return WorkerBackend.start(runtime, this.options);
    throw new BackendError('BACKEND_FAILED', `This loader cannot start a runtime of kind ${runtime.kind}.`, 'Use a newer loader.');
  }

  async _startOnce(runtime) {
    try {
      return await this._start(runtime);
    } catch (error) {
      if (runtime.kind === 'node' || !(error instanceof BackendError)) throw error;
      return this._again(error);
    }
  }

  /** One more start, by the setting as it is now: what it named may have been replaced since. */
  async _again(error) {
    if (now() - this._lastRestart < this.options.restartWindow * 1000) throw error;
    this._lastRestart = now();
    this.emit('restart', { error, count: this.count });
    const runtime = this._read();
    if (runtime === null) throw error;
    return this._start(runtime);
  }

  _use(backend) {
    this._backend = backend;
    return backend;
  }

  _fallBack(error, why) {
    if (error && !this.options.fallback) throw error;
    this.why = why;
    // Where something failed, rather than the setting says so, native search is tried again later.
    this._retryAt = error ? now() + this.options.restartWindow * 1000 : Infinity;
    const backend = this._use(this._exact());
    const code = error ? error.code : 'SETTING_SAYS_JS';
    process.emitWarning(`Searching in JavaScript, without FAISS: ${why}`, { type: 'FaissFleetWarning', code });
    this.emit('fallback', { error, why, count: this.count });
    return backend;
  }

  _exact() {
    return new ExactBackend(threadsOf(this.options.threads));
  }

  /** After restartWindow native search is tried again, while JavaScript goes on answering. */
  _retryLater() {
    if (now() < this._retryAt || this._backend === null || this._closed) return;
    this._retryAt = Infinity;
    const before = this._opening;
    this._retrying = this._retry(before).then(() => {}, () => {
      this._retryAt = now() + this.options.restartWindow * 1000;
    });
  }

  async _retry(before) {
    const runtime = this._read();
    if (runtime === null) return;
    let backend = await this._start(runtime);
    try {
      for (;;) {
        const store = this._store;
        if (store !== null) await backend.sync(store);
        if (this._closed || this._opening !== before) return;
        if (this._store === store && this._lastChange === null) break;
        await this._lastChange;
      }
      const old = this._backend;
      this._opening = Promise.resolve(this._use(backend));
      backend = null;
      this.why = null;
      this._lastRestart = -Infinity;
      this._searched.then(() => old.close());      // the searches that it has begun come first
      this.emit('recovered', { backend: this.backend, count: this.count });
    } finally {
      if (backend !== null) backend.close();
    }
  }

  /** Ends with the searches that are under way now. */
  get _searched() { return Promise.allSettled([...this._searches]); }

  /** Does something with the backend; with the next one if that fails. */
  async _run(act) {
    for (;;) {
      this._retryLater();
      const opening = this._open();
      const backend = await opening.catch((error) => { throw this._closed ? closed() : error; });
      this._refuseClosed();
      try {
        return await act(backend);
      } catch (error) {
        if (this._closed) throw closed();
        if (!(error instanceof BackendError)) throw error;
        // The first to notice replaces it; the others wait for that.
        if (this._opening === opening) {
          this._opening = this._replace(backend, error);
          this._opening.catch(() => { this._opening = null; });
        }
      }
    }
  }

  async _replace(backend, error) {
    backend.close();
    this._backend = null;
    let last = error;
    if (backend.name === 'worker') {
      try {
        return this._use(await this._again(error));
      } catch (again) {
        if (!(again instanceof FaissFleetError)) throw again;
        last = again;
      }
    }
    return this._fallBack(last, last.message);
  }
}

module.exports = { Opening, closed, threadsOf };
