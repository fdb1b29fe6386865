# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds shared libraries where the host's loader would, and reads the newest version each defines.

The loader's own cache is read instead of starting ldconfig, which costs more and may be closed to this user.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import struct

from .. import commands
from ..elf import reader as elf, versions as glibc
from ..errors import AuditError

CACHE = '/etc/ld.so.cache'
MAGIC = b'glibc-ld.so.cache1.1'
OLD_MAGIC = b'ld.so-1.7.0'
MOST_ENTRIES = 100000
MOST_INCLUDES = 64


def cache_entries(data):
    """[(soname, path)] of the bytes of an ld.so.cache, in the loader's order. Raises AuditError when it is damaged."""
    start = data.find(MAGIC)
    if start < 0:
        known = 'is of the format before glibc 2.2' if data.startswith(OLD_MAGIC) else 'is no cache of the loader'
        raise AuditError('%s %s. Run ldconfig on the host to make it again.' % (CACHE, known))
    try:
        count, = struct.unpack_from('=I', data, start + len(MAGIC))
        if count > MOST_ENTRIES:
            raise AuditError('%s claims %d entries. Run ldconfig on the host to make it again.' % (CACHE, count))
        found = []
        for number in range(count):
            key, value = struct.unpack_from('=II', data, start + 48 + 24 * number + 4)
            found.append((_string(data, start + key), _string(data, start + value)))
        return found
    except (struct.error, ValueError):
        raise AuditError('%s is cut short or damaged. Run ldconfig on the host to make it again.' % CACHE)


def _string(data, offset):
    return commands.native(data[offset:data.index(b'\0', offset)])


def configured_directories(host, path='/etc/ld.so.conf', depth=0):
    """Directories that ld.so.conf and the files it includes name, in their order."""
    directories = []
    for line in (host.text_or_none(path, 65536) or '').splitlines():
        words = line.split('#')[0].replace(',', ' ').split()
        if words[:1] == ['include'] and depth < 4:
            for pattern in words[1:]:
                included_files = host.glob(posixpath.join(posixpath.dirname(path), pattern))
                if len(included_files) > MOST_INCLUDES:
                    host.gap('ld.so.conf', 'Only the first %d of %d files that %s includes were read.'
                             % (MOST_INCLUDES, len(included_files), path))
                for included in included_files[:MOST_INCLUDES]:
                    directories.extend(configured_directories(host, included, depth + 1))
        elif words[:1] not in (['include'], ['hwcap']):
            directories.extend(word for word in words if word.startswith('/'))
    return directories


def standard_directories(host, arch):
    """Where loaders look without any configuration, those of musl included."""
    directories = ['/lib64', '/usr/lib64', '/lib/%s-linux-gnu' % arch, '/usr/lib/%s-linux-gnu' % arch, '/lib',
                   '/usr/lib', '/usr/local/lib64', '/usr/local/lib']
    musl = host.text_or_none('/etc/ld-musl-%s.path' % arch, 65536)
    return (musl.replace(':', ' ').split() if musl else []) + directories


class Finder:
    """Looks libraries up by soname for one machine and word size; the cache is read once."""

    def __init__(self, host, arch, machine=None, bits=None, cached=True):
        self.host, self.machine, self.bits = host, machine, bits
        self.entries, self.found = {}, {}
        if cached and host.is_file(CACHE):
            try:
                for soname, path in cache_entries(host.read(CACHE)):
                    self.entries.setdefault(soname, []).append(path)
            except (AuditError, IOError, OSError) as exc:
                host.gap('ld.so.cache', '%s Libraries were looked for in the usual directories and in those of '
                         'ld.so.conf.' % exc)
        self.directories = standard_directories(host, arch) + configured_directories(host)

    def find(self, soname):
        """(path, ElfFile, error) of the first file of that name that fits the machine; all None when there is none.

        error says why a file that is there could not be read.
        """
        if soname not in self.found:
            self.found[soname] = self._look(soname)
        return self.found[soname]

    def satisfies(self, module, directory, soname):
        """Whether a library that an ElfFile in a directory needs is in its own search path or the loader's."""
        for entry in module.runpath or module.rpath:
            own = posixpath.join(entry.replace('$ORIGIN', directory).replace('${ORIGIN}', directory), soname)
            if own.startswith('/') and self.host.is_file(own):
                return True
        return self.find(soname)[1] is not None

    def _look(self, soname):
        unreadable = (None, None, None)
        for path in self.entries.get(soname, []) + [posixpath.join(each, soname) for each in self.directories]:
            if not self.host.is_file(path):
                continue
            try:
                found = read_elf(self.host, path)
            except (AuditError, IOError, OSError) as exc:
                if unreadable[0] is None:
                    unreadable = (path, None, str(exc))
                continue
            if self.machine in (None, found.machine) and self.bits in (None, found.bits):
                return path, found, None
        return unreadable


def read_elf(host, path):
    """ElfFile of a path of the host, its symbol table left unread."""
    with open(host.at(host.real(path)), 'rb') as stream:
        return elf.read(stream, symbols=False, name=path)


def newest_by_prefix(names):
    """{"GLIBCXX": "3.4.19", "CXXABI": "1.3.7"} of a list of version definitions."""
    prefixes = sorted(set(pair[0] for pair in map(glibc.split, names) if pair))
    return dict((prefix, glibc.text(glibc.newest(names, prefix))) for prefix in prefixes)


def describe(finder, soname):
    """The record's entry for one library."""
    path, found, error = finder.find(soname)
    return {'path': path, 'versions': newest_by_prefix(found.version_definitions) if found else {}, 'error': error}
