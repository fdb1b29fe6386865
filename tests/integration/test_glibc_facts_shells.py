# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""probe.sh in real shells, with few tools, with hanging programs and with hostile names."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.fleet import raw_facts
from tests import needs

SHELLS = {"dash": ["dash"], "bash": ["bash"], "bash --posix": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
EACH = [pytest.param(name, marks=pytest.mark.slow) if "bash" in name else name for name in SHELLS]
# What a host cannot be without; all else the probe must do without.
FEW = ("cat", "grep", "head", "sed", "sort", "tr", "uname")


def probe(shell: str, path: str | None = None, **changes: Any) -> dict[str, Any]:
    options = {"prefix": "/opt/faiss-fleet", "setting": "/etc/faiss-fleet/backend.json", "timeout": 5}
    options.update(interpreters=[], search_paths=[])
    options.update(changes)
    words = shlex.split(raw_facts.command(options))[1:]
    program = [needs.command(SHELLS[shell][0]), *SHELLS[shell][1:], *words]
    environment = {"PATH": path or os.environ["PATH"], "HOME": os.environ.get("HOME", "/root")}
    run = subprocess.run(program, env=environment, capture_output=True, check=False, timeout=120)
    return raw_facts.facts(run.stdout.decode("utf-8", "replace"), "a test")


@pytest.mark.parametrize("shell", EACH[1:])
def test_every_shell_says_the_same(shell: str) -> None:
    one, other = probe(shell), probe("dash")
    for found in (one, other):
        for directory in found["filesystems"]:
            directory.pop("free_bytes")
    assert one == other
    assert one["libc"]["version"]
    assert one["pythons"]


@pytest.mark.parametrize("shell", ["dash", *(pytest.param(one, marks=pytest.mark.slow) for one in list(SHELLS)[1:])])
def test_a_python_that_hangs_is_ended(shell: str, tmp_path: Path) -> None:
    python = tmp_path / "python3.9"
    python.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n", encoding="utf-8")
    python.chmod(0o755)
    started = time.monotonic()
    found = probe(shell, timeout=1, interpreters=[str(python)])
    assert time.monotonic() - started < 30
    (named,) = [one for one in found["pythons"] if one["named"]]
    assert named["version"] is None
    assert named["error"]


@pytest.mark.parametrize("shell", EACH)
def test_hostile_names_are_data(shell: str, tmp_path: Path) -> None:
    marker = tmp_path / "owned"
    prefix = tmp_path / "it's $(touch owned) `touch owned`\nend\tfaiss-fleet-probe"
    for name in ("a\nlibc_version\tGLIBC_2.99", "$(touch owned)", "-n", "*"):
        (prefix / "wheel" / name).mkdir(parents=True)
    found = probe(shell, prefix=str(prefix), interpreters=["/srv/$(touch owned)/python", "/srv/a b"])
    assert not marker.exists()
    assert not (Path.cwd() / "owned").exists()
    assert not any(gap["fact"] == "probe" for gap in found["gaps"])
    assert len(found["prefixes"]) == 4
    assert not found["libc"]["disagreement"], "a directory's name is no version of the C library"
    assert [one["path"] for one in found["pythons"] if one["named"]] == ["/srv/$(touch owned)/python", "/srv/a b"]


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_few_tools_leave_gaps_and_whole_facts(shell: str, tmp_path: Path) -> None:
    """No readlink, timeout, df, id, getconf, dirname, tail: their answers are missing, and nothing else is."""
    needs.root()
    root = tmp_path / "root"
    for directory in ("bin", "lib64", "proc", "opt", "etc", "tmp", "usr/bin"):
        (root / directory).mkdir(parents=True)
    (root / "dev").mkdir()
    os.mknod(root / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    # busybox brings its own tools along, whatever PATH says: only dash is really without.
    for name in FEW:
        _copy(needs.command(name), root)
    _copy(needs.command(SHELLS[shell][0]), root)
    options = {
        "prefix": "/opt/faiss-fleet",
        "setting": "/etc/x/y",
        "timeout": 2,
        "interpreters": [],
        "search_paths": [],
    }
    words = shlex.split(raw_facts.command(options))[1:]
    program = ["/bin/" + SHELLS[shell][0], *SHELLS[shell][1:]]
    chroot = needs.command("chroot")
    run = subprocess.run(
        [chroot, root, *program, *words], env={"PATH": "/bin"}, capture_output=True, check=False, timeout=60
    )
    found = raw_facts.facts(run.stdout.decode(), "a test")
    assert not any(gap["fact"] == "probe" for gap in found["gaps"]), run.stderr
    assert found["arch"] == os.uname().machine
    assert found["libc"]["family"] == "glibc"
    assert found["memory_bytes"] is None


def _copy(program: str, root: Path) -> None:
    """A program with the libraries it is linked to, as ldd names them."""
    shutil.copy(program, root / "bin")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for path in [word for word in listed.split() if word.startswith("/")]:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(path, target)
