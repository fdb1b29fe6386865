# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""`runs`, `host` and `diff` of runs that are on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.sample_records import RUN
from tests.unit.faiss_fleet.cli.typed import LATER, call


def test_runs_lists_what_is_on_disk(reports: Path) -> None:
    text = call("runs")
    assert text.index(LATER) < text.index(RUN.id)
    found = json.loads(call("runs", "--json"))
    assert [run["id"] for run in found] == [LATER, RUN.id]
    assert sum(found[1]["states"].values()) == 20


def test_a_run_that_changed_on_disk_is_taken_in_again(reports: Path) -> None:
    assert "2 new or changed" in call("import")
    assert "0 new or changed" in call("import")
    path = reports / LATER / "records.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0].replace("timed out", "refused") + "\n")
    assert "1 new or changed" in call("import")
    (reports / "history.sqlite").unlink()
    assert "2 new or changed" in call("import")


def test_diff_shows_changes_and_the_age_of_the_last_good_result(reports: Path) -> None:
    text = call("diff", status=1)
    assert re.search(r"native by wheel, FAISS \S+, 6 days ago", text)
    assert "gone" not in text and f"only {RUN.id} was for them: 1 (" in text
    assert len(json.loads(call("diff", "previous", "latest", "--json", status=1))["only_before"]) == 1
    assert "nothing changed" in call("diff", LATER[:12], "latest")
    assert "Unreachable: 1\n" in call("diff", "--worse", status=1), "the others were not reached the time before either"
    assert "nothing got worse" in call("diff", LATER[:12], "latest", "--worse")


def _changed_run(reports: Path, number: int, **about: Any) -> str:
    """The second run again, a day later, of another kind."""
    name = f"202612{number:02}T101112Z-aaaaaa"
    (reports / name).mkdir()
    for file in ("records.jsonl", "run.json"):
        lines = (reports / LATER / file).read_text().splitlines()
        made = [json.loads(line.replace(LATER, name)) for line in (lines if file != "run.json" else ["".join(lines)])]
        for each in made:
            each["run"].update(about)
        (reports / name / file).write_text("".join(json.dumps(each) + "\n" for each in made))
    return name


def test_runs_of_another_inventory_or_mode_are_not_compared(reports: Path) -> None:
    local = _changed_run(reports, 1, inventory=["inventory/local"])
    predicted = _changed_run(reports, 2, check_mode=True)
    assert "can be compared with" in call("diff", "previous", local, status=2)
    assert "can be compared with" in call("diff", "previous", predicted, status=2)
    assert "their hosts are not the same" in call("diff", LATER, local, status=2)
    last = _changed_run(reports, 3)
    assert f"From {LATER} to {last}: nothing changed" in call("diff")
    for run, bars in ((last, 3), (local, 0)):
        call("export", "html", run, "-o", str(reports / "page.html"))
        page = (reports / "page.html").read_text()
        assert ('id="chart-trend"' in page) == bool(bars)
        if bars:
            trend = page[page.index('id="chart-trend"') :]
            assert len(re.findall("<tr><th scope=.row.>", trend[: trend.index("</table>")])) == bars
    name = json.loads((reports / last / "records.jsonl").read_text().splitlines()[1])["host"]["name"]
    assert len(re.findall(r"predicted (?:native|fallback)", call("host", name))) == 1
    assert "check mode: predicted" in call("runs")


def test_host_shows_its_history(reports: Path) -> None:
    name = json.loads((reports / LATER / "records.jsonl").read_text().splitlines()[0])["host"]["name"]
    text = call("host", name)
    assert "<U+001B>[2Jtimed out" in text
    assert "Last good result: native by wheel" in text
    assert RUN.id in text
    found = json.loads(call("host", name, "--json"))
    assert [line["state"] for line in found["history"]] == ["unreachable", "native"]


def test_host_answers_what_people_ask(reports: Path) -> None:
    found = [json.loads(line) for line in (reports / LATER / "records.jsonl").read_text().splitlines()]
    fallback = next(each["host"]["name"] for each in found if each["state"] == "fallback")
    native = next(each["host"]["name"] for each in found if each["state"] == "native")
    assert "Does devtoolset give this host a newer glibc?" in call("host", fallback)
    assert "devtoolset" not in call("host", native)
    assert "What would a container need here?" in call("host", native, "--answers")


def test_unknown_names_are_told_with_what_there_is(reports: Path) -> None:
    assert "has a host named 'nobody'" in call("host", "nobody", status=2)
    assert LATER in call("diff", "2031", "latest", status=2)
    assert "more than one run" in call("report", "2026", status=2)
