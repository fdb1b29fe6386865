# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a run found out, class by class of hosts: one pass over the records keeps counts and an example of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from ..attempts.failure_cache import LASTING
from ..plan import host_class
from ..plan.host_class import HostClass
from ..plan.titles import label as title
from ..records import waivers
from ..records.build import STATES
from ..records.columns import at, figures, javascript, proof
from ..records.schema import Record
from ..strategies import is_native
from ..strategies import names as strategy_names

Figures = dict[str, list[float]]
MEASURED = ("p50_ms", "p95_ms", "qps")
EXAMPLES = 400  # different texts kept of one kind in one class: a fleet gone wild must not fill the memory
FEW_BYTES = 1_000_000_000


class Chain(NamedTuple):
    """A need that a host does not meet: which file of which release asks which library for what, and what is there."""

    strategy: str
    name: str
    version: str
    check: str
    file: str
    library: str
    need: str
    have: str

    @property
    def release(self) -> str:
        """'faiss-cpu 1.15.1'."""
        return f"{self.name} {self.version}".strip()


class Ending(NamedTuple):
    """How trying one candidate ended: installing or testing it, and the cause where it failed."""

    stage: str
    strategy: str
    title: str
    ok: bool | None
    cause: str | None


@dataclass
class Seen:
    """How many hosts, and what the first of them said."""

    hosts: int = 0
    host: str = ""
    text: str = ""
    symbols: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Silent(NamedTuple):
    """A host of which nothing could be read."""

    name: str
    state: str
    cause: str
    because: str
    finished: str


@dataclass
class Obstacle:
    """Hosts of a class that have the same cause."""

    hosts: list[str] = field(default_factory=list)
    because: str = ""
    remedies: Counter[str] = field(default_factory=Counter)


class ClassFindings:
    """Everything counted of the hosts of one class. example is the record of its first host."""

    def __init__(self, key: HostClass, example: Record) -> None:
        self.key, self.example = key, example
        self.hosts: list[str] = []
        self.native_hosts: list[str] = []
        self.states: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        self.groups: Counter[str] = Counter()
        self.seen: dict[str, Counter[str]] = {name: Counter() for name in ("os", "kernel", "nodes", "pythons", "cpu")}
        self.chains: dict[Chain, Seen] = {}
        self.endings: dict[Ending, Seen] = {}
        self.possible: Counter[tuple[str, str]] = Counter()
        self.providers: Counter[tuple[str, str]] = Counter()
        self.causes: dict[str, Obstacle] = {}
        self.gaps: Counter[tuple[str, str]] = Counter()
        self.notes: Counter[tuple[str, str]] = Counter()
        self.warnings: Counter[str] = Counter()
        self.unmeasured: Counter[tuple[str, str]] = Counter()  # hosts by fallback without figures, and why
        self.strategies: set[str] = set()
        self.asked: Counter[str] = Counter()  # hosts by strategy that the inventory asked for there
        self.native: Figures = {name: [] for name in MEASURED}
        self.loader: Figures = {name: [] for name in MEASURED}  # native FAISS as the application gets it
        self.fallback: Figures = {name: [] for name in MEASURED}
        self.speedups: list[float] = []
        self.loaded: Counter[str] = Counter()
        self.workloads: Counter[tuple[Any, ...]] = Counter()
        self.enough: Counter[bool] = Counter()
        self.waived: Counter[str] = Counter()  # hosts whose cause is accepted, by the waiver in words
        self.counts: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Counts one host in."""
        name = record["host"]["name"]
        self.hosts.append(name)
        self.states[record["state"]] += 1
        if record["state"] == "native":
            self.native_hosts.append(name)
        self.groups.update(record["host"]["groups"])
        self._facts(record["facts"])
        self._plan(record, name)
        self._tried(record, name)
        self._measured(record)
        decision = record["decision"] or {}
        if decision.get("backend"):
            version = proof(record).get("faiss_version") or _planned_version(record)
            self.providers[str(decision.get("provider") or decision["backend"]), str(version or "")] += 1
        self.counts["predicted"] += bool(decision.get("predicted"))
        enough = at(decision, "recommendation", "javascript_is_enough")
        if enough is not None:
            self.enough[bool(enough)] += 1
        holds, _lapsed = waivers.of_record(record)
        if holds is not None:
            _count(self.waived, waivers.text(holds))
        if record["cause"]:
            obstacle = self.causes.setdefault(record["cause"], Obstacle(because=record["because"]))
            obstacle.hosts.append(name)
            if record["remedy"] and len(obstacle.remedies) < EXAMPLES:
                obstacle.remedies[record["remedy"].replace(name, "HOST")] += 1

    @property
    def refuted(self) -> list[Ending]:
        """What fits by the facts and failed on hosts of the class, for a cause that lies in the build and the host."""
        passed = {(each.strategy, each.title) for each in self.endings if each.stage == "test" and each.ok}
        failed = [each for each in self.endings if each.ok is False and each.cause in LASTING]
        return [each for each in failed if (each.strategy, each.title) not in passed]

    def scope(self) -> Asked | None:
        """What was asked for and what came of it; None where the records do not say what was asked for."""
        if not self.counts["asked"]:
            return None
        fallbacks = {name for name in strategy_names() if not is_native(name)}
        possible = {strategy for strategy, _title in self.possible} | fallbacks
        asked = [name for name in strategy_names() if self.asked[name]]
        return Asked(
            # The fallback is what is left, whether it is named or not.
            [name for name in strategy_names() if not self.asked[name] and name not in fallbacks],
            [name for name in asked if name not in self.strategies],
            [name for name in asked if name in self.strategies and name not in possible],
        )

    def _facts(self, facts: dict[str, Any]) -> None:
        _count(self.seen["os"], facts["os"]["name"])
        _count(self.seen["kernel"], facts["kernel"])
        _count(self.seen["cpu"], facts["cpu"]["model"])
        for kind in ("nodes", "pythons"):
            for version in dict.fromkeys(entry["version"] for entry in facts[kind]):
                _count(self.seen[kind], version)
        for gap in facts["gaps"]:
            key = (gap["fact"], gap["reason"])
            if key in self.gaps or len(self.gaps) < EXAMPLES:
                self.gaps[key] += 1
        self.counts["raw"] += facts["method"] == "raw"
        self.counts["disagreement"] += bool(facts["libc"]["disagreement"])
        self.counts["selinux"] += facts["selinux"]["status"] == "enforcing"
        for system in facts["filesystems"]:
            if system["purpose"] == "prefix":
                self.counts["no_room"] += system["free_bytes"] is not None and system["free_bytes"] < FEW_BYTES
                self.counts["noexec"] += bool(system["noexec"])

    def _plan(self, record: Record, name: str) -> None:
        asked = record.get("strategies")
        self.counts["asked"] += asked is not None
        self.asked.update(set(asked or ()))
        tried = {attempt["candidate"]: attempt for attempt in record["attempts"]}
        for candidate in record["plan"]:
            strategy, artefact = candidate["strategy"], candidate["artefact"]
            self.strategies.add(strategy)
            # What was found while it was tried, such as the version that was solved for, is in the attempt.
            known = tried.get(candidate["id"], candidate)
            note = known.get("note") or candidate.get("note")
            if note and len(self.notes) < EXAMPLES:
                self.notes[title(known), str(note)] += 1
            if candidate["verdict"] == "possible":
                if is_native(strategy):
                    self.possible[strategy, title(known)] += 1
                continue
            for reason in candidate["reasons"]:
                chain = Chain(
                    strategy,
                    str(artefact["name"]),
                    str(artefact["version"] or ""),
                    reason["check"],
                    reason.get("file") or "",
                    reason.get("library") or "",
                    reason["need"] or "",
                    reason["have"] or "",
                )
                seen = _seen(self.chains, chain, name, reason["text"])
                if not seen.symbols:
                    seen.symbols = reason.get("symbols") or []

    def _tried(self, record: Record, name: str) -> None:
        planned = {candidate["id"]: candidate for candidate in record["plan"]}
        planned.update({attempt["candidate"]: attempt for attempt in record["attempts"]})
        for attempt in record["attempts"]:
            ending = Ending("install", attempt["strategy"], title(attempt), attempt["ok"], attempt["cause"])
            self._ended(ending, name, attempt)
        for test in record["verification"]:
            candidate = planned.get(test["candidate"])
            strategy = candidate["strategy"] if candidate else str(test.get("backend") or "")
            if test.get("backend") and not is_native(test["backend"]):
                strategy = test["backend"]
            shown = title(candidate) if candidate else str(test["candidate"])
            self._ended(Ending("test", strategy, shown, test["ok"], test["cause"]), name, test)
            for warning in test.get("warnings") or []:
                if warning in self.warnings or len(self.warnings) < EXAMPLES:
                    self.warnings[str(warning)] += 1
        for one in record.get("unmeasured") or []:
            if len(self.unmeasured) < EXAMPLES:
                self.unmeasured[one["what"], one["reason"]] += 1
        for error in record.get("errors", []):
            if error["stage"] != "record":
                self._ended(Ending(error["stage"], "", "", False, error.get("cause")), name, error)

    def _ended(self, ending: Ending, name: str, told: dict[str, Any]) -> None:
        seen = _seen(self.endings, ending, name, str(told.get("message") or ""))
        if told.get("seconds") is not None:
            seen.seconds.append(told["seconds"])

    def _measured(self, record: Record) -> None:
        test = proof(record)
        native = figures(test) if record["state"] == "native" else {}
        fallback = javascript(record)
        loader = (test.get("loader") or {}) if native else {}
        for pool, found in ((self.native, native), (self.loader, loader), (self.fallback, fallback)):
            for name in MEASURED:
                if isinstance(found.get(name), int | float):
                    pool[name].append(found[name])
        used = loader.get("p50_ms") or native.get("p50_ms")
        if used and fallback.get("p50_ms"):
            self.speedups.append(fallback["p50_ms"] / used)
        if record["state"] == "native":
            self.counts["unmeasured"] += not native.get("p95_ms")
            self.counts["earlier"] += bool(test.get("measured_at"))
            if test.get("isa_loaded"):
                self.loaded[str(test["isa_loaded"])] += 1
        workload = test.get("workload") or next(
            (each["workload"] for each in record["verification"] if each.get("workload")), None
        )
        if workload:
            self.workloads[tuple(workload.get(name) for name in ("n", "d", "k", "threads"))] += 1


class Asked(NamedTuple):
    """The strategies of a class of hosts that came to nothing: not asked for, no candidate, every candidate blocked."""

    not_asked: list[str]
    bare: list[str]
    blocked: list[str]


class Findings:
    """All classes of a run, and the hosts of which nothing could be read."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._classes: dict[HostClass, ClassFindings] = {}
        self.groups: Counter[str] = Counter()
        self.without_facts: list[Silent] = []
        self.away: list[Silent] = []  # not reached, some of them only after their facts were read
        self.errors: dict[tuple[str, str], Seen] = {}
        self.further: dict[str, str] = {}  # names of machines that are counted by another, which is the value
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Counts one host in; a machine that has several names in the inventory once."""
        name = record["host"]["name"]
        first = record["host"].get("same_machine_as")
        if first and record["facts"] is not None:
            self.further[name] = first
            return
        self.groups.update(record["host"]["groups"])
        cause = record["cause"] or record["state"]
        silent = Silent(name, record["state"], cause, record["because"], record["run"]["finished"])
        if record["state"] == "unreachable":
            self.away.append(silent)
        if record["facts"] is None:
            self.without_facts.append(silent)
            message = record["errors"][-1]["message"] if record.get("errors") else record["because"]
            _seen(self.errors, (record["state"], cause), name, message)
            return
        key = host_class.of(record["facts"])
        found = self._classes.get(key)
        if found is None:
            found = self._classes[key] = ClassFindings(key, record)
        found.add(record)

    @property
    def classes(self) -> list[ClassFindings]:
        """Most hosts first."""
        return sorted(self._classes.values(), key=lambda each: (-len(each.hosts), str(each.key)))


def middle(values: list[float]) -> float | None:
    """The median, None of nothing."""
    return median(values) if values else None


def _planned_version(record: Record) -> str | None:
    chosen = at(record, "decision", "candidate")
    tried = [{"id": attempt["candidate"], **attempt} for attempt in record["attempts"]]
    for candidate in [*tried, *record["plan"]]:
        if candidate["id"] == chosen and candidate["artefact"]["version"]:
            return candidate["artefact"]["version"] and str(candidate["artefact"]["version"])
    return None


def _count(counter: Counter[str], value: Any) -> None:
    if value and (value in counter or len(counter) < EXAMPLES):
        counter[str(value)] += 1


def _seen(found: dict[Any, Seen], key: Any, host: str, text: str) -> Seen:
    if key not in found:
        if len(found) >= EXAMPLES:
            return Seen()
        found[key] = Seen(host=host, text=text)
    found[key].hosts += 1
    return found[key]
