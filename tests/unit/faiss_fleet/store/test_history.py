# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What reports learn of earlier runs, and that they are written where a store does not answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faiss_fleet import reports
from faiss_fleet.store.history import STORE, Earlier, RunTotals
from faiss_fleet.store.queries import Store
from tests import sample_records

LATER, NEXT = "20261129T101112Z-5a3f1e", "20261206T101112Z-5a3f1e"
DEAD = "postgresql://fleet:s3cr%40t-w0rd@127.0.0.1:1/faiss_fleet"


def filled(path: Path) -> list[dict[str, object]]:
    """A store of two runs; in the later one no host was reached."""
    first = list(sample_records.records(26))
    second = [
        {**record, "run": {**record["run"], "id": LATER}, "state": "unreachable", "cause": "unreachable"}
        for record in first
    ]
    with Store.open(path) as store:
        store.add_records([*second, *first])
    return first


def totals(
    earlier: Earlier, *, check_mode: bool = False, hosts: int = 26, also: tuple[str, ...] = ()
) -> list[RunTotals]:
    names = [record["host"]["name"] for record in sample_records.records(hosts)]
    return earlier.totals(sample_records.RUN.inventory, check_mode, [*names, *also])


def asked(store: str | Path, run: str = NEXT) -> tuple[Earlier, list[str]]:
    """What is before a run, and the warnings."""
    warnings: list[str] = []
    return Earlier.at(store, run, warnings.append), warnings


def test_runs_come_oldest_first_with_their_totals(tmp_path: Path) -> None:
    records = filled(tmp_path / "any name.db")
    earlier, warnings = asked(tmp_path / "any name.db")
    runs = totals(earlier)
    assert [run.id for run in runs] == [sample_records.RUN.id, LATER]
    assert runs[0].states["native"] == sum(record["state"] == "native" for record in records)
    assert runs[0].hosts == runs[1].hosts == 26
    assert runs[1].states == {"unreachable": 26}
    assert [run.id for run in totals(asked(tmp_path / "any name.db", LATER)[0])] == [sample_records.RUN.id]
    assert warnings == []
    # Of other hosts, of another inventory or mode nothing is counted.
    assert [run.hosts for run in totals(earlier, hosts=5)] == [5, 5]
    assert [run.hosts for run in totals(earlier, also=("new",))] == [26, 26]
    assert totals(earlier, also=tuple(map(str, range(27)))) == []
    assert totals(earlier, check_mode=True) == [] == earlier.totals(["elsewhere"], False, ["a"])


def test_the_last_good_line_is_of_the_newest_run_that_had_an_answer(tmp_path: Path) -> None:
    records = filled(tmp_path / STORE)
    names = [record["host"]["name"] for record in records]  # type: ignore[index]
    found = asked(tmp_path / STORE)[0].good(names)
    assert set(found) == {
        record["host"]["name"]
        for record in records
        if record["state"] in ("native", "fallback")  # type: ignore[index]
    }
    assert {line.run for line in found.values()} == {sample_records.RUN.id}  # type: ignore[attr-defined]
    assert asked(tmp_path / STORE, sample_records.RUN.id)[0].good(names) == {}


def test_a_prediction_is_no_good_result(tmp_path: Path) -> None:
    made = list(sample_records.records(13))
    for record in made:
        record["run"] = {**record["run"], "check_mode": True}
    with Store.open(tmp_path / STORE) as store:
        store.add_records(made)
    assert asked(tmp_path / STORE)[0].good([record["host"]["name"] for record in made]) == {}


@pytest.mark.parametrize("name", [STORE, f"sqlite:///{STORE}"])
def test_no_store_is_no_history_and_is_not_made(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    earlier, warnings = asked(name)
    assert totals(earlier) == [] and earlier.good(["web1"]) == {}
    assert warnings == [] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["damaged", "dead", "no store"])
def test_a_store_that_does_not_answer_is_told_of_once_and_without_its_password(tmp_path: Path, kind: str) -> None:
    (tmp_path / STORE).write_bytes(b"no database" * 100)
    name, cause = {
        "damaged": (str(tmp_path / STORE), "not a database"),
        "dead": (DEAD, "[Cc]onnection.* refused"),
        "no store": ("mysql://fleet:s3cr%40t-w0rd@127.0.0.1/db", "SQLite or PostgreSQL"),
    }[kind]
    earlier, warnings = asked(name)
    assert totals(earlier) == [] and earlier.good(["web1"]) == {}
    [told] = warnings
    assert "know nothing of earlier ones" in told and re.search(cause, told)
    assert "s3cr" not in told and "w0rd" not in told


def test_reports_are_written_with_the_store_that_is_configured_and_without_one_that_is_dead(tmp_path: Path) -> None:
    filled(tmp_path / "elsewhere" / "fleet.db")
    directory = Path(sample_records.write_run(tmp_path / "reports", 20))
    for name in ("run.json", "records.jsonl"):
        text = (directory / name).read_text().replace(sample_records.RUN.id, NEXT)
        (directory / name).write_text(text)
    directory = directory.rename(directory.with_name(NEXT))

    earlier, warnings = asked(tmp_path / "elsewhere" / "fleet.db")
    reports.render(directory, earlier=earlier)
    assert 'id="chart-trend"' in (directory / "index.html").read_text() and warnings == []

    earlier, warnings = asked(DEAD)
    reports.render(directory, earlier=earlier)
    assert 'id="chart-trend"' not in (directory / "index.html").read_text() and len(warnings) == 1


def test_what_changed_is_compared_with_the_newest_run_of_half_the_hosts(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = list(sample_records.records(26))
    few = [{**record, "run": {**record["run"], "id": LATER}} for record in first[:4]]
    with Store.open(path) as store:
        store.add_records([*first, *few])
        run, names = sample_records.RUN, [record["host"]["name"] for record in first]
        assert store.comparable_before(NEXT, run.inventory, False, names) == run.id
        assert store.comparable_before(NEXT, run.inventory, False, names[:4]) == LATER
        # No run has half of these: the newest with any.
        assert store.comparable_before(NEXT, run.inventory, False, [*names[:1], *map(str, range(99))]) == LATER
        assert store.comparable_before(NEXT, run.inventory, True, names) is None
        assert store.comparable_before(NEXT, ["elsewhere"], False, names) is None
        assert store.comparable_run(LATER) == run.id
        now = [line for line in store.lines(run.id) if line.host in names[:2]]
    about = {"inventory": list(run.inventory), "check_mode": False}
    earlier, warnings = asked(path)
    found = earlier.changes(about, lambda: now, names)
    assert found is not None and warnings == []
    diff, started = found
    assert (diff.before, diff.after, started, diff.empty) == (run.id, NEXT, run.started, True)
    assert diff.unchanged == 2 and len(diff.only_before) == 24
    histories = earlier.histories(about, [*names[:2], names[9], "new"])
    assert {name: [line.run for line in lines] for name, lines in histories.items()} == {
        names[0]: [run.id, LATER],
        names[1]: [run.id, LATER],
        names[9]: [run.id],
    }
    assert earlier.histories({**about, "check_mode": True}, names) == {}


def test_without_a_store_nothing_changed_and_no_host_has_a_history() -> None:
    about = {"inventory": ["prod"], "check_mode": False}
    assert Earlier.none().changes(about, list, ["a"]) is None
    assert Earlier.none().histories(about, ["a"]) == {}
