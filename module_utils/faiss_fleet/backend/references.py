# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads what the settings of a host say, the ones from before too: a prefix that one of them names is not removed.

Settings are looked for where they usually are, beside the one that is asked about, and where a note among the prefixes
says that one was written: <prefix>/.settings, a path a line.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os

from .. import commands, files as atomic_file
from ..errors import AuditError
from ..prefix.installed import is_ours
from ..prefix.manifest import SETTINGS

USUAL = '/etc/faiss-fleet'
FILES = ('.json', '.env')
BACKUPS = '.backups'


def note(path, runtime, usual=USUAL):
    """Notes beside the prefix of this runtime that there is a setting at this path, where no one would look for it."""
    prefix = (runtime or {}).get('prefix')
    base = os.path.dirname(os.path.dirname(prefix or ''))
    if os.path.dirname(path) == usual or path in noted(base) or not (prefix and is_ours(prefix)):
        return
    try:
        with io.open(os.path.join(base, SETTINGS), 'ab') as stream:
            stream.write((path if isinstance(path, bytes) else path.encode('utf-8', 'surrogateescape')) + b'\n')
    except (IOError, OSError):
        pass                     # Who may not write there did not put the prefix there, and takes none away.


def noted(base):
    try:
        with io.open(os.path.join(base, SETTINGS), 'rb') as stream:
            return commands.native(stream.read(atomic_file.LIMIT)).splitlines()
    except (IOError, OSError):
        return []


def texts(place, bases, usual=USUAL):
    """Contents of this setting (a setting_store.Place), of its backups and of every other one, as bytes.

    bases: directories that hold prefixes, as /opt/faiss-fleet.
    """
    return own(place) + others(place, bases, usual)


def own(place):
    return _read(place.files[name] for name in place.names) + _backups(place.backups)


def others(place, bases, usual=USUAL):
    """Those of other settings and their backups."""
    ours = set([place.backups] + list(place.files.values()))
    directories = set([place.directory, os.path.realpath(usual)])
    directories.update(os.path.realpath(os.path.dirname(path)) for base in bases for path in noted(base))
    found = []
    for directory in sorted(directories):
        paths = [os.path.join(directory, name) for name in _names(directory)]
        paths = [path for path in paths if os.path.realpath(path) not in ours]
        found += _read(path for path in paths if path.endswith(FILES))
        for path in paths:
            found += _backups(path) if path.endswith(BACKUPS) else []
    return found


def _backups(directory):
    found = []
    for entry in _names(directory):
        path = os.path.join(directory, entry)
        found += _read(os.path.join(path, name) for name in _names(path) if name.endswith(FILES))
    return found


def _names(directory):
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


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
