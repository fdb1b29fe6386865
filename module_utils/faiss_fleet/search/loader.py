# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests and measures a runtime through the loader, as applications will use it, after FAISS itself has passed.

A Python or a container is a worker of the loader for Python, over stdin and stdout; a Node has faiss-node in process.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import inspect
import io
import json
import os
import shutil
import sys
import tempfile

from ..causes import later as causes
from .. import child_process
from . import loader_child, loader_texts, frames as search_frames

CAUSE = 'loader_failed'
OLDEST = (3, 6)              # the loader for Python, and the worker
KINDS = ('python', 'container', 'node')


def interpreter(runtime, own=None):
    """(argv, env) of a Python that can run the loader: the one that runs this module, or the runtime's own.

    None where there is none: the module runs on Python 2.7, and the runtime's Python is in a container.
    """
    executable, version = own or (sys.executable, sys.version_info[:2])
    if executable and tuple(version) >= OLDEST:
        return [executable], {}
    if runtime['kind'] == 'python':
        return list(runtime['argv']), runtime.get('env') or {}
    return None


def too_old(python_version):
    """Whether this Python ('2.7.18') cannot run the worker. What is not known is left to the test."""
    parts = (python_version or '').split('.')
    return len(parts) > 1 and all(part.isdigit() for part in parts[:2]) and tuple(map(int, parts[:2])) < OLDEST


def write_texts(folder):
    """The loaders, as an application has them."""
    for name, text in sorted(loader_texts.TEXTS.items()):
        path = os.path.join(folder, *name.split('/'))
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with io.open(path, 'w', encoding='ascii') as out:
            out.write(text if not isinstance(text, bytes) else text.decode('ascii'))


def script(params, nonce):
    """The whole program, in the language of the runtime's loader."""
    given, start = json.dumps(json.dumps(params, sort_keys=True)), json.dumps(
        '%s %s ' % (search_frames.MARKER, nonce))
    if params['runtime']['kind'] == 'node':
        return u'%s\nmain(JSON.parse(%s), %s);\n' % (loader_child.NODE, given, start)
    source = inspect.getsource(loader_child)
    if isinstance(source, bytes):
        source = source.decode('utf-8')
    return u'%s\n\nmain(json.loads(%s), %s)\n' % (source, given, start)


def run(runtime, workload, timeout, environment, python_version=None, own=None):
    """What a verification gets from it: {"loader": figures}, or with ok=False also cause, message and remedy.

    environment(runtime's env, temporary folder) gives the process's whole environment. {"loader": None} and a text
    under "warning" where no Python can run the loader.
    """
    kind = runtime['kind']
    if kind == 'python' and too_old(python_version):
        return _failed('FAISS passed, but the loaders cannot use it: their worker runs on Python 3.6 and newer, and '
                       'this one is %s' % python_version)
    start = (list(runtime['argv']), runtime.get('env') or {}) if kind == 'node' else interpreter(runtime, own)
    if start is None:
        return {'loader': None, 'warning': 'not measured through the loader: the host has no Python 3.6 to run it'}
    nonce = binascii.hexlify(os.urandom(16)).decode('ascii')
    frames = search_frames.Frames(nonce)
    temporary = None
    try:
        temporary = tempfile.mkdtemp(prefix='faiss-fleet-')
        write_texts(temporary)
        params = dict((name, workload[name]) for name in ('n', 'd', 'k', 'queries', 'threads', 'seed'))
        params.update(runtime=runtime, folder=temporary, timeout=timeout)
        env = environment(start[1], temporary)
        outcome = child_process.run(start[0] + ['-'], script(params, nonce), env, temporary, timeout, frames.feed)
    except (IOError, OSError) as exc:
        return _failed('FAISS passed, but its loader could not be started: %s' % exc)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
    frames.close()
    return _judged(frames, outcome, timeout)


def _judged(frames, outcome, timeout):
    log = {'log': outcome.log.strip()} if outcome.log.strip() else {}
    if frames.stage == 'done' and frames.found.get('mode'):
        return {'loader': dict(frames.found, seconds=outcome.seconds)}
    if frames.failed:
        said = frames.failed.get('message') or frames.failed.get('type')
    elif outcome.start_error is not None:
        said = 'it cannot be started: %s' % outcome.start_error
    elif outcome.timed_out:
        said = 'no end within %s s' % timeout
    else:
        said = 'it ended with %s and without an answer' % (outcome.signal or 'exit code %s' % outcome.exit_code)
    return dict(_failed('FAISS passed, but through the loader it failed: %s' % said), **log)


def _failed(message):
    return {'ok': False, 'cause': CAUSE, 'message': message, 'remedy': causes.remedy(CAUSE), 'stage': 'loader',
            'loader': None}
