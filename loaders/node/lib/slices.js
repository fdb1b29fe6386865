// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Long computations of this process take turns with its event loop: a few milliseconds of each round are theirs.

const { performance } = require('perf_hooks');
const { setImmediate: later } = require('timers');      // the true one, whatever tests put into its place

const limits = { slice: 3 };      // ms of a round

const waiting = [];        // {step, resolve, reject}, the next first
let until = 0;             // when this round's slice ends; 0 where it has not begun

function round() {
  until = 0;
  if (waiting.length) work();
}

function work() {
  let first = until === 0;
  if (first) {
    until = performance.now() + limits.slice;
    later(round);         // and the event loop has had its turn
  }
  while (waiting.length && (first || performance.now() < until)) {
    first = false;        // one step in each round, however busy the machine is
    const job = waiting[0];
    let part;
    try {
      part = job.step();
    } catch (error) {
      part = 'done';
      job.reject(error);
    }
    if (part !== undefined) waiting.shift();
    if (part === 'done') job.resolve();
    else if (part === 'turn') waiting.push(job);
  }
}

/**
 * Calls step(), which takes well below a millisecond, until it returns 'done'; at 'turn' the others come first. Short
 * work is done before this returns, if there is time left in this round.
 */
function inSlices(step) {
  return new Promise((resolve, reject) => {
    waiting.push({ step, resolve, reject });
    if (waiting.length === 1) work();
  });
}

/** Goes through a generator so, and resolves with what it returns. */
async function through(steps) {
  let value;
  await inSlices(() => {
    const step = steps.next();
    if (!step.done) return undefined;
    ({ value } = step);
    return 'done';
  });
  return value;
}

module.exports = { inSlices, through, limits };
