# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads which backend this host was given."""
import errno
import json
import os
import stat

from .errors import SettingError

DEFAULT = '/etc/faiss-fleet/backend.json'
NEXT = 'Run audit.yml for this host, which writes it again.'
LARGEST = 1 << 20    # bytes; a setting has 2 kB


def _own():
    """Path of the file that an audit without root wrote for this user; None where there is none.

    It names a program to start. So it counts only if it belongs to the user of this process: HOME may be another's.
    """
    directory = os.environ.get('XDG_CONFIG_HOME') or ''
    if not os.path.isabs(directory):
        directory = os.path.join(os.path.expanduser('~'), '.config')
    path = os.path.join(directory, 'faiss-fleet', 'backend.json')
    try:
        return path if os.stat(path).st_uid == os.geteuid() else None
    except (OSError, ValueError):
        return None


def _text(path):
    """The text of a regular file. A pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise OSError(errno.EINVAL, 'it is no regular file of at most 1 MiB')
        return os.read(descriptor, LARGEST).decode('utf-8')
    finally:
        os.close(descriptor)


def read(path=None):
    """The setting at a path, FAISS_FLEET_SETTING or the usual places. Raises SettingError."""
    path = os.fspath(path or os.environ.get('FAISS_FLEET_SETTING') or _own() or DEFAULT)
    try:
        found = json.loads(_text(path))
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise SettingError('SETTING_MISSING', 'There is no setting at %s.' % path, NEXT) from exc
    except OSError as exc:
        raise SettingError('SETTING_UNREADABLE', '%s cannot be read: %s.' % (path, exc.strerror), NEXT) from exc
    except (ValueError, RecursionError) as exc:
        raise SettingError('SETTING_MALFORMED', '%s is not JSON: %s.' % (path, exc), NEXT) from exc
    return check(found, path)


def check(found, path='the setting'):
    """The same, or SettingError."""
    problem = _problem(found)
    if problem:
        raise SettingError('SETTING_MALFORMED', '%s is no setting: %s.' % (path, problem), NEXT)
    return found


def _problem(found):
    if not isinstance(found, dict):
        return 'it is not an object'
    if found.get('schema') != 1:
        return 'its schema is %r, not 1' % (found.get('schema'),)
    if not isinstance(found.get('socket'), (str, type(None))):
        return 'its socket is no path'
    if found.get('backend') == 'js':
        return None
    if found.get('backend') != 'faiss':
        return 'its backend is %r' % (found.get('backend'),)
    runtime = found.get('runtime')
    if not isinstance(runtime, dict):
        return 'it has no runtime'
    argv, env = runtime.get('argv'), runtime.get('env', {})
    if not isinstance(runtime.get('kind'), str):
        return 'its runtime has no kind'
    if not isinstance(argv, list) or not argv or not all(isinstance(part, str) for part in argv):
        return 'its runtime has no argv'
    if any('\0' in part for part in argv):
        return 'its argv holds a zero byte'
    if not isinstance(env, dict) or not all(isinstance(part, str) for pair in env.items() for part in pair):
        return 'the env of its runtime is no object of texts'
    if any('\0' in part for pair in env.items() for part in pair):
        return 'the env of its runtime holds a zero byte'
    return None


def refuse_stale(runtime):
    """Raises SettingError when what the runtime starts is gone."""
    program, prefix = runtime['argv'][0], runtime.get('prefix')
    gone = None
    if prefix and not os.path.isdir(prefix):
        gone = prefix
    elif program.startswith('/') and not os.access(program, os.X_OK):
        gone = program
    if gone:
        raise SettingError('SETTING_STALE', 'The setting names %s, which is not here any more.' % gone, NEXT)
