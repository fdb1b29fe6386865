# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table of faults is whole, its page is what it says, and its judge finds what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from faiss_fleet.causes.table import CAUSES
from tests.faults import judge, page, runner
from tests.faults.fleet import Done
from tests.faults.judge import Expected
from tests.faults.table import CONTROLLER_FAULTS, GROUPS, HOST_FAULTS
from tests.sample_records import records


def test_the_page_is_what_the_tables_say() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.render(), "run: python -m tests.faults.page"
    assert set(GROUPS) == set(page.GROUPS)


def test_each_fault_has_a_name_of_its_own_and_causes_that_there_are() -> None:
    names = Counter(fault.name for fault in (*HOST_FAULTS, *CONTROLLER_FAULTS))
    assert [name for name, count in names.items() if count > 1] == []
    known = {None, *(cause for cause, _, _ in CAUSES)}
    assert {cause for fault in HOST_FAULTS for cause in runner.tuple_of(fault.cause)} <= known
    states = {state for fault in HOST_FAULTS for state in runner.tuple_of(fault.state)}
    assert states <= {"native", "fallback", "failed", "unreachable"}


def test_a_sample_is_of_every_group_and_the_same_for_one_seed() -> None:
    found = runner.sample(HOST_FAULTS, 7, 8)
    assert [fault.name for fault in found] == [fault.name for fault in runner.sample(HOST_FAULTS, 7, 8)]
    assert {fault.group for fault in found} == {"host", "faiss", "wire", "content"}
    assert found != runner.sample(HOST_FAULTS, 8, 8) and not any(fault.waits for fault in found)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((("native",), ("fallback",)), (0,)),
        ((("native",), ("failed",)), (2,)),
        ((("failed",), ("unreachable",)), (4,)),
        ((("native", "failed"), ("native",)), (0, 2)),
    ],
)
def test_the_exit_status_is_that_of_the_worst_state(
    states: tuple[tuple[str, ...], ...], status: tuple[int, ...]
) -> None:
    expected = {str(place): Expected(state, (None,)) for place, state in enumerate(states)}
    assert judge.status_of(expected) == status


def done(tmp_path: Path, lines: list[str], output: str = "", status: int | None = 0) -> Done:
    run = tmp_path / "run"
    run.mkdir(exist_ok=True)
    (run / "records.jsonl").write_text("\n".join(lines) + "\n")
    return Done(status, output, 1.0, tmp_path, (), run, [run])


def test_the_judge_finds_hosts_that_are_missing_twice_or_wrong(tmp_path: Path) -> None:
    first, second = list(records(2))
    names = [first["host"]["name"], second["host"]["name"]]
    state, cause = (first["state"],), (first["cause"],)
    right = {names[0]: Expected(state, cause)}
    line = json.dumps(first)
    assert judge.recorded(done(tmp_path, [line]), right) == []
    assert "0 times" in str(judge.recorded(done(tmp_path, []), right))
    assert "2 times" in str(judge.recorded(done(tmp_path, [line, line]), right))
    assert "no records" in str(judge.recorded(done(tmp_path, [line, "[" * 99999]), right))
    assert "not in the inventory" in str(judge.recorded(done(tmp_path, [line, json.dumps(second)]), right))
    assert "verdict" in str(judge.recorded(done(tmp_path, [line]), {names[0]: Expected(("unreachable",), cause)}))
    assert judge.ended(done(tmp_path, [line], status=None), (0,)) and judge.ended(
        done(tmp_path, [line], status=2), (0,)
    )
    assert judge.ended(done(tmp_path, [line], "Traceback (most recent call last)\n"), (0,))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("index.html", "<p><img src=x onerror=canary()></p>"),
        ("index.html", "<script>1;canary()</script>"),
        ("index.html", "<a href='javascript:canary()'>x</a>"),
        ("summary.csv", 'host,os\na,"=cmd()"\n'),
        ("summary.csv", "host,os\na,@SUM(1)\n"),
        ("summary.md", "| a | <script>canary()</script> |"),
        ("assessment.md", "[click](javascript:canary())"),
        ("junit.xml", "a\x1b[31mb"),
    ],
)
def test_the_judge_finds_active_content(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert judge.active(tmp_path)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "index.html",
            "<p>&lt;img src=x onerror=canary()&gt;</p><script type='application/json'>\"canary()\"</script>",
        ),
        ("summary.csv", "host,os\na,'=cmd()\nb,-1.5\n"),
        ("summary.md", "`<script>canary()</script>` and \\<img src=x>"),
    ],
)
def test_the_judge_leaves_text_alone(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert judge.active(tmp_path) == []
