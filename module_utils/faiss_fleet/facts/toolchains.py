# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds what could build FAISS on the host: gcc, the devtoolsets under /opt/rh, cmake, a BLAS to link with."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re

MOST_DEVTOOLSETS = 16
DEVTOOLSETS = '/opt/rh/*toolset-*/root/usr/bin/gcc'
# gcc 7 and newer print the whole version for the first, older ones know only the second.
GCC_VERSION = ['-dumpfullversion', '-dumpversion']

# What a linker takes. The files with a version behind .so are for programs that were linked already.
BLAS = ('libopenblas.so', 'libopenblas.a', 'libmkl_rt.so', 'libblas.so')
LIBRARY_DIRECTORIES = ('/usr/local/lib64', '/usr/local/lib', '/usr/lib64', '/usr/lib/*-linux-gnu*', '/usr/lib',
                       '/opt/OpenBLAS/lib', '/opt/intel/mkl/lib/intel64', '/opt/intel/oneapi/mkl/latest/lib')


def devtoolsets(host):
    found = [path for path in host.glob(DEVTOOLSETS) if host.is_program(path)]
    if len(found) > MOST_DEVTOOLSETS:
        host.gap('toolchains', 'Only the first %d of %d devtoolsets are listed.' % (MOST_DEVTOOLSETS, len(found)))
    return found[:MOST_DEVTOOLSETS]


def cmakes(host):
    # EPEL's newer cmake on CentOS 7 is called cmake3.
    return [path for path in (host.which('cmake3'), host.which('cmake')) if path]


def commands(host):
    compilers = [path for path in devtoolsets(host) + [host.which('gcc')] if path]
    wanted = dict((('toolchain', path), [path] + GCC_VERSION) for path in compilers)
    wanted.update((('toolchain', path), [path, '--version']) for path in cmakes(host))
    return wanted


def parse_version(text):
    """'12.2.0' of what gcc or cmake print; None when it is no version."""
    match = re.search(r'(?:^|version )([0-9]+(?:\.[0-9]+)*)', text.strip())
    return match.group(1) if match else None


def blas(host):
    """Path of the library that a build would link; None when there is none, or only what programs run with."""
    found = (path for name in BLAS for place in LIBRARY_DIRECTORIES for path in host.glob(posixpath.join(place, name)))
    return next(found, None)


def cxx(host, gcc):
    """The C++ compiler beside a gcc; None when only C came with it."""
    path = posixpath.join(posixpath.dirname(gcc), 'g++')
    return path if host.is_program(path) else None


def _entry(results, path):
    result = results[('toolchain', path)]
    version = parse_version(result.out) if result.rc == 0 else None
    said = (result.err or result.out).strip()[:300]
    return {'path': path, 'version': version, 'error': None if version else result.error or 'It said: %s' % said}


def describe(host, results):
    """The record's "toolchains"."""
    gcc = host.which('gcc')
    found = [_entry(results, path) for path in cmakes(host)]
    sets = [dict(_entry(results, path), name=path.split('/')[3], cxx=cxx(host, path)) for path in devtoolsets(host)]
    return {'gcc': dict(_entry(results, gcc), cxx=cxx(host, gcc)) if gcc else None,
            'cmake': found[0] if found else None, 'devtoolsets': sets, 'blas': blas(host)}
