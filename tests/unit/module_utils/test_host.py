# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host under another directory than / is read without leaving that directory."""

from __future__ import absolute_import, division, print_function

import os

import pytest
from ansible.module_utils.faiss_fleet.host import Host


def test_links_are_followed_inside_the_root(tmpdir):
    tmpdir.ensure("usr/lib/libc-2.17.so")
    tmpdir.join("usr/lib/libc.so.6").mksymlinkto("/usr/lib/libc-2.17.so")
    tmpdir.join("lib").mksymlinkto("usr/lib")
    host = Host(str(tmpdir))
    assert host.real("/lib/libc.so.6") == "/usr/lib/libc-2.17.so"
    assert host.is_file("/lib/libc.so.6")


def test_a_link_that_climbs_out_stays_inside(tmpdir):
    tmpdir.join("passwd").mksymlinkto("../../../../../etc/passwd")
    assert Host(str(tmpdir)).real("/passwd") == "/etc/passwd"
    assert not Host(str(tmpdir)).is_file("/passwd")


def test_links_that_go_round_end(tmpdir):
    tmpdir.join("a").mksymlinkto("b")
    tmpdir.join("b").mksymlinkto("a")
    assert not Host(str(tmpdir)).is_file("/a")


def test_a_pipe_is_not_read(tmpdir):
    os.mkfifo(str(tmpdir.join("pipe")))
    with pytest.raises(IOError):
        Host(str(tmpdir)).read("/pipe")
    assert Host(str(tmpdir)).text_or_none("/pipe") is None


def test_no_more_than_the_limit_is_read(tmpdir):
    tmpdir.join("file").write("x" * 100)
    assert Host(str(tmpdir)).text("/file", 10) == "x" * 10


def test_absent_folders_have_no_names(tmpdir):
    host = Host(str(tmpdir))
    assert host.names("/nowhere") == []
    assert host.glob("/nowhere/*") == []


def test_programs_are_found_on_the_path_before_the_system_directories(tmpdir):
    for directory in ("opt/bin", "usr/bin"):
        tmpdir.ensure(directory, "gcc").chmod(0o755)
    tmpdir.ensure("usr/bin/cmake")
    host = Host(str(tmpdir), environ={"PATH": "relative:/opt/bin"})
    assert host.which("gcc") == "/opt/bin/gcc"
    assert host.which("cmake") is None, "it is not executable"


def test_gaps_are_one_line_and_told_once():
    host = Host()
    host.gap("libc", "a\nb\tc")
    host.gap("libc", "a b c")
    assert host.gaps == [{"fact": "libc", "reason": "a b c"}]


def test_commands_run_inside_the_root_with_the_hosts_environment(tmpdir):
    root = str(tmpdir.mkdir("root"))
    tmpdir.join("root", "usr", "bin", "gcc").write("", ensure=True)
    seen = []
    host = Host(root, environ={"A": "b"}, timeout=7, run_all=lambda *arguments: seen.append(arguments) or {})
    host.run_all({"x": ["/usr/bin/gcc", "-v"]})
    assert seen == [({"x": [root + "/usr/bin/gcc", "-v"]}, 7, {"A": "b"})]
