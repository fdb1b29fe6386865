# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a strategy is: a name, a place in the order, a pure planner and a resolver that runs once per host class."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypedDict

from typing_extensions import NotRequired

Facts = dict[str, Any]


class Reason(TypedDict):
    """Why a candidate is blocked: what it needs, what the host has, by which file and symbols."""

    check: str
    cause: str
    need: str | None
    have: str | None
    text: str
    file: NotRequired[str | None]
    library: NotRequired[str | None]
    symbols: NotRequired[list[str]]


class Runtime(TypedDict):
    """How to start the interpreter that has this FAISS. ``{prefix}`` stands for the prefix until it is known."""

    kind: str
    argv: list[str]
    env: dict[str, str]
    prefix: str | None


class Candidate(TypedDict):
    """One way to get FAISS onto one host, with its verdict. ``artefact`` has at least name and version."""

    id: str
    strategy: str
    artefact: dict[str, Any]
    verdict: str
    reasons: list[Reason]
    remedy: str | None
    runtime: NotRequired[Runtime | None]
    note: NotRequired[str | None]
    # What the setting says of it, where it is what was set and is only tested again: see attempts/current_backend.py.
    kept: NotRequired[dict[str, Any]]


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

    logs: the folder on the controller that keeps what the module said, whole.
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
    that the same lock always lands in the same folder); unpacked_bytes is what the host must have free.
    """

    archive: Path
    sha256: str
    digest: str
    unpacked_bytes: int
    runtime: Runtime
    lock: dict[str, Any]
    step: Step | None = None
    build: HostBuild | None = None

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


class Strategy(Protocol):
    """What ``strategy.py`` of a strategy's directory provides as ``STRATEGY``; strategies/__init__.py registers it."""

    name: str

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """Candidates for a host with these facts, best first, blocked ones included with their reasons."""
        ...

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """Makes what the candidate ships; None when there is nothing to ship. Raises FleetError with its cause."""
        ...
