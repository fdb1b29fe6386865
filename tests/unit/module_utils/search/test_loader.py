# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The test through the loader where it goes wrong. Real FAISS through it: tests/integration/test_loaders.py."""
from __future__ import absolute_import, division, print_function

import io
import os
import sys

import pytest

from ansible.module_utils.faiss_fleet.search import loader as loader_test, run as search_test

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
PROGRAMS = 'module_utils/faiss_fleet/search/programs'
WORKLOAD = {'n': 50, 'd': 4, 'k': 3, 'queries': 5, 'threads': 1, 'seed': 1}
# The Python that runs the loader: this one, or where this one is too old for it, that of the PATH.
NEW = None if sys.version_info[:2] >= loader_test.OLDEST else ('python3', (3, 11))


def python(*argv):
    return {'kind': 'python', 'argv': list(argv) or [sys.executable], 'env': {'A': 'b'}, 'prefix': None}


def surroundings(env, temporary):
    return dict(os.environ, TMPDIR=temporary, **env)


def files():
    """The loader for Python and the program that searches through it, as they are sent."""
    found = {}
    loader = ('loaders/python/faiss_fleet_loader', 'python/faiss_fleet_loader')
    for directory, prefix in (loader, (PROGRAMS, 'programs')):
        directory = os.path.join(ROOT, directory)
        for name in os.listdir(directory):
            if name.endswith(('.py', '.js')):
                with io.open(os.path.join(directory, name), 'rb') as source:
                    found['%s/%s' % (prefix, name)] = source.read()
    return found


def run(runtime, timeout=30, version=None, own=None):
    return loader_test.observed(search_test.observe, runtime, WORKLOAD, timeout, surroundings, files(), version, own)


@pytest.mark.parametrize('kind, own, expected', [
    ('python', ('/usr/bin/python3', (3, 6)), (['/usr/bin/python3'], {})),
    ('container', ('/usr/bin/python3', (3, 13)), (['/usr/bin/python3'], {})),
    ('python', ('/usr/bin/python', (2, 7)), (['/opt/p/bin/python'], {'A': 'b'})),
    ('python', ('', (3, 8)), (['/opt/p/bin/python'], {'A': 'b'})),
    ('container', ('/usr/bin/python', (2, 7)), None),
])
def test_which_python_runs_the_loader(kind, own, expected):
    assert loader_test.interpreter(dict(python('/opt/p/bin/python'), kind=kind), own) == expected


def test_without_a_python_for_the_loader_that_is_said_and_no_failure():
    found = run(dict(python('podman'), kind='container'), own=('/usr/bin/python', (2, 7)))
    assert list(found) == ['skipped'] and 'no Python 3.6' in found['skipped']


@pytest.mark.parametrize('version, expected', [
    ('2.7.18', True), ('3.5.9', True), ('3.6.0', False), ('3.13.0', False), (None, False), ('', False), ('odd', False)])
def test_which_python_is_too_old_for_the_worker(version, expected):
    assert loader_test.too_old(version) is expected


def test_a_python_that_no_worker_can_serve_is_refused():
    assert '2.7.18' in run(python(), version='2.7.18')['refused']


@pytest.mark.parametrize('argv, words', [
    pytest.param(['/nowhere/python'], 'which is not here any more', id='no interpreter'),
    pytest.param([sys.executable, '-c', 'import sys; sys.exit("gone")'], 'gone', id='it dies'),
    pytest.param([sys.executable, '-c', 'print("hello" * 9)'], 'no frame', id='nonsense'),
])
def test_what_the_application_would_get_is_the_evidence(argv, words):
    found = run(python(*argv), own=NEW)
    assert words in found['said']['failed']['message'], found


def test_a_node_that_is_not_there():
    found = run(dict(python('/nowhere/node'), kind='node'))
    assert found['outcome']['start_error']['errno'] == 'ENOENT'


def test_a_hang_ends_in_time():
    found = run(python(sys.executable, '-c', 'import time; time.sleep(60)'), timeout=2, own=NEW)
    assert found['outcome']['timed_out'] is True


def test_what_a_child_reads_is_ascii_and_carries_what_it_is_asked():
    for kind in ('python', 'node'):
        params = dict(WORKLOAD, runtime=dict(python(u'/caf\xe9'), kind=kind), directory='/x')
        _argv, text = loader_test.command_of(kind, ['x'], params, 'start 0 ', files())
        text.encode('ascii')
        assert 'start 0 ' in text
