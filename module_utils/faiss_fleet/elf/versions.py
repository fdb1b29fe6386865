# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Versions of the C library and its kin, read from the many texts that name them and compared as numbers."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ..errors import AuditError

# Libraries that are facts of a host: the fact's name and the soname.
LIBRARIES = (('libstdcxx', 'libstdc++.so.6'), ('libgomp', 'libgomp.so.1'), ('libgcc', 'libgcc_s.so.1'),
             ('libz', 'libz.so.1'), ('libatomic', 'libatomic.so.1'))

# Nine digits hold every version there is, and keep a hostile text from becoming a number of a million digits.
_DOTTED = re.compile(r'(?<![0-9])([0-9]{1,9}(?:\.[0-9]{1,9}){1,7})')
_WHOLE = re.compile(r'^(?:[A-Za-z][A-Za-z_]*_)?([0-9]{1,9})\Z')     # GFORTRAN_8
_SYMBOL_VERSION = re.compile(r'^([A-Z]+)_([0-9]{1,9}(?:\.[0-9]{1,9}){0,7})\Z')


def parse_version(text):
    """Tuple of ints for the first version in a text: 'glibc 2.17', 'GLIBCXX_3.4.19', '2.17-326.el7_9', 'libc-2.17.so'.

    Raises AuditError where there is none, as in 'GLIBC_PRIVATE'.
    """
    found = _DOTTED.search(text) or _WHOLE.match(text.strip())
    if not found:
        raise AuditError('No version can be read from %r. Expected something like "glibc 2.17", "GLIBC_2.17" or '
                         '"2.17-326.el7_9".' % (text[:200],))
    return tuple(int(part) for part in found.group(1).split('.'))


def split(symbol_version):
    """('GLIBC', (2, 17)) for 'GLIBC_2.17'; None for a name without a place in an order, as 'GLIBC_PRIVATE'."""
    found = _SYMBOL_VERSION.match(symbol_version)
    if not found:
        return None
    return found.group(1), tuple(int(part) for part in found.group(2).split('.'))


def newest(names, prefix='GLIBC'):
    """Highest version among the names with exactly this prefix, as a tuple; None when there is none."""
    pairs = [split(name) for name in names]
    versions = [pair[1] for pair in pairs if pair and pair[0] == prefix]
    return max(versions) if versions else None


def at_least(have, need):
    """Whether the tuple `have` is the tuple `need` or newer, where 7 and 7.0.0 are the same."""
    width = max(len(have), len(need))
    return have + (0,) * (width - len(have)) >= need + (0,) * (width - len(need))


def text(version):
    """'2.17' for (2, 17)."""
    return '.'.join('%d' % part for part in version)
