# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names the host's operating system, and reads how much memory and which limits a process of this user has."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import resource

RELEASES = ('/etc/os-release', '/usr/lib/os-release')
OLD_RELEASES = ('/etc/centos-release', '/etc/redhat-release')
CGROUP_MEMORY = ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes')
# What an unlimited memory cgroup of version 1 says is a page below 2**63.
NO_LIMIT = 1 << 60


def parse_os_release(text):
    """{"ID": "centos", ...} of a text of os-release; quotes taken off, nothing expanded."""
    found = {}
    for line in text.splitlines():
        name, separator, value = line.strip().partition('=')
        if separator and not name.startswith('#'):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in '"\'':
                value = value[1:-1]
            found[name] = re.sub(r'\\(.)', r'\1', value)
    return found


def parse_old_release(text):
    """The record's "os" of 'CentOS release 6.10 (Final)', from before os-release."""
    line = text.strip().split('\n')[0]
    version = re.search(r'([0-9]+(?:\.[0-9]+)*)', line)
    return {'id': line.split(' ')[0].lower() or None, 'version': version.group(1) if version else None,
            'name': line or None}


def operating_system(release, older=None):
    """The record's "os" of the text of os-release (None when absent) and that of centos-release."""
    if release is None:
        return parse_old_release(older) if older else {'id': None, 'version': None, 'name': None}
    said = parse_os_release(release)
    found = {'id': said.get('ID') or None, 'version': said.get('VERSION_ID') or None,
             'name': said.get('PRETTY_NAME') or said.get('NAME') or None}
    exact = parse_old_release(older)['version'] if older else None
    if found['version'] and exact and exact.startswith(found['version'] + '.'):
        # CentOS 7's os-release says 7, its centos-release 7.9.2009.
        found['release'] = exact
    return found


def first_text(host, paths):
    return next((text for text in (host.text_or_none(path, 65536) for path in paths) if text is not None), None)


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
        try:
            with open(host.at(path)) as stream:
                said = stream.read(64).strip()
        except (IOError, OSError):
            continue
        if said.isdigit() and int(said) < NO_LIMIT:
            found['cgroup_memory_bytes'] = int(said)
    if hasattr(os, 'sched_getaffinity'):
        found['cpus'] = len(os.sched_getaffinity(0))
    return found
