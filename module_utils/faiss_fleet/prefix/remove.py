# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds and removes the prefixes that faiss-fleet put on a host, with the directories that were made for them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import shutil

from . import failures, install
from . import manifest as prefixes
from .. import trust
from ..locks import HostLock
from .installed import is_ours
from .manifest import SETTINGS
from ..backend.lock import holder


def _is_directory(path):
    return os.path.isdir(path) and not os.path.islink(path)


def _directories(path):
    found = sorted(os.listdir(path)) if _is_directory(path) else []
    return [name for name in found if _is_directory(os.path.join(path, name))]


def find(base):
    """(prefixes of ours, half-built ones that their makers left behind) under <base>/<strategy>/."""
    whole, left = [], []
    for strategy in _directories(base):
        for name in _directories(os.path.join(base, strategy)):
            path = os.path.join(base, strategy, name)
            if is_ours(path):
                whole.append(path)
            elif prefixes.DIGEST.match(prefixes.leftover_of(name) or ''):
                left.append(path)
    return whole, left


def remove_cached(base):
    """Removes the cached results of what was tried here; returns how many there were."""
    count = 0
    for directory in [os.path.join(base, strategy) for strategy in _directories(base)]:
        for name in os.listdir(directory):
            if failures.digest_of(name) and os.path.isfile(os.path.join(directory, name)):
                os.unlink(os.path.join(directory, name))
                count += 1
    return count


def unnamed(paths, texts):
    """Those of these paths that none of the texts (the setting's files) names, so that nothing in use is removed."""
    def named(path):
        wanted = spellings(path) + spellings(os.path.realpath(path))
        return any(one in text for text in texts for one in wanted)
    return [path for path in paths if not named(path)]


def spellings(path):
    """A path as the two files of a setting have it, in bytes: as it is, and with JSON's escapes."""
    data = path if isinstance(path, bytes) else path.encode('utf-8', 'surrogateescape')
    return [data, json.dumps(data.decode('utf-8', 'replace'))[1:-1].encode('ascii')]


def remove(path, timeout=10):
    """Takes a prefix out of its place in one step, then away. Raises AuditError when another run holds it, OSError."""
    with HostLock(install.lock_path(path), holder(), timeout):
        gone = '%s.partial-%d-removed' % (path, os.getpid())
        os.rename(path, gone)
        shutil.rmtree(gone)


def put_back_all(base):
    """Does so for every prefix under <base>/<strategy>/ on which nobody works."""
    for path in find(base)[1]:
        directory, name = os.path.split(path)
        lock = HostLock(install.lock_path(os.path.join(directory, prefixes.leftover_of(name))), holder(), 0)
        if name.endswith(install.OLD) and not trust.writer(path) and lock.take():
            try:
                install.put_back(path)
            finally:
                lock.__exit__(None, None, None)


def remove_leftover(path):
    """True when this half-built directory went; False when its maker is still at work."""
    directory, name = os.path.split(path)
    lock = HostLock(install.lock_path(os.path.join(directory, prefixes.leftover_of(name))), holder(), 0)
    if not lock.take():
        return False
    try:
        shutil.rmtree(path)
    finally:
        lock.__exit__(None, None, None)
    return True


def remove_parents(base):
    """Removes the strategies' directories and the base, and what was made above it, where they are ours and empty."""
    if not find(base)[0] and os.path.lexists(os.path.join(base, SETTINGS)):
        os.unlink(os.path.join(base, SETTINGS))
    for directory in [os.path.join(base, name) for name in _directories(base)] + [base]:
        install.remove_parents(directory)
