# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts can load a native artefact and which cannot, by what it needs and by the facts of their records. Pure.

``Checker(artefact).answers(records)`` gives one answer a host; ``artefact_sources.find`` reads the artefact. Reasons
are those of the planner (``elf/needs``, ``strategies/wheel/judge``), called by the names of ``blockers``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..strategies.wheel import judge
from ..strategies.wheel.measure import Wheel
from ..target.elf import needs
from . import blockers

Record = Mapping[str, Any]
Verdict = Literal["yes", "no", "unknown"]
VERDICTS: tuple[Verdict, ...] = ("yes", "no", "unknown")
FOREIGN = ("arch_mismatch", "musl")  # causes of a build that is for another kind of machine


@dataclass(frozen=True)
class Build:
    """Files of an artefact that are loaded together: a wheel, or those of a directory that are for one machine.

    needs and bundled are as ``elf/needs`` has them; wheel is set for a wheel, whose tags then count as well.
    """

    label: str
    needs: tuple[Mapping[str, Any], ...] = ()
    bundled: tuple[str, ...] = ()
    wheel: Wheel | None = None


@dataclass(frozen=True)
class Artefact:
    """What is asked about. A host that can load one of its builds, best first, can load it.

    source says where the figures of a floor are from; gaps say what could not be looked at.
    """

    name: str
    kind: str
    builds: tuple[Build, ...]
    source: str | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostAnswer:
    """Whether one host can load the artefact. build is the one that it would load, or that lacks least there.

    says is one sentence: the first reason as the loader would give it, or what was not read. loads says whether the
    loader would take the files, whatever pip says of tags and Pythons; None where that is not known.
    """

    host: str
    verdict: Verdict
    says: str = ""
    build: str | None = None
    libc: str | None = None
    loads: bool | None = None
    blocker: str | None = None
    cause: str | None = None
    reasons: tuple[Mapping[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The answer as plain data, with need, have, file, library and symbols of the first reason beside it."""
        first = self.reasons[0] if self.reasons else {}
        named = {key: first.get(key) for key in ("need", "have", "file", "library")}
        return {
            **{name: getattr(self, name) for name in ("host", "verdict", "says", "build", "libc", "loads")},
            **{"blocker": self.blocker, "cause": self.cause},
            **named,
            "reasons": [dict(reason) for reason in self.reasons],
        }


@dataclass
class Checker:
    """Answers for many hosts; hosts that are alike in all that decides are judged once."""

    artefact: Artefact
    totals: Counter[Verdict] = field(default_factory=lambda: Counter(dict.fromkeys(VERDICTS, 0)))
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answers(self, records: Iterable[Record]) -> Iterator[HostAnswer]:
        """One answer a record, in their order; totals count them."""
        for record in records:
            answer = self.answer(record)
            self.totals[answer.verdict] += 1
            yield answer

    def answer(self, record: Record) -> HostAnswer:
        """The answer for one host, by its record of a run."""
        host, facts = str(record["host"]["name"]), record.get("facts")
        if not facts:
            because = record.get("because") or "The run has no facts of this host."
            return HostAnswer(host, "unknown", f"Not examined: {because}")
        key = json.dumps(_deciding(facts), sort_keys=True, default=str)
        if key not in self._known:
            self._known[key] = self._judge(facts)
        return HostAnswer(host, **self._known[key])

    def _judge(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        libc = facts["libc"]
        own = f"{libc['family'] or '?'} {libc['version'] or '?'}"
        judged = [(reasons_of(build, facts), build) for build in self.artefact.builds]
        if not judged:
            return {"verdict": "unknown", "says": "There is nothing native in it to judge.", "libc": own}
        reasons, build = min(judged, key=lambda one: _distance(one[0]))
        missing = unread(build, facts)
        found: dict[str, Any] = {"build": build.label, "libc": own, "loads": _loads(build, facts, missing)}
        if reasons and any(reason["cause"] != "unknown" for reason in reasons):
            answer = blockers.blocked(build.label, build.label, reasons)
            more = len({reason["check"] for reason in reasons} - {answer.blocker.id})
            says = answer.says + (f" (and {more} more in the way)" if more else "")
            return {
                **found,
                "verdict": "no",
                "says": says,
                "blocker": answer.blocker.id,
                "cause": answer.cause,
                "reasons": tuple(reasons),
            }
        if reasons or missing:
            says = reasons[0]["text"] if reasons else f"Not read on this host: {', '.join(missing)}"
            return {**found, "verdict": "unknown", "says": says, "reasons": tuple(reasons)}
        return {**found, "verdict": "yes"}


def reasons_of(build: Build, facts: Any) -> list[Mapping[str, Any]]:
    """Why a host with these facts cannot load a build; [] when nothing known stands in the way."""
    if build.wheel is None:
        found: list[Mapping[str, Any]] = needs.refusals(build.needs, needs.provided_per_facts(facts), build.bundled)
        return found
    return [*judge.of_host(build.wheel, facts), *judge.python(build.wheel, facts)]


def unread(build: Build, facts: Any) -> list[str]:
    """What decides about a build and was not read on the host."""
    wanted, bundled = _needs(build)
    found: list[str] = needs.unread(wanted, needs.provided_per_facts(facts), bundled)
    return found


def _needs(build: Build) -> tuple[Any, Any]:
    return (build.wheel.needs, build.wheel.bundled) if build.wheel else (build.needs, build.bundled)


def _loads(build: Build, facts: Any, missing: list[str]) -> bool | None:
    wanted, bundled = _needs(build)
    if needs.judge(wanted, needs.provided_per_facts(facts), bundled):
        return False
    return None if missing else True


def _distance(reasons: list[Mapping[str, Any]]) -> tuple[bool, int]:
    """How far a build is from loading: one for another kind of machine is farthest, what lacks least is nearest."""
    return any(reason["cause"] in FOREIGN for reason in reasons), len({reason["check"] for reason in reasons})


def _deciding(facts: Mapping[str, Any]) -> list[Any]:
    pythons = [[one["version"], one.get("implementation"), one.get("soabi")] for one in facts["pythons"]]
    return [needs.provided_per_facts(facts), facts["libc"]["version"], facts["cpu"]["isa_level"], pythons]
