# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Counts processes that the kernel has killed for lack of memory, of this process's cgroup and of the whole host."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os


def kills(root='/'):
    """{"cgroup": count, "host": count}; None for a counter that this kernel does not have.

    /proc/vmstat counts since Linux 4.13, a cgroup in memory.events (version 2) or memory.oom_control (version 1).
    """
    return {'cgroup': _of_cgroup(root), 'host': _counter(os.path.join(root, 'proc/vmstat'))}


def since(before, root='/'):
    """The same counters, less what they were before."""
    now = kills(root)
    return dict((name, None if None in (before[name], now[name]) else now[name] - before[name]) for name in now)


def _of_cgroup(root):
    for line in _lines(os.path.join(root, 'proc/self/cgroup')):
        number, controllers, place = (line.strip().split(u':', 2) + [u'', u''])[:3]
        place = place.lstrip(u'/')
        if number == u'0' and not controllers:
            # "unified" is where a hybrid layout mounts version 2.
            found = [_counter(os.path.join(root, 'sys/fs/cgroup', mount, place, 'memory.events'))
                     for mount in ('', 'unified')]
        elif u'memory' in controllers.split(u','):
            found = [_counter(os.path.join(root, 'sys/fs/cgroup/memory', place, 'memory.oom_control'))]
        else:
            continue
        for count in found:
            if count is not None:
                return count
    return None


def _counter(path):
    for line in _lines(path):
        words = line.split()
        if len(words) == 2 and words[0] == u'oom_kill' and words[1].isdigit():
            return int(words[1])
    return None


def _lines(path):
    try:
        with io.open(path, encoding='utf-8', errors='replace') as handle:
            return handle.readlines()
    except (IOError, OSError):
        return []
