# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What was there before each change of a setting: one directory a change, numbered, with the two files as they were.

    backend.backups/000001.20261122T171800Z/            no setting: there was none. `made` names the directories we made
    backend.backups/000002.20261123T080000Z/            backend.json and backend.env, byte for byte
    backend.backups/000003.20261124T080000Z.restored/   this one is what is set now, by a rollback

The oldest is how the host was found; it is kept until it is put back. A name is a number first, as clocks go backwards.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import re
import shutil
import time
from collections import namedtuple

from .. import files as atomic_file

MADE = 'made'                    # Directories that we made for the setting, one a line, in the oldest entry.
RESTORED = '.restored'
_NAME = re.compile(r'^([0-9]{6,})\.[0-9]{8}T[0-9]{6}Z(\.restored)?$')

# files: {basename: File or None}. restored: it has been put back already.
Entry = namedtuple('Entry', 'path number restored files made')


def directory_of(path):
    """Where the backups of a setting lie."""
    return os.path.splitext(path)[0] + '.backups'


def entries(directory, names):
    """Entries, oldest first. What is not named like one is left alone."""
    try:
        found = os.listdir(directory)
    except OSError as exc:
        if exc.errno == errno.ENOENT:           # not asked again whether it is there: another run may just have made it
            return []
        raise atomic_file.translate(exc, directory)
    numbered = sorted((int(match.group(1)), match.group(0)) for match in map(_NAME.match, found) if match)
    return [_entry(os.path.join(directory, name), number, names) for number, name in numbered]


def _entry(path, number, names):
    files = dict((name, atomic_file.read(os.path.join(path, name))) for name in names)
    made = atomic_file.read(os.path.join(path, MADE))
    directories = made.data.decode('utf-8').splitlines() if made else []
    return Entry(path, number, path.endswith(RESTORED), files, directories)


def push(directory, files, made, clock=time.gmtime):
    """Keeps these files as the newest entry; returns its path. Afterwards all of the entry is there or none of it."""
    number = 1 + max([entry.number for entry in entries(directory, [])] or [0])
    atomic_file.make_directories(directory)
    path = os.path.join(directory, '%06d.%s' % (number, time.strftime('%Y%m%dT%H%M%SZ', clock())))
    partial, whole = path + '.partial', False
    left = partial
    try:
        os.mkdir(partial)
        os.chmod(partial, atomic_file.DIRECTORY_MODE)
        for name, found in sorted(files.items()):
            if found is not None:
                atomic_file.write(os.path.join(partial, name), found)
        if made:
            atomic_file.write(os.path.join(partial, MADE), atomic_file.File(_lines(made), 0o644, None, None, None))
        os.rename(partial, path)
        left = path
        atomic_file.sync_directory(directory)
        whole = True
    except OSError as exc:
        raise atomic_file.translate(exc, directory)
    finally:
        if not whole:
            drop(left)
            atomic_file.remove_directories([directory])
    return path


def _lines(texts):
    joined = ''.join(one + '\n' for one in texts)
    return joined if isinstance(joined, bytes) else joined.encode('utf-8')


def drop(path):
    """Takes an entry away. It loses its name first, so that half of one is never read as a whole one."""
    partial = path if path.endswith('.partial') else path + '.partial'
    try:
        if partial != path:
            os.rename(path, partial)
        if os.path.lexists(partial):
            shutil.rmtree(partial)
    except OSError as exc:
        raise atomic_file.translate(exc, path)


def prune(found, kept):
    """Drops the oldest of these entries, the very first excepted, until no more than ``kept`` are left beside it."""
    for entry in found[1:][:max(0, len(found) - 1 - kept)]:
        drop(entry.path)


def mark_restored(entry):
    """Writes down that this entry is what is set now, before it is: a rollback cut short goes on where it stopped."""
    if entry.restored:
        return entry.path
    path = entry.path + RESTORED
    try:
        os.rename(entry.path, path)
        try:
            atomic_file.sync_directory(os.path.dirname(path))
        except OSError:
            os.rename(path, entry.path)
            raise
    except OSError as exc:
        raise atomic_file.translate(exc, entry.path)
    return path


def unmark(entry):
    """The entry is a step of the past again: another setting has taken its place."""
    try:
        os.rename(entry.path, entry.path[:-len(RESTORED)])
    except OSError as exc:
        raise atomic_file.translate(exc, entry.path)


def sweep(directory):
    """Clears away what killed runs left half done."""
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        if name.endswith('.partial') and _NAME.match(name[:-len('.partial')]):
            drop(os.path.join(directory, name))
    atomic_file.remove_directories([directory])
