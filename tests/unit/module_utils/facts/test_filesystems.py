# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Directories that do not exist yet are judged by the nearest that does."""

from __future__ import absolute_import, division, print_function

import os
from collections import namedtuple

import pytest
from ansible.module_utils.faiss_fleet.facts import filesystems
from ansible.module_utils.faiss_fleet.host import Host

Statvfs = namedtuple("Statvfs", "f_frsize f_bfree f_bavail f_files f_ffree f_favail f_flag")
MOUNTS = (
    "rootfs / rootfs rw 0 0\n/dev/sda1 / xfs rw,relatime 0 0\ntmpfs /tmp tmpfs rw,nosuid,noexec 0 0\n"
    "/dev/sdb1 /opt ext4 ro 0 0\n/dev/sdc1 /srv/with\\040blank ext4 rw 0 0\n"
)


def statvfs(flag):
    return lambda path: Statvfs(4096, 1000, 900, 10, 5, 4, flag)


def describe(tmpdir, path, flag=0):
    tmpdir.ensure("proc/mounts").write(MOUNTS)
    return filesystems.describe(Host(str(tmpdir)), [("prefix", path)], statvfs(flag), lambda *_: True)[0]


@pytest.mark.parametrize(
    "path, mount",
    [
        ("/", "/"),
        ("/opt", "/opt"),
        ("/opt/faiss-fleet", "/opt"),
        ("/optional", "/"),
        ("/tmp/x", "/tmp"),
        ("/srv/with blank/x", "/srv/with blank"),
    ],
)
def test_mount_of(path, mount):
    assert filesystems.mount_of(filesystems.parse_mounts(MOUNTS), path).path == mount


def test_of_two_mounts_at_one_place_the_later_counts():
    assert filesystems.mount_of(filesystems.parse_mounts(MOUNTS), "/").type == "xfs"


def test_nearest_folder_that_exists(tmpdir):
    tmpdir.ensure("opt", dir=True)
    found = describe(tmpdir, "/opt/faiss-fleet/wheel")
    assert (found["existing_path"], found["mount"], found["type"]) == ("/opt", "/opt", "ext4")


def test_what_is_no_folder_stands_in_the_way(tmpdir):
    tmpdir.ensure("opt", dir=True)
    assert describe(tmpdir, "/opt/faiss-fleet/wheel")["in_the_way"] is None
    assert describe(tmpdir, "/opt")["in_the_way"] is None
    tmpdir.join("opt", "faiss-fleet").write("")
    assert describe(tmpdir, "/opt/faiss-fleet")["in_the_way"] == "/opt/faiss-fleet"
    assert describe(tmpdir, "/opt/faiss-fleet/wheel")["in_the_way"] == "/opt/faiss-fleet"
    tmpdir.join("opt", "gone").mksymlinkto("/nowhere")
    assert describe(tmpdir, "/opt/gone/x")["in_the_way"] == "/opt/gone"


def test_flags_come_from_the_kernel_or_the_mount(tmpdir):
    for directory in ("opt", "tmp", "srv"):
        tmpdir.ensure(directory, dir=True)
    assert describe(tmpdir, "/opt")["read_only"] is True
    assert describe(tmpdir, "/tmp")["noexec"] is True
    assert (describe(tmpdir, "/srv")["read_only"], describe(tmpdir, "/srv")["noexec"]) == (False, False)
    both = describe(tmpdir, "/srv", filesystems.ST_RDONLY | filesystems.ST_NOEXEC)
    assert (both["read_only"], both["noexec"]) == (True, True)


def test_free_space_is_what_this_user_may_fill(tmpdir, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert describe(tmpdir, "/")["free_bytes"] == 900 * 4096
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert describe(tmpdir, "/")["free_bytes"] == 1000 * 4096


def test_a_file_system_that_does_not_answer_is_a_gap(tmpdir):
    def stale(_):
        raise OSError(116, "Stale file handle")

    host = Host(str(tmpdir))
    found = filesystems.describe(host, [("tmp", "/tmp")], stale, lambda *_: False)[0]
    assert (found["free_bytes"], found["noexec"], found["writable"]) == (None, None, False)
    assert any("Stale file handle" in gap["reason"] for gap in host.gaps)


def test_no_proc_is_a_gap(tmpdir):
    host = Host(str(tmpdir))
    found = filesystems.describe(host, [("tmp", "/tmp")], statvfs(0), lambda *_: True)[0]
    assert (found["mount"], found["free_bytes"]) == (None, 4096 * (1000 if os.geteuid() == 0 else 900))
    assert host.gaps[0]["fact"] == "filesystems"


def test_broken_lines_of_mounts_are_passed_over():
    assert [mount.path for mount in filesystems.parse_mounts("\nx\na b c rw 0 0\n\\777 / t rw")] == ["b", "/"]


def test_this_machines_own():
    found = filesystems.describe(Host(), [("tmp", "/tmp")])[0]
    assert found["free_bytes"] > 0
    assert found["mount"].startswith("/")
