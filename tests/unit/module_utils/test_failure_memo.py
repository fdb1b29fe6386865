# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

import pytest

from ansible.module_utils.faiss_fleet import failure_memo
from ansible.module_utils.faiss_fleet.host import Host

DIGEST = u'0123456789abcdef'
MEMO = {'schema': 1, 'candidate': u'wheel:a', 'cause': u'cpu_isa', 'message': u'SIGILL \xe9', 'at': u'2026-11-22',
        'facts': u'f' * 64}


def test_what_is_written_comes_back_with_strategy_and_digest(tmpdir):
    prefix = str(tmpdir.ensure('opt/ff/wheel', dir=True).join(DIGEST))
    assert failure_memo.write(prefix, MEMO) and not failure_memo.write(prefix, MEMO)
    (found,) = failure_memo.describe(Host(str(tmpdir)), '/opt/ff')
    wanted = dict(MEMO, strategy='wheel', digest=DIGEST)
    del wanted['schema']
    assert found == wanted
    assert os.listdir(os.path.dirname(prefix)) == [DIGEST + '.failed.json']
    assert failure_memo.remove(prefix) and not failure_memo.remove(prefix)


@pytest.mark.parametrize('text', ['', '{', '[]', '{"schema": 2}', 'null', '"x"'])
def test_what_is_no_memo_is_passed_over(tmpdir, text):
    tmpdir.ensure('opt/ff/wheel/%s.failed.json' % DIGEST).write(text)
    assert failure_memo.describe(Host(str(tmpdir)), '/opt/ff') == []


def test_what_a_memo_holds_of_other_kinds_counts_as_absent():
    assert failure_memo.parse('{"schema": 1, "cause": ["x"], "at": 5}') == dict.fromkeys(failure_memo.FIELDS)


@pytest.mark.parametrize('name', ['x.failed.json', DIGEST + '.json', '.failed.json', DIGEST.upper() + '.failed.json'])
def test_other_names_are_nobodys_memo(name):
    assert failure_memo.digest_of(name) is None


def test_links_are_not_followed(tmpdir):
    tmpdir.ensure('elsewhere/%s.failed.json' % DIGEST)
    tmpdir.ensure('opt/ff', dir=True).join('wheel').mksymlinkto(str(tmpdir.join('elsewhere')))
    assert failure_memo.describe(Host(str(tmpdir)), '/opt/ff') == []
