# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The program of a prefix that starts the container."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.strategies.container import wrapper as container_wrapper
from tests.unit.faiss_fleet.strategies.container.images import DOCKER, PODMAN


def wrapper(engine: dict[str, Any], **more: Any) -> str:
    given = {"image": "ab" * 32, "title": "test", "python": "python3", "memory_mb": 512, "pids": 64, **more}
    return container_wrapper.text(container_wrapper.engine_of(engine), **given)


def run(
    directory: Path, text: str, *arguments: str, status: int = 0
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What the script gave to an engine that notes its arguments."""
    engine = directory / "engine"
    engine.write_text(
        f'#!/bin/sh\n[ "$1" = run ] && printf "%s\\n" "$@" > {directory}/argv && cat && exit {status}\nexit 0\n'
    )
    engine.chmod(0o755)
    program = directory / "faiss-python"
    program.write_text(text.replace("/usr/bin/podman", str(engine)).replace("/usr/bin/docker", str(engine)))
    program.chmod(0o755)
    done = subprocess.run(
        [program, *arguments], input="frames", capture_output=True, text=True, timeout=30, check=False
    )
    return done, (directory / "argv").read_text().splitlines()


@pytest.mark.parametrize("engine", [PODMAN, DOCKER], ids=["podman", "docker"])
def test_the_container_is_shut_off_and_bounded(tmp_path, engine):
    done, argv = run(tmp_path, wrapper(engine), "-c", "print('a b')", status=7)
    assert (done.returncode, done.stdout, done.stderr) == (7, "frames", "")
    assert argv[-3:] == ["ab" * 32, "-c", "print('a b')"]
    for option in (
        "--rm",
        "--interactive",
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--memory=512m",
        "--pids-limit=64",
        "--pull=never",
        "--workdir=/",
        "--entrypoint=python3",
        "--env=HOME=/tmp",
        "--tmpfs=/tmp:rw,nosuid,nodev,noexec,mode=1777,size=512m",
    ):
        assert option in argv
    assert not [option for option in argv if option.startswith(("--volume", "-v", "--mount", "--privileged"))]
    user = "65534:65534" if os.geteuid() == 0 else "0:0" if engine is PODMAN else f"{os.getuid()}:{os.getgid()}"
    assert f"--user={user}" in argv
    assert "--log-driver=none" in argv and not [option for option in argv if "/dev/null" in option]


def test_each_container_has_a_name_of_its_own(tmp_path):
    names = {next(part for part in run(tmp_path, wrapper(PODMAN))[1] if part.startswith("--name=")) for _ in range(2)}
    assert len(names) == 2


def test_no_limit_is_no_option(tmp_path):
    _, argv = run(tmp_path, wrapper(PODMAN, memory_mb=0, pids=0))
    assert not [part for part in argv if part.startswith(("--memory", "--pids-limit"))]
    assert "--tmpfs=/tmp:rw,nosuid,nodev,noexec,mode=1777" in argv


@pytest.mark.parametrize("engine, version", [(PODMAN, "1.6.4"), (DOCKER, "19.03.15")])
def test_older_engines_get_no_option_that_they_do_not_know(tmp_path, engine, version):
    assert "--pull=never" not in run(tmp_path, wrapper({**engine, "version": version}))[1]


def test_the_script_says_nothing_for_odd_paths(tmp_path):
    text = wrapper({**PODMAN, "path": "/opt/my engines/podman$(touch x)"})
    assert "'/opt/my engines/podman$(touch x)'" in text
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
