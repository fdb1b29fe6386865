# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host said never steers the terminal, and lists say how much they leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from faiss_fleet.cli import show
from faiss_fleet.reports.summary import Summary
from faiss_fleet.store.diff import compare
from faiss_fleet.store.queries import HostLine, StoredRun
from tests.sample_records import RUN, records
from tests.unit.faiss_fleet.reports.exported import waived

ESCAPE = "\x1b[2J[red]x[/red]"


def line(**changes: object) -> HostLine:
    found = HostLine("r1", "web1", "2026-11-15T10:11:12Z", "native", None, "it passed", "faiss", "wheel", "1.9.0",
                     "2.17", "x86_64", 0.4, 0.6, 2400.0, 3.4)  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


def test_no_run_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    show.runs([], "history.sqlite")
    assert "history.sqlite holds no run yet" in capsys.readouterr().out


def test_runs_have_a_line_each_with_their_states(capsys: pytest.CaptureFixture[str]) -> None:
    run = StoredRun(
        id=RUN.id, started="2026-11-22T10:11:12Z", finished="2026-11-22T10:12:42Z", controller="c", version="1",
        check_mode=True, inventory=("inventory/prod",), states={"native": 1234},
    )  # fmt: skip
    show.runs([run], "history.sqlite")
    text = capsys.readouterr().out
    assert RUN.id in text and "1,234" in text and "check mode: predicted" in text


def test_a_host_shows_its_state_its_obstacles_and_its_history(capsys: pytest.CaptureFixture[str]) -> None:
    record = next(each for each in records(13) if each["state"] == "fallback")
    name = record["host"]["name"]
    history = [line(host=name, run="r2", state="fallback", cause=record["cause"], because=ESCAPE), line(host=name)]
    show.host(history, record)
    text = capsys.readouterr().out
    assert text.startswith(f"{name}  fallback") and "Do: " in text and "Facts: " in text
    assert "r2" in text and "r1" in text
    assert "\x1b[2J" not in text and "[red]x[/red]" in text


@pytest.mark.parametrize(
    ("until", "says"), [("2999-01-01", "Waived until"), ("2020-01-01", "The waiver has expired: until")]
)
def test_a_host_shows_what_its_waiver_does(until: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = next(each for each in records(13) if each["state"] == "fallback")
    record["host"]["waivers"] = [waived(record["cause"], until)]
    show.host([line(host=record["host"]["name"], state="fallback", cause=record["cause"])], record)
    assert f"{says} {until}, storage team: replaced in January" in capsys.readouterr().out


def test_an_unreachable_host_shows_its_last_good_result(capsys: pytest.CaptureFixture[str]) -> None:
    show.host([line(run="r2", state="unreachable", cause="unreachable"), line()], None)
    assert "Last good result: native by wheel" in capsys.readouterr().out


def test_unreachable_hosts_beyond_twenty_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    gone = next(each for each in records(13) if each["state"] == "unreachable")
    many = [{**gone, "host": {"name": f"h{number}", "groups": []}} for number in range(23)]
    show.unreachable({}, Summary({"check_mode": False}, many))
    text = capsys.readouterr().out
    assert "h19" in text and "h20" not in text and "3 more were not reached" in text
    show.unreachable({}, Summary({"check_mode": False}, []))
    assert capsys.readouterr().out == ""


def test_a_difference_shows_as_many_rows_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    before = [line(host=f"h{number}") for number in range(5)]
    after = [line(host=f"h{number}", state="fallback", strategy="js", cause="disk_full") for number in range(5)]
    show.diff(compare("r1", before, "r2", after), limit=2)
    text = capsys.readouterr().out
    assert "Lost native: 5" in text and "3 more; --rows 5 shows all" in text
    show.diff(compare("r1", before, "r2", before), limit=2)
    assert "nothing changed" in capsys.readouterr().out
