# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells whether users other than root could replace a program, by owner and mode of everything on the way to it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import posixpath
import stat

MOST_STEPS = 200
ACL = 'system.posix_acl_access'


class Trust:
    """Remembers what it looked at: programs share most of their directories."""

    def __init__(self, at=lambda path: path, lstat=os.lstat):
        self.at, self.lstat = at, lstat
        self.known = {}

    def objection(self, path):
        """Why root must not start the program: 'PATH is ...'; None when only root can write it and its directories.

        Links are followed one at a time, as whoever can write the directory of one of them can lead it elsewhere.
        """
        done, todo = '/', [part for part in path.split('/') if part]
        for _ in range(MOST_STEPS):
            found = self._of(done)
            if found or not todo:
                return found
            part = todo.pop(0)
            here = posixpath.normpath(posixpath.join(done, part))
            found = self._of(here)
            if found:
                return found
            if os.path.islink(self.at(here)):
                target = os.readlink(self.at(here))
                done = '/' if target.startswith('/') else done
                todo = [step for step in target.split('/') if step] + todo
            else:
                done = here
        return '%s leads through more than %d links and directories' % (path, MOST_STEPS)

    def _of(self, path):
        if path not in self.known:
            self.known[path] = self._look(path)
        return self.known[path]

    def _look(self, path):
        try:
            found = self.lstat(self.at(path))
        except (IOError, OSError) as exc:
            # What is not there cannot be started either, and its directory was looked at before.
            if exc.errno == errno.ENOENT:
                return None
            return '%s cannot be examined (%s)' % (path, exc.strerror or exc)
        if found.st_uid != 0:
            return '%s belongs to uid %d' % (path, found.st_uid)
        mode = found.st_mode
        # A link's own mode means nothing. In a directory with the sticky bit only the owner can replace an entry.
        if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
            return None
        if mode & stat.S_IWOTH:
            return '%s is writable by everyone' % path
        if mode & stat.S_IWGRP and (found.st_gid != 0 or self._has_acl(path)):
            return '%s is writable by others (gid %d)' % (path, found.st_gid)
        return None

    def _has_acl(self, path):
        """Whether the group's bits stand for an access control list. Python 2.7 has no way to ask."""
        try:
            return ACL in os.listxattr(self.at(path))
        except (AttributeError, IOError, OSError):
            return False
