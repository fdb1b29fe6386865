# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Who could replace what is at a path, and who can read it, on real directories of real users."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import ctypes
import os
import struct

import pytest

from ansible.module_utils.faiss_fleet import trust

OTHER = 54321


@pytest.fixture
def place(tmpdir):
    if os.geteuid() != 0:
        pytest.fail("Giving files to another user needs root. Run the tests as root.")
    return tmpdir.ensure("opt/fleet/wheel", dir=True)


def test_directories_of_root_are_trusted(place):
    assert trust.writer(str(place)) is None


def test_what_is_missing_is_judged_by_what_is_there(place):
    assert trust.writer(str(place.join("a/b/c"))) is None


@pytest.mark.parametrize("mode, gid, why", [
    (0o777, 0, "is writable by every user"),
    (0o775, OTHER, "is writable by the group id %d" % OTHER),
    (0o775, 0, None),
    (0o1777, 0, None),
])
def test_mode_of_a_directory_on_the_way(place, mode, gid, why):
    above = place.dirpath()
    os.chown(str(above), 0, gid)
    above.chmod(mode)
    assert trust.writer(str(place)) == (why and (str(above), why))


def set_attribute(path, name, value):
    """As os.setxattr, which Python 2.7 does not have."""
    call = ctypes.CDLL(None, use_errno=True).setxattr
    call.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    assert call(path.encode(), name.encode(), value, len(value), 0) == 0, os.strerror(ctypes.get_errno())


def test_access_control_list_counts_as_writable_by_others(place):
    entries = [(1, 7, 0xffffffff), (2, 7, OTHER), (4, 5, 0xffffffff), (16, 7, 0xffffffff), (32, 5, 0xffffffff)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    set_attribute(str(place), "system.posix_acl_access", acl)
    assert trust.writer(str(place)) == (str(place), "is writable by the group %s" % trust.group_name(0))


def test_directory_of_another_user_in_a_sticky_one(place):
    place.dirpath().chmod(0o1777)
    os.chown(str(place), OTHER, OTHER)
    assert trust.writer(str(place)) == (str(place), "is owned by user id %d" % OTHER)
    assert trust.writer(str(place), euid=lambda: OTHER) is None


def test_links_of_root_are_followed_and_those_of_others_are_not(place):
    link = place.dirpath().dirpath().join("link")
    link.mksymlinkto(place)
    assert trust.writer(str(link)) is None
    place.chmod(0o777)
    assert trust.writer(str(link)) == (str(place), "is writable by every user")
    os.lchown(str(link), OTHER, OTHER)
    assert trust.writer(str(link)) == (str(link), "is a symbolic link of user id %d" % OTHER)


def opened(tmpdir):
    """pytest keeps its directories from other users."""
    path = tmpdir
    while str(path).startswith("/tmp/") and str(path) != "/tmp":
        path.chmod(path.stat().mode & 0o7777 | 0o055)
        path = path.dirpath()


@pytest.mark.parametrize("mode, owner, gid, can", [
    (0o755, 0, 0, True),
    (0o700, 0, 0, False),
    (0o750, 0, 0, False),
    (0o750, 0, OTHER, True),
    (0o700, OTHER, 0, True),
    (0o075, OTHER, 0, False),
])
def test_who_can_read_is_what_the_kernel_says(tmpdir, place, mode, owner, gid, can):
    opened(tmpdir)
    found = place.ensure("file")
    found.chmod(0o644)
    os.chown(str(place), owner, gid)
    place.chmod(mode)
    who = trust.Reader("other", OTHER, frozenset([OTHER]))
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(OTHER)
        os.setuid(OTHER)
        os._exit(0 if os.access(str(found), os.R_OK) else 1)
    assert (os.waitpid(child, 0)[1] == 0) == can
    assert (trust.closed(str(found), who, 4) is None) == can
