# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Figures that need not be measured again: the host runs the very thing that was measured when it was configured.

They are kept in the backend configuration: those of FAISS, and beside them those of the fallbacks of the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import strategies
from ..model import Facts, Json, Runtime
from ..strategies.base import Options
from ..target.search import run as search_test

FIGURES = ("recall_at_k", "qps", "p50_ms", "p95_ms")
FALLBACKS = "fallbacks"  # in what the configuration says was verified
OF_A_TEST = ("numpy_version", "python_version", "node_version", "kernel", "workload")


def earlier(candidate: str, runtime: Runtime, facts: Facts, options: Options) -> Json | None:
    """What the configuration says was measured for this candidate; None when it has to be measured now.

    It is measured again when another candidate, another prefix or another workload is wanted, when policies compare
    figures, whenever a soak is asked for, which nobody can keep, and whenever ``faiss_install__measure`` is ``always``.
    """
    found, verified = _verified(facts, options)
    if workload(options).get("soak"):
        return None
    if verified is None or (found.get("candidate"), found.get("runtime")) != (candidate, runtime):
        return None
    return dict(verified) if _holds(verified, options) else None


def as_verification(verified: Mapping[str, Any]) -> Json:
    """The part of a verification that an earlier measurement fills, and when that was."""
    figures = {name: verified[name] for name in FIGURES}
    return {
        "indexes": [{"index": verified.get("index") or "flat", **figures}],
        "workload": dict(verified["workload"]),
        "measured_at": verified["at"],
    }


def earlier_fallback(candidate: str, runtime: Runtime, facts: Facts, options: Options) -> Json | None:
    """The verification of a fallback whose figures the configuration keeps; None when it has to be measured now."""
    _found, verified = _verified(facts, options)
    kept = (verified or {}).get(FALLBACKS)
    for entry in kept if isinstance(kept, list) else []:
        if not isinstance(entry, Mapping) or (entry.get("candidate"), entry.get("runtime")) != (candidate, runtime):
            continue
        if _holds(entry, options):
            about = {name: entry.get(name) for name in OF_A_TEST if entry.get(name) is not None}
            test = {"candidate": candidate, "ok": True, "cause": None, "message": None, "backend": entry.get("backend")}
            return {**test, "runtime": runtime, "figures": False, **about, **as_verification(entry)}
    return None


def kept_fallbacks(verification: Iterable[Mapping[str, Any]], run: str | None, at: str | None) -> list[Json]:
    """What the configuration keeps of the fallbacks that were measured, now or before."""
    kept = []
    for test in verification:
        if test.get("ok") is not True or not is_fallback(test):
            continue
        flat: Mapping[str, Any] = next((one for one in test.get("indexes") or [] if one.get("index") == "flat"), {})
        entry = {name: test.get(name) for name in ("candidate", "backend", "runtime", *OF_A_TEST) if test.get(name)}
        figures = {name: flat.get(name) for name in FIGURES}
        kept.append({**entry, "index": "flat", **figures, "at": test.get("measured_at") or at, "run": run})
    return kept


def is_fallback(test: Mapping[str, Any]) -> bool:
    """Whether a verification is of a fallback, by what was started."""
    kind = (test.get("runtime") or {}).get("kind")
    return kind == "numpy" or any(kind == strategy.name for strategy in strategies.fallbacks())


def _verified(facts: Facts, options: Options) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    found = facts.get("setting")
    if not isinstance(found, Mapping) or options.extra.get("faiss_install__measure", "changed") == "always":
        return {}, None
    verified = found.get("verified")
    return found, verified if isinstance(verified, Mapping) else None


def workload(options: Options) -> Json:
    """What is to be measured: what the inventory says of it, and defaults for the rest."""
    return {**search_test.WORKLOAD, **(options.extra.get("faiss_install__workload") or {})}


def _holds(verified: Mapping[str, Any], options: Options) -> bool:
    """Whether these are whole figures of the workload that is wanted, and it is known when they were measured."""
    wanted = workload(options)
    had = verified.get("workload")
    same = isinstance(had, Mapping) and all(had.get(name) == wanted[name] for name in search_test.WORKLOAD)
    return same and all(isinstance(verified.get(name), int | float) for name in FIGURES) and bool(verified.get("at"))
