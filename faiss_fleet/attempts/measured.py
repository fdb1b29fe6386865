# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Figures that need not be measured again: the host runs the very thing that was measured when it was set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..strategies.base import Facts, Options, Runtime
from ..target.search import run as search_test

FIGURES = ("recall_at_k", "qps", "p50_ms", "p95_ms")


def earlier(candidate: str, runtime: Runtime, facts: Facts, options: Options) -> dict[str, Any] | None:
    """What the setting says was measured for this candidate; None when it has to be measured now.

    It is measured again when another candidate, another prefix or another workload is wanted, when policies compare
    figures, and whenever ``faiss_install__measure`` is ``always``.
    """
    setting = facts.get("setting")
    if not isinstance(setting, Mapping) or options.extra.get("faiss_install__measure", "changed") == "always":
        return None
    verified = setting.get("verified")
    if not isinstance(verified, Mapping) or (setting.get("candidate"), setting.get("runtime")) != (candidate, runtime):
        return None
    wanted = {**search_test.WORKLOAD, **(options.extra.get("faiss_install__workload") or {})}
    measured = verified.get("workload")
    same = isinstance(measured, Mapping) and all(measured.get(name) == wanted[name] for name in search_test.WORKLOAD)
    numbers = all(isinstance(verified.get(name), int | float) for name in FIGURES)
    return dict(verified) if same and numbers and isinstance(verified.get("at"), str) else None


def as_verification(verified: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a verification that an earlier measurement fills, and when that was."""
    figures = {name: verified[name] for name in FIGURES}
    return {
        "indexes": [{"index": verified.get("index") or "flat", **figures}],
        "workload": dict(verified["workload"]),
        "measured_at": verified["at"],
    }
