# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A run's reports are rendered again from its records, on the controller alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import callback_loader

from tests.sample_records import RUN, write_run
from tests.unit.plugins.action_calls import ROOT, Remote, run


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    callback_loader.add_directory(str(ROOT / "plugins" / "callback"))
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path / "reports"))
    write_run(tmp_path / "reports", 3)
    return tmp_path / "reports"


def render(check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    remote = Remote()
    result = run("fleet_report", remote, {"run": RUN.id, "formats": ["csv"], **arguments}, check_mode=check_mode)
    assert remote.modules == [] == remote.commands
    return result


def test_reports_are_made_once_and_the_run_is_counted(reports: Path) -> None:
    first, second = render(), render()
    assert (first["changed"], second["changed"], first["hosts"]) == (True, False, 3)
    assert first["files"] == [str(reports / RUN.id / name) for name in ("summary.csv", "records.jsonl")]
    assert (reports / RUN.id / "summary.csv").is_file()
    assert sum(first["states"].values()) == 3


def test_check_mode_writes_nothing(reports: Path) -> None:
    before = sorted(reports.rglob("*"))
    assert render(check_mode=True)["skipped"]
    assert sorted(reports.rglob("*")) == before


def test_a_run_that_is_not_there_is_named_with_those_that_are() -> None:
    result = render(run="20200101T000000Z-abcdef")
    assert result["failed"] and RUN.id in result["msg"]


def test_an_unknown_format_is_refused() -> None:
    assert render(formats=["pdf"])["failed"]


def test_a_store_that_does_not_answer_is_a_warning(reports: Path) -> None:
    (reports / "history.sqlite").write_bytes(b"no database" * 100)
    result = render(formats=["html"])
    assert not result.get("failed") and result["changed"]
    assert "know nothing of earlier ones" in result["warnings"][0]
