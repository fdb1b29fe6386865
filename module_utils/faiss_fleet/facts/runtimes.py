# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds programs of runtimes (Pythons, Nodes) in PATH and in a bounded list of folders where they are usually put."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath

COMMON = ('/usr/local/bin', '/usr/bin', '/bin', '/opt/*/bin', '/opt/rh/*/root/usr/bin', '/opt/rh/*/root/bin')
MOST_FOLDERS = 200


def folders(host, patterns=(), search_paths=()):
    """Folders to look in, each once, in the order: named, PATH, common, those of the runtime's own managers."""
    found, seen = [], set()
    named = [path for pattern in search_paths for path in (host.glob(pattern) or [pattern])]
    usual = [path for pattern in COMMON + tuple(patterns) for path in host.glob(pattern)]
    for path in named + host.path_folders() + usual:
        real = host.real(path)
        if real not in seen and host.is_dir(path):
            seen.add(real)
            found.append(path)
    if len(found) > MOST_FOLDERS:
        host.gap('search_paths', 'Of %d folders that may hold runtimes the first %d were looked into.'
                 % (len(found), MOST_FOLDERS))
    return found[:MOST_FOLDERS]


def programs(host, where, name):
    """Paths of programs whose name matches the compiled pattern, in the order of the folders."""
    paths = [posixpath.join(folder, entry) for folder in where for entry in host.names(folder) if name.match(entry)]
    return [path for path in paths if host.is_program(path)]


def is_script(host, path):
    """Whether it starts with #! (a shim of pyenv, a wrapper): what it starts is not to be known without running it."""
    try:
        return host.read(path, 2) == b'#!'
    except (IOError, OSError):
        return False
