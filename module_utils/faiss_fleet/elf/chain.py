# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows ELF files to the libraries that were shipped beside them, through RPATH and RUNPATH as the loader does."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from . import reader as elf
from ..errors import AuditError

MAX_FILES = 2000


def follow(paths):
    """{path: ElfFile} of these files and of every library that one of them finds by its own search path."""
    found = {}
    queue = [(path, ()) for path in paths]
    for path, inherited in queue:
        if path in found:
            continue
        if len(found) >= MAX_FILES:
            raise AuditError('More than %d ELF files hang together with %s. Name fewer, or the one that is imported.'
                             % (MAX_FILES, paths[0]))
        file = found[path] = elf.read(path)
        own = _directories(file.rpath, path)
        # A RUNPATH is for the file's own needs alone and puts RPATH out of force; an RPATH holds further down as well.
        directories = _directories(file.runpath, path) if file.runpath else own + inherited
        handed_down = () if file.runpath else directories
        for library in file.needed:
            candidates = [os.path.join(directory, library) for directory in directories]
            queue.extend((candidate, handed_down) for candidate in list(filter(os.path.isfile, candidates))[:1])
    return found


def elf_files_of(path, is_elf, programs=False):
    """Sorted paths of the shared objects at a path: itself, or those below it if it is a directory.

    programs: files that may be executed as well. Raises OSError for a directory that cannot be listed.
    """
    if not os.path.isdir(path):
        return [path]
    found = []
    for directory, directories, names in os.walk(path, onerror=_raise):
        directories.sort()
        for name in names:
            file = os.path.join(directory, name)
            if '.so' in name or name.endswith('.node') or (programs and os.access(file, os.X_OK)):
                found.append(file)
        if len(found) > 50 * MAX_FILES:
            raise AuditError('%s holds more than %d shared objects. Name a smaller directory.' % (path, 50 * MAX_FILES))
    found = [candidate for candidate in sorted(found) if os.path.isfile(candidate) and is_elf(candidate)]
    if not found:
        raise AuditError('There is no shared object below %s. Name the directory that holds the .so files, such as '
                         'site-packages/faiss.' % path)
    return found


def _raise(error):
    raise error


def _directories(entries, path):
    origin = os.path.dirname(os.path.realpath(path))
    expanded = [entry.replace('${ORIGIN}', origin).replace('$ORIGIN', origin) for entry in entries]
    # A relative entry means the directory that a program happens to be started in, which nobody knows here.
    return tuple(os.path.normpath(entry) for entry in expanded if entry.startswith('/'))
