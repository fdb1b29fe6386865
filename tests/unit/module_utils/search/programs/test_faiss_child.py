# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import subprocess
import sys
import types

import pytest

from ansible.module_utils.faiss_fleet.search.programs import faiss_child as search_child
from tests import needs


@pytest.mark.parametrize('modules, files, level, expected', [
    pytest.param(['faiss.swigfaiss', 'faiss._swigfaiss'], ['/x/faiss/_swigfaiss.cpython-36m-x86_64-linux-gnu.so'], None,
                 ('generic', 'mapped file'), id='1.7.2'),
    pytest.param(['faiss.swigfaiss_avx2'], ['/lib/libc.so.6', '/x/_swigfaiss_avx2.cpython-37m-x86_64-linux-gnu.so'],
                 None, ('avx2', 'mapped file'), id='1.7.4'),
    pytest.param(['faiss.swigfaiss_avx512'], ['/x/faiss/_swigfaiss_avx512.cpython-313-x86_64-linux-gnu.so'], None,
                 ('avx512', 'mapped file'), id='1.9.0'),
    pytest.param(['faiss.swigfaiss_avx512_spr'], ['/x/_swigfaiss_avx512_spr.so'], None,
                 ('avx512_spr', 'mapped file'), id='a name of two words'),
    pytest.param(['faiss.swigfaiss'], ['/x/_swigfaiss_avx2.so', '/x/_swigfaiss.so'], None,
                 ('generic', 'mapped file'), id='the avx2 build gave up after it was mapped'),
    pytest.param(['faiss.swigfaiss'], ['/x/_swigfaiss_avx2.so'], None, ('avx2', 'mapped file'), id='file before name'),
    pytest.param(['faiss.swigfaiss_avx2', 'faiss.contrib', 'os'], [], None, ('avx2', 'module'), id='no /proc'),
    pytest.param(['faiss.swigfaiss'], ['/x/_swigfaiss.abi3.so'], 'AVX512_SPR', ('avx512_spr', 'dispatch at run time'),
                 id='1.15.1'),
    pytest.param(['faiss.swigfaiss'], ['/x/_swigfaiss.abi3.so'], 'NONE', ('generic', 'dispatch at run time'),
                 id='no SIMD'),
    pytest.param(['faiss'], ['/lib/libc.so.6'], None, (None, None), id='another faiss'),
])
def test_the_loaded_build_is_known_by_its_file(modules, files, level, expected):
    assert search_child.isa_loaded(modules, files, level) == expected


@pytest.mark.parametrize('beside, said, expected', [
    pytest.param('faiss_cpu-1.9.0.post1.dist-info', '1.9.0', '1.9.0.post1', id='post release'),
    pytest.param('faiss_cpu-1.6.1.dist-info', None, '1.6.1', id='no __version__'),
    pytest.param('faiss-1.7.3-py3.11.egg-info', '1.7.3', '1.7.3', id='distribution package'),
    pytest.param('faiss-1.7.4.egg-info', '1.7.4', '1.7.4', id='plain egg-info'),
    pytest.param('faiss_cpu-1.5.0.dist-info', '1.9.0', '1.9.0', id="another one's leftover"),
    pytest.param(None, '1.7.2', '1.7.2', id='nothing beside it'),
    pytest.param(None, None, None, id='nothing at all'),
])
def test_the_version_is_the_distributions(tmpdir, beside, said, expected):
    tmpdir = tmpdir.mkdir('site [1]')
    package = types.ModuleType('faiss')
    package.__file__ = str(tmpdir.join('faiss', '__init__.py'))
    if said:
        package.__version__ = said
    if beside:
        tmpdir.mkdir(beside)
    assert search_child.faiss_version(package) == expected


def test_text_survives_json_whatever_bytes_are_in_it():
    assert search_child.text_of(b'caf\xe9') == u'caf\ufffd'
    assert search_child.text_of(u'caf\u00e9') == u'caf\u00e9'


def test_peak_memory_is_read():
    assert 10 ** 6 < search_child.peak_rss() < 10 ** 11


def test_mapped_files_hold_the_c_library():
    assert any('libc' in path for path in search_child.mapped_files())


@pytest.mark.parametrize('body, status', [
    pytest.param('import time; time.sleep(60)', 128 + 14, id='a hang ends by the alarm'),
    pytest.param('os.kill(os.getpid(), 11)', 128 + 11, id='a crash is told as one'),
    pytest.param('sys.exit(7)', 7, id='an exit status stays'),
])
def test_the_first_process_of_a_container_without_init_ends_as_any_other(body, status):
    needs.root()
    program = 'import os, sys\nfrom faiss_child import prepare\nassert os.getpid() == 1\n'
    program += "prepare({'timeout': -4, 'threads': 1, 'memory_limit_mb': 0})\n" + body
    # As in a container: a process namespace of its own, and nobody else in it.
    argv = [needs.command('unshare'), '--pid', '--fork', sys.executable, '-c', program]
    env = {'PYTHONPATH': search_child.__file__.rpartition('/')[0], 'PATH': '/usr/bin:/bin'}
    assert subprocess.call(argv, env=env) == status
