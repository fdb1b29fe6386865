# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import errno
import os
import sys
import time

import pytest

from ansible.module_utils.faiss_fleet import child_process


def run(program, tmpdir, timeout=20, argv=None):
    said = []
    outcome = child_process.run(argv or [sys.executable, '-'], program, {'PATH': os.environ['PATH']}, str(tmpdir),
                                timeout, said.append)
    return outcome, b''.join(said)


def test_a_process_that_ends_well_says_what_it_said(tmpdir):
    outcome, said = run(u'import sys; sys.stdout.write("out"); sys.stderr.write("err")', tmpdir)
    assert (outcome.exit_code, outcome.signal, outcome.timed_out, outcome.log, said) == (0, None, False, u'err', b'out')
    assert os.listdir(str(tmpdir)) == []


@pytest.mark.parametrize('name', ['SIGILL', 'SIGSEGV', 'SIGABRT', 'SIGKILL'])
def test_a_signal_is_named(tmpdir, name):
    program = u'import os, resource, signal; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); ' \
              u'os.kill(os.getpid(), signal.%s)' % name
    outcome, _said = run(program, tmpdir)
    assert (outcome.exit_code, outcome.signal) == (None, name)


@pytest.mark.parametrize('argv, number', [
    pytest.param(['/no/such/python', '-'], errno.ENOENT, id='not there'),
    pytest.param(['/etc/passwd', '-'], errno.EACCES, id='not executable'),
])
def test_what_cannot_be_started_is_an_answer_too(tmpdir, argv, number):
    outcome, _said = run(u'', tmpdir, argv=argv)
    assert outcome.start_error.errno == number
    assert outcome.exit_code is None


def test_a_working_folder_that_is_gone_is_an_answer_too(tmpdir):
    outcome, _said = run(u'', tmpdir.join('gone'))
    assert outcome.start_error.errno == errno.ENOENT


def test_a_hang_is_killed_with_all_that_it_started(tmpdir):
    pid_file = tmpdir.join('pid')
    program = u'''
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
with open(%r, 'w') as handle:
    handle.write(str(child.pid))
time.sleep(600)
''' % str(pid_file)
    started = time.time()
    outcome, _said = run(program, tmpdir, timeout=2)
    assert outcome.timed_out and outcome.signal == 'SIGKILL'
    assert time.time() - started < 10
    assert ended(int(pid_file.read()))


def ended(pid):
    """Whether a process is gone, or a zombie that nobody has collected yet."""
    for _ in range(50):
        try:
            with open('/proc/%d/stat' % pid) as stat:
                if stat.read().rsplit(')', 1)[1].split()[0] in 'ZX':
                    return True
        except (IOError, OSError):
            return True
        time.sleep(0.05)
    return False


def test_a_grandchild_that_holds_the_pipes_open_does_not_hold_up_the_caller(tmpdir):
    program = u'''
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(15)'])
sys.stdout.write("done")
'''
    started = time.time()
    outcome, said = run(program, tmpdir)
    assert (outcome.exit_code, said) == (0, b'done')
    assert time.time() - started < 10


def test_a_flood_is_read_and_only_its_end_is_kept(tmpdir):
    program = u'import os\nfor i in range(400): os.write(2, b"x" * 65536)\nos.write(2, b"the end")'
    outcome, _said = run(program, tmpdir)
    assert outcome.exit_code == 0
    assert len(outcome.log) <= child_process.LOG_LIMIT
    assert outcome.log.endswith(u'the end')
    assert outcome.log_dropped + len(outcome.log) == 400 * 65536 + 7


def test_closed_pipes_do_not_end_the_wait(tmpdir):
    outcome, _said = run(u'import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(7)', tmpdir)
    assert outcome.exit_code == 7


def test_what_is_kept_of_a_flood_begins_at_a_whole_word():
    tail = child_process.Tail(20)
    tail.feed(b'x' * 50 + b' https://me:hunter2@h/ two')
    assert tail.text() == 'two'
    tail = child_process.Tail(30)
    tail.feed(b'Authorization: Basic bWU6cw==\nthe next line')
    assert tail.text() == 'the next line'


def test_text_that_is_not_utf_8_is_kept_in_sight(tmpdir):
    outcome, _said = run(u'import os; os.write(2, b"caf\\xe9")', tmpdir)
    assert outcome.log == u'caf\ufffd'
