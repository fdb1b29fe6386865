# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function


import pytest
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.host import Host
from library_modules import elf_needs_info

from tests.unit.module_utils.elf.elf_builder import Builder


@pytest.fixture
def host(tmpdir):
    """A host of its own below tmpdir, with glibc 2.17 and without libgomp."""
    root = tmpdir.mkdir('root')
    for name, definitions in [('lib64/libc.so.6', ['GLIBC_2.2.5', 'GLIBC_2.17']), ('lib64/libm.so.6', ['GLIBC_2.15']),
                              ('lib64/libstdc++.so.6', ['GLIBCXX_3.4.19', 'CXXABI_1.3.7'])]:
        data = Builder(soname=name.split('/')[-1], definitions=definitions).build()
        root.join(name).write_binary(data, ensure=True)
    return Host(root=str(root))


@pytest.fixture
def wheel(tmpdir):
    """A build of FAISS with one bundled library."""
    folder = tmpdir.mkdir('site-packages')
    build = Builder(needed=['libbundled.so', 'libgomp.so.1', 'libm.so.6'], rpath='$ORIGIN/../libs',
                    needs=[('libm.so.6', [('GLIBC_2.27', 0, ['powf'])]),
                           ('libstdc++.so.6', [('GLIBCXX_3.4.18', 0, ['s'])])]).build()
    folder.join('faiss', '_swigfaiss.so').write_binary(build, ensure=True)
    folder.join('libs', 'libbundled.so').write_binary(Builder(soname='libbundled.so').build(), ensure=True)
    return folder


def test_the_chain_is_joined_to_what_the_hosts_own_libraries_define(host, wheel):
    result = elf_needs_info.examine([str(wheel.join('faiss'))], None, host, 'x86_64')
    assert result['verdict'] == 'blocked'
    assert [(reason['cause'], reason['library']) for reason in result['reasons']] == [
        ('missing_shared_lib', 'libgomp.so.1'), ('glibc_too_old', 'libm.so.6')]
    assert result['first_refusal']['cause'] == 'missing_shared_lib'
    assert 'libbundled.so' in result['bundled']
    assert result['provides'] == {
        'GLIBC': '2.17', 'GLIBCXX': '3.4.19', 'CXXABI': '1.3.7', 'arch': 'x86_64', 'libc': 'glibc', 'libraries': None,
        'absent': ['libgomp.so.1']}


def test_a_host_may_be_described_instead(host, wheel):
    result = elf_needs_info.examine([str(wheel)], {'GLIBC': '2.27'}, host, 'x86_64')
    assert (result['verdict'], result['reasons']) == ('possible', [])
    assert 'first_refusal' not in result


def test_a_broken_library_of_the_host_is_an_error_and_no_verdict(host, wheel, tmpdir):
    tmpdir.join('root', 'lib64', 'libm.so.6').write('GROUP ( /lib64/libm-2.17.so )')
    with pytest.raises(AuditError) as caught:
        elf_needs_info.examine([str(wheel)], None, host, 'x86_64')
    assert 'libm.so.6' in str(caught.value)


def test_a_path_that_is_not_there_is_named(host):
    with pytest.raises(AuditError) as caught:
        elf_needs_info.examine(['/nonexistent/_swigfaiss.so'], None, host, 'x86_64')
    assert '/nonexistent/_swigfaiss.so cannot be read' in str(caught.value)


def test_a_version_that_yaml_took_for_a_number_is_refused():
    assert elf_needs_info.unquoted({'GLIBC': 2.30, 'GLIBCXX': '3.4.19'}) == ['GLIBC']
    assert elf_needs_info.unquoted(None) == []


def test_documented_options_are_those_of_the_argument_spec():
    documented = [line.split(':')[0].strip() for line in elf_needs_info.DOCUMENTATION.split('options:')[1]
                  .split('author:')[0].splitlines() if line.startswith('  ') and not line.startswith('   ')]
    assert documented == sorted(elf_needs_info.ARGUMENT_SPEC)
