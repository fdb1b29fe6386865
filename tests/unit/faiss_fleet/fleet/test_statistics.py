# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts of a batch are counted where Ansible's recap looks."""

from __future__ import annotations

from collections import Counter

from faiss_fleet.fleet import statistics


class Statistics(Counter[tuple[str, str]]):
    def increment(self, what: str, host: str) -> None:
        self[what, host] += 1


class TaskQueueManager:
    """Calls as Ansible's class of that name calls a callback."""

    def __init__(self) -> None:
        self._stats = Statistics()

    def run(self) -> Statistics:
        statistics.count({"a": 0, "b": 2})
        return self._stats


def test_each_host_has_one_task_that_went_well_and_its_changes() -> None:
    assert TaskQueueManager().run() == {("ok", "a"): 1, ("ok", "b"): 1, ("changed", "b"): 2}


def test_without_statistics_nothing_is_counted() -> None:
    statistics.count({"a": 1})
