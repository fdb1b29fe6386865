# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells which C library a host runs, by several methods whose answers are all kept."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ..elf import versions as glibc
from . import shared_libraries
from ..errors import AuditError

# In this order one of them is believed. Version definitions come last: a glibc need not add symbols (2.31 added none to
# libc.so.6), so what they show is a lower bound.
METHODS = ('loader', 'confstr', 'getconf', 'ldd', 'version_definitions')

# Programs every host has, asked which loader they name. Some may be static (busybox), so there are several.
PROGRAMS = ('/bin/sh', '/bin/ls', '/usr/bin/env', '/usr/bin/getconf', '/usr/bin/ssh', '/usr/bin/id', '/bin/bash')
LOADERS = ('/lib/ld-musl-*.so.1', '/lib64/ld-linux*.so.*', '/lib/ld-linux*.so.*', '/lib64/ld64.so.*', '/lib/ld64.so.*',
           '/libx32/ld-linux*.so.*')

# By number, as Python 2.7 lacks the name CS_GNU_LIBC_VERSION. platform.libc_ver() is no substitute: it tells what the
# interpreter was built for, not what the host runs.
CS_GNU_LIBC_VERSION = 2

MOST_BANNER, MOST_SAID = 4096, 200
# Two digits before the dot: a year is no version of a C library.
VERSION = r'(?<![0-9A-Za-z.])([0-9]{1,2}(?:\.[0-9]{1,4}){1,3})(?!\.?[0-9])'


def answer(method, family=None, version=None, source=None, error=None, said=None):
    """What one method answers. said: the text that it is read from, of which the first line is kept as it is."""
    found = {'method': method, 'family': family, 'version': version, 'source': source, 'error': error}
    lines = [line.strip() for line in (said or '')[:MOST_BANNER].splitlines() if line.strip()]
    return dict(found, said=lines[0][:MOST_SAID]) if lines else found


def loader_family(path):
    """'glibc' or 'musl' for the path of a loader, 'other' for one of neither."""
    name = path.rsplit('/', 1)[-1]
    if name.startswith('ld-musl-'):
        return 'musl'
    if re.match(r'^ld(-linux.*|64|-[0-9.]+)\.so(\.[0-9]+)?$', name):
        return 'glibc'
    return 'other'


def parse_banner(text):
    """(family, version) of what a loader, ldd or getconf prints; (None, None) when it is nothing known.

    The version is the first number outside of brackets, as vendors add releases of their own behind it
    ("glibc 2.20-2014.11", "glibc 2.26-amzn2.0.1") and in brackets ("ldd (Gentoo 2.37-r3 (patchset 7)) 2.37").
    Musl's loader and ldd: "musl libc (x86_64)\\nVersion 1.2.3". glibc's: "ldd (Debian GLIBC 2.36-9+deb12u10) 2.36",
    "ld.so (GNU libc) stable release version 2.33.", "glibc 2.17".
    """
    text = text[:MOST_BANNER]
    if re.search(r'^musl libc', text, re.M):
        found = re.search(r'^Version ' + VERSION, text, re.M)
        return 'musl', found.group(1) if found else None
    first = (text.strip().splitlines() or [''])[0]
    other = re.search(r'uclibc', first, re.I)  # "ldd (uClibc) 0.9.33"
    if other or not re.search(r'glibc|gnu libc|gnu c library|^ldd \(|^ld\.so \(', first, re.I):
        return None, None
    bare, notes = without_brackets(first)
    for pattern, where in ((r'version ' + VERSION, bare), (VERSION, bare), (r'glibc ' + VERSION, notes)):
        found = re.search(pattern, where, re.I)
        if found:
            return 'glibc', found.group(1)
    return 'glibc', None


def without_brackets(line):
    """(what is outside of brackets, what is inside): vendors write releases of their own, and nest, inside."""
    outside, inside, depth = [], [], 0
    for piece in re.split(r'([()])', line):
        if piece == '(':
            depth += 1
        elif piece == ')':
            depth = max(0, depth - 1)
        else:
            (inside if depth else outside).append(piece)
    return ' '.join(outside), ' '.join(inside)


def version_in_name(real_path):
    """'2.17' for /usr/lib64/ld-2.17.so: until 2.33 the loader's file was named after its version. None otherwise."""
    found = re.search(r'/ld-([0-9]+\.[0-9]+(?:\.[0-9]+)?)\.so$', real_path)
    return found.group(1) if found else None


def judge(answers):
    """The record's "libc" from the answers.

    The family is that of the loader the host's own programs name. confstr answers for the Python that runs; where that
    one brings another libc along, its answer is kept but not believed.
    """
    ranked = sorted((one for one in answers if one['family']), key=lambda one: METHODS.index(one['method']))
    family = ranked[0]['family'] if ranked else None
    believed = next((one for one in ranked if one['family'] == family and one['version']), None)
    version = believed['version'] if believed else None
    return {'family': family, 'version': version, 'method': believed['method'] if believed else None,
            'answers': answers, 'disagreement': _disagreement(answers, family, version)}


def _disagreement(answers, family, version):
    """One sentence on who says something else, None when all who answered agree."""
    others = []
    for one in answers:
        said = '%s says %s %s' % (one['method'], one['family'], one['version'] or 'of an unknown version')
        if one['source']:
            said += ' (%s)' % one['source']
        if one['family'] not in (None, family) or _differs(one, version):
            others.append(said)
    if not others:
        return None
    return '%s %s is believed, but %s.' % (family, version or 'of an unknown version', ', '.join(others))


def _differs(one, version):
    if not one['version'] or not version:
        return False
    try:
        said, believed = glibc.parse_version(one['version']), glibc.parse_version(version)
    except AuditError:
        return one['version'] != version
    width = min(len(said), len(believed))
    if one['method'] == 'version_definitions':
        return said > believed
    return said[:width] != believed[:width]


def commands(host, loader):
    """{key: argv} of the commands that are worth a start for libc's sake."""
    wanted = {}
    for name, arguments in (('getconf', ['GNU_LIBC_VERSION']), ('ldd', ['--version'])):
        path = host.which(name)
        if path:
            wanted['libc', name] = [path] + arguments
    if loader and not version_in_name(host.real(loader)) and loader_family(loader) != 'other':
        # Musl's takes no --version: it prints its banner and an error, which is all that is wanted.
        wanted['libc', 'loader'] = [loader, '--version']
    return wanted


def system_program(host, executable=None):
    """(path, ElfFile) of the first program of the host that names a loader; (None, None) when all are static or absent.

    executable, the Python that runs, comes last: it may have brought its own loader along.
    """
    for path in PROGRAMS + ((executable,) if executable else ()):
        if not host.is_file(path):
            continue
        try:
            found = shared_libraries.read_elf(host, path)
        except (AuditError, IOError, OSError):
            continue
        if found.interpreter:
            return path, found
    return None, None


def loaders(host):
    """All loaders on the host, of every family."""
    return [path for pattern in LOADERS for path in host.glob(pattern) if host.is_file(path)]


def from_loader(host, loader, program, results):
    """The answer of the loader that the host's programs name: by its file's name, else by what it prints."""
    if not loader:
        return answer('loader', error='None of %s is dynamically linked.' % ', '.join(PROGRAMS))
    family, source = loader_family(loader), '%s names %s' % (program, loader)
    if not host.is_file(loader):
        return answer('loader', family, None, source, '%s is not there.' % loader)
    named = version_in_name(host.real(loader))
    if named and family == 'glibc':
        return answer('loader', family, named, '%s, which is %s' % (source, host.real(loader)))
    result = results.get(('libc', 'loader'))
    printed = parse_banner(result.out + '\n' + result.err) if result else (None, None)
    if printed[0] is None:
        return answer('loader', family, None, source, (result and result.error) or 'It does not print its version.')
    return answer('loader', printed[0], printed[1], source, said=result.out or result.err)


def from_command(results, name):
    result = results.get(('libc', name))
    if result is None:
        return answer(name, error='%s is not on this host.' % name)
    text = result.out.strip() or result.err
    printed = parse_banner(text)
    if printed[0] is None:
        said = (result.err or result.out).strip().splitlines()
        return answer(name, error=result.error or 'It said: %s' % (said[0][:200] if said else 'nothing'))
    return answer(name, printed[0], printed[1], said=text)


def from_confstr(confstr, source):
    try:
        said = confstr(CS_GNU_LIBC_VERSION) or ''
        family, version = parse_banner(said)
    except (OSError, ValueError) as exc:
        return answer('confstr', source=source, error='confstr has no answer here: %s' % exc)
    if family is None:
        return answer('confstr', source=source, error='confstr has no answer here.')
    return answer('confstr', family, version, source, said=said)


def from_definitions(finder):
    path, found, error = finder.find('libc.so.6')
    if found is None:
        return path, answer('version_definitions', source=path, error=error or 'There is no libc.so.6.')
    newest = glibc.newest(found.version_definitions)
    if newest is None:
        return path, answer('version_definitions', source=path, error='%s defines no GLIBC version.' % path)
    return path, answer('version_definitions', 'glibc', glibc.text(newest), path)


def describe(host, finder, program, loader, results, confstr, executable):
    """The record's "libc". executable: the Python that runs this, whose confstr is asked."""
    path, definitions = from_definitions(finder)
    answers = [from_loader(host, loader, program, results), from_confstr(confstr, executable),
               from_command(results, 'getconf'), from_command(results, 'ldd'), definitions]
    found = judge(answers)
    if found['family'] == 'musl':
        path = host.real(loader) if loader else None
        if definitions['family'] == 'glibc':
            # Both C libraries are here; that glibc's files are there contradicts nothing.
            found['disagreement'] = _disagreement(answers[:-1], found['family'], found['version'])
    found['path'] = path
    found['also_present'] = [other for other in loaders(host) if loader_family(other) not in (found['family'], 'other')]
    return found
