# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Memory and limits from their files."""
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.facts import machine
from ansible.module_utils.faiss_fleet.host import Host


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
