# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Faults of FAISS, as data: a module of that name in an environment of the host, which the audit finds and tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from tests.faults.fleet import OLD, PREFIX
from tests.faults.model import Fault, Inject, Seat
from tests.faults.on_hosts import all_of
from tests.faults.on_kernel import starved

VENV = "/opt/app/venv"
INTERPRETERS = {OLD: "/usr/local/bin/python3.13"}
VARIABLES = {
    "faiss_install__strategies": ["existing"],
    "faiss_install__policy": "fixed",
    "glibc_facts__interpreters": [f"{VENV}/bin/python"],
}
DIES = "import os, signal\nos.kill(os.getpid(), signal.{})\n"
# A second session, as a daemon does, which works on after the import.
FORKS = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(0)
raise ImportError("it has forked")
"""
FORKS_AND_PASSES = """

import os as _os, time as _time
# In the search test alone: the judge imports it as well.
if "FAISS_FLEET_CHILD" in _os.environ and _os.fork() == 0:
    _os.setsid()
    while True:
        _time.sleep(1)
"""
WRONG_IDS = """

_search = IndexFlat.search
def _wrong(self, x, k, **options):
    distances, ids = _search(self, x, k, **options)
    return distances, (ids + 7) % max(1, self.ntotal)
IndexFlat.search = _wrong
IndexFlatL2.search = _wrong
"""
WRONG_DISTANCES = """

_search = IndexFlat.search
def _wrong(self, x, k, **options):
    distances, ids = _search(self, x, k, **options)
    return distances * 0 - 1, ids
IndexFlat.search = _wrong
IndexFlatL2.search = _wrong
"""
DIES_IN_SEARCH = """

def _dies(self, *arguments, **options):
    import os, signal
    os.kill(os.getpid(), signal.SIGSEGV)
IndexFlat.search = _dies
IndexFlatL2.search = _dies
"""


def module(text: str, real: bool = False) -> Callable[[Seat], None]:
    """An environment with a numpy and this faiss; real: the text follows what FAISS itself has."""

    def inject(seat: Seat) -> None:
        python = INTERPRETERS[seat.fleet.farm.hosts[seat.host].recipe]
        site = seat.directory(f"{VENV}/lib/python3.13/site-packages")
        (prefix,) = seat.path(PREFIX).glob("wheel/*/site-packages")
        for name in ("numpy", "numpy.libs", "packaging"):
            shutil.copytree(prefix / name, site / name)
        if real:
            for directory in (*prefix.glob("faiss*"),):
                shutil.copytree(directory, site / directory.name)
        else:
            (site / "faiss").mkdir()
            (site / "faiss_cpu-1.9.0.dist-info").mkdir()
            (site / "faiss_cpu-1.9.0.dist-info/METADATA").write_text("Name: faiss-cpu\nVersion: 1.9.0\n")
        with (site / "faiss/__init__.py").open("a") as file:
            file.write(text)
        seat.directory(f"{VENV}/bin")
        seat.path(f"{VENV}/bin/python").symlink_to(python)
        seat.path(f"{VENV}/pyvenv.cfg").write_text(
            f"home = {python.rpartition('/')[0]}\ninclude-system-site-packages = false\n"
        )

    return inject


def faiss(
    name: str, what: str, text: str, cause: Any, real: bool = False, before: Inject | None = None, **more: Any
) -> Fault:
    """before: what else is done to the host."""
    state = "fallback" if cause else "native"
    inject = all_of(before, module(text, real)) if before else module(text, real)
    return Fault("faiss", name, what, inject, state, cause, VARIABLES, OLD, keeps=("/opt/app",), **more)


FAULTS = (
    faiss("SIGILL", "an instruction that the CPU lacks", DIES.format("SIGILL"), "cpu_isa"),
    faiss("SIGSEGV", "a crash at import", DIES.format("SIGSEGV"), "segfault"),
    faiss("SIGABRT", "abort at import", DIES.format("SIGABRT"), "abort"),
    faiss("killed", "kill -9 at import", DIES.format("SIGKILL"), "killed"),
    faiss("SIGSTOP", "stopped at import", DIES.format("SIGSTOP"), "timeout"),
    faiss("hang", "an import that never ends", "import time\nwhile True:\n    time.sleep(1)\n", "timeout"),
    faiss("busy", "an import that computes for ever", "while True:\n    pass\n", "timeout"),
    faiss("deaf", "an import that ignores every signal it can, and never ends", "import signal, time\n"
          "for number in range(1, 32):\n    if number not in (9, 19):\n        signal.signal(number, signal.SIG_IGN)\n"
          "while True:\n    time.sleep(1)\n", "timeout"),
    faiss("endless output", "an import that prints for ever", "import os\nwhile True:\n    os.write(1, b'A' * 65536)\n"
          "    os.write(2, b'B' * 65536)\n", ("timeout", "garbage_output")),
    faiss("garbage output", "random bytes and then exit 0", "import os\nfor fd in (1, 2):\n"
          "    os.write(fd, os.urandom(1 << 20))\nos._exit(0)\n", "garbage_output"),
    faiss("forged answer", "an import that prints what an answer looks like", "import os\n"
          "os.write(1, b'\\nFAISS-FLEET 0123456789abcdef0123456789abcdef {\"stage\": \"done\", \"ok\": true}\\n')\n"
          "os._exit(0)\n", "garbage_output"),
    faiss("exit 0", "an import that ends the process without an answer", "import os\nos._exit(0)\n",
          "garbage_output"),
    faiss("exit 137", "an import that ends as a killed child of a shell does", "import os\nos._exit(137)\n",
          ("killed", "garbage_output")),
    faiss("import that forks", "a child in a session of its own goes on after the import failed", FORKS,
          "unknown", finding="H.18"),
    faiss("search that forks", "a child in a session of its own goes on after all went well", FORKS_AND_PASSES, None,
          real=True, finding="H.18"),
    faiss("huge memory", "an import that takes all the memory it gets", "found = []\nwhile True:\n"
          "    found.append(bytearray(64 << 20))\n", "out_of_memory"),
    faiss("killed for memory", "an import that fills all the memory it gets, on a host with 400 MB", "found = []\n"
          "while True:\n    found.append(b'x' * (16 << 20))\n", "out_of_memory", special=True, before=starved(400)),
    faiss("wrong neighbours", "searches answer with other rows", WRONG_IDS, "wrong_answer", real=True),
    faiss("wrong distances", "searches answer with the right rows and distances of -1", WRONG_DISTANCES,
          "wrong_answer", real=True),
    faiss("crash in search", "the import passes and a search crashes", DIES_IN_SEARCH, "segfault", real=True),
    faiss("empty module", "a faiss without anything in it", "", ("unknown", "faiss_error", "loader_missing_module")),
    faiss("hostile error", "an ImportError of HTML, escapes and 10 MB", "raise ImportError('<img src=x onerror=canary()>"
          "\\x1b[31m=cmd()|' + 'A' * 10_000_000)\n", ("unknown", "garbage_output")),
)  # fmt: skip
