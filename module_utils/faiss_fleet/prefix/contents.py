# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lists the files of a prefix when it is made, and compares the prefix with that list later."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import io
import os
import stat

from . import manifest as prefixes
from ..errors import AuditError

CHUNK = 1 << 20
# Says what a look at every byte found, for the looks that compare only size and time.
DAMAGED = 'damaged.txt'
# Python writes these again by itself when it finds them out of date.
COMPILED = '.pyc'


def sha256(path):
    with io.open(path, 'rb') as handle:
        return sha256_of(handle)


def sha256_of(handle):
    """The sha256 of the rest of an open file."""
    digest = hashlib.sha256()
    for piece in iter(lambda: handle.read(CHUNK), b''):
        digest.update(piece)
    return digest.hexdigest()


def listed(path):
    """What the list says of this file or symbolic link."""
    if os.path.islink(path):
        return {'link': os.readlink(path)}
    status = os.stat(path)
    return {'size': status.st_size, 'mtime': int(status.st_mtime), 'sha256': sha256(path)}


def read(directory):
    """The list of a prefix. Raises AuditError, IOError or OSError for one that cannot be read."""
    with io.open(os.path.join(directory, prefixes.FILES), 'rb') as handle:
        text = handle.read(prefixes.MAX_MANIFEST_BYTES).decode('utf-8', 'replace')
    return prefixes.parse_files(text, directory)


def damage(directory, hashes=False):
    """How a prefix differs from its list, in words; None when it does not.

    Compares the size and time of every file, and with `hashes` every byte. A list from before times were recorded has
    none to compare.
    """
    try:
        with io.open(os.path.join(directory, DAMAGED), encoding='utf-8', errors='replace') as handle:
            return handle.read(1000).strip() or '%s is there' % DAMAGED
    except (IOError, OSError):
        pass
    try:
        files = read(directory)
    except (IOError, OSError) as exc:
        return '%s cannot be read: %s' % (prefixes.FILES, exc.strerror or exc)
    except AuditError as exc:
        return str(exc)
    for path, expected in sorted(files.items()):
        try:
            found = _difference(os.path.join(directory, path), expected, hashes)
        except (IOError, OSError) as exc:
            found = exc.strerror or exc
        if found:
            return '%s: %s' % (path, found)
    return None


def compiled(directory):
    """The first file that Python compiled since the prefix was installed, in words; None where there is none.

    Only Python can tell whether such a file is whole, and it does not look: half of one fails at import.
    """
    files = read(directory)
    for root, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            full = os.path.join(root, name)
            if name.endswith(COMPILED) and files.get(os.path.relpath(full, directory)) != listed(full):
                return '%s: was compiled after it was installed' % os.path.relpath(full, directory)
    return None


def _difference(full, expected, hashes):
    status = os.lstat(full)
    if 'link' in expected:
        found = os.readlink(full)
        return None if found == expected['link'] else 'is a link to %s and should be one to %s' % (
            found, expected['link'])
    if not stat.S_ISREG(status.st_mode):
        return 'is not a regular file'
    if full.endswith(COMPILED):
        return None                              # Python writes it again, with other paths in it
    if status.st_size != expected['size']:
        return 'has %d bytes and should have %d' % (status.st_size, expected['size'])
    if 'mtime' in expected and int(status.st_mtime) != expected['mtime']:
        return 'was written after it was installed'
    if hashes and 'sha256' in expected and sha256(full) != expected['sha256']:
        return 'has other content than was installed'
    return None


def note_damage(directory, what):
    """Records what a look at every byte found, so that the next run installs the prefix again."""
    path = os.path.join(directory, DAMAGED)
    with io.open(path, 'w', encoding='utf-8') as handle:
        handle.write(u'%s\n' % what)
    os.chmod(path, 0o644)
