// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One thread of team.js: it compares the rows it is told with the queries it is given.

const { parentPort, workerData } = require('worker_threads');
const { Kernel } = require('./kernel');

const kernels = new Map();

function answer({ number, from, to, queries, count, k, size }) {
  const kernel = kernels.get(number);
  kernel.begin(queries, count, size);
  kernel.scan(from, to);
  return Array.from({ length: count }, (_, query) => {
    const { positions, goodness, worst } = kernel.found(query, k);
    return { positions: positions.slice(), goodness: goodness.slice(), worst };      // not the memory of all threads
  });
}

parentPort.on('message', (message) => {
  if (message.memory !== undefined) {
    kernels.set(message.number, new Kernel(workerData.module, message.memory, message.shape, workerData.thread));
    return;
  }
  try {
    parentPort.postMessage({ request: message.request, answer: answer(message) });
  } catch (error) {
    parentPort.postMessage({ request: message.request, error: String(error && error.message) });
  }
});
