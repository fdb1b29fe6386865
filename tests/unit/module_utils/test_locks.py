# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A lock is held by one at a time, names its holder, and ends with it."""
from __future__ import absolute_import, division, print_function

import os

import pytest

from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet import locks
from ansible.module_utils.faiss_fleet.locks import HostLock


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join(".x.lock"))


def test_the_file_is_there_while_it_is_held_and_names_the_holder(path):
    with HostLock(path, "user root, process 7", 0) as lock:
        assert lock.read_holder() == "user root, process 7"
    assert not os.path.exists(path)


def test_the_second_one_waits_so_long_and_is_told_who_has_it(path):
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    with HostLock(path, "the first", 0):
        with pytest.raises(AuditError) as failure:
            HostLock(path, "the second", 3, lambda: now[0], sleep).__enter__()
    assert failure.value.cause == "timeout" and "the first" in str(failure.value)
    assert "the first" in failure.value.remedy and 3 <= now[0] < 4


def test_a_clock_that_is_set_changes_no_wait(path, monkeypatch):
    monkeypatch.setattr(locks.time, "time", lambda: 0)
    with HostLock(path, "the first", 0):
        with pytest.raises(AuditError):
            HostLock(path, "the second", 0.1).__enter__()


def test_who_waits_gets_it_when_it_is_given_back(path):
    first = HostLock(path, "the first", 0)
    first.__enter__()
    second = HostLock(path, "the second", 60, sleep=lambda seconds: first.__exit__())
    with second:
        assert second.read_holder() == "the second"


def test_a_file_that_was_left_behind_is_no_lock(path):
    with open(path, "w") as stream:
        stream.write("killed long ago\n")
    with HostLock(path, "the next", 0) as lock:
        assert lock.read_holder() == "the next"


def test_a_file_that_was_removed_meanwhile_is_not_taken_for_the_lock(path, monkeypatch):
    lock = HostLock(path, "me", 0)
    monkeypatch.setattr(HostLock, "is_at_path", lambda self, descriptor: False)
    assert not lock.take() and lock.descriptor is None


def test_a_link_in_its_place_is_not_followed(path, tmpdir):
    os.symlink(str(tmpdir.join("target")), path)
    with pytest.raises(OSError):
        HostLock(path, "me", 0).take()
    assert not tmpdir.join("target").check()


@pytest.mark.parametrize("content, told", [
    (b"", "which gave no name"), (b"\xff\n", u"\ufffd"), (b"x" * 999, "x" * 200),
])
def test_what_a_holder_wrote_is_bounded_text(path, content, told):
    with open(path, "wb") as stream:
        stream.write(content)
    assert HostLock(path, "me").read_holder() == told
