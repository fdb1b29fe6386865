# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts by SSH: each has its own files, one can go down, and nothing outlives the farm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.standins.errors import StandInError
from tests.ssh_farm import Farm

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    hosts = {"old": "centos7-py313", "stock": "centos7-stock", "bare": "centos7-nopython", "new": "debian12"}
    with Farm(hosts) as farm:
        yield farm


def ansible(farm: Farm, hosts: str, module: str, arguments: str = "") -> subprocess.CompletedProcess[str]:
    return farm.run(["ansible", hosts, "-i", str(farm.inventory), "-o", "-m", module, "-a", arguments], cwd=ROOT)


def test_ansible_reaches_every_host_that_has_a_python(farm: Farm) -> None:
    done = ansible(farm, "all:!bare", "ping")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == 3


def test_a_host_without_python_answers_raw(farm: Farm) -> None:
    done = ansible(farm, "bare", "raw", "getconf GNU_LIBC_VERSION")
    assert "glibc 2.17" in done.stdout


def test_each_host_has_files_of_its_own(farm: Farm) -> None:
    done = ansible(farm, "old", "copy", "content=mine dest=/etc/whose")
    assert done.returncode == 0, done.stdout
    assert farm.path("old", "/etc/whose").read_text() == "mine"
    assert not farm.path("stock", "/etc/whose").exists()


def test_a_file_travels_by_sftp(farm: Farm, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(3 << 20))
    done = ansible(farm, "stock", "copy", f"src={big} dest=/opt/big")
    assert done.returncode == 0, done.stdout
    assert farm.path("stock", "/opt/big").read_bytes() == big.read_bytes()


def test_a_host_key_of_another_host_is_refused(farm: Farm) -> None:
    # ssh itself: where it ends while Ansible still writes to it, Ansible says "Broken pipe" in place of what ssh said.
    none = "-F /dev/null -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"
    options = f"{none} -o StrictHostKeyChecking=yes -o BatchMode=yes -i {farm.directory}/client_key"
    done = farm.run(["ssh", *options.split(), f"root@{farm.hosts['old'].address}", "true"])
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


@pytest.mark.slow
def test_a_stopped_host_is_unreachable_and_the_others_are_not() -> None:
    with Farm({"goes": "centos7-py313", "stays": "centos7-py313"}) as farm:
        assert ansible(farm, "all", "ping").returncode == 0
        farm.stop("goes")
        done = ansible(farm, "all", "ping")
        # Back again, and halted: the farm ends all the same.
        farm.start("goes")
        os.kill(farm._sshd["goes"], signal.SIGSTOP)
        end = threading.Thread(target=farm.__exit__, args=(None, None, None), daemon=True)
        end.start()
        end.join(60)
        hangs = end.is_alive()
        for process in farm._restarted:
            process.send_signal(signal.SIGCONT)
        end.join()
    assert not hangs
    assert "goes | UNREACHABLE" in done.stdout
    assert "stays | SUCCESS" in done.stdout


def test_its_addresses_exist_in_its_network_only(farm: Farm) -> None:
    address = farm.hosts["old"].address
    ssh = ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", address, "true"]
    assert subprocess.run(ssh, capture_output=True).returncode == 255


def test_nothing_outlives_a_farm_that_was_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/ssh_farm.py"), "--hosts", "2"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    line = process.stderr.readline()
    while not line.startswith("inventory "):
        line = process.stderr.readline()
    directory = Path(line.split()[1].rstrip(";")).parent
    assert _started_from(directory)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    end = time.monotonic() + 10
    while _started_from(directory) and time.monotonic() < end:
        time.sleep(0.1)
    assert _started_from(directory) == []
    assert f"{directory}/" not in Path("/proc/mounts").read_text()
    # The memory that it wrote to is given back by the next one.
    with Farm({"next": "centos7-nopython"}):
        assert not directory.exists()
    assert str(directory) not in Path("/proc/mounts").read_text()


def test_an_unknown_stand_in_is_named_with_those_there_are() -> None:
    with pytest.raises(StandInError, match="no stand-in centos6; there are: centos7-py38"):
        Farm({"a": "centos6"})


def _started_from(directory: Path) -> list[str]:
    """Command lines of processes that name the directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(directory) in text:
            found.append(text)
    return found
