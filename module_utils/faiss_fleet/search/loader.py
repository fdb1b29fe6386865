# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests and measures a runtime through the loader, as applications will use it, after FAISS itself has passed.

A Python or a container is a worker of the loader for Python, over stdin and stdout; a Node has faiss-node in process.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import sys

from . import shipped
from .frames import MARKER

OLDEST = (3, 6)              # the loader for Python, and the worker
KINDS = ('python', 'container', 'node')
NO_PYTHON = 'the host has no Python 3.6 to run it'


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


def observed(observe, runtime, workload, timeout, surroundings, files, python_version=None, own=None):
    """Evidence of searches through the loader, as run.observe returns it.

    {"refused": why} where the worker cannot serve this runtime, {"skipped": why} where no Python can run the loader.
    """
    kind = runtime['kind']
    if kind == 'python' and too_old(python_version):
        return {'refused': 'their worker runs on Python 3.6 and newer, and this one is %s' % python_version}
    start = (list(runtime['argv']), runtime.get('env') or {}) if kind == 'node' else interpreter(runtime, own)
    if start is None:
        return {'skipped': NO_PYTHON}
    params = dict((name, workload[name]) for name in ('n', 'd', 'k', 'queries', 'threads', 'seed'))

    def command(directory, _env, nonce):
        params.update(runtime=runtime, directory=directory, timeout=timeout)
        return command_of(kind, start[0], params, '%s %s ' % (MARKER, nonce), files)

    return observe(command, surroundings, start[1], timeout, files)


def command_of(kind, argv, params, start, files):
    """(command, text for its standard input) in the language of the runtime's loader."""
    if kind == 'node':
        program = os.path.join(params['directory'], 'programs', 'through_loader.js')
        return argv + [program], json.dumps({'params': params, 'start': start}, sort_keys=True) + u''
    given = json.dumps(json.dumps(params, sort_keys=True))
    text = u'%s\n\nmain(json.loads(%s), %s)\n' % (
        shipped.text_of(files, 'programs/through_loader.py'), given, json.dumps(start))
    return argv + ['-'], text
