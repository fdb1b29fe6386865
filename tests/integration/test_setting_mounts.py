# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The setting on file systems that refuse it: read-only, full, without rights. Real mounts, so root is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import mounts, needs

ROOT = Path(__file__).resolve().parents[2]
# Runs the store as the module does, in a process of its own: as another user, or on another Python.
SCRIPT = """
import json, sys, types
sys.path.insert(0, sys.argv[1])
from faiss_fleet.backend import write as setting_store
from faiss_fleet.errors import AuditError
request = json.loads(sys.argv[2])
def work_out():
    if request["setting"] is None:
        return setting_store.plan_restore(request["path"])
    return setting_store.plan_set(request["path"], request["setting"])
try:
    if request["check"]:
        plan = work_out()
        setting_store.check_possible(plan)
    else:
        plan, _entry = setting_store.apply(work_out)
    print(json.dumps({"changed": setting_store.changes(plan)}))
except AuditError as exc:
    print(json.dumps({"cause": exc.cause, "message": str(exc)}))
"""
PYTHONS = ["controller", "2.7", "3.6"]


def setting(text: str = "none") -> dict[str, Any]:
    return {
        "schema": 1,
        "backend": "js",
        "provider": "js",
        "candidate": None,
        "runtime": None,
        "versions": {},
        "policy": "first",
        "because": text,
        "verified": None,
    }


def run(python: str, path: Path, wanted: dict[str, Any] | None, user: int | None = None, check: bool = False) -> Any:
    program = sys.executable if python == "controller" else needs.interpreter(python)
    request = json.dumps({"path": str(path), "setting": wanted, "check": check})
    command = [program, "-B", "-c", SCRIPT, str(ROOT / "module_utils"), request]
    if user is not None:
        command = [needs.command("setpriv"), f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    directory = tmp_path / "etc"
    directory.mkdir()
    return directory


def files(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("check", [True, False])
@mounts.private
def test_a_read_only_etc_is_told_and_nothing_changes(etc: Path, python: str, check: bool) -> None:
    path = etc / "faiss-fleet" / "backend.json"
    run(python, path, setting())
    before = files(etc)
    with mounts.mounted(etc, "--bind", str(etc)):
        subprocess.run([needs.command("mount"), "-o", "remount,bind,ro", str(etc)], check=True)
        said = run(python, path, setting("another"), check=check)
        assert said["cause"] == "read_only" and "vector_backend__path" in said["message"]
        assert run(python, path, None, check=check)["cause"] == "read_only"
        assert run(python, path, setting(), check=check) == {"changed": False}
    assert files(etc) == before


@pytest.mark.parametrize("python", PYTHONS)
@mounts.private
def test_a_full_disk_leaves_what_was_there(etc: Path, python: str) -> None:
    path = etc / "faiss-fleet" / "backend.json"
    with mounts.mounted(etc, "-t", "tmpfs", "-o", "size=256k", "faiss-fleet"):
        run(python, path, setting())
        before = files(etc)
        with open(etc / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        said = run(python, path, setting("another"))
        assert said["cause"] == "disk_full" and "Free some space" in said["message"]
        (etc / "filler").unlink()
        assert files(etc) == before
        assert sorted(one.name for one in path.parent.iterdir()) == ["backend.backups", "backend.env", "backend.json"]
        assert run(python, path, setting("another")) == {"changed": True}


@pytest.mark.parametrize("inodes", range(4, 12))
@mounts.private
def test_a_disk_that_is_full_at_any_file_leaves_what_was_there(etc: Path, inodes: int) -> None:
    path = etc / "faiss-fleet" / "backend.json"
    with mounts.mounted(etc, "-t", "tmpfs", "-o", f"size=1m,nr_inodes={inodes}", "faiss-fleet"):
        said = run("controller", path, setting())
        if said == {"changed": True}:
            before = files(etc)
            said = run("controller", path, setting("another"))
            expected = sorted(before)
        else:
            before, expected = {}, []
        if "cause" in said:
            assert said["cause"] == "disk_full"
            assert files(etc) == before and sorted(files(etc)) == expected


@pytest.mark.parametrize("check", [True, False])
def test_a_user_without_rights_is_told(tmp_path: Path, check: bool) -> None:
    # Not under tmp_path, which other users cannot enter.
    directory = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        directory.chmod(0o755)
        path = directory / "faiss-fleet" / "backend.json"
        for there in (False, True):
            said = run("controller", path, setting("another"), user=65534, check=check)
            assert said["cause"] == "permission_denied" and "become" in said["message"], there
            run("controller", path, setting())
        assert run("controller", path, setting(), user=65534, check=check) == {"changed": False}
        path.chmod(0o600)
        assert run("controller", path, setting(), user=65534, check=check)["cause"] == "permission_denied"
    finally:
        subprocess.run(["rm", "-rf", str(directory)], check=True)


@pytest.mark.parametrize("name", ["backend.json", "backend.env"])
@mounts.private
def test_when_one_of_the_two_files_cannot_be_replaced_neither_is(etc: Path, name: str) -> None:
    path = etc / "faiss-fleet" / "backend.json"
    run("controller", path, setting())
    wanted = {**setting("another"), "provider": "another"}
    before = files(etc)
    # Nobody can replace a file that something is mounted on.
    with mounts.mounted(path.parent / name, "--bind", str(path.parent / name)):
        said = run("controller", path, wanted)
        assert said["cause"] == "read_only" and name in said["message"]
        assert files(etc) == before
    assert run("controller", path, wanted) == {"changed": True}


@mounts.private
def test_a_mount_of_a_test_is_seen_by_what_the_test_starts_and_by_nothing_else(etc: Path) -> None:
    """A run of the tests that is killed leaves none behind: the namespace goes with its last process."""
    mounts.mount(etc, "-t", "tmpfs", "faiss-fleet")
    seen = subprocess.run(["cat", "/proc/mounts"], capture_output=True, text=True, check=True).stdout
    assert str(etc) in seen and str(etc) not in Path(f"/proc/{os.getpid()}/mounts").read_text()
