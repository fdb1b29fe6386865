# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One writer at a time in a setting's directory, which is made where there is none, and who has it when it is taken."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import time

from .. import files as atomic_file
from ..errors import AuditError
from ..locks import HostLock


def holder():
    """Who is writing, in one line, for the one who has to wait."""
    user = os.environ.get('SUDO_USER') or os.environ.get('USER') or os.environ.get('LOGNAME') or 'uid %d' % os.getuid()
    client = (os.environ.get('SSH_CLIENT') or os.environ.get('SSH_CONNECTION') or '').split(' ')[0]
    return u'pid %d, user %s%s, since %s UTC' % (
        os.getpid(), user, ', from %s' % client if client else '', time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime()))


class SettingLock(HostLock):
    """``made`` lists the directories that had to be made so that there was a place for the lock."""

    def __init__(self, directory, name, timeout=10, **clocks):
        super(SettingLock, self).__init__(os.path.join(directory, '.%s.lock' % name), holder(), timeout, **clocks)
        self.directory = directory
        self.made = []

    def __enter__(self):
        try:
            return super(SettingLock, self).__enter__()
        except (IOError, OSError) as exc:
            atomic_file.remove_directories(self.made)
            raise atomic_file.translate(exc, self.directory)
        except AuditError:
            atomic_file.remove_directories(self.made)
            raise

    def take(self):
        self.made += atomic_file.make_directories(self.directory)
        try:
            return super(SettingLock, self).take()
        except (IOError, OSError) as exc:
            if exc.errno == errno.ENOENT:      # The directory went in between: another run took back the last setting.
                return False
            raise

    def __exit__(self, *exc):
        """Gives the lock back; after a failure the directories that were made for it go too."""
        super(SettingLock, self).__exit__(*exc)
        if exc and exc[0] is not None:
            atomic_file.remove_directories(self.made)
