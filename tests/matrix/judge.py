# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks the planner about one combination, and holds its answer against what really happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faiss_fleet.strategies.base import Candidate, Options, Reason
from faiss_fleet.strategies.wheel import strategy as wheel
from faiss_fleet.strategies.wheel.catalogue import Catalogue
from tests.matrix.combinations import Combination
from tests.matrix.runner import Outcome


def predict(combination: Combination, facts: dict[str, Any]) -> Candidate:
    """The plan of an audit for a host with these facts that has this Python alone and could get this wheel alone."""
    pythons = [
        each
        for each in facts["pythons"]
        if (each["version"] or "").startswith(combination.python + ".")
        and each["path"].startswith("/usr/") == (combination.userland.own == combination.python)
    ]
    assert pythons, f"{combination.key}: the probe did not find this Python"
    options = Options(extra={"_catalogue": Catalogue((combination.wheel,))})
    (candidate,) = wheel.STRATEGY.plan({**facts, "pythons": pythons[:1]}, options)
    return candidate


def disagreement(candidate: Candidate, found: Outcome) -> str | None:
    """In what the prediction and the outcome differ; None when they agree."""
    reasons = candidate["reasons"]
    told = f"planned {candidate['verdict']} ({'; '.join(reason['text'] for reason in reasons)})"
    if (candidate["verdict"] == "possible") != (found.kind == "works"):
        return f"{told}, and it was: {found}"
    if found.kind == "works" or _is_first(found, reasons[0]):
        return None
    return f"{told}, and the first thing in the way was: {found}"


def _is_first(found: Outcome, first: Reason) -> bool:
    file = Path(first.get("file") or "").name
    if found.kind == "symbol_version":
        return (first["need"], first.get("library"), file) == (found.version, found.library, found.file)
    if found.kind == "library":
        return first.get("library") == found.library
    if found.kind == "signal":
        return found.version == "SIGILL" and first["check"] == "cpu_isa"
    return found.kind == "module" and first["check"] == "python"
