# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads which packages a Python has from the metadata directories in its site-packages, without starting it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re
from collections import namedtuple

MOST_ADDED = 200

# complete: the package's own directory lies beside the metadata.
Package = namedtuple('Package', 'name version directory complete')

_METADATA = re.compile(r'^(pip|numpy|faiss[a-z0-9_.]*)-([0-9][^-]*)(-.*)?\.(dist-info|egg-info)$', re.I)


def in_directory(host, directory):
    """[Package] of pip, numpy and everything named faiss* in one site-packages."""
    names = host.names(directory)
    found = []
    for name in names:
        match = _METADATA.match(name)
        if match:
            module = 'faiss' if match.group(1).lower().startswith('faiss') else match.group(1).lower()
            version = _version(host, posixpath.join(directory, name)) or match.group(2)
            found.append(Package(match.group(1).lower().replace('_', '-'), version, directory, module in names))
    if 'faiss' in names and not any(one.name.startswith('faiss') for one in found):
        if host.is_file(posixpath.join(directory, 'faiss', '__init__.py')):
            # Built from source and copied there: nothing beside it tells its version.
            found.append(Package('faiss', None, directory, True))
    return found


def _version(host, metadata):
    """What METADATA or PKG-INFO says; an egg-info may itself be that file."""
    for path in (posixpath.join(metadata, 'METADATA'), posixpath.join(metadata, 'PKG-INFO'), metadata):
        for line in (host.text_or_none(path, 8192) or '').splitlines():
            if not line.strip():
                break
            if line.lower().startswith('version:'):
                return line.split(':', 1)[1].strip()
    return None


def path_entries(host, directory):
    """Directories that .pth files of a site-packages add to the path. Their import lines are not run."""
    found = []
    for name in host.names(directory):
        if name.endswith('.pth'):
            for line in (host.text_or_none(posixpath.join(directory, name), 65536) or '').splitlines():
                line = line.strip()
                if line and not line.startswith(('#', 'import ', 'import\t')):
                    path = posixpath.normpath(posixpath.join(directory, line))
                    if host.is_dir(path):
                        found.append(path)
    if len(found) > MOST_ADDED:
        host.gap('pythons', 'Only the first %d of %d directories that .pth files of %s add were searched.'
                 % (MOST_ADDED, len(found), directory))
    return found[:MOST_ADDED]
