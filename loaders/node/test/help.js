// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';

const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const loader = require('..');

const FIXTURES = path.join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'vectors');
const cases = JSON.parse(fs.readFileSync(path.join(FIXTURES, 'cases.json')));
const runtimes = JSON.parse(process.env.FAISS_FLEET_TEST_RUNTIMES || '[]');
// Whether a test tries every metric and kernel, where one stands for the others otherwise.
const everything = process.env.FAISS_FLEET_TEST_ALL !== '0';
const python = process.env.FAISS_FLEET_TEST_PYTHON || '/usr/bin/python3';

process.removeAllListeners('warning');    // expected by the dozen

let run = null;       // the one directory that all others of this run lie in

function directory() {
  if (run === null) {
    run = fs.mkdtempSync(path.join(os.tmpdir(), 'faiss-fleet-loader-'));
    process.on('exit', () => fs.rmSync(run, { recursive: true, force: true }));
    for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]]) process.on(signal, () => process.exit(128 + number));
  }
  return fs.mkdtempSync(path.join(run, 'test-'));
}

function settingOf(runtime) {
  return { schema: 1, backend: 'faiss', runtime };
}

/** A runtime that starts the fake worker; `starts()` says how often it was started. */
function fake(how) {
  const log = path.join(directory(), 'starts');
  const runtime = { kind: 'python', argv: [python, path.join(FIXTURES, 'fake_worker.py'), how, log], env: {}, prefix: null };
  return { runtime, starts: () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n').length : 0) };
}

/** Compares hits with what is expected: ids in their order, scores within float32's rounding. */
function near(found, wanted) {
  assert.deepStrictEqual(found.map((hit) => hit.id), wanted.map((hit) => hit.id));
  found.forEach((hit, i) => assert.ok(Math.abs(hit.score - wanted[i].score) <= 2e-5 * Math.max(1, Math.abs(wanted[i].score)),
    `score ${hit.score}, expected ${wanted[i].score}`));
}

async function refused(act, code, Kind = loader.FaissFleetError) {
  const error = await Promise.resolve().then(act).then(() => null, (thrown) => thrown);
  assert.ok(error instanceof Kind, `expected ${Kind.name} ${code}, got ${error && error.stack}`);
  assert.strictEqual(error.code, code, error.message);
  assert.ok(error.message.length > 10);
  return error;
}

/** Events of a store, in their order. */
function events(store) {
  const seen = [];
  for (const name of ['restart', 'fallback']) store.on(name, (event) => seen.push([name, event]));
  return seen;
}

module.exports = { ...loader, assert, cases, runtimes, python, everything, FIXTURES, directory, settingOf, fake, near, refused, events };
