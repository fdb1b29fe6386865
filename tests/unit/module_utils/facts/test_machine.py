# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Memory and limits from their files."""
from __future__ import absolute_import, division, print_function

import os
from collections import namedtuple

import pytest

from ansible.module_utils.faiss_fleet.facts import machine
from ansible.module_utils.faiss_fleet.host import Host


Stat = namedtuple("Stat", "st_dev st_ino")


@pytest.mark.parametrize(
    "text, expected", [("MemTotal:       16384 kB\nMemFree: 1 kB\n", 16777216), ("", None), ("MemTotal: lots", None)]
)
def test_memory(text, expected):
    assert machine.memory_bytes(text) == expected


@pytest.mark.parametrize(
    "path, text, expected",
    [
        ("sys/fs/cgroup/memory.max", "max\n", None),
        ("sys/fs/cgroup/memory.max", "1073741824\n", 1073741824),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_memory_of_the_cgroup(tmpdir, path, text, expected):
    tmpdir.ensure(path).write(text)
    found = machine.limits(Host(str(tmpdir)), lambda number: (1024, 4096))
    assert (found["cgroup_memory_bytes"], found["nofile"]) == (expected, 1024)


def test_a_machine_is_told_from_its_clones_and_from_containers_beside_it(tmpdir):
    def of(boot="b1", machine_id="m1", root=(7, 2)):
        for path, text in (("proc/sys/kernel/random/boot_id", boot), ("etc/machine-id", machine_id)):
            tmpdir.ensure(path).write(text + "\n")
        return machine.identity(Host(str(tmpdir)), lambda _path: Stat(*root))

    same = of()
    assert of() == same and len(same["id"]) == 32 and "m1" not in same["id"]
    others = [of(boot="b2"), of(machine_id="m2"), of(root=(7, 3)), of(root=(8, 2))]
    assert same not in others and len(set(one["id"] for one in others)) == 4
    assert of(boot="") is None


def test_this_machine_has_one_by_the_module_and_by_the_shell():
    found = machine.identity(Host())
    status = os.stat("/")
    with open(machine.BOOT) as boot:
        assert found == machine.of(boot.read(), Host().text_or_none(machine.MACHINE_ID), "%d:%d" % (
            status.st_dev, status.st_ino))
