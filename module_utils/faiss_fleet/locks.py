# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A lock on a host, so that two controllers at once never mix: the kernel frees it when its holder dies."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import fcntl
import io
import os
import time

from . import commands
from .errors import AuditError

POLL = 0.2


class HostLock:
    """``with HostLock(path, holder, timeout):`` waits that many seconds, then raises AuditError naming who holds it.

    The file goes when the lock is given back. Whoever waited on the removed file sees that it is no longer the one at
    the path, and takes the new one.
    """

    def __init__(self, path, holder, timeout=60.0, clock=commands.clock, sleep=time.sleep):
        self.path, self.holder, self.timeout = path, holder, timeout
        self.clock, self.sleep = clock, sleep
        self.descriptor = None

    def __enter__(self):
        deadline = self.clock() + self.timeout
        while not self.take():
            if self.clock() >= deadline:
                who = self.read_holder()
                raise AuditError(
                    '%s is being worked on by another run, %s, which did not finish within %d s. Let it finish, or end '
                    'it if it hangs, and run again.' % (self.path, who, self.timeout), cause='timeout',
                    remedy='Let the other run (%s) finish and run again.' % who)
            self.sleep(POLL)
        return self

    def __exit__(self, *exc):
        try:
            os.unlink(self.path)
        except OSError as failure:
            if failure.errno != errno.ENOENT:
                raise
        finally:
            os.close(self.descriptor)
            self.descriptor = None

    def take(self):
        """True when the lock is ours now; False when another holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0), 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self.is_at_path(descriptor):
                raise IOError(errno.EAGAIN, 'removed by its last holder')
        except (IOError, OSError) as exc:
            os.close(descriptor)
            if exc.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        self.descriptor = descriptor
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, (self.holder + '\n').encode('utf-8'))
        except (IOError, OSError):
            pass                                 # a full disk: the lock holds all the same, it only has no name in it
        return True

    def is_at_path(self, descriptor):
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        ours = os.fstat(descriptor)
        return (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)

    def read_holder(self):
        try:
            with io.open(self.path, encoding='utf-8', errors='replace') as handle:
                return handle.read(200).strip() or 'which gave no name'
        except (IOError, OSError):
            return 'which gave no name'
