// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One thread of team.js: it compares the rows it is told with the queries it is given.

const { parentPort, workerData } = require('worker_threads');
const { Codes, search } = require('./codes');
const { Kernel } = require('./kernel');

const pieces = new Map();          // {kernel, codes} of each memory of rows

function answer({ number, coded, from, to, queries, count, k, long }) {
  const { kernel, codes } = pieces.get(number), steps = search(kernel, coded ? codes : null, queries, count, k, from, to, long);
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

parentPort.on('message', (message) => {
  const { number, memory, shape, codes } = message, { module, thread } = workerData;
  if (memory !== undefined) {
    pieces.set(number, { kernel: new Kernel(module, memory, shape, thread), codes: null });
    return;
  }
  if (codes !== undefined) {
    const piece = pieces.get(number);
    piece.codes = new Codes(module, piece.kernel, 0, codes, thread);
    return;
  }
  try {
    parentPort.postMessage({ request: message.request, answer: answer(message) });
  } catch (error) {
    parentPort.postMessage({ request: message.request, error: String(error && error.message) });
  }
});
