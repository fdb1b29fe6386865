# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The plan of a host: every strategy's candidates, in the order in which they would be tried."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .. import strategies
from ..model import Candidate, Facts
from ..strategies.base import Options
from . import blockers
from .titles import label


def plan(facts: Facts, options: Options, order: Iterable[str]) -> list[Candidate]:
    """Candidates of the named strategies, best first within each. Blocked ones stay, with their reasons."""
    chosen = filter(None, map(strategies.named, order))
    found = [_with_remedy(candidate) for strategy in chosen for candidate in strategy.plan(facts, options)]
    for reason in (reason for candidate in found for reason in candidate["reasons"]):
        blockers.check(reason["check"])
    return found


def _with_remedy(candidate: Candidate) -> Candidate:
    """The candidate, with a remedy that does not recommend the very release that is blocked here."""
    version, remedy = candidate["artefact"].get("version"), candidate["remedy"]
    if candidate["verdict"] != "blocked" or not version or not remedy:
        return candidate
    if not re.search(rf"(?<![\w.]){re.escape(str(version))}(?![\w.]*\w)", remedy):
        return candidate
    other = f"{label(candidate)} does not fit this host. Use an older release, or another strategy there"
    return Candidate(**{**candidate, "remedy": f"{other} (faiss_install__strategies)."})


def possible(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that may be tried, in the plan's order."""
    return [candidate for candidate in candidates if candidate["verdict"] == "possible"]
