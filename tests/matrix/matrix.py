# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The whole matrix: every userland once, every combination planned and tried."""

from __future__ import annotations

from dataclasses import dataclass

from faiss_fleet.strategies.base import Candidate
from images.standins.shell import say
from tests.matrix import judge, page, pool, runner
from tests.matrix.combinations import USERLANDS, Combination, every, of_userland


@dataclass(frozen=True)
class Found:
    """outcomes and candidates by combination key; disagreements in words; text: the page that this run gives."""

    combinations: list[Combination]
    candidates: dict[str, Candidate]
    outcomes: dict[str, runner.Outcome]
    disagreements: list[str]
    text: str


def run() -> Found:
    combinations = every()
    pool.fill(combinations)
    candidates: dict[str, Candidate] = {}
    outcomes: dict[str, runner.Outcome] = {}
    summaries = {}
    disagreements = []
    for userland in USERLANDS:
        here = list(of_userland(userland))
        facts, found = runner.run(userland, here)
        summaries[userland.name] = page.summary(userland, facts)
        for combination, outcome in zip(here, found, strict=True):
            candidate = judge.predict(combination, facts)
            candidates[combination.key], outcomes[combination.key] = candidate, outcome
            differs = judge.disagreement(candidate, outcome)
            if differs:
                disagreements.append(f"{combination.key}: {differs}")
        say(f"{userland.name}: {len(here)} combinations tried")
    return Found(combinations, candidates, outcomes, disagreements, page.render(summaries, candidates))
