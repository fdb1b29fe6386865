# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds programs of runtimes (Pythons, Nodes) in PATH and in a bounded list of directories where they usually are."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath

COMMON = ('/usr/local/bin', '/usr/bin', '/bin', '/opt/*/bin', '/opt/rh/*/root/usr/bin', '/opt/rh/*/root/bin')
MOST_DIRECTORIES = 200


def directories(host, patterns=(), search_paths=()):
    """Directories to search, each once, in the order: named, PATH, common, those of the runtime's own managers."""
    found, seen = [], set()
    named = [path for pattern in search_paths for path in (host.glob(pattern) or [pattern])]
    usual = [path for pattern in COMMON + tuple(patterns) for path in host.glob(pattern)]
    candidates = named + host.path_directories() + usual
    for path in candidates:
        real = host.real(path)
        if real not in seen and host.is_dir(path):
            if len(found) == MOST_DIRECTORIES:
                host.gap('search_paths', 'Only the first %d of about %d directories that may hold runtimes were '
                         'searched; the first that was not is %s. Name those that matter in '
                         '`glibc_facts__search_paths`.' % (MOST_DIRECTORIES, len(candidates), path))
                break
            seen.add(real)
            found.append(path)
    return found


def programs(host, where, name):
    """Paths of programs whose name matches the compiled pattern, in the order of the directories."""
    paths = [posixpath.join(place, entry) for place in where for entry in host.names(place) if name.match(entry)]
    return [path for path in paths if host.is_program(path)]


def is_script(host, path):
    """Whether it starts with #! (a shim of pyenv, a wrapper): what it starts is not to be known without running it."""
    try:
        return host.read(path, 2) == b'#!'
    except (IOError, OSError):
        return False
