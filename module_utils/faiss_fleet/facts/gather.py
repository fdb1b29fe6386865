# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts together what a host record holds under "facts". A part that fails becomes a gap and leaves the rest whole."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import posixpath
import pwd
import resource
import sys

from ..elf.versions import LIBRARIES
from ..prefix import failures, installed
from . import (condas, cpu, engines, filesystems, libc, machine, nodes, os_release, pythons, selinux,
               shared_libraries, toolchains)
from ..backend import config as settings

UNREAD = {'path': None, 'error': 'It was not read.'}


def empty():
    """Facts that say nothing, of the schema's shape."""
    facts = dict((name, dict(UNREAD, versions={})) for name, _ in LIBRARIES)
    facts.update({
        'method': 'module', 'gaps': [], 'libc': libc.judge([]), 'arch': '', 'kernel': '',
        'cpu': {'model': None, 'count': None, 'isa_level': None, 'flags': []}, 'memory_bytes': None,
        'os': {'id': None, 'version': None, 'name': None}, 'pythons': [], 'nodes': [], 'condas': [], 'engines': [],
        'toolchains': {'gcc': None, 'cmake': None, 'devtoolsets': []}, 'filesystems': [],
        'selinux': {'status': None, 'policy': None}, 'faiss': [], 'prefixes': [], 'tried': [], 'limits': {},
        'user': None, 'machine': None, 'setting': None,
    })
    return facts


class Gathering:
    """One look at one host. Files are read around one round of commands, which run side by side."""

    def __init__(self, host, options, confstr=os.confstr, uname=os.uname):
        self.host, self.options = host, options
        self.confstr, self.uname = confstr, uname
        self.facts = empty()

    def part(self, name, read, otherwise=None):
        """Return what read() gives; when it fails, note a gap with the reason and return otherwise."""
        try:
            return read()
        except Exception as exc:            # whatever a host makes of it, the other parts of its record stay whole
            self.host.gap(name, '%s: %s' % (type(exc).__name__, exc))
            return otherwise

    def store(self, name, read):
        self.facts[name] = self.part(name, read, self.facts[name])

    def all(self):
        host, options, facts = self.host, self.options, self.facts
        uname = self.uname()
        facts['kernel'], facts['arch'] = uname[2], uname[4]
        program, elf_file = self.part('libc.loader', lambda: libc.system_program(host, sys.executable), (None, None))
        loader = elf_file.interpreter if elf_file else None
        conda_roots = self.part('condas', lambda: condas.roots(host), [])
        found_pythons = self.part('pythons', lambda: pythons.search(
            host, options['search_paths'], options['interpreters'], conda_roots), [])
        found_nodes = self.part('nodes', lambda: nodes.search(host, options['search_paths']), [])
        argvs = {}
        for name, wanted in (('libc', lambda: libc.commands(host, loader)),
                             ('pythons', lambda: pythons.commands(host, found_pythons)),
                             ('nodes', lambda: nodes.commands(host, found_nodes)),
                             ('condas', lambda: condas.commands(host)),
                             ('engines', lambda: engines.commands(host)),
                             ('toolchains', lambda: toolchains.commands(host)),
                             ('prefixes', lambda: installed.commands(host, options['prefix']))):
            argvs.update(self.part(name, wanted, {}))
        results = host.run_all(argvs)
        finder = self.c_library(program, elf_file, loader, results)
        facts['pythons'], facts['faiss'] = self.part(
            'pythons', lambda: pythons.describe(host, found_pythons, results, finder), ([], []))
        self.store('nodes', lambda: nodes.describe(host, found_nodes, results))
        self.store('condas', lambda: condas.describe(host, conda_roots, results))
        self.store('toolchains', lambda: toolchains.describe(host, results))
        uid = os.geteuid()
        facts['user'] = self.part('user', lambda: pwd.getpwuid(uid)[0], str(uid))
        self.store('engines', lambda: engines.describe(host, results, uid, facts['user']))
        self.surroundings(results)
        facts['gaps'] = host.gaps
        return facts

    def c_library(self, program, elf_file, loader, results):
        host, facts = self.host, self.facts
        cached = libc.loader_family(loader) != 'musl' if loader else True
        finder = shared_libraries.Finder(host, facts['arch'], elf_file and elf_file.machine, elf_file and elf_file.bits,
                                         cached)
        self.store('libc', lambda: libc.describe(host, finder, program, loader, results, self.confstr, sys.executable))
        if facts['libc']['disagreement']:
            host.gap('libc', facts['libc']['disagreement'])
        for name, soname in LIBRARIES:
            self.store(name, lambda soname=soname: shared_libraries.describe(finder, soname))
        return finder

    def surroundings(self, results):
        host, options, facts = self.host, self.options, self.facts
        self.store('cpu', lambda: cpu.describe(host.text('/proc/cpuinfo'), facts['arch']))
        self.store('machine', lambda: machine.identity(host))
        self.store('memory_bytes', lambda: machine.memory_bytes(host.text('/proc/meminfo')))
        self.store('os', lambda: os_release.describe(host))
        self.store('limits', lambda: machine.limits(host))
        self.store('selinux', lambda: selinux.describe(host))
        self.store('setting', lambda: current_setting(host, options['setting']))
        self.store('tried', lambda: failures.describe(host, options['prefix']))
        self.store('prefixes', lambda: installed.describe(host, options['prefix'], results))
        purposes = [('prefix', options['prefix']), ('tmp', host.environ.get('TMPDIR') or '/tmp'),
                    ('setting', posixpath.dirname(options['setting']) or '/')]
        self.store('filesystems', lambda: filesystems.describe(host, purposes))


OF_SETTING = ('backend', 'provider', 'candidate', 'runtime', 'versions', 'policy', 'because', 'verified')


def current_setting(host, path):
    """What the setting that is in force says, but for its socket; None when there is none that can be read."""
    found, problem = settings.parse(host.read(path) if host.is_file(path) else None)
    if problem:
        host.gap('setting', '%s: %s' % (path, problem))
    return dict((name, found.get(name)) for name in OF_SETTING) if found else None


def cpu_seconds():
    """CPU seconds of this process, since it started, and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(one.ru_utime + one.ru_stime for one in used), 4)


def plain(value):
    """The same of nothing but JSON's types and text that is valid UTF-8: a file's name on a host may be any bytes."""
    if isinstance(value, dict):
        return dict((plain(key), plain(entry)) for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    if isinstance(value, type(u'')):
        errors = 'surrogateescape' if sys.version_info[0] > 2 else 'replace'
        return value.encode('utf-8', errors).decode('utf-8', 'replace')
    return value


def gather(host, options):
    """Facts of a host. options: prefix, setting, interpreters, search_paths."""
    facts = Gathering(host, options).all()
    facts['seconds'] = cpu_seconds()
    return plain(facts)
