# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Keeps the current backend where nothing else passed: a fault of the controller removes no native FAISS. Pure.

An index that is down, an empty cache or a limit that was set too low says nothing of what is installed there. So where
nothing else passed, what is configured is tested again, and where it passes the configuration stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import strategies
from ..model import Candidate, Facts, Runtime

# What of a configuration is taken over as it was; the rest is of the test.
TAKEN_OVER = ("provider", "versions", "policy", "because")
TESTED = "What is configured was tested again, as it is there."
NOTE = "What is configured. It is not in the plan any more, and was tested as nothing else passed."


@dataclass(frozen=True)
class Current:
    """What is configured: as a candidate, how it is started, and what the configuration says of it."""

    candidate: Candidate
    runtime: Runtime
    kept: dict[str, Any]


def current(facts: Facts, plan: Sequence[Candidate], wanted: Iterable[str], policy: str) -> Current | None:
    """What the configuration names; None where it names nothing native, or nothing that may be selected.

    Its candidate is the plan's own of that name, where there is one. With the policy ``fixed`` only the strategies
    wanted may be selected.
    """
    found = facts.get("setting")
    if not isinstance(found, Mapping) or found.get("backend") != "faiss" or not found.get("candidate"):
        return None
    provider = str(found.get("provider"))
    if policy == "fixed" and provider not in wanted:
        return None
    given = found["runtime"]
    runtime = Runtime(kind=given["kind"], argv=given["argv"], env=given["env"], prefix=given["prefix"])
    kept = {name: found.get(name) for name in TAKEN_OVER}
    planned = next((one for one in plan if one["id"] == found["candidate"]), None)
    return Current(planned or _unplanned(found, provider, runtime), runtime, kept)


def _unplanned(found: Mapping[str, Any], provider: str, runtime: Runtime) -> Candidate:
    versions = found.get("versions")
    version = versions.get("faiss") if isinstance(versions, Mapping) else None
    return Candidate(
        id=str(found["candidate"]),
        strategy=provider,
        artefact={"name": "FAISS", "version": version, "file": None, "sha256": None, "python": None},
        verdict="possible",
        reasons=[],
        remedy=None,
        runtime=runtime,
        note=NOTE,
    )


def due(
    now: Current, attempts: Sequence[Mapping[str, Any]], tests: Iterable[Mapping[str, Any]], following: str | None
) -> bool:
    """Whether it is time to test what is configured, once.

    That is where it could not be made again, and else where nothing passed: at the end, or before the fallback.
    following: the strategy of what would be tried next, None at the end.
    """
    done = list(tests)
    name = now.candidate["id"]
    if any(test.get("runtime") == now.runtime for test in done):
        return False
    if attempts and attempts[-1]["candidate"] == name and name not in {test["candidate"] for test in done}:
        return attempts[-1].get("ok") is False
    passed = any(test.get("ok") for test in done)
    return (following is None or not strategies.is_native(following)) and not passed
