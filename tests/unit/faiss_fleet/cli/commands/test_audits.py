# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`run` and `report`. What a whole audit does is tried in the integration tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faiss_fleet.reports.formats import FORMATS
from tests.sample_records import RUN
from tests.unit.faiss_fleet.cli.typed import LATER, call

AWAY = "postgresql://fleet:hush-hush@127.0.0.1:1/fleet"


def test_a_run_begins_with_an_inventory_and_a_directory_that_can_be_written(reports: Path) -> None:
    text = call("run", "-i", "inventory/prud", status=2)
    assert "Did you mean inventory/prod?" in text
    text = call("--reports", "/dev/null/runs", "run", "-i", "inventory/local", status=2)
    assert "/dev/null/runs cannot be written" in text and "not in the store" not in text


def test_an_audit_keeps_its_status_when_the_store_is_away(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISS_FLEET_STORE", "postgresql://fleet:s3cr3t-w0rd@127.0.0.1:1/db")
    monkeypatch.setattr("faiss_fleet.cli.audit.audit", lambda *arguments: 4)
    text = call("run", "-i", "inventory/local", status=4)
    assert "not in the store yet" in text
    assert "s3cr3t-w0rd" not in text


def test_report_is_written_also_where_the_store_does_not_answer(reports: Path) -> None:
    (reports / "latest").symlink_to(LATER)
    text = call("report", "latest", "--store", AWAY)
    assert "know nothing of earlier ones" in text and "refused" in text and "hush-hush" not in text
    assert (reports / LATER / "index.html").is_file()
    text = call("report", "20261129T999999Z-aaaaaa", "--store", AWAY, status=2)
    assert "failed" in text and "hush-hush" not in text


def test_report_renders_and_gives_a_run_its_folder_back(reports: Path) -> None:
    assert "index.html" in call("report", "previous")
    records = (reports / RUN.id / "records.jsonl").read_bytes()
    for path in (reports / RUN.id).iterdir():
        path.unlink()
    (reports / RUN.id).rmdir()
    assert "20 hosts" in call("report", "previous")
    assert sorted((reports / RUN.id / "records.jsonl").read_bytes().splitlines()) == sorted(records.splitlines())
    assert "Last good result" in call("report")


def test_reports_show_how_old_the_last_good_result_of_an_unreachable_host_is(reports: Path) -> None:
    call("report")
    for name in ("assessment.md", "summary.md"):
        assert re.search(r"native by wheel, FAISS [\d.]+, 6 days ago", (reports / LATER / name).read_text()), name


def test_report_writes_every_format_and_the_metrics_where_a_collector_looks(reports: Path) -> None:
    metrics = reports / "faiss.prom"
    call("report", "-f", "all", "--prometheus-file", str(metrics))
    assert {chosen.file for chosen in FORMATS.values()} < {path.name for path in (reports / LATER).iterdir()}
    assert metrics.read_bytes() == (reports / LATER / "fleet.prom").read_bytes()
    assert "'pdf' is not a format" in call("report", "-f", "pdf", status=2)
