# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Has a signal that ends an audit end it as Ctrl-C does: workers tidy up, hosts have records, reports are written.

Knows nothing of Ansible but that it forks its workers, to which it may give handlers of its own, and takes
KeyboardInterrupt for the user's wish to stop.
"""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from ..artefacts import limits

# From a terminal, a service manager, a terminal that is closed, and a terminal once more.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
AGAIN = 0.05  # seconds


class RunEnded(KeyboardInterrupt):
    """What a signal raises in the process of the run. A type of its own: no other exception may be taken for it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class WorkerEnded(SystemExit):
    """The same in a worker."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


class Interrupts:
    """The handlers of one process and of the workers that it forks from now on."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._ending = False
        self._taken: list[signal.Signals] = []

    def install(self) -> None:
        """Takes the signals that nobody ignores (nohup) or handles already, but for Ansible itself."""
        if threading.current_thread() is not threading.main_thread():
            return  # no handler can be set there, and none is needed: the caller's process has its own
        for number in SIGNALS:
            before = signal.getsignal(number)
            given_up = number == signal.SIGHUP and before == signal.SIG_IGN and _has_a_terminal_of_its_own()
            if before in (signal.SIG_DFL, signal.default_int_handler) or _is_ansibles(before) or given_up:
                signal.signal(number, self._handle)
                self._taken.append(number)
        self._before, sys.unraisablehook = sys.unraisablehook, self._unraisable

    def _unraisable(self, lost: Any) -> None:
        """Python drops what is raised within a hook of fork or a __del__; a signal that met one is sent again."""
        if isinstance(lost.exc_value, RunEnded):
            self._ending = False
        elif isinstance(lost.exc_value, WorkerEnded):
            for number in self._taken:
                signal.signal(number, self._handle)
        else:
            self._before(lost)
            return
        with contextlib.suppress(RuntimeError):  # the process is about to end
            # No Timer: it takes locks that the interrupted code may hold, and a process waits for it at its end.
            _thread.start_new_thread(_send_later, (lost.exc_value.number,))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While the reports are written: a signal that comes then ends nothing, for the run is at its end."""
        before, self._ending = self._ending, True
        try:
            yield
        finally:
            self._ending = before

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._owner:
            self._end_run(number)
        else:
            self._end_worker(number)

    def _end_run(self, number: int) -> None:
        if self._ending:
            # Said twice: the reports are on their way. SIGQUIT is the way out where that hangs.
            if number == signal.SIGQUIT:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        self._ending = True
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise RunEnded(number)

    def _end_worker(self, number: int) -> None:
        _end_this(self._taken, number)


# Whether the children of this process are ended by its own code on the way out, which gives them time to tidy up.
_children_are_ended_elsewhere = False


@contextlib.contextmanager
def children_ended_by_their_owner() -> Iterator[None]:
    """While the block runs a signal does not end the children of this process: what it raises in the block does."""
    global _children_are_ended_elsewhere
    before, _children_are_ended_elsewhere = _children_are_ended_elsewhere, True
    try:
        yield
    finally:
        _children_are_ended_elsewhere = before


def end_like_a_worker() -> None:
    """In a process that a worker has forked: takes the signals that the worker takes, in whatever way that is."""
    global _children_are_ended_elsewhere
    _children_are_ended_elsewhere = False
    taken = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    for number in taken:
        signal.signal(number, lambda number, _frame: _end_this(taken, number))


def _end_this(taken: Iterable[signal.Signals], number: int) -> None:
    for each in taken:
        signal.signal(each, _once_is_enough)  # not SIG_IGN: Python complains of a signal that came a moment before
    _end_children()
    # Not by the signal itself: what the process holds (scratch directories, locks, a pip) is let go on the way out.
    raise WorkerEnded(number)


def _end_children() -> None:
    if not _children_are_ended_elsewhere:
        limits.end_children()


def _has_a_terminal_of_its_own() -> bool:
    """Whether ansible-runner started this process: it gives it a terminal, whose loss means that nobody reads any more.

    That somebody started ansible-runner by nohup is not meant for it: Ansible without its terminal waits for ever.
    """
    return os.getsid(0) == os.getpid() and os.isatty(1)


def _is_ansibles(handler: object) -> bool:
    """Whether it is the one of ansible-core 2.19 and newer, which by SIGTERM ends the run without its reports."""
    return type(getattr(handler, "__self__", None)).__name__ == "TaskQueueManager"


def end_children_first() -> None:
    """In a worker that has Ansible's own handlers: has them end its children first.

    From core 2.19 on a worker sets its own, which end its process group: what has a session of its own, as pip and a
    compiler have, would go on.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        before = signal.getsignal(number)
        if callable(before) and isinstance(getattr(before, "__self__", None), BaseProcess):
            signal.signal(number, partial(_end_children_and, before))


def _end_children_and(then: Callable[[int, FrameType | None], object], number: int, frame: FrameType | None) -> None:
    _end_children()
    then(number, frame)


def _send_later(number: int) -> None:
    time.sleep(AGAIN)
    os.kill(os.getpid(), number)


def _once_is_enough(number: int, frame: FrameType | None) -> None:
    """Takes no notice."""
