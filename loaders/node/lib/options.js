// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What the application may ask of a store. Anything else is refused, for a misspelt option would change results silently.

const { InputError } = require('./errors');
const { METRICS } = require('./store');
const { KINDS } = require('./kinds');

const DEFAULTS = {
  metric: 'cosine', dimension: undefined, setting: undefined, fallback: true, startTimeout: 60, callTimeout: 30,
  restartWindow: 600, threads: 1, index: 'flat', socket: null,
};
const NAMES = Object.keys(DEFAULTS);
const MOST_SECONDS = 2000000;           // a timer of Node takes no more
const has = (table, name) => Object.prototype.hasOwnProperty.call(table, name);

/** How many letters are to be put in, left out or changed. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length];
}

function nearest(name) {
  const plain = name.slice(0, 40).toLowerCase().replace(/[_-]/g, '');
  const far = (known) => (plain && known.toLowerCase().startsWith(plain) ? 0 : distance(plain, known.toLowerCase()));
  return NAMES.reduce((best, known) => (far(known) < far(best) ? known : best));
}

function refuse(message, remedy, code = 'BAD_ARGUMENT') {
  throw new InputError(code, message, remedy);
}

const isText = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');

/** One line for each option: whether a value will do, and what it is to be. */
const CHECKS = {
  metric: [(value) => has(METRICS, value), 'cosine, ip or l2'],
  dimension: [(value) => value === undefined || (Number.isInteger(value) && value > 0 && value <= 65536), 'a whole number from 1 to 65536'],
  setting: [(value) => value === undefined || isText(value) || typeof value === 'object', 'a path, or the content of a setting as an object'],
  fallback: [(value) => typeof value === 'boolean', 'true or false'],
  threads: [(value) => Number.isInteger(value) && value >= 0 && value <= 1024, 'a whole number from 0 to 1024'],
  index: [(value) => has(KINDS, value), 'flat, ivf or hnsw'],
  socket: [(value) => value === null || isText(value), 'the path of a socket'],
};
for (const name of ['startTimeout', 'callTimeout', 'restartWindow']) {
  CHECKS[name] = [(value) => Number.isFinite(value) && value > 0 && (value <= MOST_SECONDS || name === 'restartWindow'),
    `a number of seconds above 0${name === 'restartWindow' ? '' : ` and up to ${MOST_SECONDS}`}`];
}

/** A value as it can be told in a message. */
function told(value) {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** All options, with the defaults of those that were not given, or given as null. Throws InputError. */
function options(given = {}) {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    refuse(`The options of a store are ${Array.isArray(given) ? 'a list' : told(given)}; they are an object.`, "Write them such as {metric: 'cosine'}.");
  }
  const found = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given)) {
    if (!has(DEFAULTS, name)) {
      refuse(`There is no option ${told(name)}.`, `Is ${nearest(name)} meant? The options are ${NAMES.join(', ')}.`);
    }
    if (value !== undefined && value !== null) found[name] = value;
  }
  for (const [name, [good, wanted]] of Object.entries(CHECKS)) {
    if (!good(found[name])) {
      refuse(`${name} is ${told(found[name])}; it is ${wanted}.`, `Give ${wanted}, or leave ${name} out.`,
        name === 'dimension' ? 'BAD_DIMENSION' : 'BAD_ARGUMENT');
    }
  }
  return found;
}

module.exports = { options, told, isText };
