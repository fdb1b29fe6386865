# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html as a file; tests/browser holds it against a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from faiss_fleet.reports import html
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile


class Page(HTMLParser):
    """Elements with their attributes, and the text inside each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self._inside, []).append(data)


def page(*made: dict[str, Any]) -> str:
    return "".join(html.render(hostile.summary(*made), made))


def data(text: str) -> Any:
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]


def test_every_host_is_in_the_table_and_in_the_data() -> None:
    made = list(records(40))
    text = page(*made)
    assert [host["name"] for host in data(text)["hosts"]] == [record["host"]["name"] for record in made]
    assert sum("data-index" in attributes for _, attributes in Page(text).tags) == 40


def test_a_hostile_host_adds_no_element_and_no_attribute() -> None:
    tame = hostile.host("tame", remedy="Do this.")
    names = [(tag, sorted(attributes)) for tag, attributes in Page(page(tame)).tags]
    wild = [(tag, sorted(attributes)) for tag, attributes in Page(page(hostile.everything())).tags]
    assert wild == names


def test_nothing_of_a_host_is_in_a_script_but_its_data() -> None:
    text = page(hostile.everything())
    assert text.count("<script") == 2
    raw = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]  # type: ignore[index]
    assert raw.isascii()
    assert not set("<>&\u2028\u2029") & set(raw)


def test_the_policy_names_this_pages_own_style_and_script_alone() -> None:
    text = page(next(records(1)))
    policy = next(a["content"] for tag, a in Page(text).tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'; ")
    for part in (
        re.search(r"<style>(.*?)</style>", text, re.DOTALL),
        re.findall(r"<script>(.*?)</script>", text, re.DOTALL),
    ):
        content = part[-1] if isinstance(part, list) else part[1]  # type: ignore[index]
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy


def test_nothing_is_fetched() -> None:
    text = page(*records(13))
    assert not re.search(r"""(src|href|action|poster)\s*=\s*["'](?!#)""", text.split("<script", 1)[0])
    assert "@import" not in text and "url(" not in text and "fetch(" not in text


def test_unseen_characters_are_spelled_out() -> None:
    text = page(hostile.host("a" + hostile.TURNED, because=hostile.STEERED + hostile.SEPARATED))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\x1b\x07\x08\x9b]", text)
    assert "&lt;U+202E&gt;" in text


def test_a_megabyte_is_bounded() -> None:
    assert len(page(hostile.everything())) < 250_000


def test_symbols_are_cut_in_the_cell_and_whole_in_the_details() -> None:
    text = page(hostile.host("a", because=hostile.SYMBOLS))
    cells = text.split('id="data"')[0]
    assert "and 11 more" in cells and "throw" not in cells
    assert data(text)["hosts"][0]["because"] == hostile.SYMBOLS


def test_a_fallback_names_its_remedy() -> None:
    assert '<span class="then">→ <bdi>Do this.</bdi></span>' in page(hostile.host("a", remedy="Do this."))


def test_equal_parts_of_many_hosts_are_held_once() -> None:
    few, many = (len(page(*records(count))) for count in (20, 120))
    assert many < 5 * few


@pytest.mark.parametrize(
    "states, check, expected",
    [
        ([], False, "This run had no hosts"),
        (["native"], False, "The host runs FAISS natively"),
        (["native"], True, "The host would run FAISS natively"),
        (["native"] * 2, False, "All 2 hosts run FAISS natively"),
        (["native", "failed"], True, "1 of 2 hosts would run FAISS natively"),
    ],
)
def test_the_headline_is_the_answer(states: list[str], check: bool, expected: str) -> None:
    record = next(records(1))
    made = [{**record, "state": state} for state in states]
    summary = hostile.summary(*made)
    summary.run["check_mode"] = check
    assert f"<h1>{expected}</h1>" in "".join(html.render(summary, made))


def test_past_its_limit_the_page_lists_those_in_need_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "HOSTS", 10)
    made = list(records(60))
    text = page(*made)
    listed = [host["state"] for host in data(text)["hosts"]]
    assert len(listed) == 10
    assert "50 more are in summary.csv" in text
    worse = sum(record["state"] in ("failed", "unreachable") for record in made)
    assert sum(state in ("failed", "unreachable") for state in listed) == min(worse, 10)
