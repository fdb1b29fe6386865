// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// What can go wrong, by kind. `code` is for programs, the message names the thing and the cause, `remedy` the next step.

class FaissFleetError extends Error {
  constructor(code, message, remedy, cause) {
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
