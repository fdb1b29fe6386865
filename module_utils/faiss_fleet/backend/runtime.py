# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says which runtime the host's setting names right now."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import stat

from . import config
from ..errors import AuditError
from ..read_json import LIMIT

_NEXT = 'Run audit.yml, which writes it again, or rollback.yml, which restores the one before.'


def named_runtime(path):
    """{found, backend, candidate, runtime}. found is False when there is no setting; runtime None when it needs none.

    Raises AuditError when the setting is there and cannot be used.
    """
    try:
        setting, problem = config.parse(_content(path))
    except (IOError, OSError) as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return {'found': False, 'backend': None, 'candidate': None, 'runtime': None}
        raise AuditError('%s cannot be read: %s. %s' % (path, exc.strerror, _NEXT), remedy=_NEXT, cause=(
            'permission_denied' if exc.errno in (errno.EACCES, errno.EPERM) else 'unknown'))
    if problem:
        raise AuditError('%s cannot be used: %s. %s' % (path, problem, _NEXT), cause='garbage_output', remedy=_NEXT)
    return {'found': True, 'backend': setting['backend'], 'candidate': setting.get('candidate'),
            'runtime': setting.get('runtime')}


def _content(path):
    """The bytes of a regular file; a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT:
            raise AuditError('%s is no regular file of at most %d bytes. Move it away. %s'
                             % (path, LIMIT, _NEXT), remedy=_NEXT, cause='garbage_output')
        return os.read(descriptor, LIMIT + 1)
    finally:
        os.close(descriptor)
