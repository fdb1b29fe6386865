# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds what could build FAISS on the host: gcc, the devtoolsets under /opt/rh, cmake."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

DEVTOOLSETS = '/opt/rh/*toolset-*/root/usr/bin/gcc'
# gcc 7 and newer print the whole version for the first, older ones know only the second.
GCC_VERSION = ['-dumpfullversion', '-dumpversion']


def devtoolsets(host):
    return [path for path in host.glob(DEVTOOLSETS) if host.is_program(path)][:8]


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


def _entry(results, path):
    result = results[('toolchain', path)]
    version = parse_version(result.out) if result.rc == 0 else None
    said = (result.err or result.out).strip()[:300]
    return {'path': path, 'version': version, 'error': None if version else result.error or 'It said: %s' % said}


def describe(host, results):
    """The record's "toolchains"."""
    gcc = host.which('gcc')
    found = [_entry(results, path) for path in cmakes(host)]
    sets = [dict(_entry(results, path), name=path.split('/')[3]) for path in devtoolsets(host)]
    return {'gcc': _entry(results, gcc) if gcc else None, 'cmake': found[0] if found else None, 'devtoolsets': sets}
