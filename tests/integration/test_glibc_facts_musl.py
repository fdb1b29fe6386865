# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A real musl beside a real glibc: the loader of Debian's package musl runs, in roots of this test."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.target.facts import gather as facts
from faiss_fleet.target.host import Host
from tests import needs

OPTIONS: dict[str, Any] = {"prefix": "/opt/x", "setting": "/etc/x/y", "interpreters": [], "search_paths": []}
GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"


@pytest.fixture(scope="module")
def musl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package; nothing is installed on this machine."""
    directory = tmp_path_factory.mktemp("musl")
    # apt would drop to another user, who cannot write here.
    command = [needs.command("apt-get"), "download", "-o", "APT::Sandbox::User=root", "musl"]
    if subprocess.run(command, cwd=directory, capture_output=True, check=False).returncode:
        needs.missing("Debian's package musl could not be fetched. Run `apt-get update`.")
    (package,) = directory.glob("musl_*.deb")
    subprocess.run([needs.command("dpkg-deb"), "-x", package, directory / "root"], check=True)
    return directory / "root"


def root_with(musl: Path, root: Path, loader: str) -> Host:
    """A root with both C libraries, whose /bin/sh names one loader. It is read, never started."""
    shutil.copytree(musl, root, symlinks=True)
    for path in ("/bin/sh", GLIBC, "/lib/x86_64-linux-gnu/libc.so.6"):
        (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(path), root / path.lstrip("/"))
    program = (root / "bin/sh").read_bytes()
    field = GLIBC.encode() + b"\0"
    assert field in program
    (root / "bin/sh").write_bytes(program.replace(field, loader.encode().ljust(len(field), b"\0"), 1))
    return Host(str(root), environ={"PATH": "/nowhere"})


def no_confstr(_: int) -> str:
    raise ValueError("no answer")


@pytest.mark.parametrize(("loader", "family", "other"), [(MUSL, "musl", GLIBC), (GLIBC, "glibc", MUSL)])
def test_the_programs_loader_decides_and_the_other_is_named(
    tmp_path: Path, musl: Path, loader: str, family: str, other: str
) -> None:
    host = root_with(musl, tmp_path / "root", loader)
    found = facts.Gathering(host, OPTIONS, confstr=no_confstr).all()["libc"]
    assert (found["family"], found["method"], found["disagreement"]) == (family, "loader", None)
    assert found["also_present"] == [other]
    banner = subprocess.run([host.at(host.real(loader)), "--version"], capture_output=True, text=True, check=False)
    assert found["version"] in banner.stdout + banner.stderr
    assert found["version"].startswith("1." if family == "musl" else "2.")
