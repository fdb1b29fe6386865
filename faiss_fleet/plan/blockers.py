# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The one answer to "why is this host not native": what blocks it, whose fault that is, and what to do. Pure.

The decision, the record, every report and the command line ask here. ``BLOCKERS`` is the closed list: the ``check`` of
every reason in a plan is one of them, and so is every column of checks in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .. import strategies
from ..errors import Fault, FleetError
from ..strategies.base import INVENTORY
from .titles import title

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Blocker:
    """One kind of what blocks a candidate: of the host, of the controller or of the inventory."""

    id: str
    title: str
    fault: Fault = "host"


BLOCKERS = (
    Blocker("libc", "C library family"),
    Blocker("glibc", "glibc"),
    Blocker("libstdcxx", "libstdc++"),
    Blocker("cxxabi", "C++ ABI"),
    Blocker("libgomp", "libgomp"),
    Blocker("libgcc", "libgcc"),
    Blocker("libraries", "shared libraries"),
    Blocker("arch", "processor"),
    Blocker("cpu_isa", "CPU level"),
    Blocker("kernel", "kernel"),
    Blocker("python", "Python"),
    Blocker("platform_tag", "platform tag"),
    Blocker("node", "Node"),
    Blocker("conda", "conda"),
    Blocker("engine", "container engine"),
    Blocker("seccomp", "seccomp filter"),
    Blocker("build_tools", "build tools"),
    Blocker("free_space", "free space"),
    Blocker("noexec", "noexec"),
    Blocker("read_only", "read-only file system"),
    Blocker("writable", "write permission"),
    Blocker("in_the_way", "file in the way"),
    Blocker(INVENTORY, "inventory", "inventory"),
    Blocker("host_build", "where to build", "inventory"),
    # Not of a plan: how trying a candidate ended.
    Blocker("controller", "controller", "controller"),
    Blocker("resolve", "resolution"),
    Blocker("install", "installation"),
    Blocker("search_test", "search test"),
)
BY_ID = {blocker.id: blocker for blocker in BLOCKERS}
# Says that there is nothing to look at, not what blocks it: the last cause to name.
UNTELLING = ("not_installed", "unknown", None)


@dataclass(frozen=True)
class Answer:
    """Why a host is not native: the candidate that tells most, what blocked it, and the next step."""

    candidate: str
    title: str
    blocker: Blocker
    fault: Fault
    cause: str
    says: str
    remedy: str | None
    message: str | None
    # Whether it is a fault of the controller or the inventory that kept a possible candidate from being tried.
    prevented: bool = False


def check(name: str) -> str:
    """The id of a blocker; a plan with another one would be missing from every table."""
    if name not in BY_ID:
        raise FleetError(f"{name!r} is not a blocker. Add it to BLOCKERS in faiss_fleet/plan/blockers.py.")
    return name


def why_not_native(plan: Sequence[Record], attempts: Iterable[Record], verification: Iterable[Record]) -> Answer | None:
    """The answer for a host with this plan; None where a native candidate passed, or nothing native was planned.

    A fault of the controller or the inventory comes first, where it prevented a candidate that the plan calls possible:
    then it is not known whether the host could be native. Not so where what is configured was tested and failed, for
    then the host itself shows why the configuration has to change. Next is what the host itself showed: a search test
    that failed, then an installation that failed. Then come, strategy by strategy in the plan's order, what could not
    be resolved and what was blocked from the start; what was tried comes before what was only planned, and of that what
    lacks least. Within each, a cause that says nothing ("unknown") comes last.
    """
    native = [one for one in plan if strategies.is_native(one["strategy"])]
    tests = {test["candidate"]: test for test in verification}
    attempts = list(attempts)
    configured = {attempt["candidate"] for attempt in attempts if "kept" in attempt}
    if any((tests.get(name) or {}).get("ok") is True for name in {*configured, *(one["id"] for one in native)}):
        return None
    tried = {attempt["candidate"]: attempt for attempt in attempts if attempt.get("ok") is False}
    broken = any("kept" in attempt and not prevented(attempt) for attempt in tried.values())
    known = {one["id"] for one in native}
    # What is configured and not planned any more.
    others = [one for one in tried.values() if one["candidate"] not in known and "kept" in one]
    native += [one for one in others if strategies.is_native(one["strategy"])]
    failed_tests = {name: test for name, test in tests.items() if test.get("ok") is False}
    for stage, found in (
        ("controller", {name: one for name, one in tried.items() if prevented(one) and not broken}),
        # What failed its test in an earlier run and was not tried again says the same as it said then.
        ("search_test", {**{name: one for name, one in tried.items() if one.get("failed_before")}, **failed_tests}),
        ("install", {name: one for name, one in tried.items() if "prefix" in one}),
    ):
        shown = [one for one in native if _id(one) in found and (stage != "controller" or _possible(one, found))]
        shown.sort(key=lambda one: found[_id(one)].get("cause") in UNTELLING)
        if shown:
            return _failed(shown[0], found[_id(shown[0])], stage)
    return _of_the_plan([one for one in native if "id" in one], tried)


class Cause(NamedTuple):
    """What a record says of a host without native FAISS; all None where that was a matter of choice."""

    cause: str | None = None
    remedy: str | None = None
    message: str | None = None


def cause_of(plan: Sequence[Record], attempts: Sequence[Record], verification: Sequence[Record]) -> Cause:
    """The cause of a fallback, ``not_installed`` where nothing was there to try.

    It was a matter of choice where native FAISS passed and was slower, or was not asked for.
    """
    answer = why_not_native(plan, attempts, verification)
    if answer is not None:
        return Cause(answer.cause, answer.remedy, answer.message)
    native = {one["id"] for one in plan if strategies.is_native(one["strategy"])}
    passed = {test["candidate"] for test in verification if test.get("ok") is True}
    chosen = bool(native & passed) or (bool(plan) and not native)
    return Cause() if chosen else Cause("not_installed")


def prevented(attempt: Record) -> bool:
    """Whether it was not the host that kept this attempt from passing, so that nothing is known about the host."""
    return attempt.get("ok") is False and attempt.get("fault") in ("controller", "inventory")


def stage_of(attempt: Record) -> str:
    """The id of the blocker that an attempt which failed stands for."""
    if attempt.get("fault") == INVENTORY:
        return INVENTORY
    if prevented(attempt):
        return "controller"
    return "install" if "prefix" in attempt else "resolve"


def _id(one: Record) -> str:
    return str(one.get("id") or one["candidate"])


def _possible(one: Record, found: Mapping[str, Record]) -> bool:
    return one.get("verdict") != "blocked" or "kept" in found[_id(one)]


def _of_the_plan(plan: Sequence[Record], tried: Mapping[str, Record]) -> Answer | None:
    order = list(dict.fromkeys(candidate["strategy"] for candidate in plan))

    def rank(candidate: Record) -> tuple[bool, int, bool, int]:
        failed = tried.get(candidate["id"])
        reasons = candidate["reasons"]
        cause = failed.get("cause") if failed else reasons[0].get("cause")
        silent = cause in UNTELLING or (not failed and any(of(reason).fault == INVENTORY for reason in reasons))
        return silent, order.index(candidate["strategy"]), failed is None, len(reasons)

    found = sorted((one for one in plan if one["id"] in tried or one["reasons"]), key=rank)
    if not found:
        return None
    if found[0]["id"] in tried:
        return _failed(found[0], tried[found[0]["id"]], "resolve")
    return blocked(found[0]["id"], title(found[0]), found[0]["reasons"], found[0].get("remedy"))


def blocked(name: str, titled: str, reasons: Sequence[Record], remedy: str | None = None) -> Answer:
    """The answer for what these reasons block, of which there is at least one: the first is the one to name."""
    blocker = of(reasons[0])
    return Answer(
        candidate=name,
        title=titled,
        blocker=blocker,
        fault=blocker.fault,
        cause=reasons[0].get("cause") or "unknown",
        says=str(reasons[0].get("text")),
        remedy=remedy,
        message=reasons[0].get("text"),
    )


def of(reason: Record) -> Blocker:
    """The blocker of a reason; for one of another version of this project, one made of its name."""
    name = str(reason.get("check"))
    return BY_ID.get(name) or Blocker(name, name)


STAGES: dict[str, Callable[[str], str]] = {
    "controller": lambda cause: f"the controller could not try it ({cause}).",
    INVENTORY: lambda cause: f"it could not be tried as the inventory names it ({cause}).",
    "resolve": lambda cause: f"nothing was found for this class of hosts ({cause}).",
    "install": lambda cause: f"could not be installed ({cause}).",
    "search_test": lambda cause: f"did not pass the search test ({cause}).",
}


def _failed(candidate: Record, failure: Record, stage: str) -> Answer:
    cause = failure.get("cause") or "unknown"
    fault: Fault = failure.get("fault") or "host"
    blocker = INVENTORY if fault == INVENTORY else stage
    return Answer(
        candidate=_id(candidate),
        title=title(candidate),
        blocker=BY_ID[blocker],
        fault=fault,
        cause=cause,
        says=STAGES[blocker](cause),
        remedy=failure.get("remedy"),
        message=failure.get("message"),
        prevented=stage == "controller",
    )


def of_record(record: Record) -> Answer | None:
    """The answer for a host as a run recorded it."""
    return why_not_native(record["plan"], record["attempts"], record["verification"])


def blocking(record: Record) -> dict[str, tuple[str | None, str | None]]:
    """By id of a blocker, (need, have) of the first native candidate that it blocked on this host.

    Empty for a native host: nothing blocked the candidate that was selected.
    """
    if record["state"] == "native":
        return {}
    found: dict[str, tuple[str | None, str | None]] = {}
    for candidate in record["plan"]:
        if strategies.is_native(candidate["strategy"]):
            for reason in candidate["reasons"]:
                found.setdefault(reason["check"], (reason.get("need"), reason.get("have")))
    answer = of_record(record)
    if answer is not None:
        found.setdefault(answer.blocker.id, (answer.title, answer.cause))
    return found
