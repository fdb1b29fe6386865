# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

import pytest

from ansible.module_utils.faiss_fleet.prefix import failures
from ansible.module_utils.faiss_fleet.host import Host

DIGEST = u'0123456789abcdef'
NAME = DIGEST + '.0123456789ab.tried.json'
FAILED = {'schema': 1, 'candidate': u'wheel:a', 'cause': u'cpu_isa', 'message': u'SIGILL \xe9', 'at': u'2026-11-22',
          'facts': u'f' * 64, 'figures': None, 'against': None}
LOST = dict(FAILED, cause=None, message=None,
            figures={'recall_at_k': 1.0, 'qps': 900, 'p50_ms': 1.0, 'p95_ms': 1.25},
            against={'candidate': u'wheel:b', 'prefix': None, 'p95_ms': 0.5})


@pytest.mark.parametrize('cached', [FAILED, LOST], ids=['failed', 'lost'])
def test_what_is_written_comes_back_with_strategy_and_digest(tmpdir, cached):
    prefix = str(tmpdir.ensure('opt/ff/wheel', dir=True).join(DIGEST))
    assert failures.write(prefix, cached) and not failures.write(prefix, cached)
    (found,) = failures.describe(Host(str(tmpdir)), '/opt/ff')
    wanted = dict(cached, strategy='wheel', digest=DIGEST)
    del wanted['schema']
    assert found == wanted
    assert [failures.digest_of(name) for name in os.listdir(os.path.dirname(prefix))] == [DIGEST]
    assert failures.remove(prefix) and not failures.remove(prefix)


def test_two_candidates_of_one_artefact_have_a_memo_each_and_those_of_others_are_left(tmpdir):
    directory = tmpdir.ensure('opt/ff/wheel', dir=True)
    prefix, other = str(directory.join(DIGEST)), str(directory.join('f' * 16))
    for place, name in ((prefix, u'wheel:a'), (prefix, u'wheel:b'), (other, u'wheel:a')):
        failures.write(place, dict(FAILED, candidate=name))
    assert len(directory.listdir()) == 3
    assert failures.remove(prefix) and len(directory.listdir()) == 1


def test_what_is_not_told_of_many_is_a_gap(tmpdir):
    prefix = str(tmpdir.ensure('opt/ff/wheel', dir=True).join(DIGEST))
    for number in range(3):
        failures.write(prefix, dict(FAILED, candidate=u'wheel:%d' % number))
    host = Host(str(tmpdir))
    assert len(failures.describe(host, '/opt/ff', most=3)) == 3 and host.gaps == []
    assert len(failures.describe(host, '/opt/ff', most=2)) == 2
    assert host.gaps == [{'fact': 'tried', 'reason': 'Only 2 of the 3 results cached under /opt/ff are told.'}]


@pytest.mark.parametrize('text', ['', '{', '[]', '{"schema": 2}', 'null', '"x"'])
def test_what_is_no_memo_is_passed_over(tmpdir, text):
    tmpdir.ensure('opt/ff/wheel/%s' % NAME).write(text)
    assert failures.describe(Host(str(tmpdir)), '/opt/ff') == []


def test_what_a_memo_holds_of_other_kinds_counts_as_absent():
    found = failures.parse('{"schema": 1, "cause": ["x"], "at": 5, "figures": [], "against": {"p95_ms": true}}')
    assert found['against'] == {'candidate': None, 'prefix': None, 'p95_ms': None}
    assert [value for name, value in found.items() if name != 'against'] == [None] * 6


@pytest.mark.parametrize('name', ['x.0123456789ab.tried.json', DIGEST + '.json', '.tried.json', DIGEST + '.tried.json',
                                  NAME.upper()])
def test_other_names_are_nobodys_memo(name):
    assert failures.digest_of(name) is None


def test_links_are_not_followed(tmpdir):
    tmpdir.ensure('elsewhere/%s' % NAME)
    tmpdir.ensure('opt/ff', dir=True).join('wheel').mksymlinkto(str(tmpdir.join('elsewhere')))
    assert failures.describe(Host(str(tmpdir)), '/opt/ff') == []
