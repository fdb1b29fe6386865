# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Calls that wait, many at a time, each with a deadline that is held from outside of the thread that waits.

Plain threads: what they call may be anybody's plugin. When a call's time is over, or it has read too much, the
processes that its thread has started are ended; a thread that waits on regardless is left behind, and another one
takes its place.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..artefacts import limits

# For a thread whose processes were ended, to come back.
GRACE = 5.0


class OutOfTime(Exception):
    """The call did not end in time, or read more than a host may answer."""


@dataclass(eq=False)
class Call:
    """One call: what is called, for how long, and what came of it."""

    name: str
    run: Callable[[], Any]
    seconds: float
    result: Any = None
    error: BaseException | None = None
    started: float = 0.0
    thread: int = 0
    had_read: int = field(default=0, repr=False)  # bytes that the thread had read before
    why: str = field(default="", repr=False)
    ended_at: float = field(default=0.0, repr=False)
    done: bool = field(default=False, repr=False)

    def work(self) -> None:
        """Calls, and keeps whatever comes of it."""
        try:
            self.result = self.run()
        except BaseException as exc:
            self.error = exc
        self.done = True


class Pool:
    """At most ``width`` calls at a time."""

    def __init__(self, width: int) -> None:
        self._width = max(1, width)
        self._todo: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._threads = 0
        self.running: dict[int, Call] = {}

    def run(self, calls: Iterable[Call], tick: Callable[[], None] | None = None) -> Iterator[Call]:
        """Yields each call when it is done. The next one is taken from ``calls`` in this thread, when there is room.

        tick is called now and then, in this thread.
        """
        waiting = iter(calls)
        more = True
        try:
            while more or self.running:
                while more and len(self.running) < self._width:
                    call = next(waiting, None)
                    if call is None:
                        more = False
                    else:
                        self._start(call)
                yield from self._wait()
                if tick:
                    tick()
        finally:
            for _ in range(self._threads):
                self._todo.put(None)
            for call in self.running.values():
                _end_processes(call.thread, signal.SIGTERM)

    def _start(self, call: Call) -> None:
        if self._threads <= len(self.running):
            self._threads += 1
            # A daemon: the process may end although a call hangs.
            threading.Thread(target=self._work, daemon=True).start()
        call.started = time.monotonic()
        self.running[id(call)] = call
        self._todo.put(call)

    def _work(self) -> None:
        while (call := self._todo.get()) is not None:
            call.had_read = limits.bytes_read(threading.get_native_id())
            call.thread = threading.get_native_id()
            call.work()
            self._done.put(call)

    def _wait(self) -> Iterator[Call]:
        if not self.running:
            return
        with suppress(queue.Empty):
            call = self._done.get(timeout=0.2)
            # One that was given up comes too late.
            if self.running.pop(id(call), None) is not None:
                if call.ended_at:
                    call.error = OutOfTime(call.why)
                yield call
        now = time.monotonic()
        # One that is done waits for this thread alone, which may have been at work for longer than its deadline.
        waiting = [each for each in self.running.values() if not each.done]
        for call in waiting:
            if not call.ended_at:
                call.why = _why(call, now - call.started)
                if not call.why:
                    continue
                call.ended_at = now
                _end_processes(call.thread, signal.SIGTERM)
            elif now - call.ended_at > GRACE:
                _end_processes(call.thread, signal.SIGKILL)
                call.error = OutOfTime(f"{call.why}, and did not end when it was asked to")
                del self.running[id(call)]
                self._threads -= 1
                yield call


def _why(call: Call, seconds: float) -> str:
    """Why a call has to end that has been at it for so long; nothing where it may go on."""
    if seconds > call.seconds:
        return f"it did not end within {call.seconds:g} s"
    # Answers that come at once are not worth a look.
    if seconds > limits.LOOK and call.thread and limits.bytes_read(call.thread) - call.had_read > limits.MOST_READ:
        return f"it printed {limits.TOO_MUCH}"
    return ""


def _end_processes(thread: int, number: int) -> None:
    """Sends a signal to what a thread of this process has started; the kernel lists that for each thread."""
    if not thread:
        return
    with suppress(OSError, ValueError):
        children = Path(f"/proc/self/task/{thread}/children").read_text(encoding="ascii")
        for pid in map(int, children.split()):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
