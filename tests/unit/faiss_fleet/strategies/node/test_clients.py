# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the ordinary clients are asked for, and what they need on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.node import clients


class Runner:
    """Notes commands; what apt-get indextargets prints is said by the test."""

    def __init__(self, said: str = "") -> None:
        self.said, self.commands, self.environments = said, [], []

    def run(self, argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> str:
        self.commands.append(argv)
        self.environments.append(env or {})
        return self.said


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> clients.Apt:
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(clients, "KEYRING", keyring)
    return clients.Apt(tmp_path / "state", Options())


DEBIAN = "Debian bookworm-updates http://deb.example/updates\nOther x http://o.example\nDebian bookworm http://deb.example/\n"


def test_apt_asks_the_controllers_own_mirror_and_leaves_its_sources_alone(apt: clients.Apt) -> None:
    runner: Any = Runner(DEBIAN)
    arguments = apt.arguments("bullseye", runner)
    sources = (apt.state / "sources.list").read_text()
    assert sources.startswith("deb [arch=amd64 signed-by=") and " http://deb.example/ bullseye main" in sources
    assert f"-oDir::Etc::sourcelist={apt.state}/sources.list" in arguments and "-oDir::Etc::sourceparts=-" in arguments
    assert runner.commands[-1][-1] == "update"


def test_lists_that_are_there_are_not_fetched_again_until_the_sources_change(apt: clients.Apt) -> None:
    runner: Any = Runner(DEBIAN)
    apt.arguments("bullseye", runner)
    (apt.state / "lists" / "deb.example_Packages.lz4").touch()
    apt.arguments("bullseye", runner)
    assert [command[-1] for command in runner.commands].count("update") == 1
    apt.arguments("bookworm", runner)
    assert [command[-1] for command in runner.commands].count("update") == 2


def test_the_mirror_of_the_inventory_comes_first(apt: clients.Apt) -> None:
    chosen = clients.Apt(apt.state, Options(extra={clients.MIRROR: "http://mirror.example/debian"}))
    runner: Any = Runner()
    chosen.arguments("bullseye", runner)
    assert "http://mirror.example/debian bullseye" in (apt.state / "sources.list").read_text()
    assert not any("indextargets" in command for command in runner.commands)


def test_a_controller_without_debian_is_told_what_to_set(apt: clients.Apt) -> None:
    runner: Any = Runner("Ubuntu jammy http://u.example\n")
    with pytest.raises(FleetError, match=clients.MIRROR) as failure:
        apt.arguments("bullseye", runner)
    assert failure.value.cause == "faiss_source_missing"


def test_nothing_is_fetched_that_cannot_be_checked(apt: clients.Apt) -> None:
    clients.KEYRING.unlink()
    runner: Any = Runner(DEBIAN)
    with pytest.raises(FleetError, match="debian-archive-keyring") as failure:
        apt.arguments("bullseye", runner)
    assert failure.value.cause == "command_missing" and runner.commands == []


def test_each_client_is_asked_for_one_file_of_one_version(apt: clients.Apt, tmp_path: Path) -> None:
    runner: Any = Runner(DEBIAN)
    clients.npm("faiss-node", "0.5.1", "", tmp_path, apt, runner)
    assert runner.commands.pop() == ["npm", "pack", "--silent", "faiss-node@0.5.1"]
    clients.pypi("ziglang", "0.13.0", "manylinux_2_12_x86_64", tmp_path, apt, runner)
    assert runner.commands[-1][-1] == "ziglang==0.13.0" and "--no-deps" in runner.commands[-1]
    assert runner.environments[-1] == {"PIP_NO_INPUT": "1"}
    clients.debian("libopenblas-dev", "0.3.13", "bullseye", tmp_path, apt, runner)
    assert runner.commands[-1][-2:] == ["download", "libopenblas-dev=0.3.13"]
    clients.debian_source("faiss", "1.7.0", "bullseye", tmp_path, apt, runner)
    assert runner.commands[-1][-1] == "faiss=1.7.0" and "--download-only" in runner.commands[-1]


def test_git_fetches_one_commit_and_asks_nobody_for_a_password(tmp_path: Path) -> None:
    runner: Any = Runner()
    clients.git("https://git.example/faiss", "c" * 40, tmp_path / "out.tar", tmp_path, runner)
    fetch = next(place for place, command in enumerate(runner.commands) if "fetch" in command)
    assert runner.commands[fetch][-3:] == ["--", "https://git.example/faiss", "c" * 40]
    assert runner.environments[fetch] == {"GIT_TERMINAL_PROMPT": "0"}
    assert f"--output={tmp_path / 'out.tar'}" in runner.commands[-1]
