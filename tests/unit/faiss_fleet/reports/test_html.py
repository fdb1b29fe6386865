# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html as a file; tests/browser holds it against a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pygal
import pytest

from faiss_fleet.plan import record_answers
from faiss_fleet.reports import charts, html
from faiss_fleet.reports.answered import Answered
from faiss_fleet.store.queries import HostLine
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile
from tests.unit.faiss_fleet.reports.test_page_table import places


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


def page(*made: dict[str, Any], parts: Path | None = None) -> str:
    return "".join(html.render(hostile.summary(*made), map(json.dumps, made), parts=parts))


def data(text: str) -> Any:
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]


def column(text: str, key: str) -> list[Any]:
    """The cells of one column of the table, host by host."""
    found = next(each for each in data(text)["columns"] if each["key"] == key)
    return found["numbers"] if "numbers" in found else [found["texts"][place] for place in places(found)]


def details(packed: str) -> list[Any]:
    """The records in one part."""
    return [json.loads(line) for line in unpacked(packed)[:-1]]


def unpacked(packed: str) -> list[str]:
    """The lines of one part: records, and at its end the answers of its hosts."""
    return zlib.decompress(base64.b64decode(packed)).decode().split("\n")


def parts_of(text: str) -> list[str]:
    """What the page itself holds of details."""
    return re.findall(r'<script type="text/plain" class="part">(.*?)</script>', text)


def inside(text: str) -> list[Any]:
    """The records whose details are in the page."""
    return [record for part in parts_of(text) for record in details(part)]


def test_every_host_is_in_the_table_and_has_details() -> None:
    made = list(records(40))
    text = page(*made)
    assert column(text, "host") == [record["host"]["name"] for record in made]
    assert inside(text) == made
    assert data(text)["total"] == 40


def test_every_host_has_its_answers_and_equal_ones_stand_once_in_a_part() -> None:
    made = list(records(html.PART + 30))
    answered = Answered(made)
    text = "".join(html.render(hostile.summary(*made), map(json.dumps, made), answered=answered))
    found: list[Any] = []
    for part in parts_of(text):
        pool = json.loads(unpacked(part)[-1])
        assert len({json.dumps(answer) for answer in pool["answers"]}) == len(pool["answers"]) < 40
        found += [[pool["answers"][place] for place in own] for own in pool["hosts"]]
    assert found == [[list(answer.values()) for answer in record_answers.of_record(record)] for record in made]
    assert [] in found and "devtoolset" in found[0][0][0]


def test_a_part_says_how_its_symbols_are_read_and_what_its_hosts_were_before() -> None:
    made = [hostile.host("a", because=hostile.SYMBOLS), hostile.host("b")]
    past = {"b": [hostile_line("b")]}
    text = "".join(
        html.render(hostile.summary(*made), map(json.dumps, made), histories=lambda hosts: past if "b" in hosts else {})
    )
    said = json.loads(unpacked(parts_of(text)[0])[-1])
    assert said["past"] == [[], [["2026-11-22T10:11:12Z", "native", "native by wheel, FAISS 1.9.0", 0.5]]]
    assert said["symbols"]["_ZSt24__throw_out_of_range_fmtPKcz"] == "std::__throw_out_of_range_fmt(char const*, ...)"
    assert all(name.startswith("_Z") for name in said["symbols"])


def hostile_line(host: str) -> HostLine:
    """A host in an earlier run."""
    nothing = {"cause": None, "backend": None, "glibc": None, "arch": None, "p50_ms": None, "qps": None}
    measured = {"strategy": "wheel", "faiss": "1.9.0", "p95_ms": 0.5, "js_p95_ms": None}
    return HostLine(
        run="r", host=host, finished="2026-11-22T10:11:12Z", state="native", because="", **nothing, **measured
    )  # type: ignore[arg-type]


def test_columns_of_the_inventory_waivers_and_other_names_are_in_the_table() -> None:
    made = [hostile.host("a"), hostile.host("b")]
    waiver = {"host": "a", "cause": "glibc_too_old", "reason": "r", "owner": "o", "until": "2999-01-01"}
    made[0]["host"].update(columns={"site": "<b>ams"}, waivers=[waiver])
    made[1]["host"].update(columns={"group:edge": "yes"}, same_machine_as="a")
    text = page(*made)
    assert column(text, "own:site") == ["<b>ams", ""] and column(text, "own:group:edge") == ["", "yes"]
    assert column(text, "waiver") == ["until 2999-01-01, o: r", ""] and column(text, "same_as") == ["", "a"]
    assert "2 names in the inventory" in text and ">1 waived<" in text


def test_the_command_of_a_cause_leaves_waived_hosts_out() -> None:
    made = [hostile.host(name) for name in ("a", "b", "c")]
    waiver = {"host": "b", "cause": "glibc_too_old", "reason": "r", "owner": "o", "until": "2999-01-01"}
    made[1]["host"]["waivers"] = [waiver]
    assert "<bdi>--limit</bdi> <bdi>a,c</bdi>" in page(*made)
    for record in made:
        record["host"]["waivers"] = [waiver]
    assert "--limit" not in page(*made).split('id="data"')[0].replace("for --limit", "")


def test_the_pages_script_is_made_of_files_that_can_be_read() -> None:
    sizes = {path.name: len(path.read_text().splitlines()) for path in html.PAGE.glob("*.js")}
    assert sorted(sizes) == sorted(f"{name}.js" for name in html.SCRIPTS) and max(sizes.values()) < 400


def test_past_its_limit_details_lie_beside_the_page(tmp_path: Path) -> None:
    made = list(records(html.PART + 10))
    (tmp_path / html.DATA).mkdir()
    text = page(*made, parts=tmp_path / html.DATA)
    assert inside(text) == [] and column(text, "host") == [record["host"]["name"] for record in made]
    found = []
    for place, path in enumerate(sorted((tmp_path / html.DATA).iterdir())):
        script = re.fullmatch(r'faissFleetPart\((\d+),"([A-Za-z0-9+/=]+)"\)\n', path.read_text())
        assert script is not None and int(script[1]) == place
        found += details(script[2])
    assert found == made
    nonce = data(text)["nonce"]
    assert len(nonce) > 40 and f"'nonce-{nonce}'" in policy(text) and data(text)["beside"] == f"{html.DATA}/"


def test_the_word_that_parts_carry_rests_on_every_record(tmp_path: Path) -> None:
    made = list(records(20))
    first = data(page(*made, parts=tmp_path))["nonce"]
    made[7]["because"] = "something else"
    assert data(page(*made, parts=tmp_path))["nonce"] != first


def test_a_hostile_host_adds_no_element_and_no_attribute() -> None:
    tame = hostile.host("tame", remedy="Do this.")
    names = [(tag, sorted(attributes)) for tag, attributes in Page(page(tame)).tags]
    wild = [(tag, sorted(attributes)) for tag, attributes in Page(page(hostile.everything())).tags]
    assert wild == names


def test_nothing_of_a_host_is_in_a_script_but_its_data() -> None:
    text = page(hostile.everything())
    assert text.count("<script") == 4  # the table, one part of details, DataTables and the page's own
    raw = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]  # type: ignore[index]
    assert raw.isascii()
    assert not set("<>&\u2028\u2029") & set(raw)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", re.search(r'class="part">(.*?)</script>', text)[1])  # type: ignore[index]


def policy(text: str) -> str:
    """The page's content security policy."""
    found = next(a["content"] for tag, a in Page(text).tags if tag == "meta" and a.get("http-equiv"))
    assert found is not None
    return found


def test_the_policy_names_this_pages_own_style_and_scripts_alone() -> None:
    text = page(next(records(1)))
    assert policy(text).startswith("default-src 'none'; ") and "nonce" not in policy(text)
    own = [
        *re.findall(r"<style>(.*?)</style>", text, re.DOTALL),
        *re.findall(r"<script>(.*?)</script>", text, re.DOTALL),
    ]
    assert len(own) == 3
    for content in own:
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy(text)


def test_nothing_is_fetched() -> None:
    text = page(*records(13))
    assert not re.search(r"""(src|href|action|poster)\s*=\s*["'](?!#)""", text.split("<script", 1)[0])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]  # type: ignore[index]
    assert "@import" not in style and "url(" not in style


def test_unseen_characters_are_spelled_out() -> None:
    text = page(hostile.host("a" + hostile.TURNED, because=hostile.STEERED + hostile.SEPARATED))
    own = text.replace(html._data_tables(), "")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\x1b\x07\x08\x9b]", own)
    assert "&lt;U+202E&gt;" in text


def test_a_megabyte_is_bounded() -> None:
    text = page(hostile.everything())
    assert len(text) - len(page(next(records(1)))) < 250_000


def test_symbols_are_cut_in_the_cell_and_whole_in_the_details() -> None:
    text = page(hostile.host("a", because=hostile.SYMBOLS))
    cells = text.split('id="data"')[0]
    assert "and 11 more" in cells and "throw" not in cells
    assert "and 11 more" in column(text, "because")[0] and inside(text)[0]["because"] == hostile.SYMBOLS


def test_a_fallback_names_its_remedy() -> None:
    assert '<span class="then">→ <bdi>Do this.</bdi></span>' in page(hostile.host("a", remedy="Do this."))


def test_equal_parts_of_many_hosts_are_held_once() -> None:
    least = len(page())
    few, many = (len(page(*records(count))) - least for count in (20, 120))
    assert many < 5 * few


def test_who_has_no_javascript_sees_those_in_need_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "STATIC", 10)
    made = list(records(60))
    text = page(*made).split('id="data"')[0]
    listed = re.findall(r'class="badge (\w+)"', text.split('<table id="table">')[1])
    assert len(listed) == 10 and "10 hosts are listed here, those in need" in text
    assert "50 are not shown" in text
    worse = sum(record["state"] in ("failed", "unreachable") for record in made)
    assert sum(state in ("failed", "unreachable") for state in listed) == min(worse, 10)


@pytest.mark.parametrize("kind", [pygal.Bar, pygal.HorizontalStackedBar])
def test_a_scale_of_few_hosts_has_no_parts_of_a_host(kind: type[pygal.Graph]) -> None:
    chart = charts._chart("few", "Few hosts", kind, ["a", "b"], {"native": [1, 3], "fallback": [0, 0]}, "")
    assert chart is not None
    assert re.findall(r">([\d.]+)</", str(chart.drawing)) == ["0", "1", "2", "3"]
