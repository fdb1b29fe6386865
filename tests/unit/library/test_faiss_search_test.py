# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import json
import os
import subprocess
import sys
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PYTHON = {'kind': 'python', 'argv': ['/usr/bin/python3'], 'env': {}, 'prefix': None}
# Runs the module as Ansible would: arguments on standard input, one JSON answer on standard output.
START = '''
import sys
sys.path.insert(0, %r)
import conftest
from library_modules import faiss_search_test
faiss_search_test.main()
''' % os.path.join(ROOT, 'tests', 'unit')


def call(**params):
    child = subprocess.Popen([sys.executable, '-c', START], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, cwd=ROOT)
    out, err = child.communicate(json.dumps({'ANSIBLE_MODULE_ARGS': params}).encode('ascii'))
    assert out, err.decode('utf-8', 'replace')
    return json.loads(out.decode('utf-8'))


@pytest.mark.parametrize('check_mode', [False, True])
def test_a_crash_of_faiss_is_no_failure_of_the_module(tmpdir, check_mode):
    tmpdir.mkdir('faiss').join('__init__.py').write('import os; os.abort()')
    runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {'PYTHONPATH': str(tmpdir)}, 'prefix': None}
    gone = dict(runtime, argv=['/no/such/python'])
    both = [{'id': 'a', 'runtime': runtime}, {'id': 'b', 'runtime': gone}]
    answer = call(runtimes=both, workload={'figures': False}, _ansible_check_mode=check_mode)
    assert answer['changed'] is False and not answer.get('failed')
    ends = [(one['candidate'], one['evidence']['outcome']) for one in answer['results']]
    assert [(name, end['signal'], end['start_error'] and end['start_error']['errno']) for name, end in ends] == [
        ('a', 'SIGABRT', None), ('b', None, 'ENOENT')]
    assert answer['results'][0]['workload'] == {'n': 10000, 'd': 384, 'k': 10, 'queries': 100, 'threads': 1, 'seed': 1}
    assert 'setting' not in answer


def test_ended_from_outside_it_leaves_neither_child_nor_directory(tmpdir):
    pid_file, temporary = tmpdir.join('pid'), tmpdir.mkdir('tmp')
    tmpdir.mkdir('faiss').join('__init__.py').write(
        'import os, time\nopen(%r, "w").write("%%d\\n" %% os.getpid())\ntime.sleep(600)\n' % str(pid_file))
    runtime = {'kind': 'python', 'argv': [sys.executable], 'env': {'PYTHONPATH': str(tmpdir)}, 'prefix': None}
    arguments = {'ANSIBLE_MODULE_ARGS': {'runtimes': [{'id': 'a', 'runtime': runtime}], 'workload': {'figures': False}}}
    module = subprocess.Popen([sys.executable, '-c', START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
                              env=dict(os.environ, TMPDIR=str(temporary)))
    module.stdin.write(json.dumps(arguments).encode('ascii'))
    module.stdin.close()
    until(lambda: pid_file.check() and pid_file.read().endswith('\n'))
    assert temporary.listdir() != []
    module.terminate()
    assert module.wait() != 0
    module.stdout.close()
    assert temporary.listdir() == []
    until(lambda: not os.path.exists('/proc/%s' % pid_file.read().strip()) or is_zombie(pid_file.read().strip()))


def is_zombie(pid):
    try:
        with open('/proc/%s/stat' % pid) as stat:
            return stat.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except (IOError, OSError):
        return True


def until(condition):
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError('it did not come to pass within 20 s')


@pytest.mark.parametrize('params, words', [
    pytest.param({}, 'one of the following is required: runtimes, setting', id='nothing to test'),
    pytest.param({'runtimes': [], 'setting': '/x'}, 'mutually exclusive', id='both'),
    pytest.param({'setting': '/no/such/file', 'workload': {'k': 0}}, 'workload.k is 0', id='no neighbours'),
])
def test_options_that_cannot_be_are_refused(params, words):
    answer = call(**params)
    assert answer['failed'] is True and words in answer['msg']


def test_files_that_were_not_sent_fail_the_module():
    answer = call(runtimes=[{'id': 'a', 'runtime': dict(PYTHON, argv=[sys.executable])}])
    assert answer['failed'] is True and 'faiss_figures.py, which was not sent' in answer['msg']


def test_no_setting_is_no_result_and_no_failure():
    answer = call(setting='/no/such/backend.json')
    assert answer['results'] == [] and not answer.get('failed')
    assert answer['setting'] == {'found': False, 'backend': None, 'candidate': None, 'path': '/no/such/backend.json'}


def test_what_the_setting_names_is_tested(tmpdir):
    setting = tmpdir.join('backend.json')
    runtime = dict(PYTHON, argv=['/no/python'])
    setting.write(json.dumps({'schema': 1, 'backend': 'faiss', 'candidate': 'c', 'runtime': runtime}))
    answer = call(setting=str(setting), workload={'figures': False})
    assert [one['candidate'] for one in answer['results']] == ['c']
    assert answer['results'][0]['evidence']['outcome']['start_error']['errno'] == 'ENOENT'
    setting.write('{"schema": 1, "backend": "js", "runtime": null}')
    assert call(setting=str(setting))['results'] == []
    setting.write('{')
    assert call(setting=str(setting))['failed'] is True
