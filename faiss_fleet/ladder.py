# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Climbs a host's plan: one candidate after the other, until the policy has what it wants."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import failures, time_limit
from .errors import FleetError
from .planning import possible
from .rung import Host, Result, Rung, attempt_of, in_place, placed, prefix_of, refusal, strategy_of, too_large
from .strategies.base import Candidate, Facts, Options

TRY_BLOCKED = "faiss_install__try_blocked"


@dataclass
class Climb:
    """What was tried and how it ended."""

    attempts: list[Result] = field(default_factory=list)
    verification: list[Result] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(attempt["changed"] for attempt in self.attempts)


def order(candidates: list[Candidate], options: Options) -> list[Candidate]:
    """Those that are tried, in the plan's order; the blocked are among them where that is asked for."""
    return list(candidates) if options.extra.get(TRY_BLOCKED) else possible(candidates)


def predict(candidates: list[Candidate], facts: Facts, options: Options) -> Climb:
    """Check mode: what a real run would try first. The controller resolves it; the host is not touched."""
    done = Climb()
    seconds = float(options.extra.get("faiss_install__attempt_timeout") or 0)
    for candidate in order(candidates, options):
        relevant = failures.fingerprint(candidate, facts, options)
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
            earlier = failures.earlier(candidate, artefact, facts, options, relevant)
            ships = not in_place(prefix, facts)
            refused = too_large(artefact, options) if ships else None
            if earlier:
                refused = {"ok": False, "cause": earlier["cause"], "message": failures.told(earlier)}
                refused["failed_before"] = earlier.get("at")
            if refused:
                done.attempts.append(attempt_of(candidate, **refused))
                continue
            candidate["runtime"] = placed(artefact.runtime, prefix)
            if ships:
                size = artefact.bytes_to_ship / 1e6
                message = f"check mode: would ship {size:.0f} MB to {prefix}, then run the search test"
        done.attempts.append(attempt_of(candidate, message=message, changed=ships))
        break
    return done


def climb(candidates: list[Candidate], policy: str, facts: Facts, options: Options, host: Host) -> Climb:
    """Tries the candidates in order; ``fastest`` tries all, another policy stops once one passes."""
    done = Climb()
    for candidate in order(candidates, options):
        rung = Rung(candidate, facts, options, host)
        rung.climb()
        done.attempts.append(rung.attempt)
        if rung.verification is not None:
            done.verification.append(rung.verification)
        if rung.passed and policy != "fastest":
            break
    return done
