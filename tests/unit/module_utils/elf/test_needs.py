# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import json

import pytest
from ansible.module_utils.faiss_fleet.elf import reader as elf, needs

# What a stock CentOS 7 provides.
CENTOS7 = {'GLIBC': '2.17', 'GLIBCXX': '3.4.19', 'CXXABI': '1.3.7', 'GOMP': '4.0', 'OMP': '3.1', 'GCC': '4.8.0',
           'arch': 'x86_64', 'libraries': None}


def file(soname=None, needed=(), versions=(), machine='x86_64', definitions=()):
    """versions: (library, version, symbols...) each; a version that begins with '?' is weak."""
    wanted = [elf.VersionNeed(entry[0], entry[1].lstrip('?'), list(entry[2:]), entry[1].startswith('?'))
              for entry in versions]
    return elf.ElfFile(machine=machine, bits=64, endian='little', type='shared', interpreter=None, soname=soname,
                       needed=list(needed), rpath=[], runpath=[], version_needs=wanted,
                       version_definitions=list(definitions))


# The shape of faiss-cpu 1.15.1.
NEW_WHEEL = {
    'faiss/_swigfaiss.abi3.so': file(
        '_swigfaiss.abi3.so', ['libfaiss.so', 'libstdc++.so.6', 'libc.so.6'],
        [('libstdc++.so.6', 'GLIBCXX_3.4.20', '_ZSt24__throw_out_of_range_fmtPKcz'),
         ('libstdc++.so.6', 'GLIBCXX_3.4.21', '_ZNSt11logic_errorC2ERKS_'), ('libc.so.6', 'GLIBC_2.14', 'memcpy')]),
    'faiss/libfaiss.so': file(
        'libfaiss.so', ['libgfortran-83c28eba.so.5', 'libgomp-e985bcbb.so.1', 'libm.so.6'],
        [('libm.so.6', 'GLIBC_2.27', 'powf', 'logf'), ('libm.so.6', 'GLIBC_2.23', 'lgamma'),
         ('libstdc++.so.6', 'CXXABI_1.3.11', '__cxa_init_primary_exception'),
         ('libgomp-e985bcbb.so.1', 'GOMP_4.5', 'GOMP_parallel_loop_nonmonotonic_dynamic')]),
    'faiss_cpu.libs/libgfortran-83c28eba.so.5': file(
        'libgfortran-83c28eba.so.5', ['libz.so.1', 'libm.so.6'], [('libm.so.6', 'GLIBC_2.27', 'expf')]),
    'faiss_cpu.libs/libgomp-e985bcbb.so.1': file('libgomp-e985bcbb.so.1', ['libdl.so.2'], []),
}


def judge(files, provides, **options):
    return needs.judge(needs.of_files(files), provides, needs.bundled(files), **options)


def one(versions=(), needed=(), machine='x86_64'):
    return {'x.so': file('x.so', needed, versions, machine)}


def test_a_reason_says_which_file_needs_which_symbol_of_which_library_and_what_the_host_has():
    reasons = judge(one([('libm.so.6', 'GLIBC_2.27', 'powf')]), CENTOS7)
    assert reasons == [{
        'check': 'glibc', 'cause': 'glibc_too_old', 'need': 'GLIBC_2.27', 'have': '2.17', 'file': 'x.so',
        'library': 'libm.so.6', 'symbols': ['powf'],
        'text': 'x.so needs GLIBC_2.27 of libm.so.6 (for powf), this host has glibc 2.17'}]


@pytest.mark.parametrize('version, check, cause, have', [
    ('GLIBC_2.18', 'glibc', 'glibc_too_old', '2.17'),
    ('GLIBCXX_3.4.20', 'libstdcxx', 'glibcxx_too_old', '3.4.19'),
    ('CXXABI_1.3.8', 'cxxabi', 'cxxabi_too_old', '1.3.7'),
    ('GOMP_4.5', 'libgomp', 'libgomp_version', '4.0'),
    ('OMP_4.0', 'libgomp', 'libgomp_version', '3.1'),
    ('GCC_7.0.0', 'libgcc', 'libgcc_too_old', '4.8.0'),
    ('GLIBC_ABI_DT_RELR', 'glibc', 'glibc_too_old', '2.17'),
])
def test_each_runtime_has_its_own_check_and_cause(version, check, cause, have):
    reason, = judge(one([('lib.so', version, 'symbol')]), CENTOS7)
    assert (reason['check'], reason['cause'], reason['need'], reason['have']) == (check, cause, version, have)


@pytest.mark.parametrize('version', [
    'GLIBC_2.17', 'GLIBC_2.2.5', 'GLIBC_2.4', 'GLIBCXX_3.4.9', 'CXXABI_1.3', 'GCC_3.0'])
def test_versions_are_compared_as_numbers(version):
    assert judge(one([('lib.so', version, 'symbol')]), CENTOS7) == []


@pytest.mark.parametrize('version', ['GLIBC_PRIVATE', 'CXXABI_TM_1', 'Base', 'OPENSSL_3.0.0', 'GFORTRAN_8', ''])
def test_nothing_is_said_of_a_version_without_a_known_order(version):
    assert judge(one([('lib.so', version, 'symbol')]), CENTOS7) == []


def test_a_weak_version_need_is_no_blocker():
    assert judge(one([('libc.so.6', '?GLIBC_2.34', 'symbol')]), CENTOS7) == []


@pytest.mark.parametrize('provides', [{}, dict.fromkeys(CENTOS7)])
def test_nothing_is_said_of_what_is_unknown(provides):
    assert judge(NEW_WHEEL, provides) == []
    assert needs.first_refusal(needs.of_files(NEW_WHEEL), provides) is None


def test_of_a_new_wheel_the_loader_names_libstdcxx_first_and_the_worst_comes_first_in_the_list():
    wanted, bundled = needs.of_files(NEW_WHEEL), needs.bundled(NEW_WHEEL)
    assert needs.first_refusal(wanted, CENTOS7, bundled)['need'] == 'GLIBCXX_3.4.20'
    assert [(reason['file'].split('/')[1][:7], reason['need']) for reason in needs.judge(wanted, CENTOS7, bundled)] == [
        ('_swigfa', 'GLIBCXX_3.4.21'), ('libfais', 'GLIBC_2.27'), ('libfais', 'CXXABI_1.3.11'),
        ('libgfor', 'GLIBC_2.27')]
    every = needs.judge(wanted, CENTOS7, bundled, every=True)
    assert [reason['need'] for reason in every[4:]] == ['GLIBCXX_3.4.20', 'GLIBC_2.23']


def test_a_missing_library_is_what_the_loader_names_before_any_version():
    provides = dict(CENTOS7, libraries=['/lib64/libstdc++.so.6'])
    wanted, bundled = needs.of_files(NEW_WHEEL), needs.bundled(NEW_WHEEL)
    reason = needs.first_refusal(wanted, provides, bundled)
    assert (reason['cause'], reason['library']) == ('missing_shared_lib', 'libz.so.1')
    assert needs.judge(wanted, provides, bundled)[0] == reason
    assert reason['text'] == ('faiss_cpu.libs/libgfortran-83c28eba.so.5 needs libz.so.1, '
                              'which is neither bundled nor on this host')


@pytest.mark.parametrize('library, provides, missing', [
    pytest.param('libz.so.1', {'libraries': None}, False, id='unknown'),
    pytest.param('libz.so.1', {'libraries': []}, True, id='not there'),
    pytest.param('libz.so.1', {'libraries': ['libz.so.1']}, False, id='by name'),
    pytest.param('libz.so.1', {'libraries': ['/usr/lib64/libz.so.1']}, False, id='by path'),
    pytest.param('libz.so.1', {'libraries': ['/usr/lib64/notlibz.so.1']}, True, id='name is compared whole'),
    pytest.param('libm.so.6', {'libraries': []}, False, id="glibc's own"),
    pytest.param('libstdc++.so.6', {'libraries': []}, False, id='proven by its versions'),
    pytest.param('libstdc++.so.6', {'libraries': [], 'GLIBCXX': None}, True, id='no libstdc++'),
    pytest.param('libstdc++.so.6', {'absent': ['libstdc++.so.6']}, True, id='known to be absent'),
    pytest.param('x.so', {'libraries': []}, False, id='bundled'),
])
def test_missing_libraries(library, provides, missing):
    reasons = judge(one(needed=[library]), dict(CENTOS7, **provides))
    assert [reason['cause'] for reason in reasons] == (['missing_shared_lib'] if missing else [])


def test_a_missing_library_is_not_also_called_too_old():
    files = one([('libgomp.so.1', 'GOMP_4.5', 'GOMP_loop')], ['libgomp.so.1'])
    reasons = judge(files, dict(CENTOS7, absent=['libgomp.so.1']))
    assert [reason['cause'] for reason in reasons] == ['missing_shared_lib']


def test_what_the_wheel_bundles_satisfies_by_soname_and_by_file_name():
    files = {'a/x.so': file('x.so', ['liby.so.1', 'libz-renamed.so'], [('liby.so.1', 'GOMP_9.9', 's')]),
             'a.libs/liby-1.2.so': file('liby.so.1'), 'a.libs/libz-renamed.so': file(None)}
    assert needs.bundled(files) == ['liby-1.2.so', 'liby.so.1', 'libz-renamed.so', 'x.so']
    assert judge(files, dict(CENTOS7, libraries=[])) == []


def test_another_machine_is_the_only_reason_and_stands_for_all_files():
    files = dict((name, found._replace(machine='aarch64')) for name, found in NEW_WHEEL.items())
    reason, = judge(files, dict(CENTOS7, libraries=[]))
    assert (reason['check'], reason['cause']) == ('arch', 'arch_mismatch')
    assert (reason['need'], reason['have']) == ('aarch64', 'x86_64')
    assert reason['text'] == ('faiss/_swigfaiss.abi3.so is built for aarch64, this host is x86_64 '
                              '(and so for 3 more of its files)')


@pytest.mark.parametrize('machine, arch', [
    ('i386', 'i686'), ('aarch64', 'arm64'), ('x86_64', 'amd64'), ('arm', 'armv7l')])
def test_a_machine_has_several_names(machine, arch):
    assert judge(one(machine=machine), {'arch': arch}) == []


def test_a_file_for_glibc_on_musl():
    reason, = judge(one([('libc.so.6', 'GLIBC_2.14', 'memcpy')], ['libc.so.6']), {'libc': 'musl', 'GLIBC': None})
    assert (reason['check'], reason['cause'], reason['need'], reason['have']) == ('libc', 'musl', 'glibc', 'musl')
    assert reason['text'] == 'x.so is built for glibc (it needs libc.so.6), this host has musl'


def test_a_file_for_musl_on_glibc():
    reason, = judge(one(needed=['libc.musl-x86_64.so.1']), dict(CENTOS7, libraries=[]))
    assert (reason['cause'], reason['need'], reason['have']) == ('musl', 'musl', 'glibc 2.17')


def test_of_many_symbols_the_readable_ones_are_shown():
    symbols = ['_ZNSt7__cxx11%d' % number for number in range(50)] + ['powf', 'logf']
    reason, = judge(one([('libm.so.6', 'GLIBC_2.27') + tuple(symbols)]), CENTOS7)
    assert '(for logf, powf, _ZNSt7__cxx110 and 49 more)' in reason['text']
    assert len(reason['symbols']) == 8
    assert reason['symbols'][:2] == ['logf', 'powf']


def test_without_known_symbols_the_sentence_does_without():
    reason, = judge(one([('libm.so.6', 'GLIBC_2.27')]), CENTOS7)
    assert reason['text'] == 'x.so needs GLIBC_2.27 of libm.so.6, this host has glibc 2.17'


def test_loader_order_is_breadth_first_from_what_nobody_needs():
    assert needs.loader_order(NEW_WHEEL) == [
        'faiss/_swigfaiss.abi3.so', 'faiss/libfaiss.so', 'faiss_cpu.libs/libgfortran-83c28eba.so.5',
        'faiss_cpu.libs/libgomp-e985bcbb.so.1']


def test_files_that_need_each_other_in_a_ring_are_all_there_once():
    ring = {'a': file('a', ['b', 'a']), 'b': file('b', ['c']), 'c': file('c', ['a'])}
    assert needs.loader_order(ring) == ['a', 'b', 'c']


def test_of_no_files_nothing_is_needed():
    assert needs.of_files({}) == []
    assert needs.judge([], CENTOS7) == []


def test_needs_and_reasons_are_plain_json():
    wanted = needs.of_files(NEW_WHEEL)
    assert json.loads(json.dumps(wanted)) == wanted
    reasons = judge(NEW_WHEEL, CENTOS7)
    assert json.loads(json.dumps(reasons)) == reasons


def test_provided_per_facts_keeps_unknown_and_absent_apart():
    facts = {'arch': 'x86_64', 'libc': {'family': 'glibc', 'version': '2.17'},
             'libstdcxx': {'path': '/lib64/libstdc++.so.6', 'versions': {'GLIBCXX': '3.4.19', 'CXXABI': '1.3.7'},
                           'error': None},
             'libgomp': {'path': None, 'versions': {}, 'error': None},
             'libgcc': {'path': '/lib64/libgcc_s.so.1', 'versions': {}, 'error': 'permission denied'}}
    assert needs.provided_per_facts(facts) == {
        'GLIBC': '2.17', 'GLIBCXX': '3.4.19', 'CXXABI': '1.3.7', 'GOMP': None, 'OMP': None, 'GCC': None,
        'MUSL': None, 'arch': 'x86_64', 'libc': 'glibc', 'libraries': None, 'absent': ['libgomp.so.1'],
        'present': {'libstdc++.so.6': {}, 'libgcc_s.so.1': {}}}


def test_provided_per_facts_of_a_musl_host_has_no_glibc():
    provides = needs.provided_per_facts({'arch': 'x86_64', 'libc': {'family': 'musl', 'version': '1.2.3'}})
    assert (provides['GLIBC'], provides['libc'], provides['absent']) == (None, 'musl', [])


@pytest.mark.parametrize('arch, have, missing', [
    pytest.param('x86_64', '2.17', True, id='before it came'),
    pytest.param('x86_64', '2.22', False, id='with it'),
    pytest.param('aarch64', '2.36', True, id='later on aarch64'),
    pytest.param('x86_64', None, False, id='unknown'),
])
def test_a_library_that_came_with_a_later_glibc_is_missing_before(arch, have, missing):
    """As usearch 2.26.6 on glibc 2.17: `libmvec.so.1: cannot open shared object file`."""
    wanted = [{'file': 'a.so', 'library': 'libmvec.so.1', 'symbol_version': None, 'symbols': []},
              {'file': 'a.so', 'library': 'libc.so.6', 'symbol_version': 'GLIBC_2.25', 'symbols': []}]
    found = needs.first_refusal(wanted, {'GLIBC': have, 'arch': arch})
    assert (found is not None and found['library'] == 'libmvec.so.1') == missing
