// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The two ways to a worker: a process of one's own with its pipes, and a socket at which one listens already.

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { BackendError } = require('./errors');
const { refuseStale } = require('./setting');

const LOG = 4000;                 // characters of standard error that are kept
const NOT_INHERITED = /^(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$/;
const START_IT = 'Start the worker that serves it, or leave the option socket out.';

let source = null;

function workerSource() {
  if (source === null) {
    // Beside the loader, or where the audit lays out both loaders.
    const places = ['../faiss_worker.py', '../../python/faiss_fleet_loader/faiss_worker.py'].map((place) => path.join(__dirname, place));
    try {
      source = fs.readFileSync(places.find((place) => fs.existsSync(place)) || places[0]);
    } catch (error) {
      throw new BackendError('WORKER_START', `The worker's program cannot be read: ${error.message}.`,
        'Install the package faiss-fleet again: faiss_worker.py belongs to it.', error);
    }
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

/** A worker of this process alone. onData(bytes), onEnd(error): the latter once, when it can answer no more. */
class Process {
  constructor(runtime, onData, onEnd) {
    refuseStale(runtime);
    const text = workerSource();
    this.log = '';
    try {
      this.child = spawn(runtime.argv[0], [...runtime.argv.slice(1), ...bootstrap(text.length)], {
        cwd: '/', env: environment(runtime), stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {                            // a name that no program can have
      throw new BackendError('WORKER_START', `${runtime.argv[0]} cannot be started: ${error.message}.`, undefined, error);
    }
    const { child } = this;
    child.on('error', (error) => onEnd(new BackendError('WORKER_START',
      `${runtime.argv[0]} cannot be started: ${error.message}.`, 'Run audit.yml for this host.', error)));
    // 'close' comes when standard error has been read too, so the message can say what was the matter.
    child.on('close', (code, signal) => onEnd(new BackendError('WORKER_DIED',
      `The worker ended with ${signal || `exit code ${code}`}${this.log ? `: ${this.log.trim().slice(-400)}` : ''}.`)));
    child.stderr.on('data', (data) => { this.log = (this.log + data.toString('utf8')).slice(-LOG); });
    child.stdout.on('data', onData);
    child.stdin.on('error', () => {});           // it has gone: 'close' tells more
    this.out = child.stdin;
    this.parts = [child, child.stdin, child.stdout, child.stderr];
    child.stdin.write(text);
  }

  /** An application that forgets close() can still end: only unanswered requests keep it running. */
  rest() { for (const part of this.parts) part.unref(); }
  wake() { for (const part of this.parts) part.ref(); }

  kill() {
    this.child.kill('SIGKILL');
    for (const part of this.parts.slice(1)) part.destroy();
    this.child.unref();
  }

  /** Its input ends, and so does it; one that does not is ended. */
  close() {
    this.out.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 1000);
    this.child.on('close', () => clearTimeout(timer));
    this.wake();
  }
}

/** Throws BackendError unless the path is a socket of this user or of root. */
function refuseForeign(file) {
  let found;
  try {
    found = fs.lstatSync(file);
  } catch (error) {
    throw new BackendError('WORKER_SOCKET', `No worker answers at ${file}: ${error.message}.`, START_IT, error);
  }
  if (!found.isSocket()) throw new BackendError('WORKER_SOCKET', `${file} is no socket.`, START_IT);
  if (found.uid !== 0 && found.uid !== process.geteuid()) {
    throw new BackendError('WORKER_SOCKET', `${file} belongs to user ${found.uid}, who could read every vector.`,
      'Run the worker as the user of the application.');
  }
}

/** A connection to a worker that somebody else started, who must be this user or root. */
class Socket {
  constructor(file, onData, onEnd) {
    refuseForeign(file);
    let connected = false;
    this.out = net.connect(file, () => { connected = true; });
    this.out.on('data', onData);
    this.out.on('error', (error) => onEnd(connected ? new BackendError('WORKER_DIED',
      `The connection to the worker at ${file} broke: ${error.message}.`, undefined, error)
      : new BackendError('WORKER_SOCKET', `No worker answers at ${file}: ${error.message}.`, START_IT, error)));
    this.out.on('close', () => onEnd(new BackendError('WORKER_DIED', `The worker at ${file} closed the connection.`)));
  }

  rest() { this.out.unref(); }
  wake() { this.out.ref(); }
  kill() { this.out.destroy(); }
  close() { this.out.end(); }
}

module.exports = { Process, Socket, refuseForeign };
