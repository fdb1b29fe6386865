# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A probe's facts are shown and kept; an audit is no probe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants

from faiss_fleet.fleet import batch
from tests.sample_records import records
from tests.unit.plugins.callback.events import Inventory, callback, play, playbook, result, task

FACTS = next(records(1))["facts"]
PROBE, INSTALL = task("glibc_facts", "probe"), task("faiss.fleet.faiss_install", "install")


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAISS_FLEET_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def begun(inventory: Inventory, *tasks: Any, **tags: Any) -> tuple[Any, list[str]]:
    plugin, shown = callback("fleet_facts")
    only = play(inventory, *tasks, **tags)
    plugin.v2_playbook_on_start(playbook(only))
    plugin.v2_playbook_on_play_start(only)
    return plugin, shown


def probed(*tasks: Any, **tags: Any) -> list[str]:
    """What is shown of a playbook in which one host has facts, one failed and one is gone."""
    plugin, shown = begun(Inventory({}), *tasks, **tags)
    plugin.v2_runner_on_ok(result("web1", "glibc_facts", ansible_facts={"glibc_facts": FACTS}))
    plugin.v2_runner_on_ok(result("web1", "debug", msg="not a stage"))
    plugin.v2_runner_on_failed(result("web2", "glibc_facts", msg="no shell there"))
    plugin.v2_runner_on_unreachable(result("web3", "glibc_facts", msg="timed out"))
    plugin.v2_playbook_on_stats(None)
    return shown


def test_every_host_is_shown_and_kept_in_a_directory_beside_the_runs(reports: Path) -> None:
    shown = "\n".join(probed(PROBE))
    assert all(text in shown for text in ("web1", "2.17", "web2", "no shell there", "web3", "timed out"))
    (path,) = reports.rglob("facts.jsonl")
    assert str(path) in shown and not (reports / "latest").exists()
    lines = {line["host"]: line for line in map(json.loads, path.read_text().splitlines())}
    assert set(lines) == {"web1", "web2", "web3"} and lines["web1"]["facts"] == FACTS


@pytest.mark.parametrize(
    "tasks, tags, shows",
    [
        pytest.param([PROBE, INSTALL], {}, False, id="an audit"),
        pytest.param([PROBE, INSTALL], {"only": ("probe",)}, True, id="an audit with --tags probe"),
        pytest.param([PROBE, INSTALL], {"skip": ("install",)}, True, id="an audit with --skip-tags"),
        pytest.param([task("debug")], {}, False, id="another playbook"),
        pytest.param([PROBE, task("meta")], {}, True, id="Ansible's own tasks do not count"),
    ],
)
def test_a_probe_is_a_playbook_in_which_no_other_stage_is_left(
    reports: Path, tasks: list[Any], tags: dict[str, Any], shows: bool
) -> None:
    assert bool(probed(*tasks, **tags)) == shows == bool(list(reports.rglob("facts.jsonl")))


def test_an_answer_without_facts_is_told(reports: Path) -> None:
    plugin, shown = begun(Inventory({}), PROBE)
    plugin.v2_runner_on_ok(result("web1", "glibc_facts"))
    plugin.v2_playbook_on_stats(None)
    assert "answered without facts" in "\n".join(shown)


def test_secrets_of_the_inventory_are_neither_shown_nor_kept(reports: Path) -> None:
    plugin, shown = begun(Inventory({"app_password": "s3cr3t-word"}, "web1", "web2"), PROBE)
    plugin.set_play_context(SimpleNamespace(password="asked-word", become_pass=None))
    facts = {**FACTS, "gaps": [{"fact": "pythons", "reason": "it said s3cr3t-word, asked-word and kept-word"}]}
    plugin.v2_runner_on_ok(result("web1", "glibc_facts", ansible_facts={"glibc_facts": facts}))
    plugin.v2_runner_on_failed(result("web2", "glibc_facts", msg="sudo: s3cr3t-word is wrong"))
    plugin.v2_playbook_on_stats(None)
    (path,) = reports.rglob("facts.jsonl")
    said = "\n".join(shown) + path.read_text()
    assert "kept-word" in said and "is wrong" in said
    assert "s3cr3t-word" not in said and "asked-word" not in said


def test_a_probe_that_is_ended_early_keeps_what_was_answered(reports: Path, tmp_path: Path) -> None:
    plugin, shown = begun(Inventory({"app_password": "s3cr3t-word"}, "web1", "web2"), PROBE)
    # The batch is another process, which has not come to its end.
    facts = {**FACTS, "gaps": [{"fact": "pythons", "reason": "it said s3cr3t-word"}]}
    batch.keep_probed(tmp_path, "web2", facts)
    with (tmp_path / batch.PROBED).open("a") as file:
        file.write('{"host": "web3", "fac')
    plugin.v2_runner_on_unreachable(result("web1", "glibc_facts", msg="timed out"))
    plugin._ended_early(os.getpid() + 1)  # a worker's end
    assert shown == []
    plugin._ended_early(os.getpid())
    (path,) = reports.rglob("facts.jsonl")
    assert [json.loads(line)["host"] for line in path.read_text().splitlines()] == ["web1", "web2"]
    assert "ended early" in "\n".join(shown) and "s3cr3t-word" not in "\n".join(shown) + path.read_text()
    plugin._ended_early(os.getpid())
    plugin.v2_playbook_on_stats(None)
    assert len(list(reports.rglob("facts.jsonl"))) == 1


def test_an_earlier_playbook_of_the_same_command_leaves_nothing_to_the_next(reports: Path, tmp_path: Path) -> None:
    batch.keep_probed(tmp_path, "web9", FACTS)
    assert "web9" not in "\n".join(probed(PROBE))


def test_a_directory_that_cannot_be_written_ends_with_a_status(reports: Path) -> None:
    reports.rmdir()
    reports.write_text("a file")
    with pytest.raises(SystemExit) as ended:
        probed(PROBE)
    assert ended.value.code == 1
