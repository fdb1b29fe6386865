# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds faiss-node with a host's own cmake and compiler, from sources that came along; nothing is fetched."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os
import re
import shutil
import time

from .. import child_process, commands
from . import contents, unpack
from . import manifest as prefixes
from ..errors import AuditError

TARGET = 'faiss-node'
BINARY = 'faiss-node.node'
RELEASE = 'node_modules/faiss-node/build/Release'
LOG = 'build.log'
LOG_LIMIT = 1 << 20      # A whole build says 10 kB; what goes beyond is a flood, and its end is what matters.
TAIL = 15
# What the hungriest file of FAISS takes to compile. More jobs than fit would wake the kernel's killer.
MEMORY_PER_JOB = 700 << 20
DEVTOOLSET = re.compile(r'^(?P<root>/opt/rh/[^/]+/root)/usr/bin/[^/]+$')
SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin'

_clock = getattr(time, 'monotonic', time.time)


def environment(compiler, work):
    """What the build runs in. A devtoolset's directories come first, as `scl enable` has it; no flag is inherited."""
    found = {'PATH': '%s:%s' % (os.path.dirname(compiler), SYSTEM_PATH), 'HOME': work, 'TMPDIR': work, 'LC_ALL': 'C'}
    devtoolset = DEVTOOLSET.match(compiler)
    if devtoolset:
        root = devtoolset.group('root')
        found['LD_LIBRARY_PATH'] = '%s/usr/lib64:%s/usr/lib' % (root, root)
    return found


def jobs(meminfo, processors):
    """How many files are compiled at once: one for each processor, as far as the memory goes."""
    found = re.search(r'^MemAvailable:\s+([0-9]+) kB', meminfo, re.MULTILINE)
    fit = int(found.group(1)) * 1024 // MEMORY_PER_JOB if found else processors
    return max(1, min(processors, fit))


def tool(named, name, need, which):
    """Absolute path of a tool. Raises AuditError when the host has none."""
    path = named if named and os.path.isabs(named) else which(named or name)
    if path and os.path.isfile(path) and os.access(path, os.X_OK):
        return path
    remedy = 'Install %s on the host, or set faiss_install__node_build to controller.' % need
    raise AuditError('%s is not on this host, and a build of faiss-node needs it. %s' % (named or name, remedy),
                     cause='build_tool_missing', remedy=remedy)


class Build:
    """One build in the directory `source`: its steps share a time limit and a log, which is a child_process.Tail."""

    def __init__(self, source, compiler, timeout, log, run=child_process.run):
        self.source, self.compiler, self.timeout, self.log, self.run = source, compiler, timeout, log, run
        self.deadline = _clock() + timeout

    def step(self, argv):
        said = child_process.Tail(LOG_LIMIT)

        def keep(data):
            self.log.feed(data)
            said.feed(data)

        self.log.feed(('$ %s\n' % ' '.join(argv)).encode('utf-8'))
        # One stream, so that what went wrong stands where it went wrong.
        command = ['/bin/sh', '-c', 'exec nice -n 10 "$@" 2>&1', TARGET] + argv
        outcome = self.run(command, u'', environment(self.compiler, self.source), self.source,
                           max(0.1, self.deadline - _clock()), keep)
        if outcome.start_error is not None:
            raise AuditError('%s could not be started: %s' % (argv[0], outcome.start_error), cause='build_failed')
        if outcome.timed_out:
            remedy = 'Raise faiss_install__addon_timeout, or set faiss_install__node_build to controller.'
            raise AuditError('The build did not end within %d s; %s was ended and what it made was removed. %s'
                             % (self.timeout, argv[0], remedy), cause='timeout', remedy=remedy)
        if outcome.exit_code != 0:
            raise _failure(argv, outcome, said.text())


def _failure(argv, outcome, said):
    ended = 'was ended by %s' % outcome.signal if outcome.signal else 'ended with status %s' % outcome.exit_code
    last = '\n'.join(said.strip().splitlines()[-TAIL:]) or '(it said nothing)'
    message = u'%s %s: %s' % (argv[0], ended, last)
    return AuditError(commands.native(message.encode('utf-8')),
                      cause='build_failed', remedy='Read the whole log of the build.', said=said)


def compiled(build, cmake, flags, at_once):
    """Path of the addon, after cmake was asked for it."""
    work = os.path.join(build.source, 'build')
    os.mkdir(work)
    build.step([cmake, '-S', os.path.join(build.source, 'source'), '-B', work, '-DCMAKE_BUILD_TYPE=None',
                '-DCMAKE_CXX_COMPILER=%s' % build.compiler, '-DCMAKE_CXX_FLAGS=%s' % flags])
    build.step([cmake, '--build', work, '--target', TARGET, '--parallel', str(at_once)])
    return os.path.join(work, BINARY)


def fill(partial, handle, params, which, log, meminfo, processors, run=child_process.run):
    """Makes the prefix `partial` out of the open archive of sources; returns its manifest."""
    source = partial + '-source'
    try:
        manifest = unpack.unpack(handle, source, params['digest'], params['archive'])
        cmake = tool(params['cmake'], 'cmake', 'CMake 3.17 or newer', which)
        compiler = tool(params['compiler'], 'g++', 'gcc-c++ 7 or newer', which)
        build = Build(source, compiler, params['timeout'], log, run)
        started = _clock()
        binary = compiled(build, cmake, params['flags'], params['jobs'] or jobs(meminfo, processors))
        made = {'compiler': compiler, 'cmake': cmake, 'seconds': round(_clock() - started, 1)}
        tree = os.path.join(source, 'prefix')
        release = os.path.join(tree, RELEASE)
        os.makedirs(release)
        os.rename(binary, os.path.join(release, BINARY))
        with io.open(os.path.join(tree, LOG), 'w', encoding='utf-8') as out:
            out.write(log.text())
        finish(tree, manifest, made)
        os.rename(tree, partial)
        return _read(partial)
    finally:
        shutil.rmtree(source, ignore_errors=True)


def finish(tree, manifest, made):
    """Writes the manifest of what was built, as the controller writes that of what it packs."""
    files = {}
    for root, _, names in os.walk(tree):
        os.chmod(root, 0o755)
        for name in names:
            full = os.path.join(root, name)
            os.chmod(full, 0o755 if name == BINARY else 0o644)
            files[os.path.relpath(full, tree)] = contents.listed(full)
    listing = _write(os.path.join(tree, prefixes.FILES), files)
    size = sum(entry['size'] for entry in files.values()) + listing
    _write(os.path.join(tree, prefixes.MANIFEST), dict(manifest, files=len(files), unpacked_bytes=size, built=made))


def _write(path, value):
    text = json.dumps(value, indent=1, sort_keys=True) + '\n'
    with io.open(path, 'wb') as out:
        out.write(text.encode('utf-8'))
    os.chmod(path, 0o644)
    return len(text)


def _read(prefix):
    with io.open(os.path.join(prefix, prefixes.MANIFEST), encoding='utf-8') as handle:
        return prefixes.parse_manifest(handle.read(), prefix)
