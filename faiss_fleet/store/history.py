# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the store knows of the runs before one, for reports: they are written whether the store answers or not.

Both questions are answered from an index of the store, never from whole records, and a store is not made for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import FleetError
from .diff import Diff, Line, compare

if TYPE_CHECKING:
    from .queries import Store

STORE = "history.sqlite"  # in the directory of all runs, where nothing else is named

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class RunTotals:
    """One run and how many hosts ended in each state."""

    id: str
    started: str
    check_mode: bool
    states: dict[str, int]

    @property
    def hosts(self) -> int:
        """How many there are."""
        return sum(self.states.values())


class Earlier:
    """The runs before one. A store that does not answer is reported once, and is then as one that knows nothing."""

    def __init__(
        self, run: str, opened: Callable[[], AbstractContextManager[Store | None]], warn: Callable[[str], None]
    ) -> None:
        """opened gives the store, or None where there is none yet; warn is handed the cause and the next step."""
        self._run, self._opened, self._warn = run, opened, warn
        self._silent = False

    @classmethod
    def at(cls, store: str | Path, run: str, warn: Callable[[str], None]) -> Earlier:
        """Of the store with this path or URL, opened for each question. No file is made where there is none."""
        return cls(run, lambda: _open(str(store)), warn)

    @classmethod
    def of(cls, store: Store, run: str, warn: Callable[[str], None] = lambda _text: None) -> Earlier:
        """Of a store that is open, and stays so."""
        return cls(run, lambda: nullcontext(store), warn)

    @classmethod
    def none(cls) -> Earlier:
        """Of no store: nothing is known."""
        return cls("", nullcontext, lambda _text: None)

    def good(self, hosts: Sequence[str]) -> Mapping[str, Line]:
        """By host the newest line that rests on an answer of the host. Hosts that no run reached are left out."""
        if not hosts:
            return {}
        return self._ask(lambda store: dict(store.last_good(self._run, hosts))) or {}

    def totals(self, inventory: Sequence[str], check_mode: bool, hosts: Iterable[str]) -> list[RunTotals]:
        """The earlier runs of the same inventory and mode, oldest first, counting the hosts of this run alone."""
        return self._ask(lambda store: store.totals(self._run, inventory, check_mode, hosts)) or []

    def changes(
        self,
        run: Mapping[str, Any],
        lines: Callable[[], Iterable[Line]],
        hosts: Iterable[str],
        good: Mapping[str, Line] | None = None,
    ) -> tuple[Diff, str] | None:
        """What changed since the last comparable run, and when that began; None where there is none.

        run: what a record says of its run; lines: its hosts, as the store will have them; good: as of ``good``.
        """

        def compared(store: Store) -> tuple[Diff, str] | None:
            before = store.comparable_before(self._run, run["inventory"], bool(run["check_mode"]), hosts)
            if before is None:
                return None
            return compare(before, store.lines(before), self._run, lines(), good), store.started(before)

        return self._ask(compared)

    def histories(self, run: Mapping[str, Any], hosts: Sequence[str]) -> Mapping[str, Sequence[Line]]:
        """For each host its lines in the last comparable runs, oldest first."""
        if not hosts:
            return {}
        inventory, check = run["inventory"], bool(run["check_mode"])
        return self._ask(lambda store: dict(store.histories(self._run, inventory, check, hosts))) or {}

    def _ask(self, question: Callable[[Store], Answer]) -> Answer | None:
        if self._silent:
            return None
        try:
            with self._opened() as store:
                return None if store is None else question(store)
        except FleetError as error:
            self._silent = True
            self._warn(f"The reports of this run know nothing of earlier ones. {error}")
            return None


def _open(name: str) -> AbstractContextManager[Store | None]:
    from . import database  # here, as it brings the database along
    from .queries import Store

    url = database.parse(name)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return nullcontext()
    return Store.open(name)
