# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The store on a real PostgreSQL: several controllers write into one, versions are minded, no password is shown."""

from __future__ import annotations

import copy
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from faiss_fleet import reports
from faiss_fleet.errors import FleetError
from faiss_fleet.store import database
from faiss_fleet.store.history import STORE, Earlier
from faiss_fleet.store.queries import Store
from tests import postgresql
from tests.sample_records import RUN, records, write_run

READS_REPORTS = True


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql.server() as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """An empty database."""
    engine = sa.create_engine(database.parse(server))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return server


def test_records_come_out_as_they_went_in(url: str) -> None:
    fleet = list(records(450))
    fleet[0]["because"] = "nul \x00 and \ud83d\ude00 inside".encode("utf-16", "surrogatepass").decode("utf-16")
    with Store.open(url) as store:
        store.add_records(fleet)
        store.add_records(fleet[100:])
        by_name = {record["host"]["name"]: record for record in fleet}
        assert {record["host"]["name"]: record for record in store.records(RUN.id)} == by_name
        [run] = store.runs()
        assert run.hosts == 450
        assert sum(1 for line in store.lines(RUN.id)) == 450
        [line] = store.host_history(fleet[1]["host"]["name"])
        assert line.state == "native"
        assert "pg-t0ps3cret" not in store.name
        store.set_source("c:/reports/x", RUN.id, 2**40, "1")
        store.set_source("c:/reports/x", RUN.id, 2**41, "2")
        assert store.source("c:/reports/x") == (2**41, "2")


def test_last_good_and_prune(url: str) -> None:
    fleet = list(records(5))
    later = copy.deepcopy(fleet)
    for record in later:
        record["run"]["id"] = "20261129T101112Z-aaaaaa"
        record["state"] = "unreachable"
    with Store.open(url) as store:
        store.add_records([*fleet, *later])
        assert len(store.last_good("20261129T101112Z-aaaaaa")) == 5
        assert len(store.last_good("20261129T101112Z-aaaaaa", [fleet[0]["host"]["name"], "nobody"])) == 1
        assert store.prune(keep=1) == [RUN.id]
        assert store.latest_run() == "20261129T101112Z-aaaaaa"


def test_reports_ask_it_for_earlier_runs(url: str, tmp_path: Path) -> None:
    later = "20261129T101112Z-aaaaaa"
    with Store.open(url) as store:
        store.add_records(records(40))
    directory = Path(write_run(tmp_path, 40))
    for name in ("run.json", "records.jsonl"):
        (directory / name).write_text((directory / name).read_text().replace(RUN.id, later))
    directory = directory.rename(tmp_path / later)
    warnings: list[str] = []
    earlier = Earlier.at(url, later, warnings.append)
    [before] = earlier.totals(RUN.inventory, False, [record["host"]["name"] for record in records(40)])
    assert before.id == RUN.id and before.hosts == 40
    reports.render(directory, earlier=earlier)
    assert 'id="chart-trend"' in (directory / "index.html").read_text() and warnings == []
    assert not (tmp_path / STORE).exists()

    reports.render(directory, earlier=Earlier.at(url.replace("pg-t0ps3cret", "wr0ng-secret"), later, warnings.append))
    [told] = warnings
    assert "password authentication failed" in told and "wr0ng" not in told


def _write(url: str, start: int, backwards: bool) -> None:
    part = list(records(900))[start : start + 600]
    with Store.open(url) as store:
        for _again in range(3):
            store.add_records(reversed(part) if backwards else part)


@pytest.mark.slow
def test_two_controllers_make_the_schema_and_write_the_same_hosts_at_once(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_write, args=(url, start, start > 0)) for start in (0, 300)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    with Store.open(url) as store:
        assert store.runs()[0].hosts == 900


def test_an_older_store_is_migrated_with_what_is_in_it(url: str) -> None:
    """One that every migration has made, not this version at once."""
    fleet = list(records(700))
    engine = sa.create_engine(database.parse(url))
    with engine.connect() as connection:
        database.migrate(connection, database.parse(url), "head")
    with Store.open(url) as store:
        store.add_records(fleet)
        fresh = list(store.lines(RUN.id))
    with engine.begin() as connection:  # back to what the first version had
        for statement in (
            "ALTER TABLE hosts DROP COLUMN qps, DROP COLUMN js_p95_ms",
            "DROP INDEX hosts_by_state",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.execute(sa.text(statement))
    engine.dispose()
    with Store.open(url) as store:
        assert list(store.lines(RUN.id)) == fresh


def test_a_newer_store_is_refused(url: str) -> None:
    with Store.open(url):
        pass
    engine = sa.create_engine(database.parse(url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
    engine.dispose()
    with pytest.raises(FleetError, match="newer faiss-fleet: its schema is 0099") as caught:
        Store.open(url)
    assert "pg-t0ps3cret" not in str(caught.value)


def test_a_wrong_password_is_told_and_not_shown(url: str) -> None:
    with pytest.raises(FleetError, match=r"password authentication failed.*port, user and password") as caught:
        Store.open(url.replace("pg-t0ps3cret", "wr0ng-w0rd"))
    assert "wr0ng-w0rd" not in str(caught.value)
