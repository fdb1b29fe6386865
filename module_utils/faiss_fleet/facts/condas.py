# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds conda, mamba and micromamba; versions are read from conda-meta, as starting conda costs half a second."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re

ROOTS = ('/opt/conda', '/opt/*conda*', '/opt/*forge*', '/opt/mamba*', '/usr/local/*conda*', '/usr/local/*forge*',
         '~/*conda*', '~/*forge*', '~/.*conda*')
MOST_ROOTS = 100
MICROMAMBA = ('~/.local/bin', '~/bin', '/opt/micromamba/bin', '~/micromamba/bin')


def roots(host):
    """Directories of conda installations: each has a conda-meta; one without conda in it is an environment."""
    named = [posixpath.dirname(posixpath.dirname(host.real(path))) for path in
             [host.environ.get('CONDA_EXE') or host.which('conda') or ''] if path.startswith('/')]
    found, seen = [], set()
    for path in named + [path for pattern in ROOTS for path in host.glob(pattern.replace('~', host.home(), 1))]:
        if host.real(path) not in seen and host.is_dir(posixpath.join(path, 'conda-meta')):
            seen.add(host.real(path))
            found.append(path)
    if len(found) > MOST_ROOTS:
        host.gap('condas', 'Only the first %d of %d conda installations are listed; the first that is not is %s.'
                 % (MOST_ROOTS, len(found), found[MOST_ROOTS]))
    return found[:MOST_ROOTS]


def version_of(host, root, name):
    """Version of a package in an environment by the name of its record: conda-24.1.2-py311_0.json. None when absent."""
    for entry in host.names(posixpath.join(root, 'conda-meta')):
        match = re.match(r'^%s-([0-9][^-]*)-[^-]+\.json$' % re.escape(name), entry)
        if match:
            return match.group(1)
    return None


def micromamba(host):
    return host.which('micromamba', [directory.replace('~', host.home(), 1) for directory in MICROMAMBA])


def commands(host):
    path = micromamba(host)
    return {('conda', 'micromamba'): [path, '--version']} if path else {}


def describe(host, found, results):
    """The record's "condas"."""
    condas = []
    for root in found:
        for kind in ('conda', 'mamba'):
            path = posixpath.join(root, 'bin', kind)
            if host.is_program(path):
                version, error = version_of(host, root, kind), host.objection(path)
                if error:
                    host.gap('condas', error)
                elif version is None:
                    error = '%s/conda-meta holds no record of %s.' % (root, kind)
                condas.append({'path': path, 'kind': kind, 'root': root, 'version': version, 'error': error})
    result = results.get(('conda', 'micromamba'))
    if result:
        match = re.match(r'^([0-9]+(?:\.[0-9]+)+)\s*$', result.out)
        said = (result.err or result.out).strip()[:300]
        condas.append({'path': micromamba(host), 'kind': 'micromamba', 'root': None,
                       'version': match.group(1) if match else None,
                       'error': None if match else result.error or 'It said: %s' % said})
    return condas
