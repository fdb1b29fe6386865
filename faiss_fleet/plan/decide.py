# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Decides which backend a host gets, from what was planned, tried and measured. Pure; never on what did not pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import FleetError
from ..strategies.base import Candidate
from . import obstacle
from .planner import title

Record = Mapping[str, Any]
Decision = dict[str, Any]
Setting = dict[str, Any]

FALLBACK = "js"
MARGIN = 0.10
SCHEMA = 1
LONGEST_SOCKET = 107  # bytes in sockaddr_un, without the zero at the end


def decide(
    plan: Sequence[Candidate],
    attempts: Sequence[Record],
    verification: Sequence[Record],
    policy: str,
    strategies: Sequence[str] | None = None,
    before: Record | None = None,
    check_mode: bool = False,
    margin: float = MARGIN,
) -> Decision:
    """backend, provider, candidate, policy, because, predicted; on fallback also cause, remedy and message.

    ``strategies`` are the only ones that may win; None means any. ``before`` is the setting on the host: with
    ``fastest`` what is set stays unless another is faster by more than ``margin``. ``because`` holds no figures and
    nothing that a host printed, so that it is the same in every run that decides the same.
    """
    eligible = [
        candidate
        for candidate in plan
        if strategies is None or candidate["strategy"] in strategies or ("kept" in candidate and policy != "fixed")
    ]
    tests = {test["candidate"]: test for test in verification}
    passed = [candidate for candidate in eligible if tests.get(candidate["id"], {}).get("ok") is True]
    common = {"policy": policy, "predicted": False}
    if passed:
        winner, because = _winner(passed, tests, policy, before, margin)
        return {**common, **_points_at(winner), "because": because}
    if check_mode and not verification:
        winner_or_none = _foretold(eligible, attempts, policy, before)
        if winner_or_none is not None:
            because = f"{title(winner_or_none)} would be tried first; check mode tried nothing."
            return {**common, **_points_at(winner_or_none), "because": because, "predicted": True}
        return {**common, **_fallback(eligible, attempts, tests, policy, strategies), "predicted": True}
    return {**common, **_fallback(eligible, attempts, tests, policy, strategies)}


def _points_at(candidate: Candidate) -> Decision:
    backend = "js" if candidate["strategy"] == FALLBACK else "faiss"
    return {"backend": backend, "provider": candidate["strategy"], "candidate": candidate["id"]}


def _winner(
    passed: list[Candidate], tests: Mapping[str, Record], policy: str, before: Record | None, margin: float
) -> tuple[Candidate, str]:
    if "kept" in passed[0] and (policy != "fastest" or len(passed) == 1):
        return passed[0], f"{title(passed[0])} is what was set and passed again; nothing else did."
    if policy != "fastest":
        others = "the strategies named" if policy == "fixed" else "the order"
        return passed[0], f"{title(passed[0])} is the first of {others} that passed the search test."
    found = times([tests[candidate["id"]] for candidate in passed])
    # As good as the best one, within what is noise: then the earlier one wins, or rather the one that is set.
    good = [candidate for candidate in passed if found[candidate["id"]] * (1 - margin) <= min(found.values())]
    for candidate in good:
        if before is not None and before.get("candidate") == candidate["id"]:
            return candidate, f"{title(candidate)} has the best p95 of those that passed, within the margin of noise."
    return good[0], f"{title(good[0])} has the best p95 of those that passed, within the margin of noise."


def times(tests: Iterable[Record]) -> dict[str, float]:
    """By candidate the p95 in milliseconds by which they are compared; infinite where it was not measured.

    That is the p95 of a search through the loader, as the application gets it: FAISS in a process of its own is not as
    quick as the same in Node itself. Where one of them was not measured so, it is FAISS's own for all, on the flat
    index.
    """
    tests = list(tests)
    loaders = {test["candidate"]: _milliseconds(test.get("loader")) for test in tests}
    if all(math.isfinite(value) for value in loaders.values()):
        return loaders
    return {
        test["candidate"]: min(
            (_milliseconds(index) for index in test.get("indexes") or [] if index.get("index") == "flat"),
            default=math.inf,
        )
        for test in tests
    }


def _milliseconds(measured: object) -> float:
    value = measured.get("p95_ms") if isinstance(measured, Mapping) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else math.inf


def _foretold(
    eligible: list[Candidate], attempts: Sequence[Record], policy: str, before: Record | None
) -> Candidate | None:
    refused = {one["candidate"] for one in attempts if one.get("ok") is False or one.get("lost_before")}
    refused -= {candidate["id"] for candidate in eligible if "kept" in candidate}
    possible = [one for one in eligible if one["verdict"] == "possible" and one["id"] not in refused]
    for candidate in possible:
        if policy == "fastest" and before is not None and before.get("candidate") == candidate["id"]:
            return candidate
    return possible[0] if possible else None


def _fallback(
    eligible: list[Candidate],
    attempts: Sequence[Record],
    tests: Mapping[str, Record],
    policy: str,
    strategies: Sequence[str] | None,
) -> Decision:
    where = "No FAISS passed"
    if policy == "fixed":
        where = f"None of the strategies named ({', '.join(strategies or [])}) passed"
    nearest = obstacle.nearest(eligible, attempts, tests.values())
    because = f"{where}; there was no candidate to try."
    if nearest:
        because = f"{where}; the nearest was {nearest['title']}: {nearest['says']}"
    return {
        "backend": "js",
        "provider": FALLBACK,
        "candidate": None,
        "because": because,
        "cause": nearest["cause"] if nearest else "not_installed",
        "remedy": nearest["remedy"] if nearest else None,
        "message": nearest["message"] if nearest else None,
    }


def setting_for(
    decision: Decision,
    plan: Iterable[Candidate],
    verification: Iterable[Record],
    run: str | None = None,
    at: str | None = None,
) -> Setting:
    """What backend.json says for this decision. What is not known (check mode) is null."""
    test: Record = next((one for one in verification if one["candidate"] == decision["candidate"]), {})
    candidate = next((one for one in plan if one["id"] == decision["candidate"]), None)
    if candidate and "kept" in candidate:
        # Byte for byte what was set, but for the evidence.
        as_it_was = {"schema": SCHEMA, "backend": "faiss", "candidate": candidate["id"], **candidate["kept"]}
        verified = _evidence(test, run, at) if test.get("ok") is True else None
        return {**as_it_was, "runtime": candidate.get("runtime"), "verified": verified}
    runtime = test.get("runtime") or (candidate.get("runtime") if candidate else None)
    return {
        "schema": SCHEMA,
        "backend": decision["backend"],
        "provider": decision["provider"],
        "candidate": decision["candidate"],
        "runtime": runtime if decision["backend"] == "faiss" else None,
        "versions": {name: test.get(f"{name}_version") for name in _versions(runtime)},
        "policy": decision["policy"],
        "because": decision["because"],
        "verified": _evidence(test, run, at) if test.get("ok") is True else None,
    }


def socket_from_variable(path: object) -> str | None:
    """The path of a socket, None when none is given. Raises FleetError for what no socket can be bound to."""
    if path in (None, ""):
        return None
    text = str(path)
    if not text.startswith("/") or not text.isprintable() or len(text.encode()) > LONGEST_SOCKET:
        raise FleetError(
            f"vector_backend__socket is {text!r}. Give an absolute path of {LONGEST_SOCKET} bytes at most, such as "
            "/run/app/faiss.sock; the kernel takes no longer one."
        )
    return text


def with_socket(setting: Setting, socket: str | None) -> Setting:
    """The setting, with the socket at which loaders look for a worker first, where the backend can be one."""
    kind = (setting.get("runtime") or {}).get("kind")
    return {**setting, "socket": socket} if socket and kind in ("python", "container") else setting


def _versions(runtime: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What has a version in this runtime; settings that name no Node are as they were before there was one."""
    node = ("node",) if runtime and runtime.get("kind") == "node" else ()
    return ("faiss", "numpy", "python", *node)


def _evidence(test: Record, run: str | None, at: str | None) -> dict[str, Any]:
    flat: Record = next((one for one in test.get("indexes") or [] if one.get("index") == "flat"), {})
    figures = {name: flat.get(name) for name in ("recall_at_k", "qps", "p50_ms", "p95_ms")}
    at = test.get("measured_at") or at
    return {"at": at, "run": run, "workload": test.get("workload"), "index": "flat", **figures}


def settings_if_set(
    plan: Sequence[Candidate],
    attempts: Sequence[Record],
    verification: Sequence[Record],
    policy: str,
    strategies: Sequence[str] | None,
    check_mode: bool = False,
    margin: float = MARGIN,
    run: str | None = None,
    at: str | None = None,
) -> dict[str, Setting]:
    """By candidate, the setting that is wanted when that one is set now, where it is not the one for a new host.

    What is set is known on the host alone; with this table one call there is enough.
    """
    fresh = decide(plan, attempts, verification, policy, strategies, None, check_mode, margin)
    table: dict[str, Setting] = {}
    for one in plan:
        before = {"candidate": one["id"]}
        kept = decide(plan, attempts, verification, policy, strategies, before, check_mode, margin)
        if kept["candidate"] != fresh["candidate"]:
            table[one["id"]] = setting_for(kept, plan, verification, run, at)
    return table


def margin_from_percent(percent: object) -> float:
    """The share that counts as noise. Raises FleetError for what is none."""
    try:
        value = float(str(percent)) / 100
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise FleetError(
            f"vector_backend__margin_percent is {percent!r}. Give a number from 0 to less than 100, such as 10."
        )
    return value
