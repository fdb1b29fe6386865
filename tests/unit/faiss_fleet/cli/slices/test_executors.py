# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which executor is chosen, and how the one of this machine runs and stops jobs."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from faiss_fleet.cli.slices import executors
from faiss_fleet.cli.slices.job import Ended, Job
from faiss_fleet.errors import FleetError

JOB = Job(1, "20261122T101112Z-3f9a1c", ("a",), (), {})


@pytest.mark.parametrize(
    ("name", "scheduler", "said"),
    [
        ("slurm", None, "There is no executor 'slurm'. Use one of: local, dask."),
        ("dask", None, "Use --scheduler"),
        ("local", "tcp://x:1", "Use --executor dask"),
    ],
)
def test_options_that_do_not_fit_are_refused(name: str, scheduler: str | None, said: str) -> None:
    with pytest.raises(FleetError, match=said):
        executors.chosen(name, scheduler)


def test_options_that_fit() -> None:
    assert executors.chosen("local", None) is None
    assert executors.chosen("dask", "tcp://x:1") == "tcp://x:1"


def test_local_jobs_run_at_once_and_end_when_they_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, running = threading.Event(), threading.Barrier(3)

    def start(_job: Job, _send: Any) -> Any:
        def wait() -> Ended:
            running.wait(10)
            assert closed.wait(10)
            return Ended(0, "")

        return wait, closed.set

    monkeypatch.setattr(executors.jobs, "start", start)
    with executors.Local(2) as executor:
        futures = [executor.submit(JOB, print) for _ in range(2)]
        running.wait(10)
        executor.stop()
        assert [future.result(10) for future in futures] == [Ended(0, ""), Ended(0, "")]


def test_dask_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FleetError, match=r"faiss-fleet\[dask\]"):
        executors.Dask("tcp://127.0.0.1:1", JOB.run_id)
