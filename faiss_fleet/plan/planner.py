# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The plan of a host: every strategy's candidates, in the order in which they would be tried."""

from __future__ import annotations

from collections.abc import Iterable

from .. import strategies
from ..model import Candidate, Facts
from ..strategies.base import Options
from . import blockers


def plan(facts: Facts, options: Options, order: Iterable[str]) -> list[Candidate]:
    """Candidates of the named strategies, best first within each. Blocked ones stay, with their reasons."""
    by_name = {strategy.name: strategy for strategy in strategies.all_strategies()}
    found: list[Candidate] = []
    for name in order:
        if name in by_name:
            found.extend(by_name[name].plan(facts, options))
    for reason in (reason for candidate in found for reason in candidate["reasons"]):
        blockers.check(reason["check"])
    return found


def possible(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that may be tried, in the plan's order."""
    return [candidate for candidate in candidates if candidate["verdict"] == "possible"]
