# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What earlier runs found, for reports that must be quick: read straight from the SQLite store beside the runs.

Both functions answer from an index of the store, never from whole records, and are empty where there is no store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .diff import Line
from .store.intake import STORE, earlier

NEWEST_RUN = "~"  # sorts behind every run id


@dataclass(frozen=True)
class RunTotals:
    """One run and how many hosts ended in each state."""

    id: str
    started: str
    check_mode: bool
    states: dict[str, int]

    @property
    def hosts(self) -> int:
        """How many there are."""
        return sum(self.states.values())


def trend(reports: Path) -> list[RunTotals]:
    """Every run that the store of this folder has, oldest first; [] without one, or with one that cannot be read."""
    path = reports / STORE
    if not path.is_file():
        return []
    try:
        # Read-only: a report neither makes nor migrates a store, and waits for no writer.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            counts = connection.execute("SELECT run, state, count(*) FROM hosts GROUP BY run, state").fetchall()
            runs = connection.execute("SELECT id, started, check_mode FROM runs ORDER BY id").fetchall()
    except sqlite3.Error:
        return []
    return [RunTotals(run, started, bool(check), _states(counts, run)) for run, started, check in runs]


def last_good(reports: Path, hosts: Iterable[str], before: str = NEWEST_RUN) -> dict[str, Line]:
    """By host the newest line that rests on an answer of the host, of runs earlier than ``before``.

    Hosts that no run reached are left out.
    """
    return dict(earlier(str(reports / STORE), before, list(hosts)))


def _states(counts: list[Any], wanted: str) -> dict[str, int]:
    return {state: count for run, state, count in counts if run == wanted}
