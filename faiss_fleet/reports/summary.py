# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Counts what the records say: hosts by state and by provider, causes with their hosts and one remedy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..records import checks, times, waivers
from ..records.build import STATES
from ..records.columns import Cell, row
from ..records.schema import Record
from ..records.waivers import Waiver
from ..store.diff import Line
from .text import one_line, unquoted

_HOST = re.compile(r"\bHOST\b")
_NOTHING: Mapping[str, Any] = {}
VERDICTS = ("native", "fallback")  # the states that rest on a decision, which check mode only predicts


@dataclass
class Provider:
    """Hosts that one strategy serves, and the middle of what was measured on them."""

    name: str
    hosts: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    _qps: list[float] = field(default_factory=list)
    _p50: list[float] = field(default_factory=list)
    _p95: list[float] = field(default_factory=list)

    def add(self, cells: dict[str, Cell]) -> None:
        """Counts one host in."""
        self.hosts += 1
        if cells["faiss"]:
            self.versions[str(cells["faiss"])] += 1
        for values, key in ((self._qps, "qps"), (self._p50, "p50_ms"), (self._p95, "p95_ms")):
            value = cells[key]
            if isinstance(value, (int, float)):
                values.append(value)

    @property
    def qps(self) -> float | None:
        """Median queries per second, None when nothing was measured."""
        return median(self._qps) if self._qps else None

    @property
    def p50(self) -> float | None:
        """Median of the hosts' p50, in ms."""
        return median(self._p50) if self._p50 else None

    @property
    def p95(self) -> float | None:
        """Median of the hosts' p95, in ms."""
        return median(self._p95) if self._p95 else None


@dataclass
class Accepted:
    """A waiver of the run, whether its last day is over, and how many hosts have its cause."""

    waiver: Waiver
    expired: bool
    hosts: int = 0


@dataclass
class Cause:
    """Hosts that stand before the same obstacle, and the remedy most of them were given."""

    name: str
    hosts: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    remedies: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    due: list[str] = field(default_factory=list)  # hosts whose cause is not waived
    because: str = ""  # the first host's own sentence

    @property
    def waived(self) -> int:
        """How many of the hosts have a waiver for it."""
        return len(self.hosts) - len(self.due)

    @property
    def remedy(self) -> str:
        """One next step; '' when no record names one."""
        return self.remedies.most_common(1)[0][0] if self.remedies else ""

    @property
    def advice(self) -> str:
        """The remedy for the first host by its name, without backticks; '' when no record names one."""
        remedy = self.hosts[0].join(_HOST.split(self.remedy))
        others = " Likewise on the others." if remedy != self.remedy and len(self.hosts) > 1 else ""
        return unquoted(one_line(remedy)) + others


class Summary:
    """One pass over the records. rows keeps every host's cells, as all tables need them."""

    def __init__(self, run: dict[str, Any], records: Iterable[Record] = ()) -> None:
        self.run = run
        self.finished: str | None = None
        self.left: int | None = None  # hosts still to come, of an audit that goes on
        self.damaged = ""  # the kept file of records, some lines of which were none
        self.good: Mapping[str, Line] = {}  # of hosts not reached, the newest earlier line that rests on an answer
        self.rows: list[dict[str, Cell]] = []
        self.spent: list[Mapping[str, float]] = []  # by row: seconds by check that they failed on, and of the verdict
        self.groups: list[tuple[str, ...]] = []  # by row: a name may have a space in it, so the cell cannot be split
        self.states: Counter[str] = Counter(dict.fromkeys(STATES, 0))  # of machines: one with two names counts once
        self.same_as: list[str | None] = []  # by row: the name under which its machine is counted, where it is another
        self.standing: list[tuple[str, ...]] = []  # by row: what each waiver that names the host does for it
        self.lapsed: list[Waiver | None] = []  # by row: the waiver of its cause that holds no more, where none does
        self.waived_states: Counter[str] = Counter()  # of the machines in a state, those whose cause is waived
        self.accepted: dict[tuple[str, ...], Accepted] = {}
        self.columns: list[Mapping[str, str]] = []  # by row: what the inventory wants shown
        self.options: dict[str, Counter[str]] = {}  # what differs from the defaults, and how many hosts have each value
        self._providers: dict[str, Provider] = {}
        self._causes: dict[str, Cause] = {}
        self._groups: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}  # equal texts are kept once: hosts of one class have most of theirs in common
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Counts one host in."""
        cells = {
            key: self._texts.setdefault(cell, cell) if isinstance(cell, str) else cell
            for key, cell in row(record).items()
        }
        self.rows.append(cells)
        self.spent.append(times.spent(record, checks.blocked(cells)))
        groups = tuple(record["host"]["groups"])
        self.groups.append(self._groups.setdefault(groups, groups))
        self.finished = max(self.finished or "", record["run"]["finished"])
        self._said(record)
        self.same_as.append(record["host"].get("same_machine_as"))
        if self.same_as[-1]:
            return
        self.states[record["state"]] += 1
        self.waived_states[record["state"]] += cells["waived"] is True
        if record["state"] in ("native", "fallback"):
            name = str(cells["provider"] or cells["backend"])
            self._providers.setdefault(name, Provider(name)).add(cells)
        if record["cause"]:
            cause = self._causes.setdefault(record["cause"], Cause(record["cause"]))
            cause.hosts.append(record["host"]["name"])
            cause.states[record["state"]] += 1
            cause.because = cause.because or record["because"]
            if not cells["waived"]:
                cause.due.append(record["host"]["name"])
                cause.groups.update(groups)
            if record["remedy"]:
                # A remedy that names the host it is for would never be the same for two.
                cause.remedies[record["remedy"].replace(record["host"]["name"], "HOST")] += 1

    def _said(self, record: Record) -> None:
        """What the inventory says of the host: its columns, waivers and options."""
        host = record["host"]
        self.columns.append(host.get("columns") or _NOTHING)
        for name, value in (host.get("options") or _NOTHING).items():
            self.options.setdefault(name, Counter())[self._texts.setdefault(str(value), str(value))] += 1
        holds, lapsed = waivers.of_record(record)
        moment = record["run"]["finished"]
        self.lapsed.append(lapsed)
        self.standing.append(waivers.standing(record))
        for waiver in host.get("waivers") or ():
            key = tuple(str(waiver.get(name) or "") for name in ("host", "group", "cause", "owner", "reason", "until"))
            accepted = self.accepted.setdefault(key, Accepted(waiver, waivers.expired(waiver, moment)))
            accepted.hosts += waiver is holds or waiver is lapsed

    @property
    def hosts(self) -> int:
        """How many names there are."""
        return len(self.rows)

    @property
    def machines(self) -> int:
        """How many hosts are counted: a machine that has several names in the inventory is one."""
        return self.states.total()

    @property
    def waived(self) -> int:
        """How many machines are not native for a cause that is accepted."""
        return self.waived_states.total()

    def counted(self) -> Iterator[dict[str, Cell]]:
        """Rows, without further names of machines that are counted already."""
        return (cells for cells, same in zip(self.rows, self.same_as, strict=True) if not same)

    @property
    def providers(self) -> list[Provider]:
        """Most hosts first."""
        return sorted(self._providers.values(), key=lambda provider: (-provider.hosts, provider.name))

    @property
    def causes(self) -> list[Cause]:
        """Most hosts first."""
        return sorted(self._causes.values(), key=lambda cause: (-len(cause.hosts), cause.name))

    def by_need(self) -> list[dict[str, Cell]]:
        """Rows with the hosts that want a person first; otherwise in the inventory's order."""
        order = {"failed": 0, "unreachable": 1, "fallback": 2, "native": 3}
        return sorted(self.rows, key=lambda cells: order[str(cells["state"])])

    def totals(self) -> str:
        """'300 hosts: 216 native, 53 fallback, 16 failed, 15 unreachable'."""
        parts = ", ".join(f"{self.states[state]:,} {state}" for state in STATES)
        predicted = " (predicted: check mode tried nothing)" if self.run["check_mode"] else ""
        left = "" if self.left is None else f"; the audit goes on, {self.left:,} not done yet"
        waived = f"; {self.waived:,} waived" if self.waived else ""
        names = self.hosts - self.machines
        more = f"; {names:,} more name{'' if names == 1 else 's'} of machines that are counted" if names else ""
        return f"{self.machines:,} host{'' if self.machines == 1 else 's'}: {parts}{waived}{more}{predicted}{left}"

    def is_predicted(self, cells: Mapping[str, Cell]) -> bool:
        """Whether a host's verdict is what check mode predicts: nothing was tried there."""
        return cells["state"] in VERDICTS and bool(cells["predicted"] or self.run["check_mode"])

    def shown_state(self, cells: Mapping[str, Cell]) -> str:
        """The host's state in words: 'native', and 'predicted native' where nothing was tried."""
        return f"predicted {cells['state']}" if self.is_predicted(cells) else str(cells["state"])
