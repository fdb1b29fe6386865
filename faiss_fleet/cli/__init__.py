# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The command line ``faiss-fleet``. What a command needs is imported when it runs, so that --help is quick."""

from __future__ import annotations

import errno
import io
import os
import sys

GONE, USAGE = 1, 2  # exit status: the reader of the output went away, and what a person can fix


def main() -> None:
    """The entry point."""
    from .app import app

    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a host's text may have letters that the terminal has not
    try:
        try:
            app(prog_name="faiss-fleet")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where an error still has a message and a status of its own
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer has no place to go
        if error.errno == errno.EPIPE:
            sys.exit(GONE)
        sys.stderr.write(f"faiss-fleet: {_message(error)}\n")
        sys.exit(USAGE)


def _message(error: OSError) -> str:
    """What happened and what to do: an error that names no file is one of standard output."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"The output cannot be written: {reason}. Free some space, or send it somewhere else."
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    return f"{name!r} cannot be used: {reason}. See that it exists, and that this user may read and write it."
