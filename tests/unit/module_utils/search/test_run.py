# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packages named faiss that fail in every way, run in real processes by the Python that runs these tests."""
from __future__ import absolute_import, division, print_function

import json
import os
import platform
import sys
import tempfile
import time

import pytest

from ansible.module_utils.faiss_fleet.search import run as search_test
from ansible.module_utils.faiss_fleet.errors import AuditError

from tests import needs

WORKLOAD = {'n': 1000, 'd': 8, 'k': 3, 'queries': 5, 'threads': 1, 'seed': 1,
            'indexes': ['flat', 'ivf', 'hnsw'], 'figures': False}

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
    """A function from the text of faiss/__init__.py to the evidence. It leaves the temporary directory empty."""
    temporary = tmpdir.mkdir('tmp')
    monkeypatch.setattr(tempfile, 'tempdir', str(temporary))

    def run(text, timeout=20, memory_limit_mb=0, files=(), argv=None, **environ):
        site = tmpdir.mkdir('site')
        site.mkdir('faiss').join('__init__.py').write(text)
        for name, content in files:
            site.join(name).write(content)
        runtime = {'kind': 'python', 'argv': argv or [sys.executable], 'env': {'PYTHONPATH': str(site)}, 'prefix': None}
        result = search_test.run('fake', runtime, WORKLOAD, timeout, memory_limit_mb, dict(os.environ, **environ))
        assert temporary.listdir() == []
        return json.loads(json.dumps(result))['evidence']
    return run


@pytest.mark.parametrize('text, signal', [
    pytest.param('import os, signal; os.kill(os.getpid(), signal.SIGILL)', 'SIGILL', id='SIGILL'),
    pytest.param(ILLEGAL_INSTRUCTION % UNDEFINED.get(platform.machine(), ''), 'SIGILL', id='illegal instruction'),
    pytest.param('import ctypes; ctypes.string_at(0)', 'SIGSEGV', id='null pointer'),
    pytest.param('import os; os.write(2, b"terminate called after"); os.abort()', 'SIGABRT', id='abort'),
    pytest.param('import os, signal; os.kill(os.getpid(), signal.SIGTERM)', 'SIGTERM', id='SIGTERM'),
])
def test_a_signal_and_the_stage_are_evidence(runs, text, signal):
    found = runs(text)
    assert (found['outcome']['signal'], found['outcome']['exit_code']) == (signal, None), found
    assert found['said']['stage'] == 'import' and found['said']['failed'] is None
    assert found['said']['found']['python_version'] == '%d.%d.%d' % sys.version_info[:3]
    if 'terminate' in text:
        assert 'terminate called after' in found['outcome']['log']


@pytest.mark.parametrize('text, kind, words', [
    pytest.param('import sys; sys.exit(0)', 'SystemExit', '0', id='sys.exit'),
    pytest.param('raise ImportError("libgomp.so.1: cannot open shared object file")', 'ImportError', 'libgomp.so.1',
                 id='missing library'),
    pytest.param('raise MemoryError()', 'MemoryError', '', id='MemoryError'),
    pytest.param('raise Exception(b"caf\\xe9".decode("latin-1"))', 'Exception', '', id='a message beyond ASCII'),
    pytest.param(FLOOD, 'ImportError', 'libgomp', id='flood of both pipes'),
    pytest.param('hog = bytearray(2 << 30)', 'MemoryError', '', id='more memory than allowed'),
])
def test_an_exception_is_evidence(runs, text, kind, words):
    found = runs(text, memory_limit_mb=1024 if 'hog' in text else 0)
    assert found['said']['failed']['type'] == kind and words in found['said']['failed']['message']
    assert found['outcome']['exit_code'] == 0 and found['said']['stage'] == 'import'


@pytest.mark.parametrize('status', [0, 132])
def test_a_silent_end_is_evidence(runs, status):
    found = runs('import os; os._exit(%d)' % status)
    assert (found['outcome']['exit_code'], found['said']['stage'], found['said']['failed']) == (status, 'import', None)


def test_a_hang_ends_at_its_time(runs):
    found = runs('import time; time.sleep(600)', timeout=1)
    assert found['outcome']['timed_out'] is True and found['said']['stage'] == 'import'
    assert found['outcome']['seconds'] < 15


def test_a_forged_answer_is_not_believed(runs):
    forged = json.dumps({'stage': 'done', 'found': {'known_answer': True, 'save_load': True, 'indexes': []}})
    line = 'faiss-fleet-answer 0123456789abcdef0123456789abcdef ' + forged
    found = runs('import os\nos.write(1, b"""\n%s\n""")\nos._exit(0)' % line)
    assert found['said']['stage'] == 'import' and 'known_answer' not in found['said']['found']


def test_what_a_start_up_file_prints_is_kept_apart_from_the_answers(runs):
    noisy = 'import sys; sys.stdout.write("Welcome to this host, half a line"); sys.stdout.flush()'
    found = runs('print("hello from faiss"); raise ImportError("no")', files=[('sitecustomize.py', noisy)])
    assert found['said']['failed']['type'] == 'ImportError'
    assert 'half a line' in found['said']['garbage'] and 'hello from faiss' in found['outcome']['log']


def test_another_program_in_place_of_python_says_nothing(runs):
    found = runs('', argv=['/bin/cat'])
    assert found['said']['stage'] is None and found['said']['garbage_bytes'] > 0


def test_an_interpreter_that_is_not_there(runs):
    error = runs('', argv=['/no/such/python'])['outcome']['start_error']
    assert error['errno'] == 'ENOENT' and '/no/such/python' in error['message']


@pytest.mark.parametrize('here', [False, True])
def test_a_host_without_faiss(tmpdir, monkeypatch, here):
    if here:
        # A directory of that name in the working directory is not FAISS.
        tmpdir.mkdir('faiss').join('__init__.py').write('raise MemoryError()')
        monkeypatch.chdir(tmpdir)
    runtime = {'kind': 'python', 'argv': [sys.executable, '-S'], 'env': {}, 'prefix': None}
    found = search_test.run('none', runtime, WORKLOAD, 20, 0, {'PATH': os.environ['PATH']})['evidence']
    assert 'No module named' in found['said']['failed']['message']


def test_the_callers_surroundings_do_not_reach_the_child(runs):
    text = 'import os; raise Exception("env: " + " ".join(sorted(os.environ)))'
    found = runs(text, LD_PRELOAD='/no/such.so', PYTHONSTARTUP='/x', http_proxy='http://user:secret@proxy',
                 FAISS_OPT_LEVEL='x', PYTHONHASHSEED='0')
    names = found['said']['failed']['message'].split('env: ')[1].split()
    assert not {'LD_PRELOAD', 'PYTHONSTARTUP', 'http_proxy', 'FAISS_OPT_LEVEL', 'PYTHONHASHSEED'} & set(names)
    assert {'OMP_NUM_THREADS', 'PYTHONNOUSERSITE', 'PYTHONDONTWRITEBYTECODE', 'TMPDIR', 'PYTHONPATH'} <= set(names)


def test_a_full_temporary_directory_is_evidence(monkeypatch):
    def full(**_options):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(tempfile, 'mkdtemp', full)
    runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {}, 'prefix': None}
    found = search_test.run('x', runtime, WORKLOAD, 20, 0)
    assert found['evidence']['outcome']['start_error']['errno'] == 'ENOSPC'


def test_what_faiss_started_in_a_session_of_its_own_does_not_survive(runs, tmpdir):
    pid_file = tmpdir.join('pid')
    found = runs('\n'.join([
        'import os, time',
        'if os.fork() == 0:',
        '    os.setsid()',
        '    if os.fork() == 0:',
        '        open(%r, "w").write(str(os.getpid()))' % str(pid_file),
        '        time.sleep(600)',
        '    os._exit(0)',
        'while not os.path.exists(%r) or not os.path.getsize(%r): time.sleep(0.01)' % ((str(pid_file),) * 2),
        'raise ImportError("no")']))
    assert found['said']['failed']['message'].endswith('no')
    pid = pid_file.read()
    for _round in range(100):
        if not os.path.exists('/proc/' + pid):
            return
        with open('/proc/%s/stat' % pid) as stat:
            if stat.read().rsplit(')', 1)[1].split()[0] == 'Z':
                return
        time.sleep(0.05)
    os.kill(int(pid), 9)
    pytest.fail('it is still there')


@pytest.mark.parametrize('kind', ['browser'])
def test_a_kind_that_has_no_program_says_so(kind):
    result = search_test.run('x', {'kind': kind, 'argv': ['node'], 'env': {}, 'prefix': None}, WORKLOAD, 20, 0)
    assert kind in result['evidence']['refused']


@pytest.mark.parametrize('kind, limit, expected', [
    ('python', 512, ['-']),
    ('container', 0, ['-']),
    ('node', 512, ['--expose-gc', '--max-old-space-size=512', '/tmp/x/programs/faiss_node.js']),
    ('js', 0, ['--expose-gc', '/tmp/x/programs/js_fallback.js']),
])
def test_arguments(kind, limit, expected):
    assert search_test.arguments(kind, limit, '/tmp/x') == expected


@pytest.mark.parametrize('kind', ['python', 'node'])
def test_what_the_child_reads_is_ascii_whatever_the_parameters_are(kind):
    text = search_test.script({'name': u'a "quoted" \u20ac', 'figures': False}, '0' * 32, kind, {})
    text.encode('ascii')
    assert '0' * 32 in text


def test_files_that_were_not_sent_are_named():
    runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {}, 'prefix': None}
    with pytest.raises(AuditError) as caught:
        search_test.run('x', runtime, dict(WORKLOAD, figures=True), 20, 0)
    assert 'programs/faiss_figures.py, which was not sent' in str(caught.value)


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


# The brief test's own steps in the place of those that measure.
FIGURES = {'programs/faiss_figures.py': b'from .faiss_child import Test as FiguresTest\n'}


def test_python_keeps_what_it_compiled_in_a_prefix_of_ours_and_nowhere_else(tmpdir):
    module = tmpdir.mkdir('site').join('faiss.py')
    for prefix, kept in ((None, False), (str(tmpdir), True)):
        module.write('import helper\n')
        tmpdir.join('site', 'helper.py').write('1\n')
        runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {'PYTHONPATH': str(module.dirpath())},
                   'prefix': prefix}
        search_test.run('x', runtime, dict(WORKLOAD, figures=True), 20, 0, files=FIGURES)
        names = [path.basename for path in module.dirpath().visit() if path.basename.endswith('.pyc')]
        assert bool(names) is kept, (prefix, names)


@pytest.mark.parametrize('part', ['program', 'prefix', 'site'])
def test_root_starts_nothing_that_another_user_could_replace(tmpdir, part):
    needs.root()
    mark = tmpdir.join('started')
    program = tmpdir.ensure('prefix/bin/python')
    program.write('#!/bin/sh\ntouch %s\n' % mark)
    program.chmod(0o755)
    site = tmpdir.ensure('site', dir=True)
    foreign = {'program': program, 'prefix': tmpdir.join('prefix'), 'site': site}[part]
    os.chown(str(foreign), 54321, 54321)
    runtime = {'kind': 'python', 'argv': [str(program)], 'env': {'PYTHONPATH': str(site)},
               'prefix': str(tmpdir.join('prefix'))}
    found = search_test.run('a', runtime, dict(search_test.WORKLOAD, indexes=['flat'], figures=False), 5, 0)
    assert found['evidence'] == {
        'cause': 'permission_denied',
        'refused': '%s is owned by user id 54321: root starts nothing that another user could replace' % foreign}
    assert not mark.exists()
    assert search_test.foreign_part(runtime, euid=lambda: 54321) is None
