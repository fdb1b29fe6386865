# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is made once for a class of hosts and shipped to each, and the options that it is made with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model import Runtime


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

    logs: the directory on the controller that keeps what the module said, whole. fetches: whether the host gets what it
    needs from elsewhere.
    """

    module: str
    arguments: dict[str, Any]
    logs: Path
    fetches: bool = False

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
    given: whether the inventory names what is in it, an image or a lock.
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
    given: bool = False

    @property
    def bytes_to_ship(self) -> int:
        """Size of the files that go to a host."""
        return self.archive.stat().st_size + self._bytes_beside

    @property
    def bytes_on_host(self) -> int:
        """What it takes there: the prefix, and what comes beside it."""
        return self.unpacked_bytes + self._bytes_beside

    @property
    def is_fetched(self) -> bool:
        """Whether a host gets what is in it by itself, from a registry or a channel."""
        return bool(self.build and self.build.fetches) or bool(self.step and self.step.file is None)

    @property
    def _bytes_beside(self) -> int:
        return self.step.file.stat().st_size if self.step and self.step.file else 0


@dataclass(frozen=True)
class Options:
    """What the inventory says, already validated. Unknown strategies and policies never get here.

    extra holds each strategy's own options by their role variable names (``faiss_install__wheel_version``...).
    """

    prefix: str = "/opt/faiss-fleet"
    cache: Path = Path("~/.cache/faiss-fleet")
    offline: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
