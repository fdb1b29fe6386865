# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import pytest
from ansible.module_utils.faiss_fleet.elf import reader as elf, chain as elf_chain
from ansible.module_utils.faiss_fleet.errors import AuditError
from .elf_builder import Builder


def lay_out(tmpdir, files):
    """{relative path: Builder options} written below tmpdir."""
    for name, options in files.items():
        tmpdir.join(name).write_binary(Builder(**options).build(), ensure=True)


def names(tmpdir, found):
    return sorted(path[len(str(tmpdir)) + 1:] for path in found)


def test_libraries_beside_a_file_are_followed_by_its_rpath_which_holds_further_down(tmpdir):
    lay_out(tmpdir, {'faiss/_swigfaiss.so': {'needed': ['libgfortran.so', 'libc.so.6'],
                                             'rpath': '$ORIGIN/../faiss.libs'},
                     'faiss.libs/libgfortran.so': {'needed': ['libquadmath.so']},
                     'faiss.libs/libquadmath.so': {}, 'faiss.libs/libunused.so': {}})
    found = elf_chain.follow([str(tmpdir.join('faiss/_swigfaiss.so'))])
    assert names(tmpdir, found) == ['faiss.libs/libgfortran.so', 'faiss.libs/libquadmath.so', 'faiss/_swigfaiss.so']


def test_a_runpath_is_for_the_files_own_needs_alone(tmpdir):
    lay_out(tmpdir, {'x.so': {'needed': ['liby.so'], 'runpath': '${ORIGIN}/libs', 'rpath': '$ORIGIN/wrong'},
                     'libs/liby.so': {'needed': ['libz.so']}, 'libs/libz.so': {}, 'wrong/liby.so': {}})
    assert names(tmpdir, elf_chain.follow([str(tmpdir.join('x.so'))])) == ['libs/liby.so', 'x.so']


def test_a_relative_search_path_is_not_followed(tmpdir, monkeypatch):
    lay_out(tmpdir, {'x.so': {'needed': ['liby.so'], 'rpath': 'libs'}, 'libs/liby.so': {}})
    monkeypatch.chdir(str(tmpdir))
    assert names(tmpdir, elf_chain.follow([str(tmpdir.join('x.so'))])) == ['x.so']


def test_libraries_in_a_ring_come_to_an_end(tmpdir):
    lay_out(tmpdir, {'a.so': {'needed': ['b.so', 'a.so'], 'rpath': '$ORIGIN'}, 'b.so': {'needed': ['a.so']}})
    assert names(tmpdir, elf_chain.follow([str(tmpdir.join('a.so'))])) == ['a.so', 'b.so']


def test_too_many_files_are_refused(tmpdir, monkeypatch):
    monkeypatch.setattr(elf_chain, 'MAX_FILES', 2)
    lay_out(tmpdir, {'%d.so' % number: {} for number in range(3)})
    with pytest.raises(AuditError) as caught:
        elf_chain.follow([str(tmpdir.join('%d.so' % number)) for number in range(3)])
    assert 'More than 2 ELF files' in str(caught.value)


def test_a_folder_stands_for_the_shared_objects_below_it(tmpdir):
    lay_out(tmpdir, {'faiss/_swigfaiss.so': {}, 'libs/libgomp.so.1': {}, 'build/faiss-node.node': {}, 'bin/tool': {}})
    tmpdir.join('faiss', 'script.so').write('GROUP ( libc.so.6 )')

    def is_elf(path):
        with open(path, 'rb') as handle:
            return elf.is_elf(handle.read(4))
    found = elf_chain.elf_files_of(str(tmpdir), is_elf)
    assert names(tmpdir, found) == ['build/faiss-node.node', 'faiss/_swigfaiss.so', 'libs/libgomp.so.1']


def test_a_folder_without_shared_objects_is_named(tmpdir):
    with pytest.raises(AuditError) as caught:
        elf_chain.elf_files_of(str(tmpdir), lambda path: True)
    assert 'no shared object below %s' % tmpdir in str(caught.value)
