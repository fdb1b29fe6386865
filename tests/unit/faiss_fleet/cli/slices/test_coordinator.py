# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Records of slices become one run: each host that is due once, whatever becomes of the slices."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.cli.slices.coordinator import ATTEMPTS, Coordinator
from faiss_fleet.cli.slices.job import Ended, Job
from faiss_fleet.errors import FleetError
from tests.sample_records import RUN, records

NATIVE = next(record for record in records(20) if record["state"] == "native")


def record(name: str, **parts: Any) -> dict[str, Any]:
    made = copy.deepcopy(NATIVE)
    made.update(parts)
    made["host"] = {**made["host"], "name": name}
    return made


class Played:
    """An executor whose jobs do as the test says, at once."""

    def __init__(self, play: Callable[[Job, Callable[[dict[str, Any]], None]], Ended]) -> None:
        self.play, self.jobs, self.stopped = play, list[Job](), False

    def __enter__(self) -> Played:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def submit(self, job: Job, send: Callable[[dict[str, Any]], None]) -> Future[Ended]:
        self.jobs.append(job)
        future: Future[Ended] = Future()
        try:
            future.set_result(self.play(job, send))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        self.stopped = True


def audited(directory: Path, play: Callable[..., Ended]) -> tuple[int, dict[str, dict[str, Any]], Played]:
    names = ["a", "b", "c", "d"]
    executor = Played(play)
    coordinator = Coordinator(directory, RUN, {name: ["all"] for name in names})
    jobs = [Job(number, RUN.id, tuple(part), (), {}) for number, part in enumerate((names[:2], names[2:]), 1)]
    status = coordinator.audit(jobs, executor)
    lines = (directory / RUN.id / "records.jsonl").read_text().splitlines()
    found = {line["host"]["name"]: line for line in map(json.loads, lines)}
    assert list(found) == names and len(lines) == 4
    return status, found, executor


def test_records_of_all_slices_are_one_run_in_the_inventorys_order(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in reversed(job.hosts):
            send({"record": record(name), "logs": {f"logs/{name}/01-wheel.log": "text"}})
        return Ended(0, "")

    status, _found, executor = audited(tmp_path, play)
    assert status == 0 and len(executor.jobs) == 2
    assert (tmp_path / RUN.id / "logs/a/01-wheel.log").read_text() == "text"


def test_a_slice_that_died_hands_on_the_hosts_it_has_not_finished(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        send({"record": record(job.hosts[0]), "logs": {}})
        if len(job.hosts) > 1:
            raise FleetError("killed")
        return Ended(0, "")

    status, _found, executor = audited(tmp_path, play)
    assert status == 0
    again = sorted((job.number, job.hosts, job.attempt) for job in executor.jobs[2:])
    assert again == [(1, ("b",), 2), (2, ("d",), 2)]


def test_a_host_that_no_slice_finishes_is_recorded_as_failed_with_the_reason(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in job.hosts:
            if name != "c":
                send({"record": record(name), "logs": {}})
        return Ended(0, "no such module")

    status, found, executor = audited(tmp_path, play)
    assert status == 2 and len(executor.jobs) == 2 + ATTEMPTS - 1
    assert found["c"]["state"] == "failed"
    assert "no such module" in found["c"]["because"] + str(found["c"]["errors"])
    assert [found[name]["state"] for name in "abd"] == ["native"] * 3


def test_how_a_slice_ended_that_was_given_on_says_nothing_where_the_next_one_is_well(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        if job.attempt == 1:
            return Ended(137, "Killed")  # Ansible was, and the slice's own process lived to tell
        for name in job.hosts:
            send({"record": record(name), "logs": {}})
        return Ended(0, "")

    status, found, _executor = audited(tmp_path, play)
    assert {line["state"] for line in found.values()} == {"native"} and status == 0


def test_a_cluster_that_takes_no_slice_any_more_leaves_each_host_with_the_reason(tmp_path: Path) -> None:
    class Gone(Played):
        def submit(self, job: Job, send: Callable[[dict[str, Any]], None]) -> Future[Ended]:
            if self.jobs:
                raise OSError("the scheduler closed the connection")
            return super().submit(job, send)

    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        send({"record": record("a"), "logs": {}})
        raise RuntimeError("the worker is lost")

    coordinator = Coordinator(tmp_path, RUN, {name: ["all"] for name in "abc"})
    jobs = [Job(1, RUN.id, ("a", "b"), (), {}), Job(2, RUN.id, ("c",), (), {})]
    assert coordinator.audit(jobs, Gone(play)) == 2
    lines = [json.loads(line) for line in (tmp_path / RUN.id / "records.jsonl").read_text().splitlines()]
    assert [(line["host"]["name"], line["state"]) for line in lines] == [
        ("a", "native"),
        ("b", "failed"),
        ("c", "failed"),
    ]
    assert all("the scheduler closed the connection" in str(line["errors"]) for line in lines[1:])


def test_an_interrupted_record_is_no_result(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in job.hosts:
            first = name == "a" and job.attempt == 1
            send({"record": record(name, **({"state": "failed", "cause": "interrupted"} if first else {})), "logs": {}})
        return Ended(2, "")

    status, found, executor = audited(tmp_path, play)
    assert found["a"]["state"] == "native" and executor.jobs[-1].hosts == ("a",)
    assert status == 2  # the playbook's own, as a gate's, where the records are all well


def test_the_exit_status_is_that_of_the_records(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in job.hosts:
            send({"record": record(name, state="unreachable" if name == "b" else "failed"), "logs": {}})
        return Ended(0, "")

    assert audited(tmp_path, play)[0] == 4


def test_one_machine_under_two_names_in_two_slices_is_noticed(tmp_path: Path) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in job.hosts:
            made = record(name)
            made["host"]["machine"] = "m1" if name in "ad" else name
            send({"record": made, "logs": {}})
        return Ended(0, "")

    _status, found, _executor = audited(tmp_path, play)
    assert found["d"]["host"]["same_machine_as"] == "a"
    assert "same_machine_as" not in found["a"]["host"]


@pytest.mark.parametrize("place", ["../a", "logs/../../a", "/etc/a", "other/a"])
def test_a_log_that_would_lie_elsewhere_is_refused(tmp_path: Path, place: str) -> None:
    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        for name in job.hosts:
            send({"record": record(name), "logs": {place: "text"}})
        return Ended(0, "")

    status, found, _executor = audited(tmp_path, play)
    assert status == 2 and "outside of logs/" in str(found["a"]["errors"])
    assert not (tmp_path.parent / "a").exists() and not (tmp_path / "a").exists()


def test_ctrl_c_keeps_what_is_finished_and_names_the_rest(tmp_path: Path) -> None:
    coordinator: list[Coordinator] = []

    def tick() -> None:
        raise KeyboardInterrupt

    def play(job: Job, send: Callable[[dict[str, Any]], None]) -> Ended:
        send({"record": record("a"), "logs": {}})
        return Ended(0, "")

    executor = Played(play)
    coordinator.append(Coordinator(tmp_path, RUN, {"a": [], "b": []}, tick=tick))
    with pytest.raises(KeyboardInterrupt):
        coordinator[0].audit([Job(1, RUN.id, ("a", "b"), (), {})], executor)
    lines = [json.loads(line) for line in (tmp_path / RUN.id / "records.jsonl").read_text().splitlines()]
    assert executor.stopped
    assert [(line["host"]["name"], line["state"], line["cause"]) for line in lines] == [
        ("a", "native", None),
        ("b", "failed", "interrupted"),
    ]


def test_records_of_slices_are_told_of_one_at_a_time(tmp_path: Path) -> None:
    at_once, most = [0], [0]

    def seen(_record: dict[str, Any]) -> None:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.02)
        at_once[0] -= 1

    coordinator = Coordinator(tmp_path, RUN, {f"h{number}": [] for number in range(8)}, seen)
    with ThreadPoolExecutor(8) as slices:
        list(slices.map(lambda name: coordinator._take({"record": record(name), "logs": {}}), coordinator._hosts))
    assert most == [1]
