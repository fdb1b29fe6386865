# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells of directories that an installation writes to: free space, noexec, read-only, whether this user may."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import posixpath
import re
from collections import namedtuple

Mount = namedtuple('Mount', 'device path type options')

# statvfs flags; Python 2.7 has no names for them.
ST_RDONLY, ST_NOEXEC = 1, 8
MOUNTS = '/proc/mounts'


def parse_mounts(text):
    """[Mount] of a text of /proc/mounts, whose blanks inside a name are written \\040."""
    found = []
    for line in text.splitlines():
        fields = [re.sub(r'\\([0-7]{3})', _unescaped, field) for field in line.split(' ')]
        if len(fields) >= 4:
            found.append(Mount(fields[0], fields[1], fields[2], fields[3].split(',')))
    return found


def _unescaped(match):
    return chr(int(match.group(1), 8) & 255)


def mount_of(mounts, path):
    """The mount a path without links lies on: the deepest; of several at one place the last, which hides the others."""
    best = None
    for mount in mounts:
        inside = mount.path == '/' or path == mount.path or path.startswith(mount.path.rstrip('/') + '/')
        if inside and (best is None or len(mount.path) >= len(best.path)):
            best = mount
    return best


def nearest(host, path):
    """The path itself or the nearest directory above it that exists: where its parents would be made."""
    path = posixpath.normpath(path)
    while path not in ('/', '') and not host.is_dir(path):
        path = posixpath.dirname(path)
    return path or '/'


def in_the_way(host, path, existing):
    """What is not a directory and stands where one of the path's would be made, below the nearest that exists."""
    if posixpath.normpath(path) == existing:
        return None
    below = posixpath.relpath(posixpath.normpath(path), existing).split('/')[0]
    wanted = posixpath.join(existing, below)
    return wanted if os.path.lexists(host.at(wanted)) else None


def describe(host, purposes, statvfs=os.statvfs, access=os.access):
    """The record's "filesystems" for [(purpose, path)]."""
    text = host.text_or_none(MOUNTS)
    if text is None:
        host.gap('filesystems', '%s could not be read, so no mount is named.' % MOUNTS)
    mounts = parse_mounts(text or '')
    return [_one(host, purpose, path, mounts, statvfs, access) for purpose, path in purposes]


def _one(host, purpose, path, mounts, statvfs, access):
    existing = nearest(host, path)
    real = host.real(existing)
    mount = mount_of(mounts, real)
    entry = {'purpose': purpose, 'path': path, 'existing_path': existing, 'mount': mount and mount.path,
             'type': mount and mount.type, 'free_bytes': None, 'free_inodes': None, 'noexec': None, 'read_only': None,
             'writable': bool(access(host.at(real), os.W_OK | os.X_OK)), 'in_the_way': in_the_way(host, path, existing)}
    try:
        said = statvfs(host.at(real))
    except (IOError, OSError) as exc:
        host.gap('filesystems.%s' % purpose, '%s: %s' % (existing, exc))
        return entry
    # What only root may fill is not counted as free, unless root asks.
    blocks = said.f_bfree if os.geteuid() == 0 else said.f_bavail
    entry['free_bytes'] = blocks * said.f_frsize
    entry['free_inodes'] = (said.f_ffree if os.geteuid() == 0 else said.f_favail) if said.f_files else None
    options = mount.options if mount else []
    entry['noexec'] = bool(said.f_flag & ST_NOEXEC) or 'noexec' in options
    entry['read_only'] = bool(said.f_flag & ST_RDONLY) or 'ro' in options
    return entry
