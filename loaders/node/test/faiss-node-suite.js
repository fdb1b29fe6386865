// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// node test/faiss-node-suite.js DIRECTORY: runs the test files of the package faiss-node that lie in DIRECTORY/test, as they
// are, against faiss-fleet/faiss-node. As much of jest as they use; an index other than flat may be refused.

const assert = require('assert');
const fs = require('fs');
const Module = require('module');
const os = require('os');
const path = require('path');

const faiss = require('../faiss-node');
const { BackendError } = require('../lib/errors');

const directory = path.join(path.resolve(process.argv[2]), 'test');
const load = Module._load;
Module._load = (request, ...more) => (request === '../lib' ? faiss : load(request, ...more));

const suites = [];
global.describe = (name, body) => {
  suites.push({ name, all: [], each: [] });
  body();
  suites.pop();
};
const tests = [];
global.beforeAll = (act) => tests.push([null, act, []]);
global.beforeEach = (act) => suites[suites.length - 1].each.push(act);
global.it = (name, act) => {
  const around = [...suites];
  tests.push([`${suites.map((suite) => suite.name).join(' ')} ${name}`, act, around]);
};
global.expect = (found) => ({
  toBe: (wanted) => assert.ok(Object.is(found, wanted), `${found} is not ${wanted}`),
  toMatchObject: (wanted) => { for (const [name, value] of Object.entries(wanted)) assert.deepStrictEqual(found[name], value); },
  toThrow: (wanted) => {
    let thrown = null;
    try {
      found();
    } catch (error) {
      thrown = error;
    }
    assert.ok(thrown !== null, 'it does not throw');
    assert.ok(wanted instanceof RegExp ? wanted.test(thrown.message) : thrown.message.includes(wanted), `${thrown.message}, not ${wanted}`);
  },
});

for (const file of fs.readdirSync(directory).sort()) require(path.join(directory, file));
process.chdir(fs.mkdtempSync(path.join(os.tmpdir(), 'faiss-fleet-suite-')));
process.on('exit', () => fs.rmSync(process.cwd(), { recursive: true, force: true }));
const count = { passed: 0, refused: 0, failed: 0 };
for (const [name, act, around] of tests) {
  try {
    for (const suite of around) for (const before of suite.each) before();
    act();
    if (name !== null) count.passed += 1;
  } catch (error) {
    const known = faiss.backend === 'js' && error instanceof BackendError && /HNSW/.test(error.message);
    count[known ? 'refused' : 'failed'] += 1;
    if (!known) console.log(`NOT OK  ${name}\n${error.stack}`);
  }
}
console.log(`${faiss.backend}: ${count.passed} passed, ${count.refused} refused for want of FAISS, ${count.failed} failed`);
process.exitCode = count.failed || !count.passed ? 1 : 0;
