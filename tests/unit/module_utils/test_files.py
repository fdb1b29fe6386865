# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Files are read with bounds and written whole; directories are made next to other writers."""
from __future__ import absolute_import, division, print_function

import errno
import json
import os
import stat

import pytest

from ansible.module_utils.faiss_fleet import files as atomic_file
from ansible.module_utils.faiss_fleet.backend import config as setting
from ansible.module_utils.faiss_fleet.errors import AuditError
from tests.unit.module_utils.backend.configurations import JS


def test_a_folder_that_another_writer_removes_meanwhile_is_made_again(tmpdir, monkeypatch):
    mkdir, removed = os.mkdir, []

    def raced(where, *mode):
        if os.path.basename(where) == "b" and not removed:
            removed.append(where)
            os.rmdir(os.path.dirname(where))
        mkdir(where, *mode)

    monkeypatch.setattr(os, "mkdir", raced)
    wanted = str(tmpdir.join("a", "b"))
    assert atomic_file.make_directories(wanted) == [os.path.dirname(wanted), wanted] and os.path.isdir(wanted)
    assert removed


def test_reading_is_bounded_and_absent_is_none(tmpdir):
    assert atomic_file.read(str(tmpdir.join("nothing"))) is None
    assert json.loads(setting.text(JS).decode()) == JS


def found(data, mode=0o640):
    return atomic_file.File(data, mode, os.geteuid(), os.getegid(), 10 ** 9)


def test_a_file_is_written_whole_with_its_mode_and_nothing_beside_it(tmpdir):
    path = tmpdir.join("x.json")
    atomic_file.write(str(path), found(b"one"))
    atomic_file.write(str(path), found(b"two"))
    assert path.read_binary() == b"two" and stat.S_IMODE(path.stat().mode) == 0o640
    assert tmpdir.listdir() == [path]
    assert atomic_file.read(str(path)) == found(b"two")


def test_a_full_disk_leaves_the_old_file_and_names_the_next_step(tmpdir, monkeypatch):
    path = tmpdir.join("x.json")
    path.write("old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError) as failure:
        atomic_file.write(str(path), found(b"new"))
    assert failure.value.cause == "disk_full" and failure.value.remedy
    assert path.read() == "old" and tmpdir.listdir() == [path]


def test_what_a_killed_writer_left_goes_and_nothing_else(tmpdir):
    path = tmpdir.join("x.json")
    for name in ("x.json", "y.json"):
        tmpdir.join(name).write("kept")
    left = atomic_file.stage(str(path), found(b"half"))
    atomic_file.sweep(str(path))
    assert not os.path.exists(left)
    assert sorted(file.basename for file in tmpdir.listdir()) == ["x.json", "y.json"]


def test_folders_made_for_nothing_are_removed_and_others_stay(tmpdir):
    made = atomic_file.make_directories(str(tmpdir.join("a", "b", "c")))
    tmpdir.join("a", "kept").write("")
    atomic_file.remove_directories(made)
    assert [path.basename for path in tmpdir.join("a").listdir()] == ["kept"]
    atomic_file.remove(str(tmpdir.join("absent")))


@pytest.mark.parametrize("number, cause", [
    (errno.EROFS, "read_only"), (errno.EACCES, "permission_denied"), (errno.ENOSPC, "disk_full"),
])
def test_an_error_of_the_system_has_a_cause_and_a_remedy(number, cause):
    told = atomic_file.translate(OSError(number, os.strerror(number)), "/etc/faiss-fleet")
    assert told.cause == cause and "/etc/faiss-fleet" in str(told) and told.remedy
