# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A signal ends a run as Ctrl-C does, once; a worker that it reaches leaves in order."""

from __future__ import annotations

import multiprocessing
import os
import pty
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from faiss_fleet.fleet import interrupts
from faiss_fleet.fleet.interrupts import Interrupts

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of the test's process, given back afterwards."""
    before = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    for number in interrupts.SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_signal_ends_the_run_and_the_next_is_ignored() -> None:
    Interrupts().install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)


class Interrupted:
    """What is interrupted where Python drops exceptions, as in a hook of fork."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_python_drops_is_sent_again() -> None:
    Interrupts().install()
    with pytest.raises(KeyboardInterrupt):
        Interrupted()
        time.sleep(10)


def test_a_signal_that_python_drops_in_a_worker_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts.limits, "end_children", lambda: None)
    taken = Interrupts()
    taken.install()
    monkeypatch.setattr(taken, "_owner", os.getpid() + 1)  # as in a process that was forked
    with pytest.raises(SystemExit):
        Interrupted()
        time.sleep(10)


def test_an_exception_that_is_no_signals_is_left_to_whoever_was_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: lost.append(found.exc_type))
    for number in interrupts.SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # nohup, and a caller that ignores the rest
    Interrupts().install()

    class Raises:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    Raises()
    assert lost == [KeyboardInterrupt]


def test_an_exception_of_others_that_python_drops_when_the_run_ends_sends_nothing() -> None:
    class Exits:
        def __del__(self) -> None:
            raise SystemExit(3)

    lost: list[object] = []
    sys.unraisablehook = lambda found: lost.append(found.exc_type)
    taken = Interrupts()
    taken.install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    with taken.held():
        Exits()
        time.sleep(3 * interrupts.AGAIN)
    assert lost == [SystemExit]


class Worker(multiprocessing.Process):
    """With handlers of its own, as one of ansible-core 2.19."""

    seen: ClassVar[list[object]] = []

    def term(self, number: int, frame: object) -> None:
        self.seen.append(number)


def test_a_worker_with_handlers_of_its_own_ends_its_children_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts.limits, "end_children", lambda: Worker.seen.append("children"))
    signal.signal(signal.SIGTERM, Worker().term)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupts.end_children_first()
    signal.raise_signal(signal.SIGTERM)
    assert Worker.seen == ["children", signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_while_reports_are_written_a_signal_ends_nothing() -> None:
    taken = Interrupts()
    taken.install()
    with taken.held():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with taken.held():
        pass
    signal.raise_signal(signal.SIGINT)  # the run is ended already


def test_a_signal_that_is_ignored_already_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Interrupts().install()
    signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_worker_ends_its_children_and_says_by_which_signal_it_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(interrupts.limits, "end_children", lambda: ended.append(True))
    taken = Interrupts()
    taken.install()
    monkeypatch.setattr(taken, "_owner", os.getpid() + 1)  # as in a process that was forked
    with pytest.raises(SystemExit) as found:
        signal.raise_signal(signal.SIGTERM)
    assert found.value.code == 128 + signal.SIGTERM and ended == [True]
    signal.raise_signal(signal.SIGTERM)


class TaskQueueManager:
    """As ansible-core 2.19 has it."""

    def handle(self, _number: int, _frame: object) -> None:
        raise AssertionError("ended by Ansible, without reports")


def test_the_handler_of_newer_ansible_gives_way() -> None:
    signal.signal(signal.SIGTERM, TaskQueueManager().handle)
    Interrupts().install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


LOSES_A_TERMINAL = """
import os, signal, sys, time
from faiss_fleet.fleet.interrupts import Interrupts
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if sys.argv[1] == "follows" and os.fork():  # the process that leads the session: the other has its terminal
    time.sleep(60)
try:
    Interrupts().install()
    os.write(1, b"ignores" if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else b"ready")
    time.sleep(60)
except KeyboardInterrupt:
    os._exit(7)
"""


def _with_a_terminal(role: str) -> tuple[int, int]:
    """Process and terminal of a Python, started as by nohup, that leads the terminal's session or follows in it."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        os.execve(sys.executable, [sys.executable, "-c", LOSES_A_TERMINAL, role], environment)
    return pid, terminal


def test_who_loses_a_terminal_of_its_own_ends_though_whoever_started_it_had_nohup() -> None:
    pid, terminal = _with_a_terminal("leads")
    assert os.read(terminal, 100) == b"ready"
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_nohup_holds_for_who_has_the_terminal_of_another() -> None:
    pid, terminal = _with_a_terminal("follows")
    try:
        assert os.read(terminal, 100) == b"ignores"
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
