# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the stages of an audit ask of a host, whichever way it is reached."""

from __future__ import annotations

from typing import Protocol

from ..model import Json, Runtime
from ..strategies.base import Artefact


class Host(Protocol):
    """What an attempt asks of a host: each is one remote call."""

    def deploy(self, artefact: Artefact, prefix: str, seconds: float, doubted: bool = False) -> Json:
        """Ships and unpacks within so many seconds (0: no limit); returns at least ok, changed, cause, message.

        doubted: whether a test of what is there failed, so that nothing of it is taken to be whole unseen.
        """
        ...

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> Json:
        """Runs the search test, with or without measuring; returns a verification."""
        ...

    def reconnect(self) -> None:
        """Leaves the connection, which may be what hung: the next call makes one of its own."""
        ...

    def remove(self, prefix: str, keep: bool = False, cached: Json | None = None) -> Json:
        """Removes an unselected prefix, unless it is kept or in use, and leaves a cached failure, or none."""
        ...


class MeasuringHost(Host, Protocol):
    """A host that also measures what is not a candidate."""

    def measure(self, runtimes: list[Json]) -> list[Json]:
        """Verifications of what is measured for comparison."""
        ...
