# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What changed from one run to another, host by host. Pure: two sets of host lines in, findings out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from statistics import median
from typing import Any, Protocol

SMALLEST_NOISE = 0.30  # a p95 that is up by less is never called slower
SMALLEST_STEP_MS = 0.05  # nor is one that is up by less than this: timers and schedulers are no finer
SPREADS = 4.0  # how many robust standard deviations of the fleet's own scatter still count as noise
ENOUGH = 8  # hosts from which on a scatter means something


class Line(Protocol):
    """What is asked of a host in one run; the store's HostLine is one."""

    @property
    def host(self) -> str: ...
    @property
    def finished(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def cause(self) -> str | None: ...
    @property
    def because(self) -> str: ...
    @property
    def strategy(self) -> str | None: ...
    @property
    def faiss(self) -> str | None: ...
    @property
    def p95_ms(self) -> float | None: ...
    @property
    def predicted(self) -> bool: ...


@dataclass(frozen=True)
class Change:
    """One host's change. Each side is the words for it then and now; None on the side where the host was not."""

    host: str
    before: str | None
    after: str | None
    because: str = ""


@dataclass
class Diff:
    """Every change between two runs, by kind, hosts by name. A host may stand under several kinds.

    only_before, only_after: hosts that were due in one of the runs alone, such as by --limit. They are not compared.
    """

    before: str
    after: str
    newly_native: list[Change] = field(default_factory=list)
    lost_native: list[Change] = field(default_factory=list)
    changed_strategy: list[Change] = field(default_factory=list)
    changed_release: list[Change] = field(default_factory=list)
    slower: list[Change] = field(default_factory=list)
    faster: list[Change] = field(default_factory=list)
    new_causes: list[Change] = field(default_factory=list)
    unreachable: list[Change] = field(default_factory=list)
    away: list[Change] = field(default_factory=list)  # of these, hosts that were reached the time before
    only_before: list[str] = field(default_factory=list)
    only_after: list[str] = field(default_factory=list)
    newly_unreachable: int = 0
    unchanged: int = 0
    noise: float = SMALLEST_NOISE

    @property
    def empty(self) -> bool:
        """Whether nothing changed. A host that was not reached the time before either is no change."""
        return not self.newly_unreachable and not any(
            changes for _title, changes in self.kinds() if changes is not self.unreachable
        )

    def kinds(self) -> list[tuple[str, list[Change]]]:
        """(title, changes) of every kind, what needs a person first."""
        return [
            ("Lost native", self.lost_native),
            ("New causes", self.new_causes),
            (f"Slower by more than the noise ({self.noise:.0%})", self.slower),
            ("Unreachable", self.unreachable),
            ("Newly native", self.newly_native),
            ("Changed strategy", self.changed_strategy),
            ("Another FAISS release", self.changed_release),
            (f"Faster by more than the noise ({self.noise:.0%})", self.faster),
        ]

    def worse(self) -> Diff:
        """The same without what got better, and what is otherwise alone."""
        return replace(self, unreachable=self.away, newly_native=[], changed_strategy=[], changed_release=[], faster=[])

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"schema": 1, **asdict(self)}


def compare(
    before_run: str,
    before: Iterable[Line],
    after_run: str,
    after: Iterable[Line],
    last_good: Mapping[str, Line] | None = None,
) -> Diff:
    """The changes of hosts that were due in both runs.

    last_good: for hosts that ``after`` did not reach, their newest line that rests on an answer."""
    old = {line.host: line for line in before}
    new = {line.host: line for line in after}
    both = sorted(old.keys() & new.keys())
    noise = noise_of([(old[name], new[name]) for name in both])
    diff = Diff(before_run, after_run, noise=noise)
    diff.only_before, diff.only_after = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    for name in both:
        line = new[name]
        if line.state == "unreachable":
            good = (last_good or {}).get(name)
            change = Change(name, age(good, line.finished), words(line), line.because)
            diff.unreachable.append(change)
            if old[name].state != "unreachable":
                diff.newly_unreachable += 1
                diff.away.append(change)
    for name in both:
        if not _compare_host(diff, old[name], new[name], noise) and new[name].state != "unreachable":
            diff.unchanged += 1
    return diff


def _compare_host(diff: Diff, old: Line, new: Line, noise: float) -> bool:
    """Files one host under its kinds. Returns whether there was any."""
    change = Change(new.host, words(old), words(new), new.because)
    found: list[list[Change]] = []
    if new.state == "native" != old.state:
        found.append(diff.newly_native)
    elif old.state == "native" != new.state and new.state != "unreachable":
        found.append(diff.lost_native)
    elif new.strategy != old.strategy and new.strategy and old.strategy:
        found.append(diff.changed_strategy)
    elif new.state == "native" and new.faiss != old.faiss and new.faiss and old.faiss:
        found.append(diff.changed_release)
    if new.cause and new.cause not in (old.cause, "unreachable"):
        found.append(diff.new_causes)
    for kind in found:
        kind.append(change)
    ratio = _ratio(old, new)
    if ratio is None or abs(old.p95_ms - new.p95_ms) < SMALLEST_STEP_MS:  # type: ignore[operator]
        return bool(found)
    for kind, beyond in ((diff.slower, ratio > 1 + noise), (diff.faster, ratio < 1 / (1 + noise))):
        if beyond:
            text = f"{new.p95_ms / old.p95_ms:.1f} times the p95 of before"  # type: ignore[operator]
            kind.append(Change(new.host, f"{old.p95_ms:.3g} ms", f"{new.p95_ms:.3g} ms", text))
            return True
    return bool(found)


def noise_of(pairs: Iterable[tuple[Line, Line]]) -> float:
    """By which share a p95 may differ between two runs for no reason, by the hosts where nothing changed.

    The scatter is taken around the fleet's median, so that a whole fleet that got slower does not pass for noise.
    """
    logs = [math.log(ratio) for old, new in pairs if old.faiss == new.faiss and (ratio := _ratio(old, new)) is not None]
    if len(logs) < ENOUGH:
        return SMALLEST_NOISE
    middle = median(logs)
    spread = 1.4826 * median(abs(each - middle) for each in logs)
    return max(SMALLEST_NOISE, math.exp(min(SPREADS * spread, math.log(10))) - 1)


def _ratio(old: Line, new: Line) -> float | None:
    """p95 now over p95 then, where both were measured the same way."""
    if old.strategy != new.strategy or not old.p95_ms or not new.p95_ms:
        return None
    return new.p95_ms / old.p95_ms


def words(line: Line) -> str:
    """'native by wheel, FAISS 1.9.0', 'predicted fallback: glibc_too_old', 'failed: disk_full'."""
    predicted = "predicted " if line.predicted and line.state in ("native", "fallback") else ""
    if line.state == "native":
        return f"{predicted}native by {line.strategy or '?'}" + (f", FAISS {line.faiss}" if line.faiss else "")
    return predicted + (f"{line.state}: {line.cause}" if line.cause and line.cause != line.state else line.state)


def age(good: Line | None, now: str) -> str:
    """How old a host's last good result is, and what it was."""
    if good is None:
        return "no good result so far"
    return f"{words(good)}, {elapsed(good.finished, now)} ago"


def elapsed(start: str, end: str) -> str:
    """'3 days', between two moments as records have them; '?' when one is no moment."""
    try:
        first, last = (datetime.fromisoformat(each.replace("Z", "+00:00")) for each in (start, end))
        seconds = max((last - first).total_seconds(), 0)
    except (ValueError, TypeError):
        return "?"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size or size == 1:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "?"
