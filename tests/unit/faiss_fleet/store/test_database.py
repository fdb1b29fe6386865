# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A store of another version, of another program, or written by several processes."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from faiss_fleet.errors import FleetError
from faiss_fleet.store import database
from faiss_fleet.store.queries import Store
from tests.sample_records import RUN, records


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
