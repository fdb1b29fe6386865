# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The test through the loader where it goes wrong. Real FAISS through it: tests/integration/test_loaders.py."""
from __future__ import absolute_import, division, print_function

import io
import os
import sys

import pytest

from ansible.module_utils.faiss_fleet.causes import diagnose as causes
from ansible.module_utils.faiss_fleet.search import loader as loader_test, loader_texts

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
WORKLOAD = {'n': 50, 'd': 4, 'k': 3, 'queries': 5, 'threads': 1, 'seed': 1}
# The Python that runs the loader: this one, or where this one is too old for it, that of the PATH.
NEW = None if sys.version_info[:2] >= loader_test.OLDEST else ('python3', (3, 11))


def python(*argv):
    return {'kind': 'python', 'argv': list(argv) or [sys.executable], 'env': {'A': 'b'}, 'prefix': None}


def surroundings(env, temporary):
    return dict(os.environ, TMPDIR=temporary, **env)


def run(runtime, timeout=30, version=None, own=None):
    return loader_test.run(runtime, WORKLOAD, timeout, surroundings, version, own)


def test_the_texts_are_the_loaders():
    loaders = os.path.join(ROOT, 'loaders')
    names = ['node/index.js']
    for folder, ending in (('python/faiss_fleet_loader', '.py'), ('node/lib', '.js')):
        found = os.listdir(os.path.join(loaders, folder))
        names += ['%s/%s' % (folder, name) for name in found if name.endswith(ending)]
    assert sorted(names) == sorted(loader_texts.TEXTS), 'run tools/embed-loaders'
    for name in names:
        with io.open(os.path.join(loaders, name), encoding='ascii') as source:
            assert source.read() == loader_texts.TEXTS[name], 'run tools/embed-loaders'


def test_they_are_written_as_they_are(tmpdir):
    loader_test.write_texts(str(tmpdir))
    with io.open(os.path.join(ROOT, 'loaders', 'node', 'lib', 'protocol.js'), encoding='ascii') as source:
        assert tmpdir.join('node', 'lib', 'protocol.js').read() == source.read()
    assert tmpdir.join('python', 'faiss_fleet_loader', 'faiss_worker.py').check()


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
    assert found['loader'] is None and 'no Python 3.6' in found['warning'] and 'ok' not in found


@pytest.mark.parametrize('version, expected', [
    ('2.7.18', True), ('3.5.9', True), ('3.6.0', False), ('3.13.0', False), (None, False), ('', False), ('odd', False)])
def test_which_python_is_too_old_for_the_worker(version, expected):
    assert loader_test.too_old(version) is expected


def test_a_faiss_that_no_worker_can_serve_has_not_passed():
    found = run(python(), version='2.7.18')
    assert (found['ok'], found['cause'], found['loader'], found['stage']) == (False, 'loader_failed', None, 'loader')
    assert '2.7.18' in found['message'] and found['remedy'] == causes.remedy('loader_failed')


@pytest.mark.parametrize('kind, argv, words', [
    pytest.param('python', ['/nowhere/python'], 'which is not here any more', id='no interpreter'),
    pytest.param('python', [sys.executable, '-c', 'import sys; sys.exit("gone")'], 'gone', id='it dies'),
    pytest.param('python', [sys.executable, '-c', 'print("hello" * 9)'], 'no frame', id='nonsense'),
    pytest.param('node', ['/nowhere/node'], 'cannot be started', id='no Node'),
])
def test_what_the_application_would_get_is_the_finding(kind, argv, words):
    runtime = dict(python(*argv), kind=kind)
    found = run(runtime, own=NEW)
    assert (found['ok'], found['cause']) == (False, 'loader_failed')
    assert words in found['message'], found


def test_a_hang_ends_in_time():
    runtime = python(sys.executable, '-c', 'import time; time.sleep(60)')
    found = run(runtime, timeout=2, own=NEW)
    assert (found['ok'], found['cause']) == (False, 'loader_failed')
    assert 'within 2 s' in found['message']


def test_programs_are_ascii_and_carry_what_they_are_asked():
    for kind in ('python', 'node'):
        text = loader_test.script(dict(WORKLOAD, runtime=dict(python(u'/caf\xe9'), kind=kind)), '0' * 32)
        text.encode('ascii')
        assert '0' * 32 in text
