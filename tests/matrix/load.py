# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs inside a userland: loads the files of each artefact, every artefact in a process of its own.

Prints for each artefact {file: what the loader said} of those that it refused. A name that a shared object expects of
the program that loads it, such as Python's or Node's own, is no fault of the host: by then the loader has mapped all
libraries and checked their versions.
"""

import ctypes
import json
import os
import subprocess
import sys

PT_INTERP = 3


def is_program(path):
    """Whether it is started rather than loaded: it names an interpreter and is no library by its name."""
    with open(path, "rb") as file:
        head = file.read(4096)
    count = int.from_bytes(head[56:58], "little")
    types = [int.from_bytes(head[64 + 56 * number : 68 + 56 * number], "little") for number in range(count)]
    return PT_INTERP in types and ".so" not in os.path.basename(path)


def refusal(path):
    """What the loader said; None when it took the file."""
    if is_program(path):
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
        return None if done.returncode == 0 else done.stderr or f"status {done.returncode}"
    try:
        ctypes.CDLL(path, mode=os.RTLD_LAZY)
    except OSError as exc:
        return None if "undefined symbol" in str(exc) else str(exc)
    return None


def of_artefact(files):
    """{file: refusal} of one artefact, found by a child: a constructor that crashes takes it alone down."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        found = {path: refusal(path) for path in files}
        with os.fdopen(write, "w") as out:
            json.dump({path: text for path, text in found.items() if text}, out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    status = os.waitpid(child, 0)[1]
    return json.loads(text) if text else {"": f"the loading process ended with status {status}"}


with open(sys.argv[1]) as asked:
    print(json.dumps([of_artefact(files) for files in json.load(asked)]))
