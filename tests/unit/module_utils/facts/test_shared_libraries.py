# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The loader's cache is read as the loader reads it, and when it is damaged the directories are."""

from __future__ import absolute_import, division, print_function

import shutil
import struct
import sys

import pytest
from ansible.module_utils.faiss_fleet.facts import shared_libraries
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.host import Host


def cache(entries, before=b""):
    """An ld.so.cache as glibc 2.17 and newer write it; offsets count from the new format's own start."""
    header = 48 + 24 * len(entries)
    table, strings = b"", b""
    for soname, path in entries:
        key = header + len(strings)
        strings += soname.encode() + b"\0"
        value = header + len(strings)
        strings += path.encode() + b"\0"
        table += struct.pack("=iIIIQ", 0x303, key, value, 0, 0)
    head = b"glibc-ld.so.cache1.1" + struct.pack("=II", len(entries), len(strings)) + b"\0" * 20
    return before + head + table + strings


ENTRIES = [("libm.so.6", "/lib64/libm.so.6"), ("libstdc++.so.6", "/lib64/libstdc++.so.6")]
# What ldconfig of CentOS 7 puts in front, for programs of before glibc 2.2.
OLD = b"ld.so-1.7.0\0" + struct.pack("=I", 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(cache(ENTRIES), id="glibc 2.36"),
        pytest.param(cache(ENTRIES, OLD), id="glibc 2.17, with the old format in front"),
    ],
)
def test_cache_entries(data):
    assert shared_libraries.cache_entries(data) == ENTRIES


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 100, id="zeros"),
        pytest.param(OLD, id="old format alone"),
        pytest.param(cache(ENTRIES)[:60], id="cut in the table"),
        pytest.param(cache(ENTRIES)[:-1], id="cut in the last string"),
        pytest.param(
            b"glibc-ld.so.cache1.1" + struct.pack("=II", 0xFFFFFFFF, 0) + b"\0" * 20, id="four milliard entries"
        ),
        pytest.param(
            cache(ENTRIES).replace(struct.pack("=i", 0x303), b"\xff" * 4 + b"", 1)[:90], id="cut after an entry"
        ),
    ],
)
def test_a_damaged_cache_says_what_to_do(data):
    with pytest.raises(AuditError) as caught:
        shared_libraries.cache_entries(data)
    assert "Run ldconfig" in str(caught.value)


def test_a_damaged_cache_is_a_gap_and_folders_are_searched(tmpdir):
    tmpdir.ensure("etc/ld.so.cache").write_binary(b"damaged")
    tmpdir.ensure("usr/lib64", dir=True)
    shutil.copy(sys.executable, str(tmpdir.join("usr/lib64/libpython.so")))
    host = Host(str(tmpdir))
    finder = shared_libraries.Finder(host, "x86_64")
    assert finder.find("libpython.so")[0] == "/usr/lib64/libpython.so"
    assert host.gaps[0]["fact"] == "ld.so.cache"
    assert "Run ldconfig" in host.gaps[0]["reason"]


def test_included_configuration_is_followed_but_not_for_ever(tmpdir):
    tmpdir.ensure("etc/ld.so.conf").write(
        "include ld.so.conf.d/*.conf\n# comment\n/opt/a/lib # why\nrelative\nhwcap 0 nosegneg\n"
    )
    tmpdir.ensure("etc/ld.so.conf.d/x.conf").write("/opt/b/lib\n")
    tmpdir.ensure("etc/ld.so.conf.d/loop.conf").write("include loop.conf\n/opt/c/lib\n")
    directories = shared_libraries.configured_directories(Host(str(tmpdir)))
    assert directories[-1] == "/opt/a/lib"
    assert set(directories) == set(["/opt/a/lib", "/opt/b/lib", "/opt/c/lib"])


def test_a_library_that_is_not_there_is_absent_without_an_error(tmpdir):
    finder = shared_libraries.Finder(Host(str(tmpdir)), "x86_64")
    assert shared_libraries.describe(finder, "libgomp.so.1") == {"path": None, "versions": {}, "error": None}


def test_a_library_that_is_no_elf_file_says_so(tmpdir):
    tmpdir.ensure("usr/lib64/libgomp.so.1").write("INPUT(-lgomp)")
    found = shared_libraries.describe(shared_libraries.Finder(Host(str(tmpdir)), "x86_64"), "libgomp.so.1")
    assert found["path"] == "/usr/lib64/libgomp.so.1"
    assert "ELF" in found["error"]


def test_a_library_for_another_machine_is_passed_over(tmpdir):
    tmpdir.ensure("usr/lib64", dir=True)
    shutil.copy(sys.executable, str(tmpdir.join("usr/lib64/libx.so")))
    assert shared_libraries.Finder(Host(str(tmpdir)), "x86_64", "s390x", 64).find("libx.so") == (None, None, None)


def test_newest_compares_numbers_not_text():
    names = ["GLIBCXX_3.4.9", "GLIBCXX_3.4.19", "CXXABI_1.3.7", "CXXABI_TM_1", "GLIBC_PRIVATE", "libstdc++.so.6"]
    assert shared_libraries.newest_by_prefix(names) == {"GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}


def test_this_machines_own_libraries_are_found():
    finder = shared_libraries.Finder(Host(), "x86_64", "x86_64", 64)
    path, found, error = finder.find("libc.so.6")
    assert error is None
    assert "GLIBC_2.17" in found.version_definitions, path
