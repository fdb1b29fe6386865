# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says which runtime the host's setting names right now."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import io

from .. import read_json
from ..errors import AuditError

_TEXT = type(u'')
_NEXT = 'Run audit.yml, which writes it again, or rollback.yml, which restores the one before.'


def named_runtime(path):
    """{found, backend, candidate, runtime}. found is False when there is no setting; runtime None when it needs none.

    Raises AuditError when the setting is there and cannot be used.
    """
    try:
        with io.open(path, encoding='utf-8') as handle:
            setting = read_json.loads(handle.read())
    except (IOError, OSError) as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return {'found': False, 'backend': None, 'candidate': None, 'runtime': None}
        raise AuditError('%s cannot be read: %s. %s' % (path, exc.strerror, _NEXT), remedy=_NEXT, cause=(
            'permission_denied' if exc.errno in (errno.EACCES, errno.EPERM) else 'unknown'))
    except ValueError as exc:
        raise AuditError('%s is not JSON: %s. %s' % (path, exc, _NEXT), cause='garbage_output', remedy=_NEXT)
    if not isinstance(setting, dict) or setting.get('schema') != 1:
        raise AuditError('%s is not a configuration of schema 1. %s' % (path, _NEXT), cause='garbage_output',
                         remedy=_NEXT)
    runtime = setting.get('runtime')
    if runtime is not None and not _is_runtime(runtime):
        raise AuditError('%s: runtime is %r, which cannot be started. %s' % (path, runtime, _NEXT),
                         cause='garbage_output', remedy=_NEXT)
    return {'found': True, 'backend': setting.get('backend'), 'candidate': setting.get('candidate'), 'runtime': runtime}


def _is_runtime(runtime):
    return (isinstance(runtime, dict) and isinstance(runtime.get('kind'), _TEXT)
            and isinstance(runtime.get('argv'), list) and all(isinstance(part, _TEXT) for part in runtime['argv'])
            and isinstance(runtime.get('env', {}), dict)
            and all(isinstance(value, _TEXT) for value in runtime.get('env', {}).values()))
