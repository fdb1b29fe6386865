# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A slice's process: what it reads, what it sends, and how it ends with whoever started it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.cli.launch import Ended as PlaybookEnded
from faiss_fleet.cli.slices import job
from faiss_fleet.errors import FleetError
from faiss_fleet.records.journal import RECORDS
from tests.sample_records import records

JOB = job.Job(3, "20261122T101112Z-3f9a1c", ("a", "b"), ("-i", "x"), {})


def test_a_job_is_read_as_it_was_written() -> None:
    assert job.Job(**json.loads(JOB.line())).of(("a",)).hosts == ("a",)
    assert JOB.of(("b",), 2).attempt == 2 and JOB.attempt == 1


def test_a_job_sends_each_record_with_the_logs_of_its_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    record: dict[str, Any] = next(iter(records(1)))
    record["attempts"] = [{"log_file": "logs/a/01-wheel.log"}, {"log_file": "/etc/passwd"}, {}]

    def playbook(name: str, argv: list[str], environment: dict[str, str], on_event: Any, _passwords: Any) -> Any:
        assert name == "audit.yml" and Path(argv[-1][1:]).read_text() == "a\nb\n"
        directory = Path(environment["FAISS_FLEET_REPORTS"]) / environment["FAISS_FLEET_RUN_ID"]
        (directory / "logs/a").mkdir(parents=True)
        (directory / "logs/a/01-wheel.log").write_text("no room")
        (directory / RECORDS).write_text(json.dumps(record) + "\n")
        on_event({})
        return PlaybookEnded(2, "the end", False)

    monkeypatch.setattr(job.launch, "playbook", playbook)
    sent: list[dict[str, Any]] = []
    assert job.run(JOB, sent.append) == job.Ended(2, "the end")
    assert sent == [{"record": record, "logs": {"logs/a/01-wheel.log": "no room"}}]


def played(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Has another program take the place of the job's process."""
    popen = job.subprocess.Popen
    monkeypatch.setattr(
        job.subprocess, "Popen", lambda _argv, **options: popen([sys.executable, "-c", program], **options)
    )


def test_what_a_process_says_is_sent_until_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    played(
        monkeypatch,
        "import sys, json\njob = json.loads(sys.stdin.readline())\n"
        "for host in job['hosts']: print(json.dumps({'record': host, 'logs': {}}), flush=True)\n"
        "print(json.dumps({'ended': 4, 'tail': 'so'}), flush=True)\nsys.stdin.read()",
    )
    sent: list[Any] = []
    wait, _close = job.start(JOB, sent.append)
    assert wait() == job.Ended(4, "so")
    assert [message["record"] for message in sent] == ["a", "b"]


def test_a_process_that_is_killed_is_an_error_and_what_it_sent_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    played(
        monkeypatch,
        'import os, sys\nsys.stdin.readline()\nprint(\'{"record": 1, "logs": {}}\', flush=True)\n'
        "print('{\"rec', end='', flush=True)\nos.kill(os.getpid(), 9)",
    )
    sent: list[Any] = []
    wait, _close = job.start(JOB, sent.append)
    with pytest.raises(FleetError, match=r"slice 3 ended without a result \(exit status -9\)"):
        wait()
    assert sent == [{"record": 1, "logs": {}}]


def test_a_process_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    played(
        monkeypatch,
        'import sys\nsys.stdin.readline()\nprint(\'{"record": 1, "logs": {}}\', flush=True)\nsys.stdin.read()',
    )
    closers: list[Any] = []
    wait, close = job.start(JOB, lambda _message: closers[0]())
    closers.append(close)
    with pytest.raises(FleetError, match="ended without a result"):
        wait()
