# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import pytest
from ansible.module_utils.faiss_fleet.elf import versions as glibc
from ansible.module_utils.faiss_fleet.errors import AuditError


@pytest.mark.parametrize('text, expected', [
    pytest.param('glibc 2.17', (2, 17), id='confstr on centos7'),
    pytest.param('2.17-326.el7_9', (2, 17), id='package release'),
    pytest.param('GLIBC_2.17', (2, 17), id='symbol version'),
    pytest.param('GLIBC_2.2.5', (2, 2, 5), id='three numbers'),
    pytest.param('GLIBCXX_3.4.19', (3, 4, 19), id='libstdc++'),
    pytest.param('CXXABI_1.3.7', (1, 3, 7), id='cxxabi'),
    pytest.param('GFORTRAN_8', (8,), id='one number'),
    pytest.param('ldd (GNU libc) 2.17', (2, 17), id='ldd of centos7'),
    pytest.param('ldd (Debian GLIBC 2.36-9+deb12u14) 2.36', (2, 36), id='ldd of bookworm'),
    pytest.param('GNU C Library (GNU libc) stable release version 2.17, by Roland', (2, 17), id='libc itself'),
    pytest.param('/lib64/ld-2.17.so', (2, 17), id='name of the loader'),
    pytest.param(' 2.17\n', (2, 17), id='bare'),
])
def test_parse_version(text, expected):
    assert glibc.parse_version(text) == expected


@pytest.mark.parametrize('text', ['', 'GLIBC_PRIVATE', 'glibc', 'libc.so.6', 'x' * 100000, '1' * 100000])
def test_a_text_without_a_version_is_quoted_in_the_error(text):
    with pytest.raises(AuditError) as caught:
        glibc.parse_version(text)
    assert 'No version can be read' in str(caught.value)
    assert len(str(caught.value)) < 400


def test_newest_compares_numbers_not_text():
    assert glibc.newest(['GLIBC_2.4', 'GLIBC_2.17', 'GLIBC_2.2.5']) == (2, 17)


def test_newest_takes_its_own_prefix_only():
    names = ['GLIBCXX_3.4.30', 'GLIBCXX_DEBUG_MESSAGE_LENGTH', 'CXXABI_1.3.13', 'CXXABI_TM_1', 'GLIBC_PRIVATE']
    assert glibc.newest(names, 'GLIBCXX') == (3, 4, 30)
    assert glibc.newest(names, 'CXXABI') == (1, 3, 13)
    assert glibc.newest(names, 'GLIBC') is None
    assert glibc.newest([]) is None


@pytest.mark.parametrize('name, expected', [
    ('GLIBC_2.17', ('GLIBC', (2, 17))), ('GCC_7.0.0', ('GCC', (7, 0, 0))), ('GLIBC_PRIVATE', None),
    ('CXXABI_TM_1', None), ('GLIBC_ABI_DT_RELR', None), ('libc.so.6', None), ('GLIBC_2.17\n', None),
])
def test_split_gives_only_what_has_a_place_in_an_order(name, expected):
    assert glibc.split(name) == expected


@pytest.mark.parametrize('have, need, expected', [
    ((2, 17), (2, 17), True), ((2, 17), (2, 27), False), ((2, 17), (2, 2, 5), True), ((7,), (7, 0, 0), True),
    ((3, 4), (3, 4, 1), False),
])
def test_at_least(have, need, expected):
    assert glibc.at_least(have, need) is expected


def test_text_is_the_way_back():
    assert glibc.text((2, 17)) == '2.17'
    assert glibc.parse_version(glibc.text((3, 4, 19))) == (3, 4, 19)
