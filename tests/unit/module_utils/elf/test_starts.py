# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is loaded with a program: its interpreter, the directories that it searches, and the libraries there."""
from __future__ import absolute_import, division, print_function

import os

import pytest
from ansible.module_utils.faiss_fleet.elf import starts
from .elf_builder import Builder


@pytest.fixture
def program(tmpdir):
    """bin/python3, a link to python3.9, which loads libpython of lib, which loads libssl of ssl."""
    for name, options in {
        'bin/python3.9': {'kind': 2, 'interpreter': '/opt/libc/ld.so', 'needed': ['libpython3.9.so.1.0', 'libc.so.6'],
                          'runpath': '$ORIGIN/../lib:/usr/lib64'},
        'lib/libpython3.9.so.1.0': {'needed': ['libssl.so.3'], 'rpath': '${ORIGIN}/../ssl:relative'},
        'ssl/libssl.so.3': {},
    }.items():
        tmpdir.join(name).write_binary(Builder(**options).build(), ensure=True)
    tmpdir.join('bin/python3').mksymlinkto('python3.9')
    return tmpdir.join('bin/python3')


def test_libraries_of_a_search_path_of_its_own_and_theirs(program, tmpdir):
    assert list(starts.beside(str(program))) == ['/opt/libc/ld.so'] + [
        str(tmpdir.join(name)) for name in ('lib', 'lib/libpython3.9.so.1.0', 'ssl', 'ssl/libssl.so.3')]


def test_the_interpreter_of_a_script_and_what_that_loads(program, tmpdir):
    script = tmpdir.join('tool')
    script.write('#! %s -u\n' % program)
    found = list(starts.beside(str(script)))
    assert found[0] == str(program) and str(tmpdir.join('lib/libpython3.9.so.1.0')) in found


@pytest.mark.parametrize('text', ['', '#!', '#!\n/bin/sh', '#!python3', 'echo', '\x7fELF', '#!/bin/sh\n'])
def test_what_names_nothing_has_nothing_beside_it(tmpdir, text):
    tmpdir.join('tool').write(text)
    assert list(starts.beside(str(tmpdir.join('tool')))) == []


def test_a_program_of_the_distribution_is_taken_as_it_is(tmpdir):
    found = starts.beside('/usr/bin/python3', real=lambda path: path, at=lambda path: str(tmpdir.join('none')))
    assert list(found) == []
    assert list(starts.beside(str(tmpdir.join('absent')))) == []


def test_what_goes_round_comes_to_an_end(tmpdir):
    tmpdir.join('a').write_binary(Builder(needed=['a', 'b'], rpath='$ORIGIN').build())
    tmpdir.join('b').write_binary(Builder(needed=['a'], rpath='$ORIGIN').build())
    assert list(starts.beside(str(tmpdir.join('a')))) == [str(tmpdir), str(tmpdir.join('a')), str(tmpdir.join('b'))]


def test_the_last_of_many_libraries_is_named_and_nothing_is_read_of_what_comes_later(tmpdir):
    names = ['lib%d.so' % number for number in range(100)]
    for name in names:
        tmpdir.join(name).write_binary(Builder().build())
    tmpdir.join('tool').write_binary(Builder(needed=names, rpath='$ORIGIN').build())
    looked = []

    def at(path):
        looked.append(path)
        return path

    found = starts.beside(str(tmpdir.join('tool')), at=at)
    assert next(found) == str(tmpdir)
    # That it is there is seen with the program that names it; it is not opened before its turn.
    assert looked.count(str(tmpdir.join(names[0]))) == 1
    assert list(found)[-1] == str(tmpdir.join(names[-1]))


def test_a_root_elsewhere_is_not_left(tmpdir):
    root = tmpdir.mkdir('root')
    root.join('opt/bin/tool').write_binary(Builder(needed=['libx.so'], rpath='$ORIGIN/../lib').build(), ensure=True)
    root.join('opt/lib/libx.so').write_binary(Builder().build(), ensure=True)
    found = list(starts.beside('/opt/bin/tool', os.path.normpath, lambda path: str(root) + path))
    assert found == ['/opt/lib', '/opt/lib/libx.so']
