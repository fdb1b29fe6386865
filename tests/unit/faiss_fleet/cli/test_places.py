# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where the project, its runs and its store are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from faiss_fleet.cli import places
from faiss_fleet.errors import FleetError


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAISS_FLEET_REPORTS", "FAISS_FLEET_STORE", "ANSIBLE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_the_directory_of_runs_is_what_was_given_then_the_variable_then_ansible_cfg(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ansible.cfg").write_text("[fleet_record]\nreports = runs\nstore = postgresql://db.example/%h\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    assert places.reports_directory() == tmp_path / "runs"
    assert places.store_name(None, tmp_path) == "postgresql://db.example/%h"
    monkeypatch.setenv("FAISS_FLEET_REPORTS", "/srv/runs")
    monkeypatch.setenv("FAISS_FLEET_STORE", "/srv/store")
    assert (places.reports_directory(), places.store_name(None, tmp_path)) == (Path("/srv/runs"), "/srv/store")
    assert places.reports_directory(Path("/given")) == Path("/given")
    assert places.store_name("given", tmp_path) == "given"


def test_without_a_word_the_store_lies_beside_the_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "absent.cfg"))
    assert places.store_name(None, tmp_path) == str(tmp_path / "history.sqlite")


def test_an_ansible_cfg_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("no section\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    with pytest.raises(FleetError, match=r"ansible\.cfg cannot be read"):
        places.reports_directory()


def test_a_directory_that_is_not_there_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    places.check_reports(tmp_path / "reports")
    with pytest.raises(FleetError, match="reports"):
        places.check_reports(tmp_path / "reprots")
    assert not (tmp_path / "reprots").exists()


def test_a_directory_that_this_user_may_not_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    with pytest.raises(FleetError, match="is not readable by this user"):
        places.check_reports(tmp_path)


def test_without_playbooks_a_run_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (places.checkout() / "audit.yml").is_file()
    monkeypatch.setattr(places, "ROOT", tmp_path)
    with pytest.raises(FleetError, match=r"no audit\.yml"):
        places.checkout()
