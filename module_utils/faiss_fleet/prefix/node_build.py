# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Builds faiss-node with a host's own cmake and compiler, from sources that came along; nothing is fetched."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re
import shutil

from .. import commands
from . import install as prefix_place, on_host, unpack
from ..errors import AuditError

TARGET = 'faiss-node'
BINARY = 'faiss-node.node'
RELEASE = 'node_modules/faiss-node/build/Release'
LOG = 'build.log'
# What the hungriest file of FAISS takes to compile. More jobs than fit would wake the kernel's killer.
MEMORY_PER_JOB = 700 << 20
DEVTOOLSET = re.compile(r'^(?P<root>/opt/rh/[^/]+/root)/usr/bin/[^/]+$')


def environment(compiler, work):
    """What the build runs in. A devtoolset's directories come first, as `scl enable` has it; no flag is inherited."""
    path = '%s:%s' % (os.path.dirname(compiler), on_host.SYSTEM_PATH)
    found = {'PATH': path, 'HOME': work, 'TMPDIR': work, 'LC_ALL': 'C'}
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

    def __init__(self, source, compiler, timeout, log):
        self.source, self.compiler, self.timeout, self.log = source, compiler, timeout, log
        self.deadline = commands.clock() + timeout

    def step(self, argv):
        env, left = environment(self.compiler, self.source), max(0.1, self.deadline - commands.clock())
        outcome, text = on_host.run(argv, env, self.source, left, self.log)
        if outcome.start_error is not None:
            raise AuditError('%s could not be started: %s' % (argv[0], outcome.start_error), cause='build_failed')
        if outcome.timed_out:
            remedy = 'Raise faiss_install__addon_timeout, or set faiss_install__node_build to controller.'
            raise AuditError('The build did not end within %d s; %s was ended and what it made was removed. %s'
                             % (self.timeout, argv[0], remedy), cause='timeout', remedy=remedy)
        if outcome.exit_code != 0:
            raise on_host.failure(argv[0], outcome, text, 'build_failed', 'Read the whole log of the build.')


def compiled(build, cmake, flags, at_once):
    """Path of the addon, after cmake was asked for it."""
    work = os.path.join(build.source, 'build')
    os.mkdir(work)
    build.step([cmake, '-S', os.path.join(build.source, 'source'), '-B', work, '-DCMAKE_BUILD_TYPE=None',
                '-DCMAKE_CXX_COMPILER=%s' % build.compiler, '-DCMAKE_CXX_FLAGS=%s' % flags])
    build.step([cmake, '--build', work, '--target', TARGET, '--parallel', str(at_once)])
    return os.path.join(work, BINARY)


def fill(partial, handle, params, which, log, meminfo, processors):
    """Makes the prefix `partial` out of the open archive of sources; returns its manifest."""
    source = partial + '-source'
    try:
        manifest = unpack.unpack(handle, source, params['digest'], params['archive'])
        cmake = tool(params['cmake'], 'cmake', 'CMake 3.17 or newer', which)
        compiler = tool(params['compiler'], 'g++', 'gcc-c++ 7 or newer', which)
        build = Build(source, compiler, params['timeout'], log)
        started = commands.clock()
        binary = compiled(build, cmake, params['flags'], params['jobs'] or jobs(meminfo, processors))
        made = {'compiler': compiler, 'cmake': cmake, 'seconds': round(commands.clock() - started, 1)}
        tree = os.path.join(source, 'prefix')
        release = os.path.join(tree, RELEASE)
        os.makedirs(release)
        os.chmod(binary, 0o755)
        os.rename(binary, os.path.join(release, BINARY))
        with io.open(os.path.join(tree, LOG), 'w', encoding='utf-8') as out:
            out.write(log.text())
        on_host.finish(tree, dict(manifest, built=made))
        os.rename(tree, partial)
        return prefix_place.read_manifest(partial)
    finally:
        shutil.rmtree(source, ignore_errors=True)
