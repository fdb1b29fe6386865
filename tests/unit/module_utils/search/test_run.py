# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packages named faiss that fail in every way, run in real processes by the Python that runs these tests."""
from __future__ import absolute_import, division, print_function

import json
import os
import platform
import sys
import tempfile

import pytest

from ansible.module_utils.faiss_fleet.search import run as search_test
from ansible.module_utils.faiss_fleet.errors import AuditError

WORKLOAD = {'n': 1000, 'd': 8, 'k': 3, 'queries': 5, 'threads': 1, 'seed': 1, 'indexes': ['flat', 'ivf', 'hnsw']}

# An instruction that no processor has, by the machine it is for.
UNDEFINED = {'x86_64': r'\x0f\x0b', 'i686': r'\x0f\x0b', 'aarch64': r'\x00\x00\x00\x00'}
ILLEGAL_INSTRUCTION = r'''
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b'%s')
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
ctypes.CFUNCTYPE(None)(address)()
'''
FLOOD = '''
import os
for _ in range(300):
    os.write(1, b'o' * 65536)
    os.write(2, b'e' * 65536)
raise ImportError('libgomp.so.1: cannot open shared object file: No such file or directory')
'''


@pytest.fixture
def runs(tmpdir, monkeypatch):
    """A function from the text of faiss/__init__.py to the verification. It leaves the temporary folder empty."""
    temporary = tmpdir.mkdir('tmp')
    monkeypatch.setattr(tempfile, 'tempdir', str(temporary))

    def run(text, timeout=20, memory_limit_mb=0, files=(), argv=None, **environ):
        site = tmpdir.mkdir('site')
        site.mkdir('faiss').join('__init__.py').write(text)
        for name, content in files:
            site.join(name).write(content)
        runtime = {'kind': 'python', 'argv': argv or [sys.executable], 'env': {'PYTHONPATH': str(site)}, 'prefix': None}
        result = search_test.run('fake', runtime, WORKLOAD, timeout, memory_limit_mb, {}, dict(os.environ, **environ))
        assert temporary.listdir() == []
        json.dumps(result)
        return result
    return run


@pytest.mark.parametrize('text, cause, signal', [
    pytest.param('import os, signal; os.kill(os.getpid(), signal.SIGILL)', 'cpu_isa', 'SIGILL', id='SIGILL'),
    pytest.param(ILLEGAL_INSTRUCTION % UNDEFINED.get(platform.machine(), ''), 'cpu_isa', 'SIGILL',
                 id='illegal instruction'),
    pytest.param('import ctypes; ctypes.string_at(0)', 'segfault', 'SIGSEGV', id='null pointer'),
    pytest.param('import os; os.abort()', 'abort', 'SIGABRT', id='abort'),
    pytest.param('import os; os.write(2, b"terminate called after throwing \'std::bad_alloc\'"); os.abort()',
                 'out_of_memory', 'SIGABRT', id='bad_alloc'),
    pytest.param('import os, signal; os.kill(os.getpid(), signal.SIGTERM)', 'interrupted', 'SIGTERM', id='SIGTERM'),
    pytest.param('import sys; sys.exit(0)', 'garbage_output', None, id='sys.exit'),
    pytest.param('import os; os._exit(0)', 'garbage_output', None, id='silent end'),
    pytest.param('import os; os._exit(132)', 'cpu_isa', 'SIGILL', id='an engine reports SIGILL'),
    pytest.param('raise ImportError("libgomp.so.1: cannot open shared object file: No such file or directory")',
                 'missing_shared_lib', None, id='missing library'),
    pytest.param('raise MemoryError()', 'out_of_memory', None, id='MemoryError'),
    pytest.param('import surely_not_there_1', 'not_installed', None, id='a dependency is missing'),
    pytest.param('raise Exception(b"caf\\xe9".decode("latin-1"))', 'unknown', None, id='a message beyond ASCII'),
    pytest.param(FLOOD, 'missing_shared_lib', None, id='flood of both pipes'),
])
def test_every_failure_of_a_package_is_a_result(runs, text, cause, signal):
    result = runs(text)
    assert (result['ok'], result['cause'], result['signal']) == (False, cause, signal), result
    assert result['stage'] == 'import'
    assert result['message'] and result['remedy']
    assert result['python_version'] == '%d.%d.%d' % sys.version_info[:3]


def test_a_hang_ends_at_its_time(runs):
    result = runs('import time; time.sleep(600)', timeout=1)
    assert (result['cause'], result['stage']) == ('timeout', 'import')
    assert result['seconds'] < 15


def test_more_memory_than_allowed_is_out_of_memory(runs):
    result = runs('hog = bytearray(2 << 30)', memory_limit_mb=1024)
    assert result['cause'] == 'out_of_memory'


def test_a_forged_answer_is_not_believed(runs):
    forged = json.dumps({'stage': 'done', 'found': {'known_answer': True, 'save_load': True, 'indexes': []}})
    line = 'faiss-fleet-answer 0123456789abcdef0123456789abcdef ' + forged
    result = runs('import os\nos.write(1, b"""\n%s\n""")\nos._exit(0)' % line)
    assert (result['ok'], result['cause']) == (False, 'garbage_output')


def test_what_a_start_up_file_prints_is_kept_apart_from_the_answers(runs):
    noisy = 'import sys; sys.stdout.write("Welcome to this host, half a line"); sys.stdout.flush()'
    result = runs('print("hello from faiss"); raise ImportError("libgomp.so.1: cannot open shared object file")',
                  files=[('sitecustomize.py', noisy)])
    assert result['cause'] == 'missing_shared_lib'
    assert 'half a line' in result['log'] and 'hello from faiss' in result['log']
    assert 'beside the answers' in result['warnings'][0]


def test_another_program_in_place_of_python_is_garbage(runs):
    result = runs('', argv=['/bin/cat'])
    assert (result['ok'], result['cause'], result['stage']) == (False, 'garbage_output', None)


def test_an_interpreter_that_is_not_there(runs):
    assert runs('', argv=['/no/such/python'])['cause'] == 'python_missing'


def test_a_host_without_faiss():
    environ = {'PATH': os.environ['PATH']}
    runtime = {'kind': 'python', 'argv': [sys.executable, '-S'], 'env': {}, 'prefix': None}
    assert search_test.run('none', runtime, WORKLOAD, 20, 0, {}, environ)['cause'] == 'not_installed'


def test_a_folder_named_faiss_in_the_working_directory_is_not_faiss(tmpdir, monkeypatch):
    tmpdir.mkdir('faiss').join('__init__.py').write('raise MemoryError()')
    monkeypatch.chdir(tmpdir)
    runtime = {'kind': 'python', 'argv': [sys.executable, '-S'], 'env': {}, 'prefix': None}
    assert search_test.run('none', runtime, WORKLOAD, 20, 0, {}, {})['cause'] == 'not_installed'


def test_the_callers_surroundings_do_not_reach_the_child(runs):
    text = 'import os; raise Exception("env: " + " ".join(sorted(os.environ)))'
    result = runs(text, LD_PRELOAD='/no/such.so', PYTHONSTARTUP='/x', http_proxy='http://user:secret@proxy',
                  FAISS_OPT_LEVEL='x', PYTHONHASHSEED='0')
    names = result['message'].split('env: ')[1].split()
    assert not {'LD_PRELOAD', 'PYTHONSTARTUP', 'http_proxy', 'FAISS_OPT_LEVEL', 'PYTHONHASHSEED'} & set(names)
    assert {'OMP_NUM_THREADS', 'PYTHONNOUSERSITE', 'PYTHONDONTWRITEBYTECODE', 'TMPDIR', 'PYTHONPATH'} <= set(names)


def test_a_full_temporary_folder_is_an_answer(monkeypatch):
    def full(**_options):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(tempfile, 'mkdtemp', full)
    runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {}, 'prefix': None}
    assert search_test.run('x', runtime, WORKLOAD, 20, 0)['cause'] == 'disk_full'


@pytest.mark.parametrize('kind', ['browser'])
def test_a_kind_that_has_no_child_yet_says_so(kind):
    result = search_test.run('x', {'kind': kind, 'argv': ['node'], 'env': {}, 'prefix': None}, WORKLOAD, 20, 0)
    assert result['ok'] is False and kind in result['message']


@pytest.mark.parametrize('change, timeout, memory, recall, words', [
    pytest.param({'n': 0}, 1, 0, {}, 'workload.n is 0', id='no vectors'),
    pytest.param({'d': -1}, 1, 0, {}, 'workload.d is -1', id='negative'),
    pytest.param({'k': 2000}, 1, 0, {}, 'more than the 1000 vectors', id='k beyond n'),
    pytest.param({'seed': 2 ** 32}, 1, 0, {}, 'workload.seed', id='seed too large'),
    pytest.param({'indexes': []}, 1, 0, {}, 'workload.indexes is empty', id='no index'),
    pytest.param({'indexes': ['flat', 'flat']}, 1, 0, {}, 'each once', id='twice the same'),
    pytest.param({'indexes': ['pq']}, 1, 0, {}, 'pq', id='unknown index'),
    pytest.param({}, 0, 0, {}, 'timeout is 0', id='no time'),
    pytest.param({}, 1, -1, {}, 'memory_limit_mb -1', id='negative memory'),
    pytest.param({}, 1, 0, {'ivf': 90}, 'min_recall.ivf is 90', id='a percentage'),
])
def test_what_cannot_be_measured_is_refused_before_anything_starts(change, timeout, memory, recall, words):
    with pytest.raises(AuditError) as caught:
        search_test.check_workload(dict(WORKLOAD, **change), timeout, memory, recall)
    assert words in str(caught.value)


def test_the_kernel_counts_its_kills_or_does_not(tmpdir):
    counters = tmpdir.join('vmstat')
    counters.write('nr_free_pages 5\noom_kill 3\n')
    assert search_test.oom_kills(str(counters)) == 3
    counters.write('nr_free_pages 5\n')
    assert search_test.oom_kills(str(counters)) is None
    assert search_test.oom_kills(str(tmpdir.join('none'))) is None


def test_python_keeps_what_it_compiled_in_a_prefix_of_ours_and_nowhere_else(tmpdir):
    module = tmpdir.mkdir('site').join('faiss.py')
    for prefix, kept in ((None, False), (str(tmpdir), True)):
        module.write('import helper\n')
        tmpdir.join('site', 'helper.py').write('1\n')
        runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {'PYTHONPATH': str(module.dirpath())},
                   'prefix': prefix}
        search_test.run('x', runtime, dict(WORKLOAD, figures=True), 20, 0)
        names = [path.basename for path in module.dirpath().visit() if path.basename.endswith('.pyc')]
        assert bool(names) is kept, (prefix, names)
