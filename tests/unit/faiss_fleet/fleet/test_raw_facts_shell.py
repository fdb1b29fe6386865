# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The probe in shells and with programs of this machine, as a host runs it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.fleet import raw_facts
from faiss_fleet.target.facts import machine
from faiss_fleet.target.host import Host
from faiss_fleet.target.prefix import contents
from tests import needs
from tests.unit.faiss_fleet.fleet.transcripts import LISTS, OPTIONS, judged, transcript

SHELLS = ["dash", "bash", "bash --posix", "busybox sh"]


def run_probe(path: str, timeout: int = 1, shell: str = "/bin/sh", **options: str) -> tuple[dict[str, Any], float]:
    """Facts by the probe with this PATH on this machine, and the seconds it took."""
    words = shlex.split(raw_facts.command({**OPTIONS, **LISTS, "timeout": timeout, **options}))
    started = time.monotonic()
    env = {"PATH": path, "HOME": "/nonexistent"}
    ran = subprocess.run([shell, *words[1:]], capture_output=True, text=True, env=env)
    return judged(ran.stdout), time.monotonic() - started


def wrapper(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text("#!/bin/sh\n" + text)
    (directory / name).chmod(0o755)


def test_a_child_left_behind_and_output_without_end_cost_no_more_than_the_limits(tmp_path: Path) -> None:
    wrapper(tmp_path, "node", "sleep 95 &\necho v16.20.2\n")
    wrapper(tmp_path, "gcc", "exec cat /dev/zero\n")
    wrapper(tmp_path, "cmake3", "setsid sleep 40 &\necho cmake version 3.25.1\n")
    found, seconds = run_probe(f"{tmp_path}:/usr/bin:/bin")
    assert found["nodes"][0]["version"] == "16.20.2"
    assert found["toolchains"]["cmake"]["version"] == "3.25.1"
    assert found["toolchains"]["gcc"]["version"] is None
    assert seconds < 25


def test_root_starts_nothing_of_another_user(tmp_path: Path) -> None:
    needs.root()
    mark = tmp_path / "started"
    for name in ("node", "gcc", "podman"):
        wrapper(tmp_path, name, f"touch {mark}\n")
        os.chown(tmp_path / name, 1000, 1000)
    (tmp_path / "open").mkdir()
    wrapper(tmp_path / "open", "cmake3", f"touch {mark}\n")
    (tmp_path / "open").chmod(0o777)
    found, _ = run_probe(f"{tmp_path}:{tmp_path}/open:/usr/bin:/bin")
    reasons = {(gap["fact"], gap["reason"]) for gap in found["gaps"] if "not started as root" in gap["reason"]}
    tail = "was not started as root, since"
    assert ("nodes", f"{tmp_path}/node {tail} {tmp_path}/node belongs to uid 1000.") in reasons
    assert ("toolchains", f"{tmp_path}/gcc {tail} {tmp_path}/gcc belongs to uid 1000.") in reasons
    assert ("engines", f"{tmp_path}/podman {tail} {tmp_path}/podman belongs to uid 1000.") in reasons
    assert ("toolchains", f"{tmp_path}/open/cmake3 {tail} {tmp_path}/open is writable by everyone.") in reasons
    assert not mark.exists()


def test_root_starts_nothing_that_another_users_library_or_interpreter_is_loaded_with(tmp_path: Path) -> None:
    needs.root()
    mark = tmp_path / "started"
    shell, library = tmp_path / "sh", tmp_path / "lib/libpython3.9.so.1.0"
    shutil.copy("/bin/sh", shell)
    (tmp_path / "getconf").write_text(f"#! {shell} -e\ntouch {mark}\n")
    (tmp_path / "getconf").chmod(0o755)
    (tmp_path / "bin").mkdir()
    shutil.copy("/bin/true", tmp_path / "bin/python3.9")
    library.parent.mkdir()
    library.touch()
    for path in (shell, library):
        os.chown(path, 1000, 1000)
    found, _ = run_probe(f"{tmp_path}:{tmp_path}/bin:/usr/bin:/bin")
    reasons = {(gap["fact"], gap["reason"]) for gap in found["gaps"] if "not started as root" in gap["reason"]}
    tail = "was not started as root, since"
    assert ("libc", f"{tmp_path}/getconf {tail} {shell} belongs to uid 1000.") in reasons
    assert ("pythons", f"{tmp_path}/bin/python3.9 {tail} {library} belongs to uid 1000.") in reasons
    assert not mark.exists()


def test_what_is_in_the_way_is_told_and_a_directory_that_is_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("somebody's")
    for place, expected in ((tmp_path, None), (tmp_path / "new/er", None), (tmp_path / "taken/x", tmp_path / "taken")):
        found, _ = run_probe("/usr/bin:/bin", prefix=str(place))
        (prefix,) = (each for each in found["filesystems"] if each["purpose"] == "prefix")
        assert prefix["in_the_way"] == (str(expected) if expected else None), place


def _cut(prefix: Path) -> None:
    (prefix / "lib/faiss.so").write_text("x")


def _flip(prefix: Path) -> None:
    (prefix / "lib/faiss.so").write_text("y" * 4000)
    os.utime(prefix / "lib/faiss.so", (1e9, 1e9))


def _compile(prefix: Path) -> None:
    (prefix / "a.pyc").write_text("compiled again, with other paths in it")
    os.utime(prefix / "a.pyc", (1e9, 1e9))


@pytest.mark.parametrize(
    "harm, reason",
    [
        pytest.param(lambda prefix: None, None, id="whole"),
        pytest.param(_compile, None, id="what Python writes"),
        pytest.param(_cut, "It is damaged: lib/faiss.so: has 1 bytes and should have 4000.", id="cut"),
        pytest.param(_flip, "It is damaged: lib/faiss.so: was written after it was installed.", id="changed"),
        pytest.param(
            lambda prefix: (prefix / "lib/faiss.so").unlink(),
            "It is damaged: lib/faiss.so: No such file or directory.",
            id="deleted",
        ),
        pytest.param(
            lambda prefix: (prefix / "damaged.txt").write_text("lib/faiss.so: has other content\n"),
            "It is damaged: lib/faiss.so: has other content.",
            id="found by an earlier look at every byte",
        ),
        pytest.param(
            lambda prefix: (prefix / "manifest-files.json").unlink(),
            "It is damaged: manifest-files.json cannot be read",
            id="no list",
        ),
    ],
)
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_prefix_is_compared_with_its_list_as_the_module_does(
    tmp_path: Path, harm: Callable[[Path], Any], reason: str | None, shell: str
) -> None:
    needs.command(shell.split()[0])
    prefix = tmp_path / "opt/wheel/0123abcd"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/faiss.so").write_text("x" * 4000)
    (prefix / "lib/link.so").symlink_to("faiss.so")
    (prefix / "a.pyc").write_text("compiled")
    listed = {name: contents.listed(str(prefix / name)) for name in ("lib/faiss.so", "lib/link.so", "a.pyc")}
    (prefix / "manifest-files.json").write_text(json.dumps(listed, indent=1, sort_keys=True))
    (prefix / "manifest.json").write_text(json.dumps({"digest": "0123abcd"}, indent=1))
    harm(prefix)
    words = shlex.split(raw_facts.command({**OPTIONS, **LISTS, "prefix": str(tmp_path / "opt")}))
    end = words[2].index("damage() {")
    script = words[2][: words[2].index("emit begin")] + "emit begin faiss-fleet-probe\n" + words[2][end:]
    ran = subprocess.run([*shell.split(), "-c", script, *words[3:]], capture_output=True, text=True)
    (found,) = judged(ran.stdout)["prefixes"]
    assert found["complete"] == (reason is None)
    assert (found["reason"] or "").startswith(reason or "")
    assert contents.damage(str(prefix)) is None if reason is None else contents.damage(str(prefix))


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_a_shell_tells_whether_root_may_start_a_program(tmp_path: Path, shell: str) -> None:
    needs.root()
    wrapper(tmp_path, "it's", "")

    def said() -> tuple[int, str]:
        script = raw_facts.trust_check(str(tmp_path / "it's"))
        ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True)
        return ran.returncode, ran.stderr.strip()

    assert said() == (0, "")
    (tmp_path / "sh").symlink_to("/bin/sh")
    (tmp_path / "it's").write_text(f"#!{tmp_path}/sh\n")
    os.lchown(tmp_path / "sh", 54321, 54321)
    assert said() == (1, f"{tmp_path}/sh belongs to uid 54321")
    os.chown(tmp_path, 54321, 54321)
    assert said() == (1, f"{tmp_path} belongs to uid 54321")


def part(begin: str, end: str) -> str:
    """A part of the probe's script."""
    script = raw_facts.SCRIPT.read_text(encoding="utf-8")
    return script[script.index(begin) : script.index(end, script.index(begin)) + len(end)]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("text", ["ID=x\n\nVERSION_ID=7", "ID=x\nVERSION_ID=7\n"])
def test_a_last_line_without_an_end_does_not_swallow_the_next_key(tmp_path: Path, shell: str, text: str) -> None:
    (tmp_path / "os-release").write_text(text)
    script = "tab=$(printf '\\t')\n" + part("lines() {", "\n")
    script += "lines os_release < os-release\nprintf 'kernel\\t3.10\\n'\n"
    ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert ran.stdout == "os_release\tID=x\nos_release\tVERSION_ID=7\nkernel\t3.10\n", ran.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("many, told", [(2000, False), (2001, True)])
def test_mounts_that_are_not_read_are_told(tmp_path: Path, shell: str, many: int, told: bool) -> None:
    (tmp_path / "mounts").write_text("tmpfs /run tmpfs rw 0 0\n" * many)
    script = part("head -n 2000 /proc/mounts", 'another one."; fi').replace("/proc/mounts", "mounts")
    script = f'lines() {{ cat; }}; emit() {{ echo "$1 $2"; }}\n{script}'
    ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, cwd=tmp_path)
    read = ran.stdout.splitlines()
    assert read.count("tmpfs /run tmpfs rw 0 0") == 2000, ran.stderr
    capped = "capped_filesystems Only the first 2000 of the 2001 mounts were read"
    assert len(read) == 2000 + told and read[-1].startswith(capped) is told


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("entry, found", [("me:100000:65536", True), ("1234:100000:65536", True), ("12:1:1", False)])
def test_a_range_for_the_users_number_is_one_for_the_user(tmp_path: Path, shell: str, entry: str, found: bool) -> None:
    (tmp_path / "subuid").write_text(entry + "\n")
    script = part("for file in /etc/subuid", "\ndone\n").replace("/etc/subuid /etc/subgid", "subuid")
    script = f'uid=1234; id() {{ echo me; }}; emit() {{ echo "$2"; }}\n{script}'
    ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (ran.stdout == "subuid\n") is found, ran.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_root_starts_nothing_by_a_path_from_where_it_stands(tmp_path: Path, shell: str) -> None:
    needs.root()
    (tmp_path / "bin").mkdir()
    wrapper(tmp_path / "bin", "sh", "")  # /bin/sh is root's, and this one is not that one
    os.chown(tmp_path / "bin" / "sh", 54321, 54321)
    script = raw_facts.trust_check("bin/sh")
    ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (ran.returncode, ran.stderr.strip()) == (1, "bin/sh is no absolute path")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_and_the_module_have_one_name_for_a_machine(shell: str) -> None:
    """Of this machine's own files, so that a host has the same one whichever way it is read."""
    script = part("first() {", "\n") + part("emit() {", "\n") + part('emit boot_id "', "\n")
    script += part('emit machine_id "', "\n") + part('emit root_directory "', "\n")
    ran = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True)
    found = judged(transcript(*ran.stdout.splitlines()))
    assert found["machine"] and found["machine"] == machine.identity(Host())
