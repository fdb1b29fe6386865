# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Counts hosts of a batch in the statistics that Ansible's recap shows: to Ansible they had no task.

Ansible has no interface for that. ``v2_playbook_on_stats`` hands the statistics out, but calls the callback that
prints the recap first. A callback has no reference to the TaskQueueManager, and neither the play nor the variable
manager that it is given has one. An action runs in a forked worker, whose statistics are a copy. ``set_stats`` sets
custom statistics only, and a task for each host costs the worker for each host that the batch saves. So the
TaskQueueManager is found on the call stack; tests/integration/test_batch.py reads the recap and fails where that no
longer works.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def count(hosts: Mapping[str, int]) -> None:
    """Counts one task that went well for each host, and as many changes as are given.

    Where the statistics are not found, the recap lacks these hosts.
    """
    found = _statistics()
    for host, changes in hosts.items() if found is not None else ():
        found.increment("ok", host)
        for _ in range(changes):
            found.increment("changed", host)


def _statistics() -> Any:
    """Those of the TaskQueueManager that called the callback. It hands them out at the end of the playbook only."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
        owner = frame.f_locals.get("self")
        if type(owner).__name__ == "TaskQueueManager":
            return getattr(owner, "_stats", None)
    return None
