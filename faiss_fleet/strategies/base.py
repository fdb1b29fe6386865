# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a strategy is: a name, a place in the order, a pure planner and a resolver that runs once per host class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from ..artefacts.artefact import Artefact, HostBuild, Options, Step
from ..model import Candidate, Facts, Reason, Runtime

__all__ = [
    "INVENTORY",
    "Artefact",
    "Candidate",
    "Facts",
    "Forecast",
    "HostBuild",
    "Options",
    "Reason",
    "Runtime",
    "Step",
    "Strategy",
    "make_reason",
    "version_numbers",
]

# The check of a reason that the inventory gives; plan/blockers.py has all checks.
INVENTORY = "inventory"


def make_reason(check: str, cause: str, need: str | None, have: str | None, text: str) -> Reason:
    """Return why a candidate is blocked, where no file of its artefact says so."""
    return Reason(check=check, cause=cause, need=need, have=have, text=text)


def version_numbers(version: str | None) -> tuple[int, ...]:
    """Return the first three numbers of a version, to compare it with others: (3, 13, 0) of "3.13.0rc1"."""
    return tuple(int(part) for part in re.findall(r"\d+", version or "")[:3])


@dataclass(frozen=True)
class Forecast:
    """What making a candidate's artefact would take, without making it: for check mode.

    artefact: what an earlier run made, where it is in the controller's cache; then nothing has to be made. download,
    ship and unpacked: bytes, None where that is not known. seconds: a rough estimate of the time on the controller.
    """

    artefact: Artefact | None = None
    download: int | None = None
    ship: int | None = None
    unpacked: int | None = None
    seconds: float | None = None
    how: str = "make it"

    def text(self) -> str:
        """What would be done, with size and time as far as they are known."""
        parts = [f"the controller would {self.how}"]
        if self.download is not None:
            parts.append(f"download about {self.download / 1e6:.0f} MB")
        if self.seconds is not None:
            parts.append(f"which takes about {_duration(self.seconds)} once for this class of hosts")
        if self.ship is not None:
            parts.append(f"ship about {self.ship / 1e6:.0f} MB")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"


class Strategy(Protocol):
    """What ``strategy.py`` of a strategy's directory provides as ``STRATEGY``; strategies/__init__.py registers it.

    native: whether what passes is FAISS; False for the fallback. remover: the module that removes what a prefix of this
    strategy brought beside it, called with state=absent before the prefix goes; None where there is nothing.
    """

    name: str
    native: bool
    remover: str | None

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """Candidates for a host with these facts, best first, blocked ones included with their reasons."""
        ...

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """Makes what the candidate ships; None when there is nothing to ship. Raises FleetError with its cause."""
        ...

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """What ``resolve`` would do, from the cache and without a large download; None when there is nothing to ship.

        Raises the FleetError that ``resolve`` is already known to raise.
        """
        ...
