# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Imports what the stages need in Ansible's main process, from which a worker is forked for every host and task.

Without it each worker imports for itself: 0.17 s of CPU for a host and stage, as much as the rest of the task.
"""

from __future__ import annotations

from . import (
    catalogue,
    decide,
    fallback,
    ladder,
    options,
    planning,
    preflight,
    recommend,
    remote_host,
    settable,
    strategies,
)

STAGES = (decide, fallback, ladder, options, planning, preflight, recommend, remote_host, settable)


def warm() -> None:
    """Loads the strategies and the table of wheels; both stay in memory."""
    strategies.all_strategies()
    catalogue.table()
