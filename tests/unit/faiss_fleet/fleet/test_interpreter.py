# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A shell on the host chooses the Python that Ansible's discovery would choose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from faiss_fleet.fleet import interpreter

NAMES = ["python3.12", "python3.6", "/usr/bin/python3"]
FAMILIES = {"centos": "redhat", "redhat": "redhat", "debian": "debian"}


def choose(directory: Path, release: str, there: list[str], *, named: str = "auto_silent") -> str:
    """What a host with this os-release and these Pythons starts; each prints its own name."""
    (directory / "bin").mkdir()
    for name in there:
        path = directory / "bin" / name
        path.write_text(f"#!/bin/sh\ncat >/dev/null\necho {name}\n")
        path.chmod(0o755)
    (directory / "os-release").write_text(release)
    platform = f"{directory}/bin/platform-python"
    places = {"redhat": {"6": f"{directory}/bin/python2", "8": platform}, "debian": {"10": f"{directory}/bin/python3"}}
    names = [*NAMES, platform, f"{directory}/bin/python3"]
    command = interpreter.command("program", named, names, places, FAMILIES)
    assert command is not None
    command = command.replace("/etc/os-release", f"{directory}/os-release")
    environment = {"PATH": f"{directory}/bin:/bin"}
    command = command.replace("/usr/bin/python3", "/absent")
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, input="", capture_output=True, text=True)
    return done.stdout.strip() or f"{done.returncode}: {done.stderr.strip()}"


@pytest.mark.parametrize(
    "release, there, expected",
    [
        pytest.param("ID=arch\n", ["python3.6", "python3.12"], "python3.12", id="first of the list"),
        pytest.param('ID="centos"\nVERSION_ID="8"\n', ["python3.6", "platform-python"], "platform-python", id="known"),
        pytest.param('ID="centos"\nVERSION_ID="8.4"\n', ["python3.6", "platform-python"], "platform-python", id="8.4"),
        pytest.param('ID="centos"\nVERSION_ID="9"\n', ["python3.6", "platform-python"], "platform-python", id="newer"),
        pytest.param('ID="centos"\nVERSION_ID="7"\n', ["python3.6", "platform-python"], "python3.6", id="empty"),
        pytest.param('ID="centos"\nVERSION_ID="8"\n', ["python3.12"], "python3.12", id="its own is absent"),
        pytest.param("ID=debian\n", ["python3.6", "python3"], "python3.6", id="no version: Debian sid"),
        pytest.param("ID=debian\nVERSION_ID=12\n", ["python3.6", "python3"], "python3", id="by path"),
        pytest.param("ID=debian\nVERSION_ID=rolling\n", ["python3.6"], "python3.6", id="odd version"),
    ],
)
def test_the_choice_is_ansibles(tmp_path: Path, release: str, there: list[str], expected: str) -> None:
    assert choose(tmp_path, release, there) == expected


def test_what_the_host_says_of_itself_is_read_and_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    touch = f"touch {canary}"
    release = f"{touch}\nNAME=$({touch})\n\0ID='centos'; {touch}\nVERSION_ID=`{touch}`8\nVERSION_ID='8.1'\n"
    assert choose(tmp_path, release + "x" * 1_000_000, ["python3.6", "platform-python"]) == "platform-python"
    assert not canary.exists()


def test_a_host_without_a_python_says_so(tmp_path: Path) -> None:
    assert choose(tmp_path, "ID=arch\n", []) == "127: no Python was found"


@pytest.mark.parametrize(
    "named, expected",
    [
        ("/opt/python/bin/python3", "/opt/python/bin/python3 -c 'the program'"),
        ("auto_legacy", None),
        ("python3", None),
        ("/opt/my python/bin/python3", None),
        ("/bin/sh -c 'python3'", None),
    ],
)
def test_a_python_that_is_named_is_started_unless_only_ansible_can(named: str, expected: str | None) -> None:
    assert interpreter.command("the program", named, NAMES, {}, {}) == expected
