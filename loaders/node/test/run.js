// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// node test/run.js [words ...]: runs the tests whose names hold one of these. Plain, as Node 16 has no test runner.
// FAISS_FLEET_TEST_RUNTIMES: a JSON list of runtimes with a real FAISS. FAISS_FLEET_TEST_PYTHON: any Python 3.
// FAISS_FLEET_TEST_ALL=0: one metric and one kernel where they do not differ, and none of the slow tests.

const { everything } = require('./help');

const tests = [];
global.test = (name, act) => tests.push([name, act]);
global.slow = everything ? global.test : () => {};

require('./inputs.js');
require('./files.js');
require('./flat-index.js');
require('./settings.js');
require('./options.js');
require('./turns.js');
require('./saves.js');
require('./slices.js');
require('./backends.js');
require('./kernel.js');
require('./codes.js');
require('./changes.js');
require('./upkeep.js');
require('./failures.js');
require('./index-kinds.js');
require('./sockets.js');

(async () => {
  const words = process.argv.slice(2);
  const chosen = tests.filter(([name]) => !words.length || words.some((word) => name.includes(word)));
  let failed = 0, count = 0;
  for (const [name, act] of chosen) {
    count += 1;
    const started = process.hrtime.bigint();
    try {
      await act();
      console.log(`ok      ${name} (${process.hrtime.bigint() / 1000000n - started / 1000000n} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`NOT OK  ${name}\n${error.stack}`);
    }
  }
  console.log(`${count} tests, ${failed} failed, Node ${process.version}`);
  process.exitCode = failed || !count ? 1 : 0;
})();
