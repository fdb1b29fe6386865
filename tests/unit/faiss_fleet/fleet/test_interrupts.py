# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A signal ends a run as Ctrl-C does, once; a worker that it reaches leaves in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from faiss_fleet.fleet import interrupts
from faiss_fleet.fleet.interrupts import Interrupts


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
