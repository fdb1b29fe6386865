# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Removes what killed runs left on a host: working directories, what Ansible shipped for us, half-built prefixes."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import shutil
import stat
import tempfile
import time

from . import manifest as prefixes
from . import remove, users

OLDEST = 24 * 3600.0                 # No module works for a day.
# The modules of this project, by whose names Ansible calls what it ships and unpacks.
MODULES = ('faiss_conda_create', 'faiss_container', 'faiss_deploy', 'faiss_node_build', 'faiss_rollback',
           'faiss_search_test', 'glibc_facts', 'vector_backend')
TEMPORARY = re.compile(r'faiss-fleet-|ansible_(?:%s)_payload_' % '|'.join(MODULES))
# Ansible's directory for one task, and what shows that the task was one of ours: its module, or an archive.
TASK = 'ansible-tmp-'
SHIPPED = re.compile(r'AnsiballZ_(?:%s)\.py\Z|[0-9]+-(?:prefix|image)\.tar\.gz\Z' % '|'.join(MODULES))
ANSIBLE = '~/.ansible/tmp'


def sweep(base, temporary=None, euid=os.geteuid, ansible=ANSIBLE):
    """Removes this user's leftovers that nothing was changed in for a day and no process uses; returns their paths.

    ansible: where Ansible keeps what it ships to this host.
    """
    found = _temporary(temporary or tempfile.gettempdir()) + _shipped(os.path.expanduser(ansible)) + _half_built(base)
    old = [path for path in found if _is_old(path, time.time() - OLDEST, euid())]
    return [path for path in old if not users.find(path) and _removed(path)]


def _temporary(directory):
    return [os.path.join(directory, name) for name in _names(directory) if TEMPORARY.match(name)]


def _shipped(directory):
    found = [os.path.join(directory, name) for name in _names(directory) if name.startswith(TASK)]
    return [path for path in found if any(map(SHIPPED.match, _names(path)))]


def _half_built(base):
    """Half-built prefixes under <base>/<strategy>/; a link is none of ours."""
    directories = [os.path.join(base, name) for name in _names(base) if not name.startswith('.')]
    return [os.path.join(place, name) for place in directories if not os.path.islink(place) for name in _names(place)
            if prefixes.DIGEST.match(prefixes.leftover_of(name) or '')]


def _names(directory):
    try:
        return sorted(os.listdir(directory))
    except (IOError, OSError):
        return []


def _is_old(path, limit, uid):
    """Whether a directory or file of this user, and the newest of what is directly in it, is from before the limit."""
    try:
        status = os.lstat(path)
        kind = stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
        times = [status.st_mtime] + [os.lstat(os.path.join(path, name)).st_mtime for name in _names(path)]
    except (IOError, OSError):
        return False
    return kind and status.st_uid == uid and max(times) < limit


def _removed(path):
    try:
        if prefixes.leftover_of(os.path.basename(path)):
            return remove.remove_leftover(path)
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except (IOError, OSError):
        return False                 # the next run tries again
    return True
