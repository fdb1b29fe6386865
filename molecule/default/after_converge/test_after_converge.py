# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""After two audits: the setting is valid, and what it names finds neighbours."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from packaging.version import Version
from testinfra.host import Host

SEARCH = """
import faiss, numpy
points = numpy.random.RandomState(7).rand(500, 32).astype('float32')
for kind in 'Flat', 'IVF4,Flat', 'HNSW16':
    index = faiss.index_factory(32, kind)
    index.train(points)
    index.add(points)
    distances, found = index.search(points[:50], 3)
    assert (found[:, 0] == numpy.arange(50)).mean() >= 0.9, kind
print('found by', faiss.__version__)
"""


def glibc(target: Host) -> Version:
    return Version(target.check_output("getconf GNU_LIBC_VERSION").split()[1])


def test_the_setting_names_native_faiss(setting: dict[str, Any]) -> None:
    assert setting["schema"] == 1
    assert setting["backend"] == "faiss"
    assert setting["provider"] == "wheel"
    assert setting["because"]


def test_it_is_the_newest_that_fits_the_host(target: Host, setting: dict[str, Any]) -> None:
    chosen = setting["versions"]["faiss"]
    if glibc(target) > Version("2.17"):
        assert Version(chosen) > Version("1.9.0.post1")
    else:
        # The last for Python 3.8; with 3.10 to 3.13, or a portable Python in place of 2.7, the last for glibc 2.17.
        python38 = target.run("/usr/bin/python3 -V").stdout.startswith("Python 3.8.")
        assert chosen == ("1.8.0.post1" if python38 else "1.9.0.post1")


def test_what_it_names_finds_neighbours(target: Host, start: str, setting: dict[str, Any]) -> None:
    done = target.run(f"{start} -c {shlex.quote(SEARCH)}")
    assert done.rc == 0, done.stderr
    assert done.stdout.split()[-1] == setting["versions"]["faiss"].removesuffix(".post1")


def test_it_was_verified_before_it_was_set(setting: dict[str, Any]) -> None:
    assert setting["verified"]["recall_at_k"] >= 0.99
    assert setting["verified"]["qps"] > 0


def test_the_setting_is_readable_by_the_application_and_writable_by_root_alone(target: Host) -> None:
    file = target.file("/etc/faiss-fleet/backend.json")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


def test_the_environment_file_says_the_same(target: Host, setting: dict[str, Any]) -> None:
    lines = target.file("/etc/faiss-fleet/backend.env").content_string.splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    plain = {name: "".join(shlex.split(value)) for name, value in values.items()}
    assert plain["FAISS_FLEET_BACKEND"] == "faiss"
    assert plain["FAISS_FLEET_PREFIX"] == setting["runtime"]["prefix"]


def test_faiss_lies_in_its_prefix_alone(target: Host, setting: dict[str, Any]) -> None:
    assert target.file(setting["runtime"]["prefix"]).is_directory
    elsewhere = target.check_output("find / -xdev -path /opt/faiss-fleet -prune -o -name '*faiss*' -type d -print")
    assert [line for line in elsewhere.splitlines() if line not in ("/etc/faiss-fleet", "/opt/faiss-fleet")] == []


@pytest.mark.parametrize("leftover", ["*.partial*", ".ansible_*", "*.tar.gz"])
def test_nothing_half_done_stays(target: Host, leftover: str) -> None:
    directories = "/opt /etc/faiss-fleet /root/.ansible/tmp /tmp"
    assert target.check_output(f"find {directories} -maxdepth 3 -name '{leftover}' 2>/dev/null; :") == ""
