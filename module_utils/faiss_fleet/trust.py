# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Judges who else could replace what is at a path, and who can read it, by every directory from there to the root."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import grp
import os
import pwd
import stat
import sys
from collections import namedtuple

STICKY = stat.S_ISVTX
LINKS = 40
ACL = 'system.posix_acl_access'
FIRST_USER = 1000      # ids below are the system's

# Who will use a path. uid None: someone of whom only the groups are known, and with no groups anybody.
Reader = namedtuple('Reader', 'name uid gids')
ANYBODY = Reader('other users', None, frozenset())


def chain(path, lstat=os.lstat, readlink=os.readlink, here='/'):
    """[(path, status)] of each directory and link on the way to this path, the root first; what is missing ends it.

    here: where the way begins, a path without links.
    """
    found, links = [(here, lstat(here))], 0
    left = [part for part in path.split('/') if part]
    while left:
        part = left.pop(0)
        if part in ('.', '..'):
            here = os.path.dirname(here) if part == '..' else here
            continue
        one = os.path.join(here, part)
        try:
            status = lstat(one)
        except OSError:
            return found
        found.append((one, status))
        if not stat.S_ISLNK(status.st_mode):
            here = one
            continue
        links += 1
        if links > LINKS:
            return found
        target = readlink(one)
        here = '/' if target.startswith('/') else here
        left = [step for step in target.split('/') if step] + left
    return found


class Look:
    """Looks at each path once: programs share most of their directories.

    at: where a path of the host is for this process.
    """

    def __init__(self, at=lambda path: path, lstat=os.lstat):
        self.at, self._lstat, self._known = at, lstat, {}

    def chain(self, path, here='/'):
        """As the function; what cannot be examined ends it, for it cannot be started either."""
        return chain(path, self._status, lambda link: os.readlink(self.at(link)), here)

    def inside(self, path):
        """The chain from the directory on that this is in, where the way to that was judged before."""
        return self.chain(os.path.basename(path), os.path.dirname(path))

    def _status(self, path):
        if path not in self._known:
            self._known[path] = self._lstat(self.at(path))
        return self._known[path]

    def objection(self, path):
        """Why root must not start this program: 'PATH is ...'; None when nobody else could replace it."""
        found = writer(path, lambda: 0, self.chain, self.at)
        return found and '%s %s' % found


def writer(path, euid=os.geteuid, steps=chain, at=lambda path: path):
    """(path, why) of the first on the way to this path by which somebody else could replace it; None when none.

    Root and this user are trusted. A directory that all may write to will do where it is sticky, as /tmp is, and what
    is in it on the way there is of a trusted user.
    """
    trusted = (0, euid())
    for one, status in steps(path):
        if status.st_uid not in trusted:
            kind = 'a symbolic link of' if stat.S_ISLNK(status.st_mode) else 'owned by'
            return one, 'is %s %s' % (kind, user_name(status.st_uid))
        if stat.S_ISLNK(status.st_mode) or (stat.S_ISDIR(status.st_mode) and status.st_mode & STICKY):
            continue                             # sticky: the owner of the next one is judged in the next round
        if status.st_mode & 0o002:
            return one, 'is writable by every user'
        if status.st_mode & 0o020 and (_has_acl(at(one)) or not _own_group(status.st_gid, status.st_uid)):
            return one, 'is writable by the group %s' % group_name(status.st_gid)
    return None


def _own_group(gid, uid):
    """Whether a group has no member but the owner and root.

    An empty one above the system's does not count: a directory service need not list its users.
    """
    if gid == 0:
        return True
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    members = set(group.gr_mem) | set(one.pw_name for one in pwd.getpwall() if one.pw_gid == gid)
    return (group.gr_name == user.pw_name or gid < FIRST_USER) and members <= set([user.pw_name, 'root'])


def _has_acl(path):
    """Whether the group's bits stand for an access control list. Python 2.7 asks the C library itself."""
    try:
        return ACL in os.listxattr(path)
    except AttributeError:
        return _libc_has_acl(path)
    except (IOError, OSError):
        return False


def _libc_has_acl(path):
    """False also where Python has no ctypes."""
    try:
        import ctypes
        ask = ctypes.CDLL(None).getxattr
    except (ImportError, AttributeError, OSError):
        return False
    ask.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]
    ask.restype = ctypes.c_ssize_t
    if not isinstance(path, bytes):
        path = path.encode(sys.getfilesystemencoding())
    return ask(path, ACL.encode('ascii'), None, 0) > 0


def user_name(uid):
    try:
        return 'user %s' % pwd.getpwuid(uid).pw_name
    except KeyError:
        return 'user id %d' % uid


def group_name(gid):
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return 'id %d' % gid


def reader(name):
    """The Reader of a user by name or number. Raises KeyError for one that this host does not know."""
    user = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    gids = [group.gr_gid for group in grp.getgrall() if user.pw_name in group.gr_mem]
    return Reader(user.pw_name, user.pw_uid, frozenset(gids + [user.pw_gid]))


def allows(status, who, bits):
    """Whether the mode of a file gives this user all of these bits (4 read, 2 write, 1 execute or enter)."""
    if who.uid == 0:
        return bits != 1 or stat.S_ISDIR(status.st_mode) or bool(status.st_mode & 0o111)
    if who.uid is not None and status.st_uid == who.uid:
        given = status.st_mode >> 6
    elif status.st_gid in who.gids:
        given = status.st_mode >> 3
    else:
        given = status.st_mode
    return given & bits == bits


def closed(path, who, bits, steps=chain):
    """(path, why) of the first on the way to this path that keeps the user from it; None when nothing does.

    bits: what the user needs of the path itself. What is missing keeps no one out: it will be made.
    """
    for one, status in steps(path):
        if stat.S_ISLNK(status.st_mode):
            continue
        last = os.path.realpath(path) == one
        if last and not allows(status, who, bits):
            return one, 'has mode %04o and is of %s' % (stat.S_IMODE(status.st_mode), user_name(status.st_uid))
        if not last and stat.S_ISDIR(status.st_mode) and not allows(status, who, 1):
            return one, 'has mode %04o and is of %s' % (stat.S_IMODE(status.st_mode), user_name(status.st_uid))
    return None
