# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What stands in the way of native FAISS on a host that has none: of many causes the one that tells most. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .planner import title

Record = Mapping[str, Any]

# Says that there is nothing to look at, not what stands in the way: the last cause to tell.
UNTELLING = ("not_installed", "unknown", None)
# A reason's check: what is missing is a variable of the inventory, so it says nothing of the host.
INVENTORY = "inventory"


def nearest(
    plan: Sequence[Record], attempts: Iterable[Record], verification: Iterable[Record]
) -> dict[str, Any] | None:
    """{title, cause, says, remedy, message} of the candidate whose failure tells most; None where nothing failed.

    What the host itself showed comes first: a search test that failed, then a build that could not be put in place.
    Then what was not made on the controller or was blocked from the start, strategy by strategy in the plan's order;
    there what was tried goes before what was only planned, and of that what lacks least.
    """
    tried = {attempt["candidate"]: attempt for attempt in attempts if attempt.get("ok") is False}
    # What failed its test in an earlier run and was not tried again says the same as it said then.
    tested = {name: attempt for name, attempt in tried.items() if attempt.get("failed_before")}
    tested.update({test["candidate"]: test for test in verification if test.get("ok") is False})
    placed = {name: attempt for name, attempt in tried.items() if "prefix" in attempt}
    for shown in (tested, placed):
        found = [candidate for candidate in plan if candidate["id"] in shown]
        found.sort(key=lambda candidate: shown[candidate["id"]].get("cause") in UNTELLING)
        if found:
            how = "did not pass the search test" if shown is tested else "could not be put in place"
            return _failed(found[0], shown[found[0]["id"]], how)
    return _of_the_plan(plan, tried)


def _of_the_plan(plan: Sequence[Record], tried: Mapping[str, Record]) -> dict[str, Any] | None:
    order = list(dict.fromkeys(candidate["strategy"] for candidate in plan))

    def rank(candidate: Record) -> tuple[bool, int, bool, int]:
        failed = tried.get(candidate["id"])
        reasons = candidate["reasons"]
        cause = failed.get("cause") if failed else reasons[0].get("cause")
        silent = cause in UNTELLING or (not failed and any(reason.get("check") == INVENTORY for reason in reasons))
        return silent, order.index(candidate["strategy"]), failed is None, len(reasons)

    found = sorted((one for one in plan if one["id"] in tried or one["reasons"]), key=rank)
    if not found:
        return None
    if found[0]["id"] in tried:
        return _failed(found[0], tried[found[0]["id"]], "could not be put in place")
    reason = found[0]["reasons"][0]
    return {
        "title": title(found[0]),
        "cause": reason.get("cause") or "unknown",
        "says": reason.get("text"),
        "remedy": found[0].get("remedy"),
        "message": reason.get("text"),
    }


def _failed(candidate: Record, failure: Record, how: str) -> dict[str, Any]:
    cause = failure.get("cause") or "unknown"
    return {
        "title": title(candidate),
        "cause": cause,
        "says": f"{how} ({cause}).",
        "remedy": failure.get("remedy"),
        "message": failure.get("message"),
    }
