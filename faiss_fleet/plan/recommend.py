# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says from measurements whether a fallback is enough for an application, and up to which corpus. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """What the application wants: an answer within so many milliseconds, among so many vectors of so many numbers."""

    latency_budget_ms: float
    corpus_size: int
    dimension: int


def recommend(
    need: Need, script: Record | None, native: Record | None = None, numpy: Record | None = None
) -> dict[str, Any] | None:
    """The part ``recommendation`` of a decision; None when no fallback was measured, for then nothing is known.

    script, native, numpy: verifications. Exact search looks at every number of every vector, so its time is scaled by
    n * d from what was measured. That holds for the fallbacks; native FAISS is only compared where both were measured.
    """
    common = {
        "latency_budget_ms": need.latency_budget_ms,
        "corpus_size": need.corpus_size,
        "dimension": need.dimension,
    }
    judged = {"JavaScript": judge(need, script, native), "numpy": judge(need, numpy, native)}
    kernel = (script or {}).get("kernel")
    names = {"JavaScript": f"JavaScript (kernel {kernel})" if kernel else "JavaScript", "numpy": "numpy"}
    texts = [_text(need, names[name], found) for name, found in judged.items() if found]
    if not texts:
        return None
    result: dict[str, Any] = {**common, "text": " ".join(texts)}
    if (found := judged["JavaScript"]) is not None:
        result |= {
            "javascript_is_enough": found["enough"],
            "expected_p95_ms": found["expected_p95_ms"],
            "largest_corpus_for_javascript": found["largest_corpus"],
            "native_is_faster_by": found["native_is_faster_by"],
            **({"kernel": kernel} if kernel else {}),
        }
    return {**result, "numpy": judged["numpy"]} if judged["numpy"] else result


def judge(need: Need, fallback: Record | None, native: Record | None = None) -> dict[str, Any] | None:
    """What the figures of one fallback mean for this need; None when it was not measured."""
    measured = flat(fallback)
    if fallback is None or measured is None:
        return None
    workload = fallback["workload"]
    each = measured["p95_ms"] / (workload["n"] * workload["d"])  # milliseconds for one number
    expected = each * need.corpus_size * need.dimension
    return {
        "enough": expected <= need.latency_budget_ms,
        "expected_p95_ms": round(expected, 3),
        "largest_corpus": int(need.latency_budget_ms / (each * need.dimension)),
        "native_is_faster_by": speedup(measured, fallback, native),
    }


def flat(test: Record | None) -> Record | None:
    """Figures of the flat index of a test that passed; None without them."""
    if test is None or test.get("ok") is not True or not test.get("workload"):
        return None
    for index in test.get("indexes") or []:
        value = index.get("p95_ms")
        if index.get("index") == "flat" and isinstance(value, int | float) and 0 < value < math.inf:
            return dict(index)
    return None


def speedup(measured: Record, fallback: Record, native: Record | None) -> float | None:
    """How many times faster the native flat index answered the same workload; None when that was not measured."""
    other = flat(native)
    if native is None or other is None:
        return None
    if any(native["workload"].get(name) != fallback["workload"].get(name) for name in ("n", "d", "k")):
        return None
    return round(float(measured["p95_ms"]) / float(other["p95_ms"]), 1)


def _text(need: Need, name: str, found: Record) -> str:
    verdict = f"{name} is enough here" if found["enough"] else f"{name} is too slow here"
    text = (
        f"{verdict}: {found['expected_p95_ms']:.1f} ms (p95) are to be expected for {need.corpus_size} vectors of "
        f"{need.dimension} dimensions, of {need.latency_budget_ms:g} ms allowed; it stays within them up to "
        f"{found['largest_corpus']} vectors."
    )
    faster = found["native_is_faster_by"]
    return text if faster is None else f"{text} Native FAISS was {faster:g} times as fast on this host."


def fallback_test(verification: Sequence[Record], kind: str = "js") -> Record | None:
    """The verification of a fallback, wherever it stands in the list. kind: js or numpy."""
    return next((test for test in verification if (test.get("runtime") or {}).get("kind") == kind), None)
