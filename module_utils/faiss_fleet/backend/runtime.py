# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says which runtime the host's setting names right now."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import io

from . import config
from ..errors import AuditError

_NEXT = 'Run audit.yml, which writes it again, or rollback.yml, which restores the one before.'


def named_runtime(path):
    """{found, backend, candidate, runtime}. found is False when there is no setting; runtime None when it needs none.

    Raises AuditError when the setting is there and cannot be used.
    """
    try:
        with io.open(path, 'rb') as handle:
            setting, problem = config.parse(handle.read())
    except (IOError, OSError) as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return {'found': False, 'backend': None, 'candidate': None, 'runtime': None}
        raise AuditError('%s cannot be read: %s. %s' % (path, exc.strerror, _NEXT), remedy=_NEXT, cause=(
            'permission_denied' if exc.errno in (errno.EACCES, errno.EPERM) else 'unknown'))
    if problem:
        raise AuditError('%s cannot be used: %s. %s' % (path, problem, _NEXT), cause='garbage_output', remedy=_NEXT)
    return {'found': True, 'backend': setting['backend'], 'candidate': setting.get('candidate'),
            'runtime': setting.get('runtime')}
