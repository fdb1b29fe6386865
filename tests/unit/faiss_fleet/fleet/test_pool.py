# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Many calls at a time, none of which can hold up the others."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator

from faiss_fleet.artefacts import limits
from faiss_fleet.fleet.pool import Call, OutOfTime, Pool


def test_every_call_is_yielded_once_with_what_came_of_it() -> None:
    def fail() -> None:
        raise ValueError("no")

    calls = [Call("good", lambda: 7, 10), Call("bad", fail, 10)]
    found = {call.name: (call.result, str(call.error)) for call in Pool(2).run(calls)}
    assert found == {"good": (7, "None"), "bad": (None, "no")}


def test_no_more_than_its_width_run_at_a_time() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    assert len(list(Pool(3).run(Call(str(number), work, 10) for number in range(12)))) == 12
    assert 1 < most <= 3


def test_the_next_call_is_made_in_the_callers_thread_when_there_is_room() -> None:
    made: list[bool] = []

    def calls() -> Iterator[Call]:
        for number in range(4):
            made.append(threading.current_thread() is threading.main_thread())
            yield Call(str(number), lambda: None, 10)

    assert len(list(Pool(1).run(calls()))) == 4
    assert made == [True] * 4


def test_a_program_that_hangs_is_ended_and_the_others_go_on() -> None:
    def hang() -> int:
        return subprocess.run(["sleep", "60"], check=False).returncode

    started = time.monotonic()
    calls = [Call("hangs", hang, 0.5), *(Call(str(number), lambda: None, 10) for number in range(5))]
    order = [(call.name, type(call.error)) for call in Pool(2).run(calls)]
    assert order[-1] == ("hangs", OutOfTime)
    assert [name for name, error in order if error is type(None)] == ["0", "1", "2", "3", "4"]
    assert time.monotonic() - started < 20


def test_a_program_that_prints_without_end_is_ended_long_before_its_time() -> None:
    def noise() -> bytes:
        return subprocess.run(["cat", "/dev/zero"], capture_output=True, check=False).stdout

    calls = [Call("noise", noise, 100), *(Call(str(number), lambda: None, 10) for number in range(5))]
    errors = {call.name: str(call.error) for call in Pool(2).run(calls)}
    assert errors.pop("noise") == f"it printed {limits.TOO_MUCH}"
    assert set(errors.values()) == {"None"}


def test_a_call_that_is_done_is_not_out_of_time_because_the_caller_was_busy() -> None:
    def calls() -> Iterator[Call]:
        for number in range(4):
            time.sleep(0.2)  # to make a call may take long: a lookup in the inventory, a vault
            yield Call(str(number), lambda: 1, 0.3)

    found = []
    for call in Pool(4).run(calls()):
        time.sleep(0.2)
        found.append((call.result, call.error))
    assert found == [(1, None)] * 4


def test_a_thread_that_waits_for_no_program_is_left_behind(monkeypatch) -> None:
    monkeypatch.setattr("faiss_fleet.fleet.pool.GRACE", 0.1)
    never = threading.Event()
    calls = [Call("stuck", lambda: never.wait(60), 0.2), Call("next", lambda: 1, 10)]
    assert [(call.name, type(call.error)) for call in Pool(1).run(calls)] == [
        ("stuck", OutOfTime),
        ("next", type(None)),
    ]
    never.set()


def test_leaving_early_ends_what_runs() -> None:
    ended = threading.Event()

    def hang() -> None:
        subprocess.run(["sleep", "60"], check=False)
        ended.set()

    for _ in Pool(2).run([Call("hangs", hang, 100), Call("quick", lambda: time.sleep(0.3), 100)]):
        break
    assert ended.wait(20)
