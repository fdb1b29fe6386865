# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where a run stands, by Ansible's events. Pure: events and the time go in, figures come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..records.schema import Record
from ..reports.recorder import ABOUT_THE_RUN, LAST_STAGE, STAGES, stage_name

WAITING, DONE, IN_BATCH = "waiting", "done", "in the batch"
NAMES = {
    "glibc_facts": "probe",
    "faiss_install": "install and test",
    "faiss_search_test": "test",
    "vector_backend": "set",
}
SHOWN = (WAITING, IN_BATCH, "probe", "install and test", "set", DONE)
MOST_SLOW = 5  # hosts at work that are named
ENOUGH = 3  # hosts that must be done before a remaining time is shown


@dataclass(frozen=True)
class Verdict:
    """How one host ended."""

    host: str
    state: str
    seconds: float
    text: str


class Progress:
    """Counts and times of one run. One thread at a time tells it what happens; any may read meanwhile."""

    def __init__(self, now: float) -> None:
        self.started = now
        self.due = 0
        self.verdicts: Counter[str] = Counter()
        self.errors: list[str] = []  # what concerns the run as a whole
        # (host, seconds) of the hosts that a batch is at work on, of which there are no events.
        self.in_batch: Callable[[], Iterable[tuple[str, float]]] = tuple
        self._stage: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._done: dict[str, Verdict] = {}

    def see(self, event: Mapping[str, Any], now: float) -> Verdict | None:
        """Takes one event in. Returns the host's verdict when this event is its last word."""
        kind, data = str(event.get("event", "")), event.get("event_data") or {}
        host, stage = data.get("host"), stage_name(str(data.get("task_action") or ""))
        result = _mapping(data.get("res"))
        if not kind.startswith("runner_on_") or not isinstance(host, str):
            return None
        if stage in ABOUT_THE_RUN:
            if kind == "runner_on_failed" and result.get("msg") not in self.errors:
                self.errors.append(str(result.get("msg")))
            return None
        if stage in STAGES and host not in self._done:
            self._since.setdefault(host, now)
            self._stage[host] = NAMES[stage]
        if kind == "runner_on_ok" and stage == LAST_STAGE:
            decision = result.get("decision") or {}
            state = "native" if decision.get("backend") == "faiss" else "fallback"
            return self._end(host, state, now, str(decision.get("because") or decision.get("provider") or ""))
        if kind == "runner_on_failed" and not data.get("ignore_errors"):
            return self._end(host, "failed", now, str(result.get("msg") or "The task failed without a message."))
        if kind == "runner_on_unreachable":
            return self._end(host, "unreachable", now, str(result.get("msg") or "No reason was given."))
        return None

    def recorded(self, record: Record, now: float) -> Verdict | None:
        """Takes the record of a host: nothing else is heard of those in a batch or a slice.

        Returns the verdict when this is the host's last word.
        """
        host = record["host"]["name"]
        self._since.setdefault(host, self.started)
        return self._end(host, str(record["state"]), now, str(record["because"]))

    def _end(self, host: str, state: str, now: float, text: str) -> Verdict | None:
        before = self._done.get(host)
        if before is not None:
            if state in ("failed", "unreachable") or before.state == state:
                return None
            self.verdicts[before.state] -= 1  # a rescue led to a verdict after all
        self._stage[host] = DONE
        self.verdicts[state] += 1
        self._done[host] = Verdict(host, state, now - self._since.get(host, now), text)
        return self._done[host]

    @property
    def total(self) -> int:
        """Hosts that are due, at least those seen."""
        return max(self.due, len(self._stage))

    @property
    def done(self) -> int:
        """Hosts that have their verdict."""
        return len(self._done)

    def stages(self) -> dict[str, int]:
        """Hosts by stage; nobody is left out."""
        stages = self._stage.copy().values()  # in one step, as hosts are added meanwhile
        counts = Counter(stages)
        counts[IN_BATCH] = len(self._at_work())
        counts[WAITING] = max(0, self.total - len(stages) - counts[IN_BATCH])
        counts["install and test"] += counts.pop("test", 0)
        return {name: counts[name] for name in SHOWN}

    def slowest(self, now: float) -> list[tuple[str, str, float]]:
        """(host, stage, seconds) of the hosts at work the longest."""
        stages = self._stage.copy().items()  # in one step, as hosts are added meanwhile
        running = [(host, stage, now - self._since.get(host, now)) for host, stage in stages if stage != DONE]
        running += [(host, IN_BATCH, seconds) for host, seconds in self._at_work()]
        return sorted(running, key=lambda each: (-each[2], each[0]))[:MOST_SLOW]

    def _at_work(self) -> list[tuple[str, float]]:
        return [(host, seconds) for host, seconds in self.in_batch() if host not in self._stage]

    def remaining(self, now: float) -> float | None:
        """Seconds that are left at the pace so far, None while it is too early to tell."""
        if self.done < min(ENOUGH, self.total) or not self.done:
            return None
        return (now - self.started) / self.done * (self.total - self.done)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def clock(seconds: float | None) -> str:
    """'4:05', '1:02:03'; '?' for None."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
