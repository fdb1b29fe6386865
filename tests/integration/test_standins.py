# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The stand-ins are what they claim: a genuine old C library, and the Pythons and Nodes of such hosts."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.standins import engine, inputs, rootfs, shell
from images.standins.errors import StandInError
from images.standins.recipes import RECIPES
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
CENTOS7 = [name for name in RECIPES if name.startswith("centos7")]


@pytest.fixture(scope="module")
def containers() -> Iterator[dict[str, str]]:
    """One running container of each stand-in, by id."""
    needs.command("podman")
    started: dict[str, str] = {}
    try:
        for recipe in RECIPES.values():
            started[recipe.name] = engine.podman("run", "--detach", "--rm", engine.image(recipe)).strip()
        yield started
    finally:
        for container in started.values():
            engine.podman("rm", "--force", "--time=0", container)


def inside(container: str, *argv: str) -> str:
    return engine.podman("exec", container, *argv).strip()


@pytest.mark.parametrize("name", CENTOS7)
def test_the_loader_that_runs_there_is_glibc_2_17(containers: dict[str, str], name: str) -> None:
    """Not a label: a program's own loader maps libc-2.17.so, and that library names its version."""
    maps = inside(containers[name], "/lib64/ld-linux-x86-64.so.2", "--list", "/usr/bin/getent")
    assert "libc.so.6 => /lib64/libc.so.6" in maps
    assert "release version 2.17" in inside(containers[name], "/lib64/libc.so.6")
    assert inside(containers[name], "getconf", "GNU_LIBC_VERSION") == "glibc 2.17"


@pytest.mark.parametrize("name, version", [("debian11", "2.31"), ("debian12", "2.36"), ("debian13", "2.41")])
def test_the_debians_have_glibcs_of_three_ages(containers: dict[str, str], name: str, version: str) -> None:
    assert inside(containers[name], "getconf", "GNU_LIBC_VERSION") == f"glibc {version}"


@pytest.mark.parametrize("name", CENTOS7)
def test_libstdcxx_is_that_of_centos_7(containers: dict[str, str], name: str) -> None:
    from faiss_fleet.target.elf import reader as elf

    library = inside(containers[name], "readlink", "-f", "/usr/lib64/libstdc++.so.6")
    assert library.endswith("libstdc++.so.6.0.19")
    with tarfile.open(rootfs.archive(RECIPES[name])) as tar:
        handle = tar.extractfile("." + library)
        assert handle
        definitions = elf.read(handle).version_definitions
    assert "GLIBCXX_3.4.19" in definitions
    assert "GLIBCXX_3.4.20" not in definitions


@pytest.mark.parametrize(
    "name, argv, version",
    [
        pytest.param("centos7-py38", ["/usr/bin/python3"], "3.8", id="py38"),
        pytest.param("centos7-py313", ["/usr/bin/python3"], "3.13", id="py313"),
        pytest.param("centos7-stock", ["/usr/bin/python"], "2.7", id="stock"),
        pytest.param("debian11", ["/usr/bin/python3"], "3.9", id="debian11"),
        pytest.param("debian12", ["/usr/bin/python3"], "3.11", id="debian12"),
        pytest.param("debian13", ["/usr/bin/python3"], "3.13", id="debian13"),
    ],
)
def test_its_python_starts(containers: dict[str, str], name: str, argv: list[str], version: str) -> None:
    script = "import sys, json, zlib, subprocess, tempfile, socket; print('%d.%d' % sys.version_info[:2])"
    assert inside(containers[name], *argv, "-c", script) == version


@pytest.mark.parametrize("name", ["centos7-stock", "centos7-nopython"])
def test_there_is_no_python_3(containers: dict[str, str], name: str) -> None:
    found = inside(containers[name], "/bin/sh", "-c", "ls /usr/bin /usr/local/bin | grep '^python' | sort | xargs")
    assert found == ("python python2 python2.7" if name == "centos7-stock" else "")


def test_the_stock_python_is_the_wide_build_of_centos(containers: dict[str, str]) -> None:
    """Wheels for it are tagged cp27mu, not cp27m."""
    script = "import sys; print(sys.maxunicode)"
    assert inside(containers["centos7-stock"], "/usr/bin/python", "-c", script) == "1114111"


@pytest.mark.parametrize("name", ["centos7-py38", "centos7-py313", "centos7-stock"])
def test_node_16_runs_on_that_glibc(containers: dict[str, str], name: str) -> None:
    report = "const h = process.report.getReport().header; console.log(process.version, h.glibcVersionRuntime)"
    assert inside(containers[name], "node", "-e", report) == "v16.20.2 2.17"


@pytest.mark.slow
def test_node_18_does_not_start_there_and_says_why(containers: dict[str, str], tmp_path: Path) -> None:
    """The message that sends people to this project."""
    with tarfile.open(inputs.fetch("node18")) as tar:
        handle = tar.extractfile("package/bin/node")
        assert handle
        (tmp_path / "node18").write_bytes(handle.read())
    (tmp_path / "node18").chmod(0o755)
    engine.podman("cp", tmp_path / "node18", containers["centos7-py38"] + ":/tmp/node18")
    with pytest.raises(StandInError, match=r"/lib64/libm\.so\.6: version `GLIBC_2\.27' not found"):
        inside(containers["centos7-py38"], "/tmp/node18", "--version")


def test_ansible_takes_them_for_centos_7_9(containers: dict[str, str], tmp_path: Path) -> None:
    hosts = {name: {"ansible_host": containers[name]} for name in CENTOS7 if name != "centos7-nopython"}
    connection = {
        "ansible_connection": "containers.podman.podman",
        "ansible_podman_executable": str(ROOT / "images/podman"),
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": connection}}))
    ansible = Path(sys.executable).with_name("ansible")
    done = subprocess.run(
        [ansible, "all", "-i", inventory, "-t", tmp_path / "facts", "-m", "setup", "-a", "filter=ansible_distr*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in hosts:
        facts = json.loads((tmp_path / "facts" / name).read_text())["ansible_facts"]
        assert (facts["ansible_distribution"], facts["ansible_distribution_version"]) == ("CentOS", "7.9")


@pytest.mark.slow
def test_the_portable_python_runs_on_glibc_2_17_from_any_directory(containers: dict[str, str]) -> None:
    done = json.loads(shell.run([ROOT / "images/portable-python", "--json"]))
    assert hashlib.sha256(Path(done["file"]).read_bytes()).hexdigest() == done["sha256"]
    container = containers["centos7-nopython"]
    engine.podman("cp", done["file"], container + ":/tmp/portable.tar.gz")
    inside(container, "/bin/sh", "-c", "mkdir '/srv/some where' && tar -xzf /tmp/portable.tar.gz -C '/srv/some where'")
    script = "import ssl, ctypes, lzma, sqlite3, sys; print(sys.prefix)"
    assert inside(container, "/srv/some where/python/bin/python3", "-c", script) == "/srv/some where/python"


def test_a_second_build_makes_nothing_anew(containers: dict[str, str]) -> None:
    names = [engine.reference(name) for name in RECIPES]
    before = engine.podman("image", "inspect", "--format", "{{.Id}}", *names)
    done = subprocess.run([ROOT / "images/build", "--all"], check=True, capture_output=True, text=True)
    assert done.stdout.split() == names
    assert done.stderr == "", "it says what it builds"
    assert engine.podman("image", "inspect", "--format", "{{.Id}}", *names) == before


def test_a_root_file_system_can_be_laid_for_chroot(tmp_path: Path) -> None:
    shell.run([ROOT / "images/build", "--rootfs", tmp_path / "root", "centos7-nopython"])
    script = "getconf GNU_LIBC_VERSION; echo x > /dev/null; id -un"
    said = shell.run(["chroot", tmp_path / "root", "/bin/sh", "-c", script])
    assert said.split("\n")[:2] == ["glibc 2.17", "root"]
    assert (tmp_path / "root").stat().st_mode & 0o7777 == 0o755


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(StandInError, match="is not empty"):
        shell.run([ROOT / "images/build", "--rootfs", tmp_path, "centos7-nopython"])
    assert (tmp_path / "mine").read_text() == "keep"


def test_an_input_with_another_sha256_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = inputs.load()["zlib"]
    false = inputs.Input(locked.key, "made", locked.name, locked.version, locked.file, "0" * 64)
    monkeypatch.setenv("FAISS_FLEET_STANDINS", str(tmp_path))
    monkeypatch.setattr(inputs, "load", lambda: {"zlib": false})
    monkeypatch.setitem(inputs.FETCHERS, "made", lambda item, work: (work / item.file).write_text("something else"))
    with pytest.raises(StandInError, match=r"has sha256 .* images/inputs.json says 0000.* It is not used"):
        inputs.fetch("zlib")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "locks" not in path.parts] == []


def test_a_missing_command_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.shutil, "which", lambda name, path: None)
    with pytest.raises(StandInError, match=r"podman is not installed\. Install it: apt-get install podman"):
        engine.podman("version")


def test_a_name_that_does_not_exist_gets_those_that_do() -> None:
    done = subprocess.run([ROOT / "images/build", "centos6"], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 2
    assert "there is no stand-in centos6; there are: centos7-py38" in done.stderr
