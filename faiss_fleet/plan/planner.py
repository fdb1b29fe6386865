# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The plan of a host: every strategy's candidates, in the order in which they would be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import strategies
from ..model import Candidate, Facts
from ..strategies.base import Options


def plan(facts: Facts, options: Options, order: Iterable[str]) -> list[Candidate]:
    """Candidates of the named strategies, best first within each. Blocked ones stay, with their reasons."""
    by_name = {strategy.name: strategy for strategy in strategies.all_strategies()}
    found: list[Candidate] = []
    for name in order:
        if name in by_name:
            found.extend(by_name[name].plan(facts, options))
    return found


def possible(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that may be tried, in the plan's order."""
    return [candidate for candidate in candidates if candidate["verdict"] == "possible"]


def title(candidate: Mapping[str, Any]) -> str:
    """A candidate or an attempt in words, for reports and for the configuration's ``because``: no two are alike."""
    return f"{label(candidate)} ({candidate['strategy']}{_python(candidate['artefact'])})"


def label(candidate: Mapping[str, Any]) -> str:
    """'faiss-cpu 1.9.0.post1', 'faiss-node 0.5.1 x86-64-v3': the artefact, with the variant of its build."""
    artefact = candidate["artefact"]
    return " ".join(str(artefact[part]) for part in ("name", "version", "variant") if artefact.get(part))


def _python(artefact: Mapping[str, Any]) -> str:
    python = artefact.get("python")
    return f", Python {python}" if python else ""
