# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells a search test that failed by what the inventory asks of it from one that failed by what the host has. Pure.

A limit that is set too low fails on every host alike, and says nothing of any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..causes.search_test import LOADER_FAILED, MIN_RECALL
from ..target.search import run as search_test

VARIABLE = "faiss_install__search_test"
MEMORY_LIMIT_MB = 2048
# What the default workload takes on one slow core, and what an interpreter with FAISS takes before it has a vector.
SECONDS = 8.0
BASE_MB = 512
# The vectors as they are made, and two indexes of them, each of float32.
BYTES_A_NUMBER = 12
# More neighbours than a list of the IVF index holds are in lists that it does not look into.
MOST_NEIGHBOURS = 100
OF_LITTLE_MEMORY = ("out_of_memory", "segfault", "abort", "garbage_output", "unknown")

Options = Mapping[str, Any]


def blamed(verification: dict[str, Any], options: Options) -> dict[str, Any]:
    """The verification of a search test with these options; a failure that they explain is a fault of the inventory."""
    if verification.get("ok") is not False or verification.get("fault"):
        return verification
    why = _explanation(verification, options)
    if why is None:
        return verification
    text, change = why
    remedy = f"{change} in {VARIABLE}, or leave it out for the default."
    message = f"{str(verification.get('message')).rstrip('.')}. {text} {remedy}"
    return {**verification, "message": message, "remedy": remedy, "fault": "inventory"}


def asked(options: Options) -> dict[str, Any]:
    """What of these options says whether a build passes, beside the workload. An absent one counts as its default."""
    least = options.get("min_recall") or {}
    return {
        "memory_limit_mb": _given(options, "memory_limit_mb", MEMORY_LIMIT_MB),
        "min_recall": {name: _given(least, name, MIN_RECALL[name]) for name in sorted(MIN_RECALL)},
    }


def _given(options: Options, name: str, otherwise: Any) -> Any:
    return otherwise if options.get(name) is None else options[name]


def _explanation(test: Mapping[str, Any], options: Options) -> tuple[str, str] | None:
    """(what is too much or too little, what to change); None where the options explain nothing."""
    work = {**search_test.WORKLOAD, **{name: value for name, value in (options.get("workload") or {}).items() if value}}
    numbers, cause = int(work["n"]) * int(work["d"]), test.get("cause")
    limit, timeout = asked(options)["memory_limit_mb"], options.get("timeout")
    if cause in ("timeout", LOADER_FAILED):
        usual = search_test.WORKLOAD
        rounds = max(1.0, int(work["queries"]) / usual["queries"])
        need = SECONDS * max(1.0, numbers / (usual["n"] * usual["d"])) * rounds
        if timeout and int(timeout) < need:
            return f"This workload may take {need:.0f} s, and the time limit is {timeout} s.", "Raise `timeout`"
    elif cause in OF_LITTLE_MEMORY:
        need = BASE_MB + numbers * BYTES_A_NUMBER / (1 << 20)
        if limit and limit < need:
            text = f"This workload may take {need:.0f} MB of memory, and the limit is {limit} MB."
            return text, "Raise `memory_limit_mb`"
    elif cause == "low_recall":
        if all(_recall(index) >= MIN_RECALL.get(str(index.get("index")), 1.0) for index in test.get("indexes") or [{}]):
            return "That is what a good build finds; the inventory asks for more.", "Lower `min_recall`"
        if int(work["k"]) > MOST_NEIGHBOURS:
            text = f"No build finds {work['k']} neighbours in the {MOST_NEIGHBOURS} vectors of a list."
            return text, "Lower `workload.k`"
    return None


def _recall(index: Mapping[str, Any]) -> float:
    value = index.get("recall_at_k")
    return float(value) if isinstance(value, int | float) else 0.0
