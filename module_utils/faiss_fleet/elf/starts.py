# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names what is loaded with a program when it is started: who can change that can change what the program does."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import posixpath
import sys

from . import reader
from ..errors import AuditError

LONGEST_LINE = 256
# What is there comes from the distribution, and loads what the distribution gave it.
DISTRIBUTION = ('/bin/', '/lib/', '/lib64/', '/sbin/', '/usr/bin/', '/usr/lib/', '/usr/lib64/', '/usr/libexec/',
                '/usr/sbin/')


def beside(program, real=os.path.realpath, at=lambda path: path):
    """Yields a program's interpreter, its own library directories and the libraries there; none of the distribution's.

    Each before what it asks for is looked at: whoever stops at the first that others could change reads nothing of it.
    real: a path of the host without links; at: where it is for this process.
    """
    seen, queue = set(), [real(program)]
    while queue:
        path = queue.pop(0)
        if path.startswith(DISTRIBUTION):
            continue
        for place, is_file in _of(path, at):
            if place not in seen and not (place + '/').startswith(DISTRIBUTION):
                seen.add(place)
                yield place
                queue += [real(place)] if is_file else []


def _of(path, at):
    """[(path, whether it is a file)] of what one file asks for."""
    try:
        file = reader.read(at(path), symbols=False)
    except AuditError:
        return [(interpreter, True) for interpreter in _of_script(at(path))]
    found = [(file.interpreter, True)] if file.interpreter else []
    for entry in file.rpath + file.runpath:
        origin = posixpath.dirname(path)
        directory = posixpath.normpath(entry.replace('${ORIGIN}', origin).replace('$ORIGIN', origin))
        if directory.startswith('/'):
            found.append((directory, False))
            libraries = (posixpath.join(directory, library) for library in file.needed)
            found += [(library, True) for library in libraries if os.path.isfile(at(library))]
    return found


def _of_script(path):
    """[the interpreter of a script]; [] of what is none."""
    try:
        with io.open(path, 'rb') as stream:
            head = stream.read(LONGEST_LINE)
    except (IOError, OSError):
        return []
    words = head[2:].split(b'\n')[0].split() if head.startswith(b'#!') else []
    if not words or not words[0].startswith(b'/'):
        return []
    return [words[0] if sys.version_info[0] == 2 else words[0].decode('utf-8', 'surrogateescape')]
