# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells one machine from another, how much memory it has, and which limits hold for a process of this user."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import os
import re
import resource

CGROUP_MEMORY = ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes')
# What an unlimited memory cgroup of version 1 says is a page below 2**63.
NO_LIMIT = 1 << 60


BOOT = '/proc/sys/kernel/random/boot_id'
MACHINE_ID = '/etc/machine-id'


def identity(host, stat=os.stat):
    """The record's "machine": the same for two names of one machine alone. Clones share an id, containers a boot."""
    root = stat(host.at('/'))
    return of(host.text_or_none(BOOT, 64), host.text_or_none(MACHINE_ID, 64), '%d:%d' % (root.st_dev, root.st_ino))


def of(boot, machine_id, root):
    """{"id": ...}; None where it is not known."""
    boot = (boot or '').strip()
    if not boot or not root:
        return None
    whole = repr([boot, (machine_id or '').strip(), root])
    return {'id': hashlib.sha256(whole.encode('ascii', 'replace')).hexdigest()[:32]}


def memory_bytes(meminfo):
    """Bytes in MemTotal of a text of /proc/meminfo; None when it has none."""
    match = re.search(r'^MemTotal:\s+([0-9]{1,15}) kB', meminfo, re.M)
    return int(match.group(1)) * 1024 if match else None


def limits(host, getrlimit=resource.getrlimit):
    """Limits on a process of this user; None stands for no limit, or for one that cannot be read."""
    found = {}
    for name, number in (('nofile', resource.RLIMIT_NOFILE), ('nproc', resource.RLIMIT_NPROC),
                         ('address_space', resource.RLIMIT_AS)):
        soft = getrlimit(number)[0]
        found[name] = None if soft == resource.RLIM_INFINITY else soft
    found['cgroup_memory_bytes'] = None
    for path in CGROUP_MEMORY:
        said = (host.text_or_none(path, 64) or '').strip()
        if re.match(r'[0-9]{1,19}\Z', said) and int(said) < NO_LIMIT:
            found['cgroup_memory_bytes'] = int(said)
    if hasattr(os, 'sched_getaffinity'):
        found['cpus'] = len(os.sched_getaffinity(0))
    return found
