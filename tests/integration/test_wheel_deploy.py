# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The deploy module as Ansible runs it, on file systems that are full, noexec and read-only. Mounting needs root."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from faiss_fleet.artefacts import packing
from tests import mounts, needs

ROOT = Path(__file__).parents[2]
LOCK = {"packages": [{"name": "x", "version": "1", "sha256": "0" * 64}]}
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Twelve megabytes that do not compress."""
    directory = tmp_path_factory.mktemp("packed")
    tree = directory / "tree" / "site-packages"
    tree.mkdir(parents=True)
    for number in range(12):
        (tree / f"{number}.so").write_bytes(os.urandom(MEGABYTE))
    return packing.pack(directory / "tree", LOCK, "wheel", directory / "out")


@pytest.fixture
def packed(made, tmp_path):
    """The same, as a test's own file."""
    (tmp_path / "out").mkdir()
    return replace(made, archive=Path(shutil.copy(made.archive, tmp_path / "out")))


@pytest.fixture
def mounted(tmp_path):
    """mounted(options) -> a tmpfs with these options, until the test ends."""
    places = []

    def make(options):
        place = tmp_path / f"mount{len(places)}"
        place.mkdir()
        mounts.mount(place, "-t", "tmpfs", "-o", options, "tmpfs")
        places.append(place)
        return place

    return make


def deploy(prefix_root, packed, check=False, python=sys.executable, **more):
    """The module's own answer, by ansible's ad-hoc command with the project's module path. It gets a copy to remove."""
    archive = shutil.copy(packed.archive, packed.archive.with_name(f"copy-{os.getpid()}.tar.gz"))
    arguments = {
        "prefix": f"{prefix_root}/wheel/{packed.digest}",
        "archive": str(archive),
        "sha256": packed.sha256,
        "min_free_bytes": packed.unpacked_bytes,
        **more,
    }
    command = [Path(sys.executable).with_name("ansible"), "localhost", "-i", "localhost,", "-c", "local", "-o"]
    command += ["-m", "faiss_deploy", "-a", json.dumps(arguments), "-e", f"ansible_python_interpreter={python}"]
    environment = {**os.environ, "ANSIBLE_LIBRARY": str(ROOT / "library"), "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_MODULE_UTILS"] = str(ROOT / "module_utils")
    run = subprocess.run([*command, *(["--check"] if check else [])], env=environment, capture_output=True, text=True)
    line = next(line for line in run.stdout.splitlines() if "=> {" in line)
    return {"failed": "| FAILED! =>" in line, **json.loads(line[line.index("=> ") + 3 :])}


@pytest.mark.parametrize("version", ["2.7", *(pytest.param(one, marks=pytest.mark.slow) for one in (None, "3.6"))])
def test_by_ansible_on_each_python(tmp_path, packed, version):
    python = needs.interpreter(version) if version else sys.executable
    assert deploy(tmp_path / "fleet", packed, check=True, python=python)["changed"] is True
    assert not (tmp_path / "fleet").exists()
    first = deploy(tmp_path / "fleet", packed, python=python)
    assert first["changed"] is True, first
    assert deploy(tmp_path / "fleet", packed, python=python)["changed"] is False
    assert deploy(tmp_path / "fleet", packed, check=True, python=python)["changed"] is False
    assert deploy(tmp_path / "fleet", packed, state="absent", python=python)["changed"] is True
    assert not (tmp_path / "fleet").exists()


@mounts.private
def test_full_disk_is_found_before_anything_is_written(mounted, packed):
    place = mounted("size=8m")
    found = deploy(place / "fleet", packed)
    assert (found["failed"], found["cause"]) == (True, "disk_full")
    assert "MB free" in found["msg"] and found["remedy"]
    assert list(place.iterdir()) == []


@mounts.private
def test_disk_that_fills_up_midway_is_left_as_it_was(mounted, packed):
    """As if another process took the room after the check: the module is told that little is needed."""
    place = mounted("size=8m")
    found = deploy(place / "fleet", packed, min_free_bytes=0)
    assert (found["failed"], found["cause"]) == (True, "disk_full"), found
    left = [path.name for path in place.rglob("*")]
    assert not [name for name in left if name.endswith(".so") or "partial" in name or name.endswith(".lock")]


@pytest.mark.parametrize(
    "options, cause, check",
    [
        ("noexec", "noexec_mount", False),
        ("ro", "read_only", True),
        pytest.param("noexec", "noexec_mount", True, marks=pytest.mark.slow),
        pytest.param("ro", "read_only", False, marks=pytest.mark.slow),
    ],
)
@mounts.private
def test_mount_that_cannot_take_it_is_refused_before_anything_is_written(mounted, packed, options, cause, check):
    place = mounted(options)
    found = deploy(place / "fleet", packed, check=check)
    assert (found["failed"], found["cause"]) == (True, cause)
    assert found["remedy"]
    assert list(place.iterdir()) == []


def test_killed_run_leaves_no_prefix_and_the_next_one_cleans_up(tmp_path, packed):
    """A process that dies half-way, as with the machine: stopped within the unpacking, then killed."""
    script = tmp_path / "killed.py"
    script.write_text(
        "import sys, types, os, signal\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from faiss_fleet.target.prefix import unpack\n"
        "from faiss_fleet.target import locks as host_lock\n"
        "real = unpack._write\n"
        "def write(path, pieces, member):\n"
        "    real(path, pieces, member)\n"
        "    if path.endswith('5.so'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "unpack._write = write\n"
        f"directory = {str(tmp_path / 'fleet' / 'wheel')!r}\n"
        "os.makedirs(directory)\n"
        f"with host_lock.HostLock(directory + '/.{packed.digest}.lock', 'killed'):\n"
        f"    unpack.unpack(open({str(packed.archive)!r}, 'rb'), directory + '/{packed.digest}.partial-1', "
        f"{packed.digest!r}, 'x')\n"
    )
    assert subprocess.run([sys.executable, script]).returncode == -signal.SIGKILL
    directory = tmp_path / "fleet" / "wheel"
    assert (directory / f"{packed.digest}.partial-1").is_dir()
    found = deploy(tmp_path / "fleet", packed)
    assert found["changed"] and found["leftovers"] == [str(directory / f"{packed.digest}.partial-1")]
    assert [path.name for path in directory.iterdir()] == [packed.digest]


@pytest.mark.slow
def test_two_controllers_at_once_make_one_prefix(tmp_path, packed):
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from tests.integration.test_wheel_deploy import deploy; from faiss_fleet.artefacts.packing import Packed;"
        "print(json.dumps(deploy(sys.argv[2], Packed(Path(sys.argv[3]), sys.argv[4], sys.argv[5], int(sys.argv[6])))))"
    )
    given = [
        str(ROOT),
        str(tmp_path / "fleet"),
        str(packed.archive),
        packed.sha256,
        packed.digest,
        str(packed.unpacked_bytes),
    ]
    runs = [subprocess.Popen([sys.executable, "-c", code, *given], stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    found = [json.loads(run.communicate(timeout=120)[0]) for run in runs]
    assert sorted(each["changed"] for each in found) == [False, True], found
    assert [path.name for path in (tmp_path / "fleet" / "wheel").iterdir() if not path.name.startswith(".")] == [
        packed.digest
    ]


def test_archive_is_removed_from_the_host(tmp_path, packed):
    started = time.monotonic()
    found = deploy(tmp_path / "fleet", packed)
    assert found["changed"] and not list(packed.archive.parent.glob("copy-*"))
    assert found["seconds"] <= time.monotonic() - started
