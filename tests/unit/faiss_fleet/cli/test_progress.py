# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the live display says of a run, told from events; and that plain lines carry no host's control characters."""

from __future__ import annotations

import sys
import threading

import pytest

from faiss_fleet.cli.progress import Progress, clock
from tests.unit.faiss_fleet.cli.events import event, native


def test_hosts_are_counted_by_stage_and_verdict() -> None:
    progress = Progress(0)
    progress.due = 6
    for host in "abcd":
        progress.see(event("start", host, "glibc_facts"), 1)
    progress.see(event("start", "a", "faiss.fleet.vector_backend"), 4)
    progress.see(native("a"), 5)
    progress.see(event("start", "b", "faiss_install"), 6)
    progress.see(event("failed", "c", "faiss_install", res={"msg": "no room"}), 7)
    progress.see(event("unreachable", "d", "glibc_facts", res={"msg": "timed out"}), 8)
    stages = {"waiting": 2, "in the batch": 0, "probe": 0, "install and test": 1, "set": 0, "done": 3}
    assert progress.stages() == stages
    assert progress.verdicts == {"native": 1, "failed": 1, "unreachable": 1}
    assert progress.slowest(10) == [("b", "install and test", 9)]
    assert progress.remaining(9) == pytest.approx(9.0)


def test_too_early_to_tell_what_is_left() -> None:
    progress = Progress(0)
    progress.due = 100
    progress.see(native("a"), 5)
    assert progress.remaining(6) is None
    assert clock(None) == "?"
    assert (clock(65), clock(3723)) == ("1:05", "1:02:03")


def test_a_rescue_that_leads_to_a_verdict_replaces_the_failure() -> None:
    progress = Progress(0)
    progress.see(event("failed", "a", "faiss_install", res={}), 1)
    verdict = progress.see(native("a"), 2)
    assert verdict is not None
    assert +progress.verdicts == {"native": 1}


def test_an_ignored_failure_and_other_tasks_are_no_verdict() -> None:
    progress = Progress(0)
    assert progress.see(event("failed", "a", "command", ignore_errors=True), 1) is None
    assert progress.see(event("ok", "a", "set_fact", res={}), 1) is None
    assert progress.see({"event": "verbose", "stdout": "x"}, 1) is None
    assert progress.done == 0


def test_a_refusal_of_the_run_is_no_hosts_failure() -> None:
    progress = Progress(0)
    progress.see(event("failed", "a", "fleet_preflight", res={"msg": "the inventory is empty"}), 1)
    assert progress.errors == ["the inventory is empty"]
    assert progress.done == 0


def test_hosts_of_a_batch_are_known_by_their_records_and_while_it_is_at_work_on_them() -> None:
    progress = Progress(0)
    progress.due = 3
    progress.in_batch = lambda: [("a", 4.0), ("b", 9.0)]
    assert progress.slowest(10) == [("b", "in the batch", 9.0), ("a", "in the batch", 4.0)]
    record = {"host": {"name": "a"}, "state": "fallback", "because": "none passed"}
    verdict = progress.recorded(record, 5)
    assert verdict is not None and (verdict.host, verdict.state, verdict.text) == ("a", "fallback", "none passed")
    assert (progress.stages()["waiting"], progress.stages()["in the batch"], progress.done) == (1, 1, 1)
    assert progress.recorded(record, 6) is None
    assert progress.slowest(10) == [("b", "in the batch", 9.0)]


def test_it_can_be_read_while_hosts_are_added() -> None:
    """The panel renews itself in a thread of its own."""
    progress, before, over = Progress(0.0), sys.getswitchinterval(), threading.Event()

    def add() -> None:
        for number in range(20_000):
            progress.recorded({"host": {"name": f"h{number}"}, "state": "native", "because": ""}, 1.0)
        over.set()

    sys.setswitchinterval(1e-6)
    try:
        thread = threading.Thread(target=add)
        thread.start()
        while not over.is_set():
            assert progress.slowest(1.0) == [] and sum(progress.stages().values()) >= 0
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert progress.verdicts["native"] == 20_000
