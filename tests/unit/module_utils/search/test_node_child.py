# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test of Node as a host's Python sends it, whichever Python that is. What it does is tested elsewhere."""
from __future__ import absolute_import, division, print_function

import json

import pytest

from ansible.module_utils.faiss_fleet.search import node_child as search_child_node, run as search_test

RUNTIME = {'kind': 'node', 'argv': ['/no/such/node'], 'env': {}, 'prefix': None}
WORKLOAD = {'n': 100, 'd': 8, 'k': 3, 'queries': 5, 'threads': 1, 'seed': 1, 'indexes': ['flat']}


def test_the_program_is_ascii_text_without_what_a_pipe_could_change():
    search_child_node.PROGRAM.encode('ascii')
    assert '\r' not in search_child_node.PROGRAM and '\t' not in search_child_node.PROGRAM


def test_the_call_carries_the_workload_as_json():
    text = search_test.script({'n': 1, 'name': u'a "quoted" \u20ac'}, '0' * 32, 'node')
    call = text[text.rindex('\nmain(JSON.parse('):]
    given = call[len('\nmain(JSON.parse('):call.index('), "')]
    assert json.loads(json.loads(given)) == {'n': 1, 'name': u'a "quoted" \u20ac'}
    text.encode('ascii')


@pytest.mark.parametrize('kind, limit, expected', [
    ('python', 512, ['-']),
    ('node', 512, ['--expose-gc', '--max-old-space-size=512', '-']),
    ('node', 0, ['--expose-gc', '-']),
])
def test_arguments(kind, limit, expected):
    assert search_test.arguments(kind, limit) == expected


def test_a_node_that_is_not_there_is_a_missing_command_and_no_missing_python():
    result = search_test.run('x', RUNTIME, WORKLOAD, 10, 0, {}, {})
    assert (result['ok'], result['cause']) == (False, 'command_missing')
