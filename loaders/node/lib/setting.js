// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Reads which backend this host was given.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { SettingError } = require('./errors');

const DEFAULT = '/etc/faiss-fleet/backend.json';        // of the host
const NEXT = 'Run audit.yml for this host, which writes it again.';
const LARGEST = 1 << 20;                                // bytes; a setting has 2 kB

/** Text that a program or a path can have. */
function isText(value) {
  return typeof value === 'string' && !value.includes('\0');
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function said(value) {
  return typeof value === 'string' ? JSON.stringify(value) : isObject(value) ? 'an object' : String(value);
}

function problem(found) {
  if (!isObject(found)) return 'it is not an object';
  if (found.schema !== 1) return `its schema is ${said(found.schema)}, not 1`;
  if (found.socket !== undefined && found.socket !== null && !isText(found.socket)) return 'its socket is no path';
  if (found.backend === 'js') return null;
  if (found.backend !== 'faiss') return `its backend is ${said(found.backend)}`;
  const runtime = found.runtime;
  if (!isObject(runtime)) return 'it has no runtime';
  if (!isText(runtime.kind)) return 'its runtime has no kind';
  if (!Array.isArray(runtime.argv) || !runtime.argv.length || !runtime.argv.every(isText)) return 'its runtime has no argv';
  const env = runtime.env === undefined ? {} : runtime.env;
  if (!isObject(env) || !Object.entries(env).flat().every(isText)) return 'the env of its runtime is no object of texts';
  if (runtime.prefix !== undefined && runtime.prefix !== null && !isText(runtime.prefix)) return 'the prefix of its runtime is no path';
  return null;
}

/** The setting itself, from a file or from the application. Throws SettingError. */
function check(found, name = 'the setting') {
  const fault = problem(found);
  if (fault) throw new SettingError('SETTING_MALFORMED', `${name} is no setting: ${fault}.`, NEXT);
  return found;
}

/** The setting that `make audit` wrote for this user alone; null when there is none, or others could have put it there. */
function ofUser() {
  const named = process.env.XDG_CONFIG_HOME || '';
  // A relative one counts for nothing, as its specification says: the directory that a program happens to run in may be anyone's.
  const place = path.join(path.isAbsolute(named) ? named : path.join(os.homedir(), '.config'), 'faiss-fleet', 'backend.json');
  try {
    const { uid } = fs.statSync(place);
    return uid === 0 || uid === process.geteuid() ? place : null;
  } catch (error) {
    return null;
  }
}

/** The text of a regular file. A pipe is not waited for. */
function textOf(place) {
  const file = fs.openSync(place, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK || 0));
  try {
    const status = fs.fstatSync(file);
    if (!status.isFile() || status.size > LARGEST) throw new Error('it is no regular file of at most 1 MiB');
    return fs.readFileSync(file, 'utf8');
  } finally {
    fs.closeSync(file);
  }
}

/** The setting at a path, FAISS_FLEET_SETTING, of this user or of the host. Throws SettingError. */
function read(given) {
  const place = given || process.env.FAISS_FLEET_SETTING || ofUser() || DEFAULT;
  let text;
  try {
    text = textOf(place);
  } catch (error) {
    const missing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    throw new SettingError(missing ? 'SETTING_MISSING' : 'SETTING_UNREADABLE',
      missing ? `There is no setting at ${place}.` : `${place} cannot be read: ${error.message}.`, NEXT, error);
  }
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new SettingError('SETTING_MALFORMED', `${place} is not JSON: ${error.message}.`, NEXT, error);
  }
  return check(found, place);
}

/** Throws SettingError when what the runtime starts is gone. */
function refuseStale(runtime) {
  const gone = (what) => new SettingError('SETTING_STALE', `The setting names ${what}, which is not here any more.`, NEXT);
  if (runtime.prefix && !fs.existsSync(runtime.prefix)) throw gone(runtime.prefix);
  if (runtime.argv[0].startsWith('/')) {
    try {
      fs.accessSync(runtime.argv[0], fs.constants.X_OK);
    } catch (error) {
      throw gone(runtime.argv[0]);
    }
  }
}

module.exports = { read, check, refuseStale };
