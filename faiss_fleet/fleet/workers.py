# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Jobs in processes of their own, forked from this one, so many at a time.

What an attempt is limited by, an alarm and signals, belongs to a process: two attempts cannot share one.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..artefacts import limits
from . import interrupts

PR_SET_PDEATHSIG = 1
EVERY = 0.2  # seconds between two looks at the parent and the clock
# For a process that was asked to end to tidy up.
GRACE = 10.0


class Orphaned(SystemExit):
    """The process that waits for the results has gone."""


@dataclass(eq=False)
class Job:
    """One job: what is called, and what came of it. Its result is what JSON can hold."""

    name: str
    run: Callable[[], Any]
    result: Any = None
    error: str | None = None
    started: float = 0.0


class Workers:
    """At most ``width`` jobs at a time."""

    def __init__(self, width: int) -> None:
        self._width = max(1, width)
        self._parent = os.getppid()
        self._processes: dict[Connection, BaseProcess] = {}
        self.running: dict[Connection, Job] = {}

    def run(self, jobs: Iterable[Job], tick: Callable[[], None] | None = None) -> Iterator[Job]:
        """Yields each job when it is done. Whatever ends this ends the processes.

        tick is called now and then.
        """
        waiting = iter(jobs)
        more = True
        with interrupts.children_ended_by_their_owner():
            try:
                while more or self.running:
                    while more and len(self.running) < self._width:
                        job = next(waiting, None)
                        if job is None:
                            more = False
                        elif not self._starts(job):
                            yield job
                    for end in wait(list(self.running), EVERY):
                        yield self._ended(end)  # type: ignore[arg-type]
                    if os.getppid() != self._parent:
                        raise Orphaned(1)
                    if tick:
                        tick()
            finally:
                self._end_all()

    def _starts(self, job: Job) -> bool:
        """Whether the job has its process; it says why not, where the machine has no room for one more."""
        ends: tuple[Connection, ...] = ()
        try:
            here, there = ends = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.get_context("fork").Process(target=_work, args=(job.run, there, os.getpid()))
            job.started = time.monotonic()
            process.start()
        except OSError as exc:
            for end in ends:
                end.close()
            job.error = f"no process could be started for it: {exc}"
            return False
        there.close()
        self._processes[here], self.running[here] = process, job
        return True

    def _ended(self, end: Connection) -> Job:
        job, process = self.running.pop(end), self._processes.pop(end)
        try:
            answer = json.loads(end.recv_bytes())
            job.result, job.error = answer.get("result"), answer.get("error")
        except (EOFError, OSError, ValueError):
            job.error = ""
        end.close()
        process.join()
        if job.error == "":
            job.error = f"its process ended without an answer (exit status {process.exitcode})"
        return job

    def _end_all(self) -> None:
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in self._processes.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                for pid in (*limits.descendants(process.pid or 0), process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid or 0, signal.SIGKILL)
                process.join()
        self._processes.clear()
        self.running.clear()


def _work(run: Callable[[], Any], answers: Connection, parent: int) -> None:
    """The whole life of a process: one job."""
    interrupts.end_like_a_worker()
    with suppress(AttributeError, OSError):  # of Linux alone
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    try:
        text = json.dumps({"result": run()}, default=str)
    except (Exception, limits.OutOfTime) as exc:
        text = json.dumps({"error": f"{type(exc).__name__}: {exc}"})
    answers.send_bytes(text.encode())
