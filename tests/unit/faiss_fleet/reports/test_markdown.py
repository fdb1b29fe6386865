# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.md pasted into a ticket: tables stay tables and text stays text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from faiss_fleet.reports import markdown
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile
from tests.unit.faiss_fleet.reports.exported import waived


def text(*made: dict[str, Any]) -> str:
    return "".join(markdown.render(hostile.summary(*made)))


def rows(rendered: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in rendered.splitlines() if line.startswith("|")]


def test_every_host_stands_in_the_table() -> None:
    made = list(records(40))
    rendered = text(*made)
    assert all(f"| {record['host']['name']} | {record['state']} |" in rendered for record in made)
    assert "40 hosts: " in rendered


def test_a_fallback_names_its_remedy() -> None:
    line = next(each for each in text(hostile.host("a", remedy="Do this.")).splitlines() if each.startswith("| a |"))
    assert line.endswith("| Because. → Do this. |")


def test_what_stands_in_the_way_is_a_table_of_causes() -> None:
    made = [hostile.host(name, remedy="Do this.") for name in ("a", "b")]
    assert "| glibc_too_old | 2 | a | Do this. |" in text(*made)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("a | b || c", id="pipes"),
        pytest.param("\\| a", id="a pipe already escaped"),
        pytest.param("line\nline\r\nline\x85line\u2028line", id="line breaks"),
        pytest.param(hostile.STEERED, id="control characters"),
        pytest.param(hostile.TURNED, id="direction marks"),
    ],
)
def test_a_cell_stays_a_cell(said: str) -> None:
    rendered = text(hostile.host(said, system=said, because=said, remedy=said))
    table = rows(rendered[rendered.index("## Hosts") :])
    assert [len(cells) for cells in table] == [8, 8, 8]
    assert rendered.replace("\n", "").isprintable()


@pytest.mark.parametrize("said", [hostile.SCRIPT, "&lt;b&gt; & <b>", "<!-- x -->"])
def test_no_markup_comes_of_text(said: str) -> None:
    rendered = text(hostile.host("a", because=said, remedy=said))
    assert "<" not in rendered
    assert not re.search(r"(?<!-)>", rendered)


@pytest.mark.parametrize("said", ["@everyone", "https://example.net", "www.example.net", "[a](b)", "![a](b)", "#12"])
def test_no_link_and_no_mention_comes_of_text(said: str) -> None:
    assert not re.search(r"(?<!\\)" + re.escape(said), text(hostile.host("a", because=said)))


def test_a_list_of_symbols_is_one_name_and_a_count() -> None:
    rendered = text(hostile.host("a", because=hostile.SYMBOLS))
    assert "and 11 more" in rendered
    assert "throw" not in rendered


def test_a_megabyte_is_bounded() -> None:
    assert len(text(hostile.everything())) < 40_000


def test_a_large_fleet_lists_those_in_need_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "HOSTS", 40)
    made = list(records(60))
    rendered = text(*made)
    in_need = [record["host"]["name"] for record in made if record["state"] != "native"]
    assert "20 more hosts are not listed here" in rendered
    assert all(f"| {name} |" in rendered for name in in_need)


def test_hosts_whose_cause_is_waived_are_counted_beside_it() -> None:
    made = [hostile.host("a"), hostile.host("b")]
    cause = made[0]["cause"]
    made[0]["host"]["waivers"] = [waived(cause, "2027-01-01")]
    assert f"| {cause} | 2, 1 waived |" in text(*made)
    made[0]["host"]["waivers"] = [waived(cause, "2020-01-01")]
    assert f"| {cause} | 2 |" in text(*made)
