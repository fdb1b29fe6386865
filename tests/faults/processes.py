# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs jobs side by side, each in a process of its own that leaves nothing behind when all is to end."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

TIDYING_SECONDS = 60.0
WIDTH = 2  # jobs at a time
PR_SET_PDEATHSIG = 1

Job = tuple[Callable[..., Any], tuple[Any, ...]]


class Ended(SystemExit):
    """Raised within a job that is to end, so that it takes down what it has set up."""


def side_by_side(jobs: Sequence[Job], width: int = WIDTH) -> list[Any]:
    """What the jobs return, so many of them at a time.

    Ctrl-C, a signal or a job that fails ends all the others, and waits until they have tidied up.
    """
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(width, spawn, initializer=_begin) as pool:
        try:
            started = [pool.submit(_run, function, *arguments) for function, arguments in jobs]
            for job in concurrent.futures.wait(started, return_when=concurrent.futures.FIRST_EXCEPTION).done:
                job.result()  # raises what a job that failed has raised
            return [job.result() for job in started]
        except BaseException:
            _end_all(multiprocessing.active_children())
            raise


def _end_all(processes: Sequence[Any]) -> None:
    deadline = time.monotonic() + TIDYING_SECONDS
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _begin() -> None:
    """Of a worker: it hears no Ctrl-C of the terminal but is told by its parent, also by the parent's end."""
    os.setsid()
    signal.signal(signal.SIGTERM, _end)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        raise Ended


def _end(_number: int, _frame: Any) -> None:
    # Once: what is being taken down is not interrupted.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    raise Ended


def _run(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Ended:
        with contextlib.suppress(OSError):
            os.write(2, f"{function.__name__} was ended.\n".encode())
        # The pool would take an exception for an answer, and give this process the next job. With it goes what was just
        # being started when the signal came: it is of the same group, and nobody has its process id.
        os.killpg(0, signal.SIGKILL)
