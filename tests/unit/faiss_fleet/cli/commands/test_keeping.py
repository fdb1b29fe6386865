# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`export`, `import` and `prune`, and which store they keep runs in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faiss_fleet.reports import html
from faiss_fleet.reports.formats import FORMATS
from tests.sample_records import RUN
from tests.unit.faiss_fleet.cli.typed import LATER, call


def test_the_trend_is_of_the_store_that_is_named(reports: Path, tmp_path: Path) -> None:
    store = tmp_path / "elsewhere" / "fleet.db"
    call("report", "latest", "--store", str(store))
    assert 'id="chart-trend"' in (reports / LATER / "index.html").read_text()
    call("export", "html", "latest", "--store", str(store), "-o", str(tmp_path / "page.html"))
    assert 'id="chart-trend"' in (tmp_path / "page.html").read_text()
    assert not (reports / "history.sqlite").exists()


def test_the_store_may_stand_in_ansible_cfg(reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "ansible.cfg"
    settings.write_text(f"[fleet_record]\nstore = {tmp_path}/named.db\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(settings))
    call("import")
    assert (tmp_path / "named.db").exists() and not (reports / "history.sqlite").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_export_writes_every_format(reports: Path, name: str) -> None:
    out = reports / "out"
    call("export", name, "-o", str(out))
    assert out.stat().st_size > 500
    assert [path.name for path in reports.glob(".out*")] == []
    if name == "jsonl":
        assert out.read_text() == call("export", name)


def test_export_refuses_what_is_no_format(reports: Path) -> None:
    assert "is not a format" in call("export", "pdf", status=2)
    assert "cannot be written" in call("export", "csv", "-o", str(reports / "no" / "such"), status=2)


def test_an_exported_file_is_whole_and_stays_as_it_is_when_nothing_changed(reports: Path) -> None:
    file = reports / "faiss.xml"
    call("export", "junit", "previous", "-o", str(file))
    written = file.read_bytes(), file.stat().st_ino
    assert written[0].count(b'<testcase name="backend" ') == 20
    call("export", "junit", "previous", "-o", str(file))
    assert (file.read_bytes(), file.stat().st_ino) == written


def test_prune_removes_what_it_said(reports: Path) -> None:
    assert "--keep 30" in call("prune", status=2)
    assert "give a number and a unit" in call("prune", "--older-than", "soon", status=2)
    assert RUN.id in call("prune", "--keep", "1", "--check")
    assert (reports / RUN.id).exists()
    call("prune", "--keep", "1", "--files")
    assert not (reports / RUN.id).exists()
    assert [run["id"] for run in json.loads(call("runs", "--json"))] == [LATER]


def test_pruned_runs_stay_away_though_their_files_are_kept(reports: Path) -> None:
    call("prune", "--keep", "1")
    assert (reports / RUN.id).exists()
    assert [run["id"] for run in json.loads(call("runs", "--json"))] == [LATER]


@pytest.mark.parametrize("inline", [5_000, 5])
def test_a_page_that_is_exported_is_one_file_and_leaves_alone_what_lies_beside(
    reports: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, inline: int
) -> None:
    monkeypatch.setattr(html, "INLINE", inline)
    here = tmp_path_factory.mktemp("here")
    (here / html.DATA).mkdir()
    (here / html.DATA / "of another page").touch()
    monkeypatch.chdir(here)
    call("export", "html", "-o", "small.html")
    page = call("export", "html")
    assert sorted(path.name for path in here.rglob("*")) == [html.DATA, "of another page", "small.html"]
    assert page == (here / "small.html").read_text() and page.count('<script type="text/plain" class="part">') == 1
    call("report")
    assert (reports / LATER / html.DATA).is_dir() == (inline == 5)
    (reports / RUN.id / html.DATA).mkdir()
    call("export", "html", "latest", "-o", str(reports / RUN.id / "index.html"))
    assert (reports / RUN.id / html.DATA).is_dir()
