# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The store on SQLite: what goes in comes out, a repeated slice does no harm, versions are minded."""

from __future__ import annotations

import copy
import multiprocessing
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from faiss_fleet.errors import FleetError
from faiss_fleet.store import database
from faiss_fleet.store.queries import Store
from faiss_fleet.store.tables import HEAD, METADATA
from tests.sample_records import RUN, records

LATER = "20261129T101112Z-aaaaaa"


def of_run(record: dict[str, Any], run: str, **changes: Any) -> dict[str, Any]:
    """The same host in another run, a week later for each."""
    other = copy.deepcopy(record)
    other["run"].update(id=run, started=f"{run[:4]}-{run[4:6]}-{run[6:8]}T10:11:12Z")
    other.update(changes)
    return other


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "history.sqlite") as opened:
        yield opened


def test_records_come_out_as_they_went_in(store: Store) -> None:
    fleet = list(records(300))
    assert store.add_records(fleet) == 300
    by_name = {record["host"]["name"]: record for record in fleet}
    assert {record["host"]["name"]: record for record in store.records(RUN.id)} == by_name
    assert store.record(RUN.id, fleet[3]["host"]["name"]) == fleet[3]
    assert store.record(RUN.id, "nobody") is None


def test_a_repeated_slice_does_no_harm(store: Store) -> None:
    fleet = list(records(30))
    store.add_records(fleet)
    store.add_records(fleet[10:])
    store.add_records([fleet[0], fleet[0]])
    [run] = store.runs()
    assert run.hosts == 30


def test_of_two_lines_of_a_host_the_later_one_stays(store: Store) -> None:
    first = next(records(1))
    done = copy.deepcopy(first)
    done["run"]["finished"] = "2026-11-22T11:00:00Z"
    done["because"] = "the later word"
    for order in ([first, done], [done, first]):
        store.add_records(order)
        found = store.record(RUN.id, first["host"]["name"])
        assert found is not None
        assert found["because"] == "the later word"


def test_a_nul_and_a_hostile_name_are_only_data(store: Store) -> None:
    record = next(records(1))
    record["host"]["name"] = "a'; DROP TABLE hosts; --\u202e"
    record["because"] = "nul \x00 inside"
    store.add_records([record])
    assert list(store.records(RUN.id)) == [record]
    assert store.host_history(record["host"]["name"])[0].because == "nul \ufffd inside"


def test_runs_are_counted_by_state_and_newest_first(store: Store) -> None:
    fleet = list(records(13))
    store.add_records(fleet)
    store.add_records(of_run(record, LATER) for record in fleet[:3])
    newest, oldest = store.runs()
    assert (newest.id, oldest.id) == (LATER, RUN.id)
    assert newest.hosts == 3
    assert oldest.states["unreachable"] == 1
    assert oldest.inventory == ("inventory/prod",)
    assert store.latest_run() == LATER
    assert store.latest_run(before=LATER) == RUN.id
    assert store.latest_run(before=RUN.id) is None


def test_a_hosts_history_is_newest_first(store: Store) -> None:
    record = next(records(1))
    store.add_records([record, of_run(record, LATER, state="failed")])
    history = store.host_history(record["host"]["name"])
    assert [(line.run, line.state) for line in history] == [(LATER, "failed"), (RUN.id, "native")]
    assert history[1].faiss == "1.9.0"
    assert history[1].glibc == "2.17"
    assert history[1].p95_ms and history[1].js_p95_ms and history[1].qps
    assert store.host_history("nobody") == []


def test_an_unreachable_host_has_its_last_good_line(store: Store) -> None:
    fleet = list(records(4))
    names = [record["host"]["name"] for record in fleet]
    middle = "20261125T101112Z-bbbbbb"
    store.add_records(fleet)
    store.add_records(of_run(record, middle, state="unreachable") for record in fleet[:1])
    store.add_records(of_run(record, LATER, state="unreachable") for record in fleet[:2])
    good = store.last_good(LATER)
    assert {name: line.run for name, line in good.items()} == {names[0]: RUN.id, names[1]: RUN.id}
    assert store.last_good(RUN.id) == {}
    # A run that the store does not have yet names its hosts.
    assert set(store.last_good("20261201T000000Z-cccccc", [names[0], names[3], "nobody"])) == {names[0], names[3]}


def test_prune_keeps_the_newest(store: Store) -> None:
    record = next(records(1))
    ids = [f"202611{day:02}T101112Z-cccccc" for day in (1, 8, 15, 22)]
    for run in ids:
        store.add_records([of_run(record, run)])
    assert store.prune(keep=3, dry=True) == ids[:1]
    assert store.prune(keep=3) == ids[:1]
    now = datetime(2026, 11, 23, tzinfo=timezone.utc)
    assert store.prune(older_than=timedelta(days=10), now=now) == [ids[1]]
    assert store.prune(keep=0, older_than=timedelta(0), now=now) == [ids[2]]
    assert [run.id for run in store.runs()] == [ids[3]]
    assert [line.run for line in store.host_history(record["host"]["name"])] == [ids[3]]


def test_head_is_the_newest_migration_and_makes_these_tables(tmp_path: Path) -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [HEAD]
    made, meant = tmp_path / "made", sa.create_engine("sqlite://")
    METADATA.create_all(meant)
    with Store.open(made):
        pass
    engine = sa.create_engine(f"sqlite:///{made}")
    for table in METADATA.tables:
        columns = [{c["name"]: str(c["type"]) for c in sa.inspect(e).get_columns(table)} for e in (engine, meant)]
        assert columns[0] == columns[1]
        indexes = [{i["name"]: i["column_names"] for i in sa.inspect(e).get_indexes(table)} for e in (engine, meant)]
        assert indexes[0] == indexes[1]


def old_store(path: Path, fleet: list[dict[str, Any]]) -> None:
    """A store as the first version of the schema left it."""
    url = database.parse(str(path))
    engine = sa.create_engine(url)
    database._prepare_sqlite(engine)
    with engine.connect() as connection:
        database.migrate(connection, url, "0001")
    with Store.open(path.with_suffix(".new")) as new:
        new.add_records(fleet)
    with sqlite3.connect(path) as target:
        target.execute("ATTACH ? AS new", [str(path.with_suffix(".new"))])
        columns = ",".join(row[1] for row in target.execute("PRAGMA table_info(hosts)"))
        assert "qps" not in columns
        target.execute(f"INSERT INTO hosts ({columns}) SELECT {columns} FROM new.hosts")
        target.execute("INSERT INTO runs SELECT * FROM new.runs")


def test_an_older_store_is_migrated_with_what_is_in_it(tmp_path: Path) -> None:
    fleet = list(records(503))
    old_store(tmp_path / "old.sqlite", fleet)
    with Store.open(tmp_path / "old.sqlite") as store, Store.open(tmp_path / "old.new") as fresh:
        assert list(store.lines(RUN.id)) == list(fresh.lines(RUN.id))
        assert any(line.qps for line in store.lines(RUN.id))


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with Store.open(path) as store:
        store.add_records(records(1))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    before = path.read_bytes()
    with pytest.raises(FleetError, match=r"newer faiss-fleet: its schema is 0099.*Update faiss-fleet"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_text("not a database, but long enough to be looked at by the library" * 30)
    with pytest.raises(FleetError, match=r"history\.sqlite failed: file is not a database\. Move it away"):
        Store.open(path)


def test_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE hosts (x)")
    with pytest.raises(FleetError, match="tables of another program"):
        Store.open(path)


def test_a_password_with_an_at_sign_is_no_part_of_a_host() -> None:
    with pytest.raises(FleetError, match="Write it as %40") as told:
        database.parse("postgresql://u:SECR@ETDB@nohost.invalid/x?password=OTHER")
    assert not any(part in str(told.value) for part in ("SECR", "ETDB", "OTHER"))
    assert database.parse("postgresql://u:SECR%40ETDB@db.example/x").password == "SECR@ETDB"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://fleet:s3cr3t-w0rd@127.0.0.1:1/db",
        "postgresql://fleet@127.0.0.1:1/db?password=s3cr3t-w0rd",
        "mysql://fleet:s3cr3t-w0rd@127.0.0.1/db",
        "nonsense://fleet:s3cr3t-w0rd@",
    ],
)
def test_no_password_in_any_message(url: str) -> None:
    with pytest.raises(FleetError) as caught:
        Store.open(url)
    assert "s3cr3t-w0rd" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value) or "nonsense" in str(caught.value)


def _write(path: str, start: int) -> None:
    fleet = list(records(400))
    with Store.open(path) as store:
        store.add_records(fleet[start : start + 300])


def test_processes_that_open_and_write_one_new_store_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "history.sqlite")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_write, args=(path, start)) for start in (0, 100)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    with Store.open(path) as store:
        assert store.runs()[0].hosts == 400
