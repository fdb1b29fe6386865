# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Climbs a host's plan: one candidate after the other, until the policy has what it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..artefacts import limits as time_limit
from ..errors import FleetError
from ..plan import decide
from ..plan.planner import possible
from ..strategies.base import Candidate, Facts, Options
from . import current_backend as held
from . import failure_cache as memory
from .attempt import (
    KEEP,
    Host,
    Result,
    Rung,
    attempt_of,
    in_place,
    placed,
    prefix_of,
    refusal,
    strategy_of,
    too_large,
)

TRY_BLOCKED = "faiss_install__try_blocked"
FASTEST = "fastest"


@dataclass
class Climb:
    """What was tried and how it ended."""

    attempts: list[Result] = field(default_factory=list)
    verification: list[Result] = field(default_factory=list)
    # By candidate that passed: its prefix goes when another one is set, and this is remembered of it.
    if_lost: dict[str, Result] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(attempt["changed"] for attempt in self.attempts)


def order(candidates: list[Candidate], options: Options) -> list[Candidate]:
    """Those that are tried, in the plan's order; the blocked are among them where that is asked for."""
    return list(candidates) if options.extra.get(TRY_BLOCKED) else possible(candidates)


def predict(
    candidates: list[Candidate],
    facts: Facts,
    options: Options,
    policy: str = "first",
    strategies: Sequence[str] = (),
) -> Climb:
    """Check mode: what a real run would try first. The controller resolves it; the host is not touched."""
    done = Climb()
    seconds = float(options.extra.get("faiss_install__attempt_timeout") or 0)
    for candidate in order(candidates, options):
        relevant = memory.fingerprint(candidate, facts, options)
        try:
            with time_limit.within(seconds):
                artefact = strategy_of(candidate).resolve(candidate, facts, options)
        except FleetError as exc:
            done.attempts.append(attempt_of(candidate, **refusal(exc)))
            continue
        except time_limit.OutOfTime:
            text = f"The controller did not make it within {seconds:g} s (faiss_install__attempt_timeout)."
            done.attempts.append(attempt_of(candidate, ok=False, cause="timeout", message=text))
            continue
        message = "check mode: its search test was not run"
        ships = False
        if artefact is not None:
            prefix = prefix_of(candidate, artefact, options)
            earlier = memory.failed_before(candidate, artefact, facts, options, relevant)
            ships = not in_place(prefix, facts)
            refused = too_large(artefact, options) if ships else None
            loss = memory.lost_before(candidate, artefact, facts, options, relevant)
            place = (candidate["id"], prefix)
            if policy == FASTEST and ships and loss and _foreseen_beaten(place, candidates, facts, options):
                refused = {"message": memory.told(loss), "lost_before": loss.get("at")}
            if earlier:
                refused = {"ok": False, "cause": earlier["cause"], "message": memory.told(earlier)}
                refused["failed_before"] = earlier.get("at")
            if refused:
                done.attempts.append(attempt_of(candidate, **refused))
                continue
            candidate["runtime"] = placed(artefact.runtime, prefix)
            if ships:
                size = artefact.bytes_to_ship / 1e6
                message = f"check mode: would ship {size:.0f} MB to {prefix}, then run the search test"
        done.attempts.append(attempt_of(candidate, message=message, changed=ships))
        return done
    hold = held.candidate(facts, candidates, strategies, policy)
    if hold:
        _put_in(candidates, hold)
        done.attempts.append(attempt_of(hold, message="check mode: what is set would be tested"))
    return done


def _foreseen_beaten(place: memory.Place, candidates: list[Candidate], facts: Facts, options: Options) -> bool:
    """Whether what it lost against is there and planned, so that a real run would most likely leave it out."""
    here = [None, *(found["path"] for found in facts["prefixes"] if found["complete"])]
    losses: dict[memory.Place, Result] = {
        (str(found["candidate"]), f"{options.prefix}/{found['strategy']}/{found['digest']}"): found
        for found in facts.get("tried") or []
        if found.get("against")
    }
    there = [(candidate["id"], prefix) for candidate in order(candidates, options) for prefix in here]
    return place in memory.still_beaten(there, losses)


def climb(
    candidates: list[Candidate],
    policy: str,
    facts: Facts,
    options: Options,
    host: Host,
    strategies: Sequence[str] = (),
) -> Climb:
    """Tries the candidates in order; ``fastest`` tries all, another policy stops once one passes.

    What the host's setting names is tested again where it could not be made anew, or nothing else passed; where it
    passes, ``candidates`` holds it as ``kept``.
    """
    rungs = _tried(candidates, policy, strategies, facts, options, host)
    for number, rung in enumerate(rungs):
        if rung.loss and rung.place not in _beaten(rungs):
            # What won then does not pass now.
            rungs[number] = Rung(rung.candidate, facts, options, host)
            rungs[number].climb()
    if policy == FASTEST:
        _measure_again(rungs, facts)
    for rung in rungs:
        if "kept" in rung.candidate and rung.passed:
            _put_in(candidates, rung.candidate)
            for one in rungs:
                if one is not rung and one.candidate["id"] == rung.candidate["id"]:
                    # A build of the same name that did not pass: its attempt tells of it.
                    one.verification = None
    keeps = policy != FASTEST or options.extra.get(KEEP)
    return Climb(
        attempts=[rung.attempt for rung in rungs],
        verification=[rung.verification for rung in rungs if rung.verification is not None],
        if_lost={rung.candidate["id"]: memo for rung in rungs if not keeps and (memo := rung.memo_if_lost)},
    )


def _beaten(rungs: list[Rung]) -> set[memory.Place]:
    passed = [rung.place for rung in rungs if rung.passed]
    return memory.still_beaten(passed, {rung.place: rung.loss for rung in rungs if rung.loss})


def _tried(
    candidates: list[Candidate], policy: str, strategies: Sequence[str], facts: Facts, options: Options, host: Host
) -> list[Rung]:
    rungs: list[Rung] = []
    hold = held.candidate(facts, candidates, strategies, policy)
    for following in [*order(candidates, options), None]:
        tests = [rung.verification for rung in rungs if rung.verification]
        strategy = following["strategy"] if following else None
        if hold and held.due(hold, [rung.attempt for rung in rungs], tests, strategy):
            rungs.append(Rung(hold, facts, options, host))
            rungs[-1].climb()
            rungs[-1].attempt["message"] = rungs[-1].attempt["message"] or held.TESTED
            hold = None
            if rungs[-1].passed and policy != FASTEST:
                break
        if following:
            rungs.append(Rung(following, facts, options, host, spares_losers=policy == FASTEST))
            rungs[-1].climb()
            if rungs[-1].passed and policy != FASTEST:
                break
    return rungs


def _put_in(candidates: list[Candidate], kept: Candidate) -> None:
    for number, candidate in enumerate(candidates):
        if candidate["id"] == kept["id"]:
            candidates[number] = kept
            return
    candidates.append(kept)


def _measure_again(rungs: list[Rung], facts: Facts) -> None:
    """Before another takes the place of what is set, both are measured once more, and the better figures of each count.

    They were measured one after the other, and a host that was busy for one of them has made it look slow.
    """
    wanted = (facts.get("setting") or {}).get("candidate")
    passed = [rung for rung in rungs if rung.passed]
    now = next((rung for rung in passed if rung.candidate["id"] == wanted), None)
    if now is None:
        return
    times = decide.times([rung.verification or {} for rung in passed])
    best = min(passed, key=lambda rung: times[rung.candidate["id"]])
    if times[best.candidate["id"]] < times[now.candidate["id"]] * (1 - decide.MARGIN):
        for rung in (now, best):
            rung.measure_again()
