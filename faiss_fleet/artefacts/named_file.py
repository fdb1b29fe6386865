# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A file on the controller that the inventory names together with its sha256."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..argument_specs import typed
from ..errors import FleetError
from . import cache


@dataclass(frozen=True)
class NamedFile:
    """variable: the one that names it, for errors."""

    path: Path
    sha256: str
    variable: str

    @classmethod
    def of(cls, value: object, variable: str) -> NamedFile | None:
        """Return what a variable names, None where it names no file. Raises FleetError for one that is not there."""
        given = typed(variable, value or {})
        if not given.get("file"):
            return None
        path = Path(given["file"]).expanduser()
        if not path.is_file():
            raise FleetError(
                f"{variable} names {path}, which is not a file on this controller. Put it there, or correct the path.",
                remedy=f"Put the file at {path}.",
            )
        return cls(path, given["sha256"].lower(), variable)

    @property
    def stamp(self) -> list[Any]:
        """What changes when another file takes its place, to be kept with what was found out about it."""
        found = self.path.stat()
        return [str(self.path), found.st_size, found.st_mtime_ns]

    def check(self) -> None:
        """Raises FleetError when it is another file, or cannot be read."""
        try:
            found = cache.sha256(self.path)
        except OSError as exc:
            raise FleetError(
                f"{self.path}, which {self.variable} names, cannot be read: {exc.strerror or exc}. Make it readable "
                "for this user.",
                remedy=f"Make {self.path} readable for the user on this controller.",
            ) from exc
        if found != self.sha256:
            raise FleetError(
                f"{self.path} has sha256 {found}, and {self.variable} says {self.sha256}. Make or fetch it again, or "
                "correct the variable if you trust the file.",
                "hash_mismatch",
                f"Make or fetch {self.path.name} again, or correct {self.variable}.",
            )
