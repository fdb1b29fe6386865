# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where programs of runtimes are looked for, and what counts as one."""
from __future__ import absolute_import, division, print_function

import re

from ansible.module_utils.faiss_fleet.facts import runtimes
from ansible.module_utils.faiss_fleet.host import Host

PYTHON = re.compile(r"python3(\.\d+)?$")


def host(tmpdir, path="/usr/bin"):
    return Host(str(tmpdir), environ={"PATH": path})


def test_named_directories_come_first_and_each_is_searched_once(tmpdir):
    for name in ("srv/py/bin", "usr/bin", "opt/a/bin", "home/u/.tool/bin"):
        tmpdir.ensure(name, dir=True)
    tmpdir.join("bin").mksymlinkto("usr/bin")
    found = runtimes.directories(host(tmpdir), ["/home/*/.tool/bin"], ["/srv/*/bin", "/usr/bin"])
    assert found == ["/srv/py/bin", "/usr/bin", "/opt/a/bin", "/home/u/.tool/bin"]


def test_more_directories_than_the_limit_are_a_gap(tmpdir, monkeypatch):
    monkeypatch.setattr(runtimes, "MOST_DIRECTORIES", 2)
    for name in "abc":
        tmpdir.ensure("opt", name, "bin", dir=True)
    looked = host(tmpdir, "")
    assert len(runtimes.directories(looked)) == 2
    (gap,) = looked.gaps
    assert "first 2" in gap["reason"] and "glibc_facts__search_paths" in gap["reason"]


def test_only_programs_of_that_name_are_found(tmpdir):
    for name, mode in (("python3", 0o755), ("python3.11", 0o755), ("python3.12", 0o644), ("python3-config", 0o755)):
        tmpdir.ensure("usr/bin", name).chmod(mode)
    found = runtimes.programs(host(tmpdir), ["/usr/bin", "/absent"], PYTHON)
    assert sorted(found) == ["/usr/bin/python3", "/usr/bin/python3.11"]


def test_a_script_is_known_by_its_first_bytes(tmpdir):
    tmpdir.ensure("shim").write("#!/bin/sh\n")
    tmpdir.ensure("program").write_binary(b"\x7fELF")
    tmpdir.ensure("empty")
    looked = host(tmpdir)
    assert [runtimes.is_script(looked, name) for name in ("/shim", "/program", "/empty", "/absent")] == [
        True, False, False, False]
