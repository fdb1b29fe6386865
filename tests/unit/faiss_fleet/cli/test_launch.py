# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The command line, the environment and the last words of Ansible."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.cli import launch
from faiss_fleet.errors import FleetError


def test_paths_of_the_user_are_made_absolute(tmp_path: Any) -> None:
    (tmp_path / "hosts.yml").touch()
    (tmp_path / "vars.yml").touch()
    found = launch.arguments(
        ["hosts.yml", "a,b,", "inventory/local"], "web", True, False, ["@vars.yml", "x=1"], ["-f", "40"], tmp_path
    )
    assert found == [
        *("-i", str(tmp_path / "hosts.yml"), "-i", "a,b,", "-i", "inventory/local", "--limit", "web", "--check"),
        *("-e", f"@{tmp_path}/vars.yml", "-e", "x=1", "-f", "40"),
    ]


def test_a_mistyped_inventory_is_named_with_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "production").mkdir()
    launch.check_inventories(["fleet/production", "inventory/local", "web01,", "a,b"], tmp_path)
    for given, words in (
        ("fleet/prodution", r"no inventory fleet/prodution\. Did you mean fleet/production\?"),
        ("/no/such/place", "no inventory /no/such/place. Name a file"),
        ("web01", "list hosts with a comma"),
    ):
        with pytest.raises(FleetError, match=words):
            launch.check_inventories([given], tmp_path)


def test_passwords_are_asked_for_before_the_display() -> None:
    asked: list[str] = []
    answers = launch.asked_passwords(["-f", "5", "-kK"], lambda text: asked.append(text) or "s3cret")  # type: ignore[func-returns-value]
    assert asked == ["SSH password: ", "BECOME password: "]
    assert set(answers.values()) == {"s3cret"}
    assert launch.asked_passwords(["--check"], lambda text: "") == {}


def test_a_password_is_answered_and_is_in_no_file_that_a_killed_run_would_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    seen: dict[Path, bytes] = {}

    def look(event: Any) -> None:
        seen.update((path, path.read_bytes()) for path in (tmp_path / "tmp").rglob("*") if path.is_file())

    environment = launch.environment("20261122T101112Z-3f9a1c", tmp_path / "reports", "")
    command_line = ["-i", "localhost,", "-c", "local", "-K"]
    answers = launch.asked_passwords(["-K"], lambda _text: "hunter2-word")
    ended = launch.playbook("playbooks/preflight.yml", command_line, environment, look, answers)
    assert ended.status == 0, ended.tail
    assert seen and not [path for path, content in seen.items() if b"hunter2" in content]
    assert not list((tmp_path / "tmp").iterdir())


def test_last_lines_are_plain() -> None:
    assert launch.last_lines("\x1b[0;31mERROR! no\x1b[0m\n\n") == "ERROR! no"


def test_a_mistyped_option_is_named_and_not_the_usage() -> None:
    error = "ansible-playbook: error: unrecognized arguments: --chek"
    assert launch.last_lines(f"usage: ansible-playbook [-h]\n{error}\n \n" + "  --an-option\n" * 90) == error


def test_the_environment_names_the_run_and_keeps_what_the_user_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", "/own/callbacks")
    monkeypatch.setenv("ANSIBLE_CONFIG", "/own/ansible.cfg")
    found = launch.environment("20261122T101112Z-5a3f1e", tmp_path, "history.sqlite")
    assert found["FAISS_FLEET_RUN_ID"] == "20261122T101112Z-5a3f1e"
    assert (found["FAISS_FLEET_REPORTS"], found["FAISS_FLEET_STORE"]) == (str(tmp_path), "history.sqlite")
    assert found["ANSIBLE_CONFIG"] == "/own/ansible.cfg"
    assert found["ANSIBLE_CALLBACK_PLUGINS"].split(":")[0] == "/own/callbacks"
    assert found["ANSIBLE_CALLBACK_PLUGINS"].endswith("plugins/callback")


def test_of_long_output_the_end_is_shown() -> None:
    shown = launch.last_lines("\n\n".join(f"line {number}" for number in range(100))).splitlines()
    assert len(shown) == launch.TAIL and shown[-1] == "line 99"
