# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reports are written again only where they differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faiss_fleet import reports
from faiss_fleet.records import journal as runs
from tests.sample_records import write_run


def test_a_settled_run_is_left_byte_for_byte(tmp_path: Path) -> None:
    directory = write_run(tmp_path, 6)
    _, changed = reports.render(directory)
    assert {path.name for path in changed} == {"summary.csv", "summary.md", "index.html", "assessment.md"}
    before = (directory / runs.RECORDS).stat()
    _, changed = reports.render(directory)
    assert changed == []
    assert (directory / runs.RECORDS).stat() == before


def test_latest_leads_to_the_run_it_is_pointed_at(tmp_path: Path) -> None:
    directory = write_run(tmp_path, 2)
    assert not (tmp_path / "latest").exists()
    reports.render(directory, latest=True)
    assert os.readlink(tmp_path / "latest") == directory.name
    assert runs.find(tmp_path) == directory.resolve()


def test_a_file_of_an_earlier_rendering_may_be_removed_by_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = write_run(tmp_path, 2)
    (directory / "limits").mkdir()
    (directory / "limits" / "old.txt").touch()
    unlink = Path.unlink

    def after_another(self: Path, missing_ok: bool = False) -> None:
        if self.name == "old.txt":
            unlink(self)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", after_another)
    reports.render(directory)
    assert not (directory / "limits" / "old.txt").exists()
