# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host's setting names is held on to: a bad day of the controller takes no native FAISS from a host. Pure.

An index that is down, an empty cache or a limit that was set too low says nothing of what is installed there. So where
nothing else passed, what is set is tested again, and where it passes the setting stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..strategies.base import Candidate, Facts, Runtime

# What of a setting is taken over as it was; the rest is of the test.
TAKEN_OVER = ("provider", "versions", "policy", "because")
FALLBACK = "js"
TESTED = "What is set was tested again, as it is there."


def candidate(facts: Facts, plan: Sequence[Candidate], strategies: Iterable[str], policy: str) -> Candidate | None:
    """What the setting names as a candidate; None where it names nothing native, or nothing that may win.

    The plan's own candidate of that name, where there is one, as it was when it was set. With the policy ``fixed`` only
    the strategies named may win.
    """
    setting = facts.get("setting")
    if not isinstance(setting, Mapping) or setting.get("backend") != "faiss" or not setting.get("candidate"):
        return None
    provider = str(setting.get("provider"))
    if policy == "fixed" and provider not in strategies:
        return None
    given = setting["runtime"]
    runtime = Runtime(kind=given["kind"], argv=given["argv"], env=given["env"], prefix=given["prefix"])
    kept = {name: setting.get(name) for name in TAKEN_OVER}
    for planned in plan:
        if planned["id"] == setting["candidate"]:
            return Candidate(**{**planned, "runtime": runtime, "kept": kept})
    versions = setting.get("versions")
    version = versions.get("faiss") if isinstance(versions, Mapping) else None
    return Candidate(
        id=str(setting["candidate"]),
        strategy=provider,
        artefact={"name": "FAISS", "version": version, "file": None, "sha256": None, "python": None},
        verdict="possible",
        reasons=[],
        remedy=None,
        runtime=runtime,
        note="What is set. It is not in the plan any more, and was tested as nothing else passed.",
        kept=kept,
    )


def due(
    held: Candidate, attempts: Sequence[Mapping[str, Any]], tests: Iterable[Mapping[str, Any]], following: str | None
) -> bool:
    """Whether it is time to test what is set, once.

    That is where it could not be made anew, and else where nothing passed: at the end, or before the fallback.
    following: the strategy of what would be tried next, None at the end.
    """
    done = list(tests)
    passed = any(test.get("ok") for test in done)
    if any(test.get("runtime") == held.get("runtime") for test in done):
        return False
    if attempts and attempts[-1]["candidate"] == held["id"] and held["id"] not in {test["candidate"] for test in done}:
        return attempts[-1].get("ok") is False
    return following in (None, FALLBACK) and not passed
