# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names what a Python takes code from: its library, its directories of packages."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re
import sys

LIBRARIES = ('lib', 'lib64')
SITES = ('site-packages', 'dist-packages')
IMPORTED = ('faiss', 'numpy', 'sitecustomize.py', 'usercustomize.py')
CODE = ('#', 'import ', 'import\t')     # lines of a .pth file that name no directory
MOST_BYTES = 65536


def places(program):
    """Paths of what is there from which the Python at this path takes code."""
    real = os.path.realpath(program)
    roots, found = [], []
    for one in (program, real):
        roots.append(_above(one))
        for config in (os.path.join(_above(one), 'pyvenv.cfg'), os.path.join(os.path.dirname(one), 'pyvenv.cfg')):
            home = re.search(r'^home\s*=\s*(/.*)$', _text(config), re.M)
            if home:
                found.append(config)
                roots.append(os.path.dirname(home.group(1).strip()))
    version = re.match(r'(python|pypy)[0-9]\.[0-9]+', os.path.basename(real))
    wanted = re.compile(re.escape(version.group()) + r't?\Z' if version else r'(python|pypy)[0-9.]+t?\Z')
    for root in _unique(roots):
        found += _library(root, wanted)
    return _unique(found)


def files(places):
    """Yields the files of the packages that are imported: a directory of root's may hold some of another user.

    The ways to their directories have no links.
    """
    for place in places:
        if os.path.basename(place) in IMPORTED:
            for directory, directories, names in os.walk(os.path.realpath(place)):
                directories.sort()
                for name in sorted(directories + names):
                    yield os.path.join(directory, name)


def _library(root, wanted):
    bases = [root, '/usr/local'] if root == '/usr' else [root]
    libraries = [os.path.join(base, lib, name) for base in bases for lib in LIBRARIES
                 for name in _names(os.path.join(base, lib)) if wanted.match(name)]
    sites = [os.path.join(library, site) for library in libraries for site in SITES]
    if root == '/usr':
        sites.append('/usr/lib/python3/dist-packages')
    found = libraries
    for site in sites:
        found = found + _packages(site)
        for name in _names(site):
            if name.endswith('.pth'):
                lines = [line.strip() for line in _text(os.path.join(site, name)).splitlines()]
                added = [os.path.join(site, line) for line in lines if line and not line.startswith(CODE)]
                found = found + [os.path.join(site, name)] + [path for one in added for path in _packages(one)]
    return found


def _packages(directory):
    names = _names(directory)
    found = [directory] if os.path.isdir(directory) else []
    return found + [os.path.join(directory, name) for name in IMPORTED if name in names]


def _above(program):
    return os.path.dirname(os.path.dirname(program))


def _names(directory):
    try:
        return sorted(os.listdir(directory))
    except (IOError, OSError):
        return []


def _text(path):
    try:
        if not os.path.isfile(path):
            return ''                    # a pipe might never end
        with io.open(path, 'rb') as stream:
            data = stream.read(MOST_BYTES)
        return data if sys.version_info[0] == 2 else data.decode('utf-8', 'surrogateescape')
    except (IOError, OSError):
        return ''


def _unique(paths):
    seen = set()
    return [path for path in paths if not (path in seen or seen.add(path))]
