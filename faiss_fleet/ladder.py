# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Climbs a host's plan: resolve, deploy, verify, one candidate after the other, until the policy has what it wants."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from . import measured, strategies
from .errors import FleetError
from .planning import possible
from .strategies.base import Artefact, Candidate, Facts, Options, Runtime, Strategy

Result = dict[str, Any]


class Host(Protocol):
    """What the ladder asks of a host: each is one remote call."""

    def deploy(self, artefact: Artefact, prefix: str) -> Result:
        """Ships and unpacks; returns at least ok, changed, cause, message."""
        ...

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> Result:
        """Runs the search test, with or without measuring; returns a verification."""
        ...

    def remove(self, prefix: str) -> Result:
        """Takes away a prefix that lost."""
        ...


@dataclass
class Climb:
    """What was tried and how it ended."""

    attempts: list[Result] = field(default_factory=list)
    verification: list[Result] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(attempt["changed"] for attempt in self.attempts)


def placed(runtime: Runtime, prefix: str | None) -> Runtime:
    """The runtime with ``{prefix}`` filled in."""
    if prefix is None:
        return runtime
    return Runtime(
        kind=runtime["kind"],
        argv=[part.replace("{prefix}", prefix) for part in runtime["argv"]],
        env={name: value.replace("{prefix}", prefix) for name, value in runtime["env"].items()},
        prefix=prefix,
    )


def _attempt(candidate: Candidate, **found: Any) -> Result:
    return {
        "candidate": candidate["id"],
        "strategy": candidate["strategy"],
        "artefact": candidate["artefact"],
        "seconds": 0.0,
        "changed": False,
        "ok": None,
        "cause": None,
        "message": None,
        "remedy": None,
        "log": None,
        **found,
    }


def _strategy_of(candidate: Candidate) -> Strategy:
    return next(found for found in strategies.all_strategies() if found.name == candidate["strategy"])


def prefix_of(candidate: Candidate, artefact: Artefact, options: Options) -> str:
    """Where an artefact goes on every host: named by its content."""
    return f"{options.prefix}/{candidate['strategy']}/{artefact.digest}"


def _in_place(prefix: str, facts: Facts) -> bool:
    return any(found["path"] == prefix and found["complete"] for found in facts["prefixes"])


def predict(candidates: list[Candidate], facts: Facts, options: Options) -> Climb:
    """Check mode: what a real run would try first. The controller resolves it; the host is not touched."""
    done = Climb()
    for candidate in possible(candidates):
        try:
            artefact = _strategy_of(candidate).resolve(candidate, facts, options)
        except FleetError as exc:
            done.attempts.append(_refused(candidate, exc))
            continue
        message = "check mode: its search test was not run"
        ships = False
        if artefact is not None:
            prefix = prefix_of(candidate, artefact, options)
            candidate["runtime"] = placed(artefact.runtime, prefix)
            ships = not _in_place(prefix, facts)
            if ships:
                size = artefact.bytes_to_ship / 1e6
                message = f"check mode: would ship {size:.0f} MB to {prefix}, then run the search test"
        done.attempts.append(_attempt(candidate, message=message, changed=ships))
        break
    return done


def _refused(candidate: Candidate, exc: FleetError, seconds: float = 0.0) -> Result:
    """The attempt of a candidate that the controller could not resolve."""
    fault = {"cause": exc.cause or "unknown", "message": str(exc), "remedy": exc.remedy}
    return _attempt(candidate, ok=False, seconds=seconds, **fault)


def _place(candidate: Candidate, artefact: Artefact, facts: Facts, options: Options, host: Host) -> Result:
    prefix = prefix_of(candidate, artefact, options)
    if _in_place(prefix, facts):
        return {"ok": True, "changed": False, "prefix": prefix, "message": "already in place"}
    return {"bytes_shipped": artefact.bytes_to_ship, **host.deploy(artefact, prefix), "prefix": prefix}


def _try(candidate: Candidate, facts: Facts, options: Options, host: Host, climb: Climb) -> bool:
    """One rung. True when its search test passed."""
    started = time.monotonic()
    try:
        artefact = _strategy_of(candidate).resolve(candidate, facts, options)
    except FleetError as exc:
        climb.attempts.append(_refused(candidate, exc, round(time.monotonic() - started, 3)))
        return False

    result: Result = {"ok": True, "changed": False, "prefix": None}
    runtime = candidate.get("runtime")
    if artefact is not None:
        result = _place(candidate, artefact, facts, options, host)
        runtime = placed(artefact.runtime, result["prefix"])
        candidate["artefact"].setdefault("digest", artefact.digest)
        candidate["artefact"].setdefault("packages", artefact.lock.get("packages", []))
    result["seconds"] = round(time.monotonic() - started, 3)
    climb.attempts.append(_attempt(candidate, **result))
    if not result["ok"] or runtime is None:
        return False

    candidate["runtime"] = runtime
    earlier = measured.earlier(candidate["id"], runtime, facts, options)
    verification = host.verify(candidate["id"], runtime, figures=earlier is None)
    if earlier and verification["ok"] and not verification.get("figures", True):
        verification.update(measured.as_verification(earlier))
    climb.verification.append(verification)
    if verification["ok"]:
        return True
    fault = {name: verification.get(name) for name in ("cause", "message", "remedy")}
    climb.attempts[-1].update(ok=False, **fault)
    if result["changed"] and not options.extra.get("faiss_install__keep_failed", False):
        host.remove(result["prefix"])
    return False


def climb(
    candidates: list[Candidate], policy: str, facts: Facts, options: Options, host: Host
) -> Climb:
    """Tries the possible candidates in order; ``fastest`` tries all, another policy stops once one passes."""
    done = Climb()
    for candidate in possible(candidates):
        if _try(candidate, facts, options, host, done) and policy != "fastest":
            break
    return done
