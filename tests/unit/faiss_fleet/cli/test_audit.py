# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`faiss-fleet run`: what becomes of events, of a run that never began, and of one that was broken off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.cli import audit, launch
from tests.sample_records import RUN, write_run
from tests.unit.faiss_fleet.cli.events import event


def run(
    monkeypatch: pytest.MonkeyPatch, reports: Path, play: Callable[..., launch.Ended], rest: tuple[str, ...] = ()
) -> int:
    """The status of an audit whose playbook does what a test says."""
    monkeypatch.setattr(audit, "new_run_id", lambda: RUN.id)
    monkeypatch.setattr(launch, "playbook", play)
    return audit.audit(reports, str(reports / "history.sqlite"), ["web1,"], None, False, False, [], rest)


def test_a_run_ends_with_its_table_its_files_and_ansibles_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def play(name: str, command_line: Any, environment: Any, on_event: Any, _passwords: Any) -> launch.Ended:
        assert (name, command_line) == ("audit.yml", ["-i", "web1,"])
        assert environment["FAISS_FLEET_RUN_ID"] == RUN.id
        write_run(tmp_path, 3)
        on_event(event("unreachable", "gone", "glibc_facts", res={"msg": "timed out"}))
        return launch.Ended(4, "", False)

    assert run(monkeypatch, tmp_path, play) == 4
    text = capsys.readouterr().out
    assert "gone" in text and "3 hosts: " in text and str(tmp_path / RUN.id / "index.html") in text
    assert (tmp_path / "latest").resolve() == tmp_path / RUN.id


def test_where_no_host_was_reached_ansibles_own_words_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, lambda *_: launch.Ended(1, "ERROR! no \x1b[2J such", False)) == 1
    text = capsys.readouterr().out
    assert "ERROR! no" in text and "\x1b[2J" not in text


def test_a_run_that_was_broken_off_has_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, lambda *_: launch.Ended(0, "", True)) == audit.INTERRUPTED


def test_what_was_refused_before_any_host_is_said_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def play(_name: str, _command: Any, _environment: Any, on_event: Any, _passwords: Any) -> launch.Ended:
        on_event(event("failed", "a", "fleet_preflight", res={"msg": "the inventory is empty"}))
        return launch.Ended(2, "a long tail", False)

    assert run(monkeypatch, tmp_path, play) == 2
    text = capsys.readouterr().out
    assert text.count("the inventory is empty") == 1 and "a long tail" not in text
