# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a fault is, and the place it is injected into, which undoes every change of the host once it is healed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.fleet import NEW, NO_PYTHON, OLD, Done, Fleet

Inject = Callable[["Seat"], None]
# Looks at the record and the host after the run; returns what is wrong, or None.
Look = Callable[["Seat", dict[str, Any], Done], "str | None"]

RECIPES = {OLD: "glibc 2.17", NEW: "glibc 2.36", NO_PYTHON: "glibc 2.17, no Python"}


@dataclass(frozen=True)
class Fault:
    """One row of the table. A tuple of states or causes: each of them is right."""

    group: str
    name: str
    what: str
    inject: Inject | None = None
    state: str | tuple[str, ...] = "native"
    cause: str | tuple[str | None, ...] | None = None
    # Variables of the host; "{host}" in a value is its name.
    variables: Mapping[str, Any] = field(default_factory=dict)
    recipe: str | None = None  # None: either glibc
    fresh: bool = False  # a host where no audit has ever been
    look: Look | None = None
    looks: str = ""  # what `look` checks, in words
    during: Callable[[Seat, threading.Event], None] | None = None
    keeps: tuple[str, ...] = ()  # paths that the fault itself makes or changes, and the audit may
    # What hangs is the host's own program, and Ansible started it without a terminal: nobody ends it but the host.
    goes_on: bool = False
    waits: bool = False  # takes a minute: such faults share an audit
    special: bool = False  # wants a compiler or a cgroup: never part of a sample
    healed: str = "native"  # the state after the next run
    finding: str = ""


@dataclass(frozen=True)
class ControllerFault:
    """A fault that has runs of its own. ``run`` injects and audits; it reports by the judge."""

    group: str
    name: str
    what: str
    run: Callable[[Any], None]
    expects: str
    seeds: int = 1
    recipe: str | None = OLD
    both_ways: bool = False
    finding: str = ""


class Seat:
    """A host while it has a fault."""

    def __init__(self, fleet: Fleet, host: str, seed: int) -> None:
        self.fleet, self.host, self.random = fleet, host, random.Random(seed)
        self._undo: list[Callable[[], object]] = []
        self._numbers = itertools.count()
        self.memory: dict[str, Any] = {}

    def path(self, path: str) -> Path:
        return self.fleet.path(self.host, path)

    def sh(self, script: str) -> str:
        return self.fleet.sh(self.host, script).stdout

    def undo(self, action: Callable[[], object]) -> None:
        self._undo.append(action)

    def heal(self) -> None:
        while self._undo:
            self._undo.pop()()

    def directory(self, path: str, mode: int = 0o755) -> Path:
        """Makes a directory with those above it, and removes what was made when the fault is healed."""
        place = self.path(path)
        missing = [one for one in (place, *place.parents) if not os.path.lexists(one)]
        for one in reversed(missing):
            one.mkdir()
            one.chmod(0o755)
        if missing:
            self.undo(lambda: shutil.rmtree(missing[-1], ignore_errors=True))
            place.chmod(mode)
        return place

    def replace(self, path: str, make: Callable[[Path], object]) -> Path:
        """Puts something else at a path. Healed: what was there is back, unless a run has replaced ours."""
        place = self.path(path)
        self.directory(os.path.dirname(path))
        aside = place.with_name(f".aside-{next(self._numbers)}-{place.name}")
        had = os.path.lexists(place)
        if had:
            place.rename(aside)
        make(place)
        ours = os.lstat(place).st_ino if os.path.lexists(place) else None

        def put_back() -> None:
            if os.path.lexists(place) and (not had or os.lstat(place).st_ino == ours):
                _delete(place)
            if had and os.path.lexists(aside):
                if os.path.lexists(place):
                    _delete(aside)
                else:
                    aside.rename(place)

        self.undo(put_back)
        return place

    def write(self, path: str, data: bytes | str, mode: int = 0o644, uid: int = 0) -> Path:
        content = data.encode() if isinstance(data, str) else data

        def make(place: Path) -> None:
            place.write_bytes(content)
            place.chmod(mode)
            os.chown(place, uid, uid)

        return self.replace(path, make)

    def mount(self, path: str, *options: str) -> None:
        self.directory(path)
        self.fleet.mount(self.host, path, *options)
        self.undo(lambda: self.fleet.unmount(self.host, path))

    def mode(self, path: str, mode: int, uid: int = 0) -> None:
        place = self.path(path)
        before = place.lstat()
        os.chown(place, uid, uid)
        place.chmod(mode)

        def back() -> None:
            if place.exists():
                os.chown(place, before.st_uid, before.st_gid)
                place.chmod(before.st_mode & 0o7777)

        self.undo(back)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
