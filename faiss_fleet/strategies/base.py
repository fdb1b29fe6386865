# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a strategy is: a name, a place in the order, a pure planner and a resolver that runs once per host class."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..model import Candidate, Facts, Reason, Runtime

__all__ = [
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
]


@dataclass(frozen=True)
class Step:
    """What a prefix needs beside it on the host: a module that brings it, its arguments, and a file to ship along.

    The module gets the prefix as ``prefix`` and the file as ``archive``; what it brings goes when the prefix does.
    """

    module: str
    arguments: dict[str, Any]
    file: Path | None = None


@dataclass(frozen=True)
class HostBuild:
    """How a host itself makes the prefix out of the archive: a module in place of faiss_deploy, and its arguments.

    logs: the directory on the controller that keeps what the module said, whole.
    """

    module: str
    arguments: dict[str, Any]
    logs: Path

    def within(self, seconds: float) -> dict[str, Any]:
        """The arguments for an attempt that has so many seconds left (0: no limit)."""
        limit = self.arguments["timeout"]
        return {**self.arguments, "timeout": min(limit, math.ceil(seconds)) if seconds else limit}


@dataclass(frozen=True)
class Artefact:
    """What the resolver made for a class of hosts: an archive to ship and how to start what is in it.

    archive: .tar.gz whose top holds manifest.json; sha256 of that file; digest names the prefix (it is of the lock, so
    that the same lock always lands in the same directory); unpacked_bytes is what the host must have free. found has
    what was learnt of the candidate's artefact on the way, such as the version that was solved for; note is for people.
    """

    archive: Path
    sha256: str
    digest: str
    unpacked_bytes: int
    runtime: Runtime
    lock: dict[str, Any]
    step: Step | None = None
    build: HostBuild | None = None
    found: dict[str, Any] = field(default_factory=dict)
    note: str | None = None

    @property
    def bytes_to_ship(self) -> int:
        """Size of the files that go to a host."""
        files = [self.archive, self.step.file if self.step else None]
        return sum(path.stat().st_size for path in files if path)


@dataclass(frozen=True)
class Options:
    """What the inventory says, already validated. Unknown strategies and policies never get here.

    extra holds each strategy's own options by their role variable names (``faiss_install__wheel_version``...).
    """

    prefix: str = "/opt/faiss-fleet"
    cache: Path = Path("~/.cache/faiss-fleet")
    offline: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


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
