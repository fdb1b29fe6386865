# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import os
import shutil
import subprocess
import sys
import time

import pytest

from ansible.module_utils.faiss_fleet.prefix import users as prefix_users


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, **options)
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


SAY = 'import sys, time; {0}; print("up"); sys.stdout.flush(); time.sleep(60)'


@pytest.mark.parametrize('how', [
    'held = open({0!r} + "/file")',
    'import mmap; held = open({0!r} + "/file"); m = mmap.mmap(held.fileno(), 0, prot=mmap.PROT_READ); held.close()',
    'import os; os.chdir({0!r})',
], ids=['open', 'mapped', 'working directory'])
def test_a_process_with_a_file_of_the_prefix_is_named(tmpdir, how):
    prefix = str(tmpdir.mkdir('prefix'))
    tmpdir.join('prefix', 'file').write('x' * 10)
    assert prefix_users.find(prefix) == []
    with running([sys.executable, '-c', SAY.format(how.format(prefix))]) as process:
        (found,) = prefix_users.find(prefix)
        assert found.endswith('(pid %d)' % process.pid)
        assert found in prefix_users.in_use(prefix, [found])
    assert prefix_users.find(prefix) == []


def test_a_program_that_runs_from_the_prefix_is_named_also_through_a_link(tmpdir):
    shutil.copy('/bin/sleep', str(tmpdir.mkdir('prefix').join('sleep')))
    tmpdir.join('link').mksymlinkto(str(tmpdir.join('prefix')))
    process = subprocess.Popen([str(tmpdir.join('prefix', 'sleep')), '60'])
    try:
        end = time.time() + 5
        while not prefix_users.find(str(tmpdir.join('link'))) and time.time() < end:
            time.sleep(0.02)
        assert prefix_users.find(str(tmpdir.join('link'))) == ['sleep (pid %d)' % process.pid]
    finally:
        process.kill()
        process.wait()


def test_a_neighbour_with_a_longer_name_is_another_prefix(tmpdir):
    tmpdir.ensure('prefix-2/file')
    with running([sys.executable, '-c', SAY.format('held = open(%r)' % str(tmpdir.join('prefix-2/file')))]):
        assert prefix_users.find(str(tmpdir.join('prefix'))) == []


def test_the_process_that_asks_and_those_above_it_do_not_count(tmpdir):
    tmpdir.ensure('prefix/file')
    held = open(str(tmpdir.join('prefix/file')))
    try:
        assert prefix_users.find(str(tmpdir.join('prefix'))) == []
        assert len(prefix_users.find(str(tmpdir.join('prefix')), own=1)) == 1
    finally:
        held.close()


def test_many_are_counted_and_some_are_named():
    told = prefix_users.in_use('/opt/x', ['a (pid %d)' % number for number in range(8)])
    assert 'a (pid 4) and 3 more' in told and 'a (pid 5)' not in told


def test_processes_that_cannot_be_read_are_passed_over(tmpdir):
    os.makedirs(str(tmpdir.join('proc', '7')))
    assert prefix_users.find(str(tmpdir), proc=str(tmpdir.join('proc')), own=1) == []
