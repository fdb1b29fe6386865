# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tries a host's candidates, one after the other, until the policy is satisfied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model import Attempt, Candidate, Facts, Json
from ..plan import blockers, decide
from ..plan.planner import possible
from ..strategies.base import Options
from . import current_backend, failure_cache
from .attempt import KEEP, Trial
from .host import Host

TRY_BLOCKED = "faiss_install__try_blocked"


@dataclass
class Outcome:
    """What was tried and how it ended."""

    attempts: list[Attempt] = field(default_factory=list)
    verification: list[Json] = field(default_factory=list)
    # By candidate that passed: its prefix goes when another one is selected, and this is cached of it.
    if_unselected: dict[str, Json] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the host was changed, or would be."""
        return any(attempt["changed"] for attempt in self.attempts)

    @property
    def foreseen(self) -> bool:
        """Whether this was a dry run that found something to try."""
        return any(attempt.get("foreseen") for attempt in self.attempts)

    def undecided(self, plan: Sequence[Candidate]) -> blockers.Answer | None:
        """Why no backend can be decided on; None where one can.

        That is so where nothing native passed and the controller or the inventory, not the host, prevented an attempt:
        then the host keeps what is configured, for nothing was learnt about it.
        """
        if self.foreseen:
            return None
        answer = blockers.why_not_native(plan, self.attempts, self.verification)
        return answer if answer is not None and answer.prevented else None


def order(candidates: Sequence[Candidate], options: Options) -> list[Candidate]:
    """Those that are tried, in the plan's order; the blocked are among them where that is asked for."""
    return list(candidates) if options.extra.get(TRY_BLOCKED) else possible(candidates)


def run(
    candidates: Sequence[Candidate],
    policy: str,
    facts: Facts,
    options: Options,
    host: Host,
    strategies: Sequence[str] = (),
    *,
    dry_run: bool = False,
) -> Outcome:
    """Tries the candidates in order; ``fastest`` tries all, another policy stops once one passes.

    The current backend is tested again where it could not be made again, or nothing else passed. dry_run: the same, up
    to the first change of the host or the first artefact that would have to be made.
    """
    return _Run(candidates, policy, facts, options, host, strategies, dry_run).outcome()


class _Run:
    def __init__(
        self,
        candidates: Sequence[Candidate],
        policy: str,
        facts: Facts,
        options: Options,
        host: Host,
        strategies: Sequence[str],
        dry_run: bool,
    ) -> None:
        self.candidates, self.policy, self.facts, self.options, self.host = candidates, policy, facts, options, host
        self.dry_run = dry_run
        self.current = current_backend.current(facts, candidates, strategies, policy)
        self.trials: list[Trial] = []

    def outcome(self) -> Outcome:
        self._try_all()
        for number, trial in enumerate(self.trials):
            if trial.unselected and trial.place not in self._still_unselected():
                # What was selected then does not pass now.
                self.trials[number] = self._trial(trial.candidate, skips_unselected=False)
        if self.policy == decide.FASTEST and not self.dry_run:
            self._measure_again()
        for trial in self.trials:
            if trial.current is not None and trial.passed:
                for other in self.trials:
                    if other is not trial and other.candidate["id"] == trial.candidate["id"]:
                        # A build of the same name that did not pass: its attempt says so.
                        other.verification = None
        # In a dry run it is not known which one that would be.
        keeps = self.policy != decide.FASTEST or self.options.extra.get(KEEP) or self.dry_run
        cached = {trial.candidate["id"]: trial.cached_if_unselected for trial in self.trials if not keeps}
        return Outcome(
            attempts=[trial.attempt for trial in self.trials],
            verification=[trial.verification for trial in self.trials if trial.verification is not None],
            if_unselected={name: found for name, found in cached.items() if found},
        )

    def _try_all(self) -> None:
        for following in [*order(self.candidates, self.options), None]:
            if self._current_is_due(following):
                assert self.current is not None
                self.trials.append(self._trial(self.current.candidate, current=self.current))
                self.current = None
                if self._satisfied():
                    return
            if following:
                self.trials.append(self._trial(following))
                if self._satisfied():
                    return

    def _current_is_due(self, following: Candidate | None) -> bool:
        tests = [trial.verification for trial in self.trials if trial.verification]
        tests += [{"candidate": trial.candidate["id"], "ok": True} for trial in self.trials if trial.foreseen]
        attempts = [trial.attempt for trial in self.trials]
        strategy = following["strategy"] if following else None
        return self.current is not None and current_backend.due(self.current, attempts, tests, strategy)

    def _trial(
        self,
        candidate: Candidate,
        current: current_backend.Current | None = None,
        skips_unselected: bool | None = None,
    ) -> Trial:
        skips = self.policy == decide.FASTEST if skips_unselected is None else skips_unselected
        trial = Trial(
            candidate,
            self.facts,
            self.options,
            self.host,
            dry_run=self.dry_run,
            skips_unselected=skips and current is None,
            current=current,
        )
        trial.run()
        return trial

    def _satisfied(self) -> bool:
        last = self.trials[-1]
        return (last.foreseen or last.passed) and self.policy != decide.FASTEST

    def _still_unselected(self) -> set[failure_cache.Place]:
        # In a dry run what would be shipped counts as passing: it is what was selected before.
        passed = [trial.place for trial in self.trials if trial.passed or trial.foreseen]
        before = {trial.place: trial.unselected for trial in self.trials if trial.unselected}
        return failure_cache.still_unselected(passed, before)

    def _measure_again(self) -> None:
        """Measures two candidates once more before one takes the place of the other; the better figures of each count.

        They were measured one after the other, and a host that was busy for one of them has made it look slow.
        """
        wanted = (self.facts.get("setting") or {}).get("candidate")
        passed = [trial for trial in self.trials if trial.passed]
        now = next((trial for trial in passed if trial.candidate["id"] == wanted), None)
        if now is None:
            return
        times = decide.times([trial.verification or {} for trial in passed])
        best = min(passed, key=lambda trial: times[trial.candidate["id"]])
        if times[best.candidate["id"]] < times[now.candidate["id"]] * (1 - decide.MARGIN):
            for trial in (now, best):
                trial.measure_again()
