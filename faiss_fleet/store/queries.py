# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The records of many runs in one database: SQLite beside the reports, or a PostgreSQL that several controllers share.

The store is a copy: ``reports/<run>/records.jsonl`` stays the truth, and a lost store is filled again from there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from ..records.schema import Record
from ..run_id import timestamp
from . import database
from .history import RunTotals
from .packing import CELLS, line_of, plain, unpack, waiver_of
from .tables import HOSTS, RUNS, SOURCES

BATCH = 200  # records in memory at a time
AWAY = "unreachable"
SERIES = 30  # earlier runs in a trend
HISTORY = 10  # earlier runs in a host's history
NAMES = 5_000  # hosts that are asked for at a time
GOOD = ("native", "fallback")  # states that rest on what the host itself answered


@dataclass(frozen=True)
class StoredRun(RunTotals):
    """A run of the store."""

    finished: str | None
    controller: str
    version: str
    inventory: tuple[str, ...]


@dataclass(frozen=True)
class HostLine:
    """What the store's columns say of one host in one run."""

    run: str
    host: str
    finished: str
    state: str
    cause: str | None
    because: str
    backend: str | None
    strategy: str | None
    faiss: str | None
    glibc: str | None
    arch: str | None
    p50_ms: float | None
    p95_ms: float | None
    qps: float | None
    js_p95_ms: float | None
    predicted: bool = False  # check mode tried nothing


_LINE = [HOSTS.c.run, HOSTS.c.host, *(HOSTS.c[name] for name in CELLS), RUNS.c.check_mode]
_OF_RUN = HOSTS.c.run == RUNS.c.id


class Store:
    """An open store. Every method is one transaction, and raises FleetError when the database fails."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine, self._url = engine, url
        self.name = database.shown(url)

    @classmethod
    def open(cls, store: str | Path) -> Store:
        """By path or URL. A store of an older version is migrated; one of a newer version is refused."""
        url = database.parse(str(store))
        return cls(database.connect(url), url)

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- writing

    def add_records(self, records: Iterable[Record]) -> int:
        """Adds or replaces each host's line of its run; of two, the one finished later stays. Returns how many came."""
        count = 0
        incoming = iter(records)
        while batch := list(islice(incoming, BATCH)):
            self._add(batch)
            count += len(batch)
        return count

    def _add(self, batch: list[Record]) -> None:
        runs: dict[str, dict[str, Any]] = {}
        lines: dict[tuple[str, str], dict[str, Any]] = {}
        for record in batch:
            run = record["run"]
            runs[run["id"]] = runs.get(run["id"]) or {
                **{name: plain(run[name]) for name in ("id", "started", "controller", "version")},
                "check_mode": run["check_mode"],
                "inventory": json.dumps(run["inventory"]),
            }
            line = line_of(record)
            lines[line["run"], line["host"]] = line
        insert = database.insert_of(self._engine)
        statement = insert(HOSTS)
        others = {column.name: statement.excluded[column.name] for column in HOSTS.c if not column.primary_key}
        upsert = statement.on_conflict_do_update(
            index_elements=["run", "host"], set_=others, where=statement.excluded.finished >= HOSTS.c.finished
        )
        with self._writing() as connection:
            # In one order everywhere, so that two writers never wait for each other.
            connection.execute(insert(RUNS).on_conflict_do_nothing(), [runs[key] for key in sorted(runs)])
            connection.execute(upsert, [lines[key] for key in sorted(lines)])

    def prune(
        self,
        keep: int | None = None,
        older_than: timedelta | None = None,
        now: datetime | None = None,
        dry: bool = False,
    ) -> list[str]:
        """Removes runs beyond the newest ``keep`` and runs older than that; with both, what either names.

        Returns the ids, oldest first. With dry nothing is removed. The newest run always stays.
        """
        ids = [run.id for run in reversed(self.runs())]
        doomed = set(ids[: max(len(ids) - max(keep, 1), 0)]) if keep is not None else set()
        if older_than is not None:
            limit = timestamp((now or datetime.now(timezone.utc)) - older_than)
            doomed |= {run.id for run in self.runs() if run.started < limit}
        chosen = [run for run in ids[:-1] if run in doomed]
        if not dry:
            for run in chosen:
                with self._writing() as connection:
                    connection.execute(sa.delete(HOSTS).where(HOSTS.c.run == run))
                    connection.execute(sa.delete(RUNS).where(RUNS.c.id == run))
        return chosen

    # -- reading

    def runs(self) -> list[StoredRun]:
        """All runs, newest first."""
        counts = sa.select(HOSTS.c.run, HOSTS.c.state, sa.func.count(), sa.func.max(HOSTS.c.finished)).group_by(
            HOSTS.c.run, HOSTS.c.state
        )
        states: dict[str, dict[str, int]] = {}
        finished: dict[str, str] = {}
        with database.explained(self._url), self._engine.connect() as connection:
            for run, state, count, last in connection.execute(counts):
                states.setdefault(run, {})[state] = count
                finished[run] = max(finished.get(run, ""), last)
            lines = connection.execute(sa.select(RUNS).order_by(RUNS.c.id.desc())).mappings().all()
        return [
            StoredRun(
                **{name: line[name] for name in ("id", "started", "controller", "version", "check_mode")},
                inventory=tuple(json.loads(line["inventory"])),
                finished=finished.get(line["id"]),
                states=states.get(line["id"], {}),
            )
            for line in lines
        ]

    def totals(self, run: str, inventory: Sequence[str], check_mode: bool, hosts: Iterable[str]) -> list[RunTotals]:
        """The runs before that one of the same inventory and mode, oldest first, at most SERIES.

        Only these hosts are counted, by state; runs that were for less than half of them are left out. Answered from
        indexes: quick however many hosts there are.
        """
        wanted = (
            sa.select(RUNS.c.id, RUNS.c.started)
            .where(RUNS.c.id < run, *_comparable(inventory, check_mode))
            .order_by(RUNS.c.id.desc())
            .limit(SERIES)
        )
        asked = {plain(name) for name in hosts}
        found: list[RunTotals] = []
        with database.explained(self._url), self._engine.connect() as connection:
            for each, started in reversed(connection.execute(wanted).all()):
                states = _states_of(connection, each, asked)
                if states.total() * 2 >= max(len(asked), 1):
                    found.append(RunTotals(each, started, check_mode, dict(states)))
        return found

    def comparable_run(self, run: str) -> str | None:
        """Id of the run that this one of the store is compared with, see ``comparable_before``."""
        with database.explained(self._url), self._engine.connect() as connection:
            own = connection.execute(sa.select(RUNS.c.inventory, RUNS.c.check_mode).where(RUNS.c.id == run)).one()
            hosts = set(connection.execute(sa.select(HOSTS.c.host).where(HOSTS.c.run == run)).scalars())
        return self.comparable_before(run, json.loads(own.inventory), own.check_mode, hosts)

    def comparable_before(
        self, run: str, inventory: Sequence[str], check_mode: bool, hosts: Iterable[str]
    ) -> str | None:
        """Id of the newest run before, of the same inventory and mode, with at least half of these hosts.

        Where no run has half of them, of the newest with any: after a run of a few hosts alone, a whole run is compared
        with the whole run before. The store need not have the run itself.
        """
        asked = {plain(name) for name in hosts}
        wanted = sa.select(RUNS.c.id).where(RUNS.c.id < run, *_comparable(inventory, check_mode))
        newest = None
        with database.explained(self._url), self._engine.connect() as connection:
            for [each] in connection.execute(wanted.order_by(RUNS.c.id.desc()).limit(SERIES)).all():
                shared = _states_of(connection, each, asked).total()
                if shared and shared * 2 >= len(asked):
                    return str(each)
                newest = newest or (str(each) if shared else None)
        return newest

    def started(self, run: str) -> str:
        """When a run of the store began."""
        with database.explained(self._url), self._engine.connect() as connection:
            return str(connection.execute(sa.select(RUNS.c.started).where(RUNS.c.id == run)).scalar_one())

    def histories(
        self, run: str, inventory: Sequence[str], check_mode: bool, hosts: Sequence[str]
    ) -> dict[str, list[HostLine]]:
        """For each host its lines in the last runs before of the same inventory and mode, oldest first."""
        last = sa.select(RUNS.c.id).where(RUNS.c.id < run, *_comparable(inventory, check_mode))
        wanted = last.order_by(RUNS.c.id.desc()).limit(HISTORY)
        found: dict[str, list[HostLine]] = {}
        with database.explained(self._url), self._engine.connect() as connection:
            runs = list(connection.execute(wanted).scalars())
            for start in range(0, len(hosts) if runs else 0, NAMES):
                names = [plain(name) for name in hosts[start : start + NAMES]]
                lines = sa.select(*_LINE).join(RUNS, _OF_RUN).where(HOSTS.c.host.in_(names), HOSTS.c.run.in_(runs))
                for line in connection.execute(lines):
                    found.setdefault(line[1], []).append(HostLine(*line))
        for each in found.values():
            each.sort(key=lambda line: line.run)
        return found

    def latest_run(self, before: str | None = None) -> str | None:
        """Id of the newest run, or of the newest one before that run; None when there is none."""
        newest = sa.select(sa.func.max(RUNS.c.id))
        if before is not None:
            newest = newest.where(RUNS.c.id < before)
        with database.explained(self._url), self._engine.connect() as connection:
            found: str | None = connection.execute(newest).scalar()
        return found

    def records(self, run: str) -> Iterator[Record]:
        """The whole records of a run, by host name, a batch in memory at a time."""
        for line in self._stream(sa.select(HOSTS.c.record).where(HOSTS.c.run == run).order_by(HOSTS.c.host)):
            yield unpack(line[0])

    def record(self, run: str, host: str) -> Record | None:
        """One host's record, None when the run has no such host."""
        wanted = sa.select(HOSTS.c.record).where(HOSTS.c.run == run, HOSTS.c.host == host)
        with database.explained(self._url), self._engine.connect() as connection:
            packed = connection.execute(wanted).scalar()
        return None if packed is None else unpack(packed)

    def lines(self, run: str) -> Iterator[HostLine]:
        """The columns alone, by host name: a tenth of the time that whole records take."""
        for line in self._stream(
            sa.select(*_LINE).join(RUNS, _OF_RUN).where(HOSTS.c.run == run).order_by(HOSTS.c.host)
        ):
            yield HostLine(*line)

    def waivers(self, run: str) -> dict[str, str]:
        """The waiver of each host of a run whose cause is waived, by name. No column has it, the records do."""
        wanted = sa.select(HOSTS.c.host, HOSTS.c.record).where(HOSTS.c.run == run, HOSTS.c.state != "native")
        found = ((host, waiver_of(packed)) for host, packed in self._stream(wanted))
        return {host: waiver for host, waiver in found if waiver is not None}

    def host_history(self, name: str) -> list[HostLine]:
        """The host in every run that had it, newest first; [] when no run had."""
        return [
            HostLine(*line)
            for line in self._stream(
                sa.select(*_LINE).join(RUNS, _OF_RUN).where(HOSTS.c.host == name).order_by(HOSTS.c.run.desc())
            )
        ]

    def last_good(self, run: str, hosts: Sequence[str] | None = None) -> dict[str, HostLine]:
        """For each host that this run did not reach: its newest earlier line that rests on an answer of the host.

        What check mode predicted is none. hosts names them, where the store does not have the run yet.
        """
        if hosts is None:
            return self._last_good(run, sa.select(HOSTS.c.host).where(HOSTS.c.run == run, HOSTS.c.state == AWAY))
        found: dict[str, HostLine] = {}
        for start in range(0, len(hosts), NAMES):
            found.update(self._last_good(run, [plain(name) for name in hosts[start : start + NAMES]]))
        return found

    def _last_good(self, run: str, hosts: sa.Select[Any] | list[str]) -> dict[str, HostLine]:
        newest = (
            sa.select(HOSTS.c.host, sa.func.max(HOSTS.c.run).label("run"))
            .join(RUNS, _OF_RUN)
            .where(HOSTS.c.host.in_(hosts), HOSTS.c.run < run, HOSTS.c.state.in_(GOOD), RUNS.c.check_mode.is_(False))
            .group_by(HOSTS.c.host)
            .subquery()
        )
        joined = sa.and_(HOSTS.c.host == newest.c.host, HOSTS.c.run == newest.c.run)
        return {
            line[1]: HostLine(*line)
            for line in self._stream(sa.select(*_LINE).join(RUNS, _OF_RUN).join(newest, joined))
        }

    # -- where records came from

    def source(self, directory: str) -> tuple[int, str] | None:
        """(size, modification time) of a file of records when it was taken in, None when it was not."""
        wanted = sa.select(SOURCES.c.size, SOURCES.c.modified_ns).where(SOURCES.c.folder == directory)
        with database.explained(self._url), self._engine.connect() as connection:
            line = connection.execute(wanted).first()
        return None if line is None else (line[0], line[1])

    def set_source(self, directory: str, run: str, size: int, modified_ns: str) -> None:
        """Remembers that a file was taken in as it was then."""
        values = {"folder": directory, "run": run, "size": size, "modified_ns": modified_ns}
        insert = database.insert_of(self._engine)
        with self._writing() as connection:
            statement = insert(SOURCES).on_conflict_do_update(index_elements=["folder"], set_=values)
            connection.execute(statement, values)

    # -- how

    def _writing(self) -> AbstractContextManager[Connection]:
        return database.writing(self._engine, self._url)

    def _stream(self, statement: sa.Select[Any]) -> Iterator[Any]:
        with database.explained(self._url), self._engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, yield_per=BATCH)
            for part in streaming.execute(statement).partitions():
                yield from part


def _comparable(inventory: Sequence[str], check_mode: bool) -> tuple[sa.ColumnElement[bool], ...]:
    """What a run must be to be compared with one of this inventory and mode."""
    return RUNS.c.inventory == json.dumps(list(inventory)), RUNS.c.check_mode.is_(check_mode)


def _states_of(connection: Connection, run: str, hosts: set[str]) -> Counter[str]:
    """How many of these hosts the run has in each state. Lines are read one by one only for the smaller part."""
    others = set(connection.execute(sa.select(HOSTS.c.host).where(HOSTS.c.run == run)).scalars()) - hosts

    def counted(*only: sa.ColumnElement[bool]) -> Counter[str]:
        wanted = sa.select(HOSTS.c.state, sa.func.count()).where(HOSTS.c.run == run, *only).group_by(HOSTS.c.state)
        return Counter({state: count for state, count in connection.execute(wanted)})

    def of(names: set[str]) -> Counter[str]:
        left = sorted(names)
        parts = [left[start : start + NAMES] for start in range(0, len(left), NAMES)]
        return sum((counted(HOSTS.c.host.in_(part)) for part in parts), Counter[str]())

    return of(hosts) if len(hosts) < len(others) else counted() - of(others)
