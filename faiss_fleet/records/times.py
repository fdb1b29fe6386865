# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says how long a host took, as far as its record holds it: what was tried and tested, and on which check it failed."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..plan import blockers
from .schema import Record

VERDICT = "backend"  # what has the seconds that no check has
_NOTHING: Mapping[str, float] = {}


def spent(record: Record, blocked: Container[str]) -> Mapping[str, float]:
    """Return seconds by id of a check, and of ``VERDICT``; together they are all that the host took.

    blocked: ids of the checks that blocked the host. One of them has the seconds of the attempts and search tests that
    failed on it; the verdict has those of all others. A check of facts has none: facts are read together, and what the
    record holds of that is CPU time. Empty for a host on which nothing was tried.
    """
    found: dict[str, float] = {}
    tried = [(blockers.stage_of(each), each) for each in record["attempts"]]
    for stage, each in (*tried, *(("search_test", test) for test in record["verification"])):
        seconds = each.get("seconds")
        if seconds is not None:
            part = stage if each["ok"] is False and stage in blocked else VERDICT
            found[part] = found.get(part, 0.0) + seconds
    return found or _NOTHING
