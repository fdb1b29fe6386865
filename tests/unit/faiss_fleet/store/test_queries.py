# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The store on SQLite: what goes in comes out, a repeated slice does no harm."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.store.queries import Store
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
