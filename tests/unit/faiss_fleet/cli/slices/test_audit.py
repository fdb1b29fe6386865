# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An audit in slices: which hosts are due, how they are divided, and how it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.cli import launch
from faiss_fleet.cli.launch import Ended
from faiss_fleet.cli.progress import Progress
from faiss_fleet.cli.slices import audit, executors
from faiss_fleet.store.queries import Store
from tests.sample_records import RUN, records
from tests.unit.faiss_fleet.cli.events import event

HOSTS = {"web1": ["web"], "web2": ["web"], "db": []}


class Fleet:
    """The check of the inventory, the executor and the coordinator, in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reports: Path) -> None:
        self.reports, self.progress = reports, Progress(0)
        self.hosts: dict[str, list[str]] = HOSTS
        self.ended, self.jobs = Ended(0, "", False), []
        self.ends: Any = 0
        self.executors: list[tuple[Any, ...]] = []
        monkeypatch.setattr(launch, "playbook", self._playbook)
        monkeypatch.setattr(executors, "Local", lambda width: self._executor("local", width))
        monkeypatch.setattr(executors, "Dask", lambda address, run: self._executor("dask", address, run))
        monkeypatch.setattr(audit, "Coordinator", lambda *given: self._coordinator(*given))

    def _playbook(
        self, name: str, command_line: Sequence[str], _environment: Any, on_event: Any, _secrets: Any
    ) -> Ended:
        assert name == "playbooks/preflight.yml" and list(command_line) == ["-i", "x", "-e", audit.LISTS_HOSTS]
        on_event(event("ok", "web1", "fleet_preflight", res={"hosts": self.hosts}))
        return self.ended

    @contextlib.contextmanager
    def _executor(self, *what: Any) -> Iterator[str]:
        self.executors.append(what)
        yield "executor"

    def _coordinator(self, _reports: Path, _run: Any, hosts: Any, _seen: Any, _tick: Any) -> Any:
        assert hosts == self.hosts
        return self

    def audit(self, jobs: Any, executor: str) -> int:
        assert executor == "executor"
        self.jobs = jobs
        if isinstance(self.ends, BaseException):
            raise self.ends
        return int(self.ends)

    def run(self, count: int, scheduler: str | None = None, store: str = "/nowhere/history.sqlite") -> Ended:
        sliced = audit.Sliced(self.reports, RUN.id, ["-i", "x"], {}, False, ["x"])
        return sliced.audit(count, scheduler, store, self.progress, lambda record: None, lambda: None)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fleet:
    return Fleet(monkeypatch, tmp_path)


def test_every_host_is_in_one_job(fleet: Fleet) -> None:
    fleet.ends = 2
    assert fleet.run(2) == Ended(2, "", False)
    assert sorted(host for job in fleet.jobs for host in job.hosts) == sorted(HOSTS) and fleet.progress.due == 3
    assert [(job.number, job.run_id) for job in fleet.jobs] == [(1, RUN.id), (2, RUN.id)]
    assert fleet.executors == [("local", 2)]


def test_a_scheduler_runs_the_jobs_where_one_is_named(fleet: Fleet) -> None:
    fleet.run(3, "tcp://h:1")
    assert fleet.executors == [("dask", "tcp://h:1", RUN.id)]


@pytest.mark.parametrize("ended", [Ended(2, "misspelt", False), Ended(0, "", True)])
def test_an_inventory_that_is_refused_starts_no_job(fleet: Fleet, ended: Ended) -> None:
    fleet.ended = ended
    assert fleet.run(2) == ended and fleet.executors == []


def test_no_host_is_said_to_be_none(fleet: Fleet) -> None:
    fleet.hosts = {}
    ended = fleet.run(2)
    assert ended.status == 0 and "names no host" in ended.tail and fleet.executors == []


def test_a_run_that_is_interrupted_was_broken_off(fleet: Fleet) -> None:
    fleet.ends = KeyboardInterrupt()
    assert fleet.run(1).broken_off


def test_hosts_are_alike_by_the_newest_run_in_the_store(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    assert audit._classes(str(path)) == {} and not path.exists()
    with Store.open(path) as store:
        store.add_records(records(3))
    found = audit._classes(str(path))
    assert len(found) == 3 and set(found.values()) == {"x86_64 2.17 wheel"}
    path.write_bytes(b"no database" * 100)
    assert audit._classes(str(path)) == {} == audit._classes("postgresql://fleet@127.0.0.1:1/db")
