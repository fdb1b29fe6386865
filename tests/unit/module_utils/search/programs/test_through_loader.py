# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""When enough was measured through the loader, and that whatever it raises is an answer."""
from __future__ import absolute_import, division, print_function

import json
import sys
import types

import pytest

from ansible.module_utils.faiss_fleet.search.programs import through_loader

FIRST, SLOW = [0.010, 0.011, 0.012], [0.020, 0.022, 0.024]
PARAMS = {"directory": "/nowhere", "n": 40, "d": 4, "k": 2, "queries": 3, "seed": 1, "threads": 1, "timeout": 5,
          "runtime": {"kind": "python", "argv": ["/usr/bin/python3"], "env": {}, "prefix": None}}


@pytest.mark.parametrize("rounds, seconds, expected", [
    pytest.param([FIRST, FIRST], 9, False, id="fewer than the least"),
    pytest.param([FIRST, SLOW, SLOW], 0.1, False, id="they differ"),
    pytest.param([FIRST, SLOW, FIRST], 0.1, True, id="two agree"),
    pytest.param([FIRST, SLOW, SLOW], 0.6, True, id="the time is over"),
    pytest.param([[number] for number in range(1, 11)], 0.1, True, id="as many as the most"),
])
def test_rounds_end_when_another_would_tell_nothing_new(rounds, seconds, expected):
    assert through_loader.enough(rounds, seconds) == expected


class Storage:
    """As the loader's, exact, or one that finds another vector."""

    wrong, backend, closed = False, "worker", 0

    def __init__(self, metric, **options):
        self.rows, self.options = [], options

    def add(self, ids, vectors):
        self.rows.extend(vectors)

    def search(self, query, k):
        found = sorted((sum((row[at] - query[at]) ** 2 for at in range(len(row))), number)
                       for number, row in enumerate(self.rows))
        return [(number, score) for score, number in found[self.wrong:k + self.wrong]]

    def close(self):
        Storage.closed += 1


@pytest.fixture
def loader(monkeypatch):
    """The loader's module, in memory."""
    module = types.ModuleType("faiss_fleet_loader")
    module.VectorStorage = Storage
    monkeypatch.setitem(sys.modules, "faiss_fleet_loader", module)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(Storage, "closed", 0)


def said(capsys):
    through_loader.main(PARAMS, "START ")
    return json.loads(capsys.readouterr()[0].partition("START ")[2])


def test_figures_are_told_and_the_store_is_closed(loader, capsys):
    frame = said(capsys)
    found = frame["found"]
    assert (frame["stage"], found["mode"], found["language"]) == ("done", "worker", "python")
    assert found["rounds"] >= through_loader.ROUNDS[0] and 0 < found["p50_ms"] <= found["p95_ms"] and found["qps"] > 0
    assert Storage.closed == 1


def test_a_wrong_neighbour_is_a_failure(loader, capsys, monkeypatch):
    monkeypatch.setattr(Storage, "wrong", 1)
    frame = said(capsys)
    assert frame["stage"] == "loader" and frame["failed"]["type"] == "ValueError"
    assert "not its own nearest neighbour" in frame["failed"]["message"] and Storage.closed == 1


def test_a_loader_that_cannot_be_imported_is_an_answer_too(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss_fleet_loader", None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert said(capsys)["failed"]["type"] in ("ImportError", "ModuleNotFoundError")
