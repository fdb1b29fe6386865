# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Root imports nothing that another user could have put there: the library of a Python counts, and its packages."""
from __future__ import absolute_import, division, print_function

import os

import pytest

from ansible.module_utils.faiss_fleet import trust
from ansible.module_utils.faiss_fleet.search import python_paths, run as search_test

from tests import needs
from tests.unit.module_utils.elf.elf_builder import Builder


@pytest.fixture
def python(tmpdir):
    """A Python of paper: bin/python3 leads to python3.9, and faiss is in its site-packages."""
    tmpdir.ensure('bin/python3.9').chmod(0o755)
    tmpdir.join('bin/python3').mksymlinkto('python3.9')
    tmpdir.ensure('lib/python3.9/os.py')
    tmpdir.ensure('lib/python2.7/os.py')
    tmpdir.ensure('lib/python3.9/site-packages/faiss/__init__.py')
    return tmpdir


def test_the_library_of_its_own_version_and_what_is_imported_from_its_packages(python):
    library = python.join('lib/python3.9')
    assert python_paths.places(str(python.join('bin/python3'))) == [
        str(library), str(library.join('site-packages')), str(library.join('site-packages/faiss'))]


def test_what_a_path_file_adds_and_the_base_of_a_virtual_environment_count(python, tmpdir):
    added = tmpdir.ensure('home/alice/faiss/__init__.py').dirpath().dirpath()
    odd = python.ensure('lib/python3.9/site-packages/imported', dir=True)
    python.join('lib/python3.9/site-packages/own.pth').write('# a remark\nimport os\n\n%s\nimported\n' % added)
    venv = tmpdir.mkdir('venv')
    venv.ensure('bin/python3').chmod(0o755)
    venv.join('pyvenv.cfg').write('home = %s\n' % python.join('bin'))
    found = python_paths.places(str(venv.join('bin/python3')))
    for path in (venv.join('pyvenv.cfg'), python.join('lib/python3.9'), added, added.join('faiss'), odd,
                 python.join('lib/python3.9/site-packages/own.pth')):
        assert str(path) in found


def test_a_python_without_a_library_has_no_places(tmpdir):
    assert python_paths.places(str(tmpdir.join('bin/python3'))) == []


@pytest.mark.parametrize('part', ['lib/python3.9', 'lib/python3.9/site-packages', 'lib/python3.9/site-packages/faiss'])
@pytest.mark.parametrize('kind', ['python', 'numpy'])
def test_root_tests_no_python_whose_code_another_user_could_change(python, part, kind):
    needs.root()
    runtime = {'kind': kind, 'argv': [str(python.join('bin/python3'))], 'env': {}, 'prefix': None}
    assert search_test.foreign_part(runtime) is None
    os.chown(str(python.join(part)), 54321, 54321)
    assert search_test.foreign_part(runtime) == (str(python.join(part)), 'is owned by user id 54321')
    assert search_test.foreign_part(runtime, euid=lambda: 54321) is None


def test_a_file_of_another_user_counts_in_packages_that_are_no_prefixs(python):
    needs.root()
    python.join('bin/python3.9').write('')
    package = python.join('lib/python3.9/site-packages/faiss')
    runtime = {'kind': 'python', 'argv': [str(python.join('bin/python3'))], 'env': {}, 'prefix': None}
    assert search_test.foreign_part(runtime) is None
    os.chown(str(package.ensure('contrib/_swigfaiss.so')), 54321, 54321)
    assert search_test.foreign_part(runtime)[0] == str(package.join('contrib/_swigfaiss.so'))


def test_a_package_that_is_a_link_is_looked_into(python, tmpdir):
    needs.root()
    python.join('bin/python3.9').write('')
    package = python.join('lib/python3.9/site-packages/faiss')
    package.move(tmpdir.join('shared'))
    package.mksymlinkto(tmpdir.join('shared'))
    runtime = {'kind': 'python', 'argv': [str(python.join('bin/python3'))], 'env': {}, 'prefix': None}
    assert search_test.foreign_part(runtime) is None
    os.chown(str(tmpdir.join('shared/__init__.py')), 54321, 54321)
    assert search_test.foreign_part(runtime)[1] == 'is owned by user id 54321'


def test_every_file_of_a_large_package_is_looked_at(crowded):
    package = crowded.mkdir('numpy')
    for number in range(10100):
        os.close(os.open('%s/%05d.py' % (package, number), os.O_CREAT | os.O_WRONLY))
    assert len(list(python_paths.files([str(package)]))) == 10100


def test_a_library_of_another_user_counts(python):
    needs.root()
    python.join('bin/python3.9').write_binary(Builder(needed=['libx.so'], rpath='$ORIGIN/../lib').build())
    library = python.ensure('lib/libx.so')
    runtime = {'kind': 'node', 'argv': [str(python.join('bin/python3'))], 'env': {}, 'prefix': None}
    assert search_test.foreign_part(runtime) is None
    os.chown(str(library), 54321, 54321)
    assert search_test.foreign_part(runtime) == (str(library), 'is owned by user id 54321')


@pytest.mark.parametrize('gid, name, members, primary, own', [
    pytest.param(50, 'staff', [], [], True, id='an empty group of the system'),
    pytest.param(50, 'staff', ['alice'], [], False, id='a group of the system with a member'),
    pytest.param(50, 'staff', [], [('alice', 50)], False, id='somebody has it as the first group'),
    pytest.param(5000, 'developers', [], [], False, id='who is in it may not be known here'),
    pytest.param(1000, 'owner', ['owner'], [('owner', 1000)], True, id='the private group of the owner'),
    pytest.param(1000, 'owner', [], [('owner', 1000), ('alice', 1000)], False, id='two users have it as the first'),
])
def test_a_group_is_the_owners_where_nobody_else_is_in_it(monkeypatch, gid, name, members, primary, own):
    class Entry:
        def __init__(self, **values):
            self.__dict__.update(values)

    monkeypatch.setattr(trust.grp, 'getgrgid', lambda _gid: Entry(gr_name=name, gr_mem=members))
    monkeypatch.setattr(trust.pwd, 'getpwuid', lambda _uid: Entry(pw_name='owner'))
    monkeypatch.setattr(trust.pwd, 'getpwall', lambda: [Entry(pw_name=user, pw_gid=number) for user, number in primary])
    assert trust._own_group(gid, 1000) is own
