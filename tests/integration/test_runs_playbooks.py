# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the command line does with runs, by playbooks on runs that are on disk. No host is touched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from faiss_fleet.reports.formats import FORMATS
from tests.sample_records import RUN, write_run

ROOT = Path(__file__).resolve().parents[2]
LATER = "20261129T101112Z-aaaaaa"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs a week apart; in the later one the first host is no longer native."""
    folder = tmp_path_factory.mktemp("reports")
    first = write_run(folder, 14)
    records = [json.loads(line) for line in (first / "records.jsonl").read_text().splitlines()]
    for record in records:
        record["run"].update(id=LATER, started="2026-11-29T10:11:12Z", finished="2026-11-29T10:12:12Z")
    records[0].update(state="fallback", cause="musl", because="It changed.")
    records[1].update(state="unreachable", cause="unreachable", because="No route.", decision=None, verification=[])
    about = json.loads((first / "run.json").read_text())
    about["run"].update(id=LATER, started="2026-11-29T10:11:12Z")
    (folder / LATER).mkdir()
    (folder / LATER / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / LATER / "run.json").write_text(json.dumps(about))
    (folder / "latest").symlink_to(LATER)
    return folder


def play(reports: Path, name: str, *arguments: str, status: int = 0, out: str = "stdout") -> str:
    environment = {**os.environ, "FAISS_FLEET_REPORTS": str(reports), "FAISS_FLEET_STORE": ""}
    binary = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(binary), name, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == status, done.stdout + done.stderr
    return str(getattr(done, out))


def test_a_host_that_was_not_reached_shows_how_old_its_last_good_result_is(reports: Path) -> None:
    play(reports, "playbooks/import.yml")
    play(reports, "report.yml")
    for name in ("assessment.md", "summary.md"):
        assert re.search(r"native by wheel, FAISS [\d.]+, 6 days ago", (reports / LATER / name).read_text()), name


def test_report_asks_the_store_that_it_is_given_and_does_without_one_that_is_dead(
    reports: Path, tmp_path: Path
) -> None:
    store, page = f"fleet_report__store={tmp_path}/fleet.db", reports / LATER / "index.html"
    play(reports, "playbooks/import.yml", "-e", store)
    play(reports, "report.yml", "-e", store)
    assert 'id="chart-trend"' in page.read_text()
    dead = "fleet_report__store=postgresql://fleet:hush-hush@127.0.0.1:1/fleet"
    told = " ".join(play(reports, "report.yml", "-e", dead, out="stderr").split())
    assert "know nothing of earlier ones" in told and "refused" in told and "hush-hush" not in told
    assert 'id="chart-trend"' not in page.read_text()


def test_report_writes_every_format_and_the_metrics_where_a_collector_looks(reports: Path) -> None:
    metrics = reports / "faiss.prom"
    play(reports, "report.yml", "-e", "fleet_report__formats=all", "-e", f"fleet_report__prometheus_file={metrics}")
    names = {path.name for path in (reports / LATER).iterdir()}
    assert {chosen.file for chosen in FORMATS.values()} < names
    assert metrics.read_bytes() == (reports / LATER / "fleet.prom").read_bytes()
    assert "changed=0" in play(
        reports, "report.yml", "-e", "fleet_report__formats=all", "-e", f"fleet_report__prometheus_file={metrics}"
    )
    assert "'pdf' is no format" in play(reports, "report.yml", "-e", '{"fleet_report__formats": ["pdf"]}', status=2)


def test_diff_compares_the_last_two_runs(reports: Path) -> None:
    text = play(reports, "playbooks/diff.yml")
    assert f"From {RUN.id} to {LATER}: Lost native: 1, New causes: 1, Unreachable: 3" in text


def test_export_writes_a_file_and_checks_without_writing(reports: Path) -> None:
    file = reports / "faiss.xml"
    arguments = ["playbooks/export.yml", "-e", "fleet_report__format=junit", "-e", f"fleet_report__file={file}"]
    assert "Would write" in play(reports, *arguments, "--check")
    assert not file.exists()
    assert "changed=1" in play(reports, *arguments)
    assert file.read_bytes().count(b"<testcase ") == 14
    assert "changed=0" in play(reports, *arguments)


def test_import_and_prune_keep_what_they_are_told_to(reports: Path) -> None:
    assert "holds 2 runs" in play(reports, "playbooks/import.yml")
    assert "keep" in play(reports, "playbooks/prune.yml", status=2)
    prune = ["playbooks/prune.yml", "-e", "fleet_report__keep=1", "-e", "fleet_report__remove_files=true"]
    assert "1 runs would be removed" in play(reports, *prune, "--check")
    assert (reports / RUN.id).exists()
    play(reports, *prune)
    assert not (reports / RUN.id).exists()
    assert "holds 1 runs" in play(reports, "playbooks/import.yml")
