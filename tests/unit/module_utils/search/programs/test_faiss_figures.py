# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Measuring with real FAISS: tests/integration/test_search_real_faiss.py."""
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.search.programs import faiss_figures


@pytest.mark.parametrize('rounds, seconds, expected', [
    pytest.param([[100, 1, 2]], 9, False, id='one round is never enough'),
    pytest.param([[100, 1, 2], [99, 1, 2]], 0.01, False, id='two that agree may both have met a slow start'),
    pytest.param([[100, 1, 2], [99, 1, 2]], 0.3, True, id='a slow search stops with two'),
    pytest.param([[60, 2, 9], [100, 1, 2], [99, 1.04, 2.05]], 0.01, True, id='the two quickest agree'),
    pytest.param([[60, 1, 2], [100, 1, 2], [99, 1, 3]], 0.01, False, id='p95 is not steady yet'),
    pytest.param([[number, 1, 2] for number in range(10, 110, 10)], 0.01, True, id='never more than ten'),
])
def test_rounds_are_run_until_they_agree(rounds, seconds, expected):
    assert faiss_figures.enough(rounds, seconds) is expected


def test_this_processes_memory_and_time_are_read():
    assert 10 ** 6 < faiss_figures.held_rss() < 10 ** 11
    assert faiss_figures.cpu_seconds() > 0
