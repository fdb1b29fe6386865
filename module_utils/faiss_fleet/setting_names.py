# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads what the settings of a host say, the ones from before too: a prefix that one of them names is not removed.

Settings are looked for where they usually are and beside the one that is asked about. One that lies elsewhere alone is
not known here; while an application runs by it, its processes keep the prefix.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from . import atomic_file
from .errors import AuditError

USUAL = '/etc/faiss-fleet'
FILES = ('.json', '.env')
BACKUPS = '.backups'


def texts(place, usual=USUAL):
    """Contents of this setting (a setting_store.Place), of its backups and of every other one, as bytes."""
    return own(place) + others(place, usual)


def own(place):
    return _read(place.files[name] for name in place.names) + _backups(place.backups)


def others(place, usual=USUAL):
    """Those of other settings and their backups: in this one's folder and in the usual one."""
    ours = set([place.backups] + list(place.files.values()))
    found = []
    for folder in sorted(set([place.folder, os.path.realpath(usual)])):
        paths = [os.path.join(folder, name) for name in _names(folder)]
        paths = [path for path in paths if os.path.realpath(path) not in ours]
        found += _read(path for path in paths if path.endswith(FILES))
        for path in paths:
            found += _backups(path) if path.endswith(BACKUPS) else []
    return found


def _backups(folder):
    found = []
    for entry in _names(folder):
        path = os.path.join(folder, entry)
        found += _read(os.path.join(path, name) for name in _names(path) if name.endswith(FILES))
    return found


def _names(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _read(paths):
    """What cannot be read, or is no small file, names nothing."""
    found = []
    for path in paths:
        try:
            read = atomic_file.read(os.path.realpath(path))
        except AuditError:
            continue
        if read is not None:
            found.append(read.data)
    return found
