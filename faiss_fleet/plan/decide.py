# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Decides which backend a host gets, once, from what was planned, tried and measured. Pure; never on what failed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import strategies as registry
from ..errors import FleetError
from ..model import Candidate
from . import blockers
from .titles import title

Record = Mapping[str, Any]
Decision = dict[str, Any]
Setting = dict[str, Any]

FALLBACK = "js"
FASTEST = "fastest"
MARGIN = 0.10
NAMED = 3  # of what would be compared
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

    ``strategies`` are the only ones that may be selected; None means any. ``before`` is the configuration on the host:
    with ``fastest`` what is configured stays unless another is faster by more than ``margin``. ``because`` holds no
    figures and nothing that a host printed, so that it is the same in every run that decides the same.
    """
    kept = {attempt["candidate"] for attempt in attempts if "kept" in attempt and policy != "fixed"}
    planned = [*plan, *_unplanned(plan, attempts)]
    eligible = [one for one in planned if strategies is None or one["strategy"] in strategies or one["id"] in kept]
    tests = {test["candidate"]: test for test in verification}
    passed = [one for one in eligible if tests.get(one["id"], {}).get("ok") is True]
    common: Decision = {"policy": policy, "predicted": False}
    foreseen = [one for one in eligible if one["verdict"] == "possible" and one["id"] in _foreseen(attempts)]
    compared = [one for one in eligible if one in passed or one in foreseen]
    if policy == FASTEST and check_mode and len(compared) > 1:
        # Nothing is measured, so what is configured is taken to stay, and else the order is all there is.
        wanted = (before or {}).get("candidate")
        expected = next((one for one in compared if one["id"] == wanted), compared[0])
        return {**common, **_points_at(expected), "because": _because_unmeasured(compared), "predicted": True}
    if passed:
        selected, because = _selected(passed, tests, kept, policy, before, margin)
        blocked = {} if registry.is_native(selected["strategy"]) else _blocked(eligible, attempts, verification)
        return {**common, **_points_at(selected), "because": because, **blocked}
    if foreseen:
        because = f"{title(foreseen[0])} would be tried first; check mode changes nothing."
        return {**common, **_points_at(foreseen[0]), "because": because, "predicted": True}
    found = _blocked(eligible, attempts, verification)
    because = _because_fallback(eligible, attempts, verification, policy, strategies)
    points_at = {"backend": "js", "provider": FALLBACK, "candidate": None}
    return {**common, **points_at, "because": because, **found, "predicted": check_mode}


def _unplanned(plan: Sequence[Candidate], attempts: Sequence[Record]) -> list[Candidate]:
    """What is configured and not in the plan any more, as far as a decision asks."""
    known = {one["id"] for one in plan}
    return [
        Candidate(
            id=one["candidate"],
            strategy=one["strategy"],
            artefact=one["artefact"],
            verdict="possible",
            reasons=[],
            remedy=None,
            runtime=one.get("runtime"),
        )
        for one in attempts
        if "kept" in one and one["candidate"] not in known
    ]


def _foreseen(attempts: Sequence[Record]) -> set[str]:
    return {attempt["candidate"] for attempt in attempts if attempt.get("foreseen")}


def _because_unmeasured(compared: Sequence[Candidate]) -> str:
    names = [title(one) for one in compared[:NAMED]]
    more = f" and {len(compared) - NAMED} more" if len(compared) > NAMED else ""
    return (
        f"Not known which: with the policy {FASTEST} these would be measured, and the one with the best p95 be set, "
        f"but check mode measures nothing: {'; '.join(names)}{more}."
    )


def _points_at(candidate: Candidate) -> Decision:
    backend = "faiss" if registry.is_native(candidate["strategy"]) else "js"
    return {"backend": backend, "provider": candidate["strategy"], "candidate": candidate["id"]}


def _selected(
    passed: list[Candidate],
    tests: Mapping[str, Record],
    kept: set[str],
    policy: str,
    before: Record | None,
    margin: float,
) -> tuple[Candidate, str]:
    if passed[0]["id"] in kept and (policy != FASTEST or len(passed) == 1):
        return passed[0], f"{title(passed[0])} is what was set and passed again; nothing else did."
    if policy != FASTEST:
        others = "the strategies named" if policy == "fixed" else "the order"
        return passed[0], f"{title(passed[0])} is the first of {others} that passed the search test."
    found = times([tests[candidate["id"]] for candidate in passed])
    # As good as the best one, within what is noise: then the earlier one is selected, or rather the one configured.
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


def _blocked(eligible: Sequence[Candidate], attempts: Sequence[Record], verification: Sequence[Record]) -> Decision:
    """cause, remedy and message of what blocked native FAISS; nothing where native FAISS passed and was slower."""
    found = blockers.cause_of(eligible, attempts, verification)
    return found._asdict() if found.cause else {}


def _because_fallback(
    eligible: Sequence[Candidate],
    attempts: Sequence[Record],
    verification: Sequence[Record],
    policy: str,
    strategies: Sequence[str] | None,
) -> str:
    where = "No FAISS passed"
    if policy == "fixed":
        where = f"None of the strategies named ({', '.join(strategies or [])}) passed"
    answer = blockers.why_not_native(eligible, attempts, verification)
    if answer is None:
        return f"{where}; there was no candidate to try."
    return f"{where}; the nearest was {answer.title}: {answer.says}"


def setting_for(
    decision: Decision,
    attempts: Iterable[Record],
    verification: Sequence[Record],
    run: str | None = None,
    at: str | None = None,
    fallbacks: Sequence[Record] = (),
) -> Setting:
    """What backend.json says for this decision. What is not known (check mode) is null.

    fallbacks: what was measured of them on this host, which is kept with what was verified.
    """
    test: Record = next((one for one in verification if one["candidate"] == decision["candidate"]), {})
    tried = [one for one in attempts if one["candidate"] == decision["candidate"]]
    attempt: Record = next((one for one in tried if "kept" in one and one.get("ok")), tried[-1] if tried else {})
    runtime = test.get("runtime") or attempt.get("runtime")
    verified = _evidence(test, run, at, fallbacks) if test.get("ok") is True else None
    if "kept" in attempt and attempt.get("ok"):
        # Byte for byte what was set, but for the evidence.
        as_it_was = {"schema": SCHEMA, "backend": "faiss", "candidate": decision["candidate"], **attempt["kept"]}
        return {**as_it_was, "runtime": attempt.get("runtime"), "verified": verified}
    return {
        "schema": SCHEMA,
        "backend": decision["backend"],
        "provider": decision["provider"],
        "candidate": decision["candidate"],
        "runtime": runtime if decision["backend"] == "faiss" else None,
        "versions": {name: test.get(f"{name}_version") for name in _versions(runtime)},
        "policy": decision["policy"],
        "because": decision["because"],
        "verified": verified,
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


def _evidence(test: Record, run: str | None, at: str | None, fallbacks: Sequence[Record]) -> dict[str, Any]:
    flat: Record = next((one for one in test.get("indexes") or [] if one.get("index") == "flat"), {})
    figures = {name: flat.get(name) for name in ("recall_at_k", "qps", "p50_ms", "p95_ms")}
    at = test.get("measured_at") or at
    kept = {"fallbacks": list(fallbacks)} if fallbacks else {}
    return {"at": at, "run": run, "workload": test.get("workload"), "index": "flat", **figures, **kept}
