# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says which hosts fell back, and why, to whoever made that a failure of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..records.waivers import in_force
from .text import one_line, shorten

VARIABLE = "fleet_report__fail_on_fallback"
SHOWN = 20
NOTHING = (
    f"The inventory names no host, and {VARIABLE} makes the run a gate: a gate that judged nothing does not open. Add "
    "hosts to the inventory."
)


def is_fallback(result: Mapping[str, Any]) -> bool:
    """Whether a host's vector_backend result says JavaScript; a host without a decision failed by itself."""
    decision = result.get("decision")
    return isinstance(decision, Mapping) and decision.get("backend") == "js"


def waived(result: Mapping[str, Any], waivers: Iterable[Mapping[str, Any]], moment: str) -> bool:
    """Whether the cause of a host's fallback is accepted at that moment. waivers: those that name the host."""
    return in_force(waivers, result["decision"].get("cause"), moment) is not None


def message(fallen: Mapping[str, Mapping[str, Any]]) -> str:
    """One line a host, the first SHOWN of them, and the next step."""
    lines = [f"  {one_line(host)}: {_because(result)}" for host, result in list(fallen.items())[:SHOWN]]
    if len(fallen) > SHOWN:
        lines.append(f"  ... and {len(fallen) - SHOWN} more, all in the report")
    what = "1 host falls" if len(fallen) == 1 else f"{len(fallen)} hosts fall"
    return (
        f"{what} back to JavaScript, and fleet_report__fail_on_fallback makes that a failure:\n"
        + "\n".join(lines)
        + "\nFollow the remedies in the report, set fleet_report__fail_on_fallback: false where it may, or accept a "
        "cause until a day with fleet_report__waivers."
    )


def _because(result: Mapping[str, Any]) -> str:
    decision = result["decision"]
    return shorten(one_line(str(decision.get("because") or decision.get("cause") or "no reason was given")), 300)
