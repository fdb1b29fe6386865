# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs commands of the build against one time limit; a failed one is an error with its cause and last words."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import FleetError
from ...redact import redact

TAIL = 15
# Client -> what to install for it.
PACKAGES = {
    "apt-get": "a Debian or Ubuntu controller, or a directory in faiss_install__addon_inputs",
    "npm": "npm, or a directory in faiss_install__addon_inputs",
    "git": "git",
}


class Runner:
    """Commands with a deadline in common. Everything they print goes into ``log`` too, whole."""

    def __init__(self, log: Path, time_limit: float) -> None:
        self.log = log
        self._limit = time_limit
        self._deadline = time.monotonic() + time_limit
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
        """What the command printed. Raises FleetError when it is missing, fails, or the time is over."""
        if shutil.which(argv[0]) is None:
            need = PACKAGES.get(argv[0], argv[0])
            raise FleetError(
                f"{argv[0]} is not installed on this controller. It needs {need}.",
                cause="command_missing",
                remedy=f"Install {need}.",
            )
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        with subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            self._begin(process.pid)
            try:
                output = process.communicate(timeout=max(0.0, self._deadline - time.monotonic()))[0]
            except subprocess.TimeoutExpired:
                self.stop()
                raise FleetError(
                    f"The build did not end within {self._limit:.0f} s; {argv[0]} was ended. Its log is {self.log}. "
                    "Raise faiss_install__addon_timeout, or see what the controller is busy with.",
                    cause="timeout",
                    remedy="Raise faiss_install__addon_timeout.",
                ) from None
            except BaseException:
                self.stop()
                raise
            finally:
                with self._lock:
                    self._running.discard(process.pid)
        self.note(f"$ {' '.join(argv)}\n{output}")
        if process.returncode:
            raise self._failure(argv, process.returncode, output)
        return output

    def _begin(self, pid: int) -> None:
        with self._lock:
            self._running.add(pid)
            stopped = self._stopped
        if stopped:
            _end(pid)

    def stop(self) -> None:
        """Ends everything that runs, and what is started from now on: one failure ends the build."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for pid in running:
            _end(pid)

    def note(self, text: str) -> None:
        with self._lock, self.log.open("a", encoding="utf-8") as handle:
            handle.write(redact(text).rstrip() + "\n")

    def _failure(self, argv: Sequence[str], status: int, output: str) -> FleetError:
        from ...causes import (
            diagnose as causes,  # only here: its table takes longer to compile than most callers run
        )

        text = redact(output).strip()
        found = causes.diagnose(text)
        last = "\n".join(text.splitlines()[-TAIL:]) or "(it said nothing)"
        return FleetError(
            f"{argv[0]} ended with status {status}: {last}\nThe whole log is {self.log}.",
            cause=found[0]["cause"] if found else "build_failed",
            remedy=found[0]["remedy"] if found else f"Read {self.log}.",
            log=text,
            fault="controller",  # whatever its words mean of the machine on which they were said
        )


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
