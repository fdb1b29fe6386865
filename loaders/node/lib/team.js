// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Threads that share the rows of a store: each compares its part of them, this one only puts their answers together.

const path = require('path');
const { Worker } = require('worker_threads');
const { batch, compiled } = require('./kernel');

const LEAST = 1 << 18;           // numbers: less is not worth a message to another thread

class Team {
  constructor(threads) {
    this.threads = threads;
    this.workers = null;
    this.failed = null;
    this.waiting = new Map();
    this.next = 1;
    this.memories = new Map();   // a number for each memory that the threads have
    this.closed = false;
  }

  _start() {
    this.workers = Array.from({ length: this.threads }, (_, thread) => {
      const worker = new Worker(path.join(__dirname, 'team-worker.js'), { workerData: { module: compiled(true), thread } });
      worker.unref();
      worker.on('message', ({ request, answer, error }) => {
        const entry = this.waiting.get(request);
        this.waiting.delete(request);
        if (this.waiting.size === 0) for (const one of this.workers) one.unref();
        if (error === undefined) entry.resolve(answer);
        else entry.reject(new Error(error));
      });
      worker.on('error', (error) => this._fail(error));
      worker.on('exit', () => this._fail(new Error('the thread ended')));
      return worker;
    });
  }

  _fail(error) {
    if (this.failed === null) this.failed = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  _number(piece) {
    if (!this.memories.has(piece.memory)) {
      const number = this.memories.size;
      this.memories.set(piece.memory, number);
      for (const worker of this.workers) worker.postMessage({ number, memory: piece.memory, shape: piece.shape });
    }
    const number = this.memories.get(piece.memory), codes = piece.coding.codes && piece.coding.codes.memory;
    if (codes && !this.memories.has(codes)) {
      this.memories.set(codes, number);
      for (const worker of this.workers) worker.postMessage({ number, codes });
    }
    return number;
  }

  _ask(worker, task) {
    return new Promise((resolve, reject) => {
      const request = this.next++;
      if (this.waiting.size === 0) for (const one of this.workers) one.ref();
      this.waiting.set(request, { resolve, reject });
      worker.postMessage({ request, ...task });
    });
  }

  /**
   * {piece, from, to, answers} of each part of the rows, in their order: what its thread found for these queries. `coded`: the
   * pieces that are searched by codes.
   */
  async batch(store, group, size, k, count, coded) {
    if (this.failed !== null) throw this.failed;
    if (this.workers === null) this._start();
    const asked = [];
    for (const piece of store.segments.pieces) {
      const rows = Math.min(count - piece.start, piece.capacity);
      if (rows <= 0) break;
      const task = { number: this._number(piece), coded: coded.has(piece), queries: group, count: size, k, long: store.longest };
      const parts = Math.max(1, Math.min(this.threads, Math.floor(rows * store.d / LEAST)));
      for (let part = 0; part < parts; part++) {
        const from = Math.floor(rows * part / parts), to = Math.floor(rows * (part + 1) / parts);
        asked.push(this._ask(this.workers[part], { ...task, from, to }).then(({ found, missed }) => {
          if (task.coded) piece.coding.told(size, missed);
          return { piece, from, to, answers: found };
        }));
      }
    }
    return Promise.all(asked);
  }

  /** How many queries go to the threads at once. */
  most(k) { return batch(k); }

  close() {
    this.closed = true;
    if (this.workers !== null) for (const worker of this.workers) worker.terminate();
    this.memories.clear();
  }
}

module.exports = { Team };
