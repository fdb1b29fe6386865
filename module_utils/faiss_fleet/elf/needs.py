# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Joins what ELF files need to what a host provides: which file needs which version of which library, and what for.

A need is {'file', 'library', 'symbol_version', 'symbols'}; with symbol_version None it asks for the library alone, and
with library None too for the machine that it then names under 'machine'.

What a host provides is {'GLIBC': '2.17', 'GLIBCXX': '3.4.19', 'CXXABI': '1.3.7', 'GOMP': ..., 'OMP': ..., 'GCC': ...,
'arch': 'x86_64', 'libraries': [names]}, and as far as known 'libc': 'glibc' or 'musl', and 'absent': names of libraries
known not to be there, and 'present': {name: {'ZLIB': '1.2.7'}} of those known to be there with the newest of their own
versions. None and a missing key mean unknown, and of what is unknown nothing is said; `unread` names it.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from collections import namedtuple

from . import versions as glibc

# Prefix of a symbol version: check, cause, and how the host's own is spoken of.
Kind = namedtuple('Kind', 'check cause have')
KINDS = {
    'GLIBC': Kind('glibc', 'glibc_too_old', 'glibc %s'),
    'GLIBCXX': Kind('libstdcxx', 'glibcxx_too_old', 'GLIBCXX_%s'),
    'CXXABI': Kind('cxxabi', 'cxxabi_too_old', 'CXXABI_%s'),
    'GOMP': Kind('libgomp', 'libgomp_version', 'GOMP_%s'),
    'OMP': Kind('libgomp', 'libgomp_version', 'OMP_%s'),
    'GCC': Kind('libgcc', 'libgcc_too_old', 'GCC_%s'),
    # musl has no versions of symbols: this one stands for a platform tag such as musllinux_1_2.
    'MUSL': Kind('libc', 'musl', 'musl %s'),
}

# A version name without a number that stands for one all the same.
NAMED_VERSIONS = {'GLIBC_ABI_DT_RELR': ('GLIBC', (2, 36))}

# There on every glibc host. libcrypt and libnsl have moved to packages of their own, so they are not.
OF_GLIBC = frozenset([
    'libc.so.6', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1', 'libutil.so.1', 'libresolv.so.2',
    'libanl.so.1', 'libmvec.so.1', 'libBrokenLocale.so.1', 'libthread_db.so.1',
    'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1', 'ld-linux.so.2', 'ld-linux-armhf.so.3',
    'ld-linux-riscv64-lp64d.so.1', 'ld64.so.1', 'ld64.so.2'])

# Libraries of glibc that came later: the first glibc that has them, by machine.
SINCE = {'libmvec.so.1': {'x86_64': (2, 22), 'aarch64': (2, 38)}}

# A version that the host is known to define proves the library that defines it.
PROVEN_BY = {'libstdc++.so.6': 'GLIBCXX', 'libgomp.so.1': 'GOMP', 'libgcc_s.so.1': 'GCC'}

FAMILIES = {'glibc': 'GLIBC', 'musl': 'MUSL'}

MACHINES = {'amd64': 'x86_64', 'arm64': 'aarch64', 'i486': 'i386', 'i586': 'i386', 'i686': 'i386', 'armv6l': 'arm',
            'armv7l': 'arm', 'armv8l': 'arm'}

OF_A_WHOLE = ('arch', 'libc')   # checks whose reason is the same for every file of a build

MAX_SYMBOLS = 8                 # of one reason; a need keeps them all

Finding = namedtuple('Finding', 'reason group version')     # group and version: of a library too old, else None


def of_files(files):
    """Needs of {name: ElfFile} in the order in which the loader comes upon them, but the weak, which stop nothing."""
    found = []
    for name in loader_order(files):
        file = files[name]
        found.append({'file': name, 'library': None, 'symbol_version': None, 'symbols': [], 'machine': file.machine})
        for library in file.needed:
            found.append({'file': name, 'library': library, 'symbol_version': None, 'symbols': []})
        for need in file.version_needs:
            if not need.weak:
                found.append({'file': name, 'library': need.library, 'symbol_version': need.version,
                              'symbols': list(need.symbols)})
    return found


def loader_order(files):
    """Names of files, those that no other one needs first, each followed breadth first by what it needs."""
    by_soname = {}
    for name in sorted(files):
        for alias in _aliases(name, files[name]):
            by_soname.setdefault(alias, name)
    asked_for = set(by_soname[library] for name in files for library in files[name].needed
                    if library in by_soname and by_soname[library] != name)
    order, seen = [], set()
    # The second half is for files that need each other in a ring.
    for root in [name for name in sorted(files) if name not in asked_for] + sorted(files):
        queue = [root]
        for name in queue:
            if name not in seen:
                seen.add(name)
                order.append(name)
                queue.extend(by_soname[library] for library in files[name].needed if library in by_soname)
    return order


def bundled(files):
    """Names under which these files satisfy each other's needs: sonames, and file names, which the loader looks for."""
    return sorted(set(alias for name in files for alias in _aliases(name, files[name])))


def machine_of(arch):
    """What `uname -m` prints, as an ElfFile says it: 'i386' for 'i686'."""
    return MACHINES.get(arch, arch)


def provided_per_facts(facts):
    """What a host provides, out of the facts of its record."""
    libc = facts.get('libc') or {}
    family = libc.get('family')
    provides = dict.fromkeys(KINDS)
    provides.update(arch=facts.get('arch'), libraries=facts.get('libraries'), libc=family, absent=[], present={})
    if family in FAMILIES:
        provides[FAMILIES[family]] = libc.get('version')
    for key, soname in glibc.LIBRARIES:
        library = facts.get(key)
        if library:
            if library['path'] is not None:
                provides['present'][soname] = dict(
                    item for item in library['versions'].items() if item[0] not in KINDS)
            provides.update((prefix, version) for prefix, version in library['versions'].items()
                            if prefix in KINDS and prefix not in FAMILIES.values())
            if library['path'] is None and library['error'] is None:
                provides['absent'].append(soname)
    return provides


def judge(needs, provides, bundled=(), every=False):
    """Reasons why the files cannot be loaded; [] when nothing known stands in the way.

    First the wrong machine or C library (the first file stands for all) and missing libraries, then the newest version
    that each file lacks of each library; within these in the loader's order. every=True adds the lesser ones.
    """
    findings = _findings(needs, provides, bundled)
    worst, files = {}, {}
    for check, finding in ((finding.reason['check'], finding) for finding in findings):
        if finding.group:
            worst[finding.group] = max(finding.version, worst.get(finding.group, finding.version))
        elif check in OF_A_WHOLE:
            files.setdefault(check, []).append(finding)
    whole = []
    for check in OF_A_WHOLE:
        for first in files.get(check, [])[:1]:
            more = len(files[check]) - 1
            text = first.reason['text'] + (' (and so for %d more of its files)' % more if more else '')
            whole.append(dict(first.reason, text=text))
    missing = [finding.reason for finding in findings if finding.reason['check'] == 'libraries']
    versions = [finding for finding in findings if finding.group]
    newest = [finding.reason for finding in versions if finding.version == worst[finding.group]]
    lesser = [finding.reason for finding in versions if finding.version != worst[finding.group]]
    return whole + missing + newest + (lesser if every else [])


def first_refusal(needs, provides, bundled=()):
    """The one reason that the loader will name when it refuses; None when it will not.

    It maps every library before it checks the first version, and stops at the first that fails.
    """
    findings = _findings(needs, provides, bundled)
    ordered = sorted(findings, key=lambda finding: finding.group is not None)
    return ordered[0].reason if ordered else None


def refusals(needs, provides, bundled=()):
    """The reasons of `judge`, but first the one that the loader will name when it refuses: a log is found by it."""
    found = judge(needs, provides, bundled)
    first = first_refusal(needs, provides, bundled)
    if first is None or any(reason['check'] in OF_A_WHOLE for reason in found):
        return found
    return [first] + [reason for reason in found if reason != first]


def unread(needs, provides, bundled=()):
    """Names of what these files need and nobody read on the host: a library, or a version such as 'GLIBCXX_3.4.21'."""
    bundled, found = frozenset(bundled), []
    for need in needs:
        library, wanted = need['library'], need['symbol_version']
        if library is None or library in bundled:
            continue
        if wanted is None:
            known = library in OF_GLIBC or library.startswith('libc.musl-') or _is_known(library, provides)
            name = library
        else:
            prefix = (NAMED_VERSIONS.get(wanted) or glibc.split(wanted) or (None,))[0]
            known = prefix is None or _have(prefix, library, provides) or library in (provides.get('absent') or ())
            name = wanted if prefix in KINDS or library in OF_GLIBC else '%s of %s' % (wanted, library)
        if not known and name not in found:
            found.append(name)
    return found


def _is_known(library, provides):
    return (library in (provides.get('absent') or ()) or library in (provides.get('present') or ())
            or provides.get('libraries') is not None or bool(provides.get(PROVEN_BY.get(library))))


def _have(prefix, library, provides):
    """The host's newest version of that prefix, None when it is not known."""
    if prefix in KINDS:
        return provides.get(prefix)
    return ((provides.get('present') or {}).get(library) or {}).get(prefix)


def _findings(needs, provides, bundled):
    bundled = frozenset(bundled)
    arch = provides.get('arch')
    family = provides.get('libc') or ('glibc' if provides.get('GLIBC') else None)
    foreign, found, missing = set(), [], set()
    for need in needs:
        file, library, wanted = need['file'], need['library'], need['symbol_version']
        if file in foreign:
            continue
        if library is None:
            machine = need.get('machine')
            if machine and arch and machine != machine_of(arch):
                foreign.add(file)
                found.append(_finding('arch', 'arch_mismatch', need, machine, arch,
                                      '%s is built for %s, this host is %s' % (file, machine, arch)))
        elif library in bundled:
            continue
        elif wanted is None:
            built_for = 'musl' if library.startswith('libc.musl-') else 'glibc' if library in OF_GLIBC else None
            if built_for and family and built_for != family:
                foreign.add(file)
                have = 'glibc %s' % provides['GLIBC'] if family == 'glibc' and provides.get('GLIBC') else family
                found.append(_finding('libc', 'musl', need, built_for, have,
                                      '%s is built for %s (it needs %s), this host has %s'
                                      % (file, built_for, library, have)))
            elif _is_too_new(library, provides) or (not built_for and _is_missing(library, provides)):
                missing.add(library)
                found.append(_finding('libraries', 'missing_shared_lib', need, library, None,
                                      '%s needs %s, which is neither bundled nor on this host' % (file, library)))
        elif library not in missing:
            found.extend(_too_old(need, provides))
    return found


def _too_old(need, provides):
    wanted = need['symbol_version']
    prefix, version = NAMED_VERSIONS.get(wanted) or glibc.split(wanted) or (None, None)
    have = _have(prefix, need['library'], provides)
    if have and not glibc.at_least(glibc.parse_version(have), version):
        kind = KINDS.get(prefix) or Kind('libraries', 'missing_shared_lib', prefix + '_%s')
        text = '%s needs %s of %s%s, this host has %s' % (need['file'], wanted, need['library'], _for(need['symbols']),
                                                          kind.have % have)
        group = need['file'], need['library'], prefix
        yield _finding(kind.check, kind.cause, need, wanted, have, text, group, version)


def _is_too_new(library, provides):
    """Whether a library of glibc came after the host's glibc."""
    first = SINCE.get(library, {}).get(machine_of(provides.get('arch')))
    have = provides.get('GLIBC')
    return bool(first and have) and not glibc.at_least(glibc.parse_version(have), first)


def _is_missing(library, provides):
    if library in (provides.get('absent') or ()):
        return True
    if provides.get('libraries') is None or provides.get(PROVEN_BY.get(library)):
        return False
    return library not in set(path.rsplit('/', 1)[-1] for path in provides['libraries'])


def _finding(check, cause, need, wanted, have, text, group=None, version=None):
    symbols = _readable_first(need['symbols'])[:MAX_SYMBOLS]
    return Finding({'check': check, 'cause': cause, 'need': wanted, 'have': have, 'file': need['file'],
                    'library': need['library'], 'symbols': symbols, 'text': text}, group, version)


def _for(symbols):
    if not symbols:
        return ''
    shown = _readable_first(symbols)[:3]
    more = ' and %d more' % (len(symbols) - len(shown)) if len(symbols) > len(shown) else ''
    return ' (for %s%s)' % (', '.join(shown), more)


def _readable_first(symbols):
    """Short and plain names first: of a hundred C++ names, those say most to a reader."""
    return sorted(symbols, key=lambda name: (name.startswith('_Z'), len(name), name))


def _aliases(name, file):
    return [alias for alias in (file.soname, name.rsplit('/', 1)[-1]) if alias]
