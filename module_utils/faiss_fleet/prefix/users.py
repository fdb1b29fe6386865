# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names the processes that have files of a prefix open or loaded: it is not removed under them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os

MOST_NAMED = 5


def find(prefix, proc='/proc', own=None):
    """['node (pid 812)', ...]: whose program, directory, open files or loaded libraries are in the prefix.

    This process and its ancestors do not count: on a host without a Python of its own they run the prefix's. Another
    user's processes can be read by root alone; one that cannot be read is passed over.
    """
    real = os.path.realpath(prefix)
    ours = _ancestors(os.getpid() if own is None else own, proc)
    found = []
    for name in sorted((name for name in os.listdir(proc) if name.isdigit()), key=int):
        if int(name) not in ours and _uses(os.path.join(proc, name), real):
            found.append('%s (pid %s)' % (_text(os.path.join(proc, name, 'comm')).strip() or 'a process', name))
    return found


def in_use(prefix, users):
    """Why the prefix stays, and what to do, in one sentence."""
    more = ' and %d more' % (len(users) - MOST_NAMED) if len(users) > MOST_NAMED else ''
    return ('%s is in use by %s%s, so it is not removed. End them, or restart what runs in them, and run again.'
            % (prefix, ', '.join(users[:MOST_NAMED]), more))


def _uses(process, prefix):
    links = [os.path.join(process, name) for name in ('exe', 'cwd')]
    try:
        links += [os.path.join(process, 'fd', name) for name in os.listdir(os.path.join(process, 'fd'))]
    except (IOError, OSError):
        pass
    if any(_is_in(_target(link), prefix) for link in links):
        return True
    mapped = (line.split(None, 5) for line in _text(os.path.join(process, 'maps')).splitlines())
    return any(len(parts) == 6 and _is_in(parts[5], prefix) for parts in mapped)


def _is_in(path, prefix):
    return path == prefix or path.startswith(prefix + '/')


def _target(link):
    try:
        return os.readlink(link)
    except (IOError, OSError):
        return ''


def _text(path):
    try:
        with io.open(path, encoding='utf-8', errors='replace') as stream:
            return stream.read()
    except (IOError, OSError):
        return ''


def _ancestors(pid, proc):
    """The process and those above it."""
    found = set()
    while pid and pid not in found:
        found.add(pid)
        # After the last bracket: a process may have brackets in its name.
        fields = _text(os.path.join(proc, str(pid), 'stat')).rpartition(')')[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return found
