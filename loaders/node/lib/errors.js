// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What can go wrong, by kind. `code` is for programs, the message names the thing and the cause, `remedy` the next step.

const RUN_AUDIT = 'Run audit.yml for this host: its search test names what is wrong.';
// The next step where an error names none of its own.
const REMEDIES = {
  BAD_ARGUMENT: 'Look at the call in the README.md or the types (index.d.ts) of this package.',
  WORKER_START: RUN_AUDIT,
  WORKER_SOCKET: RUN_AUDIT,
  WORKER_DIED: RUN_AUDIT,
  WORKER_TIMEOUT: 'Give it more time with the option callTimeout or startTimeout, or run audit.yml for this host.',
  WORKER_NONSENSE: RUN_AUDIT,
  WORKER_VERSION: 'Use the worker that comes with the loader.',
  WORKER_ERROR: RUN_AUDIT,
  BACKEND_FAILED: RUN_AUDIT,
};

class FaissFleetError extends Error {
  constructor(code, message, remedy = REMEDIES[code], cause) {
    super(remedy ? `${message} ${remedy}` : message);
    this.name = this.constructor.name;
    this.code = code;
    this.remedy = remedy || null;
    if (cause !== undefined) this.cause = cause;
  }
}

/** An argument that cannot be. Nothing of the call was done. */
class InputError extends FaissFleetError {}
/** The setting is missing, malformed, or points at what is no longer there. */
class SettingError extends FaissFleetError {}
/** A file is not a vector file, or not a whole one. */
class FileError extends FaissFleetError {}
/** A backend cannot be started, died, hung or answered nonsense. */
class BackendError extends FaissFleetError {}

module.exports = { FaissFleetError, InputError, SettingError, FileError, BackendError };
