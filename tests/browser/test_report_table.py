# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page's table: search, lists, tiles, sort, columns, groups of any name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from faiss_fleet import reports
from tests import sample_records

from . import HOSTS, ROWS, finds, found, go, opened, shown


def test_it_opens_from_disk_and_lists_every_host(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text("hosts run FAISS natively")
    expect(page.locator("#shown")).to_have_text(f"{HOSTS} of {HOSTS}")
    names = shown(page)
    assert len(names) == ROWS
    page.locator(".dt-paging-button.next").click()
    names += shown(page)
    page.locator(".dt-paging-button.last").click()
    names += shown(page)
    assert len(set(names)) == HOSTS


def test_search_takes_words_in_any_order(page: Page) -> None:
    page.get_by_role("searchbox").fill("alpine MUSL")
    rows = shown(page)
    assert 0 < len(rows) < ROWS
    expect(page.locator("#shown")).to_have_text(f"{len(rows)} of {HOSTS}")
    page.get_by_role("searchbox").fill("no such host anywhere")
    expect(page.get_by_text("No host matches.")).to_be_visible()
    page.get_by_role("button", name="Show all hosts").click()
    assert found(page) == HOSTS


def test_slash_leads_to_the_search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


@pytest.mark.parametrize("state", ["native", "fallback", "failed", "unreachable"])
def test_states_filter_by_list_and_by_tile(page: Page, state: str) -> None:
    page.get_by_role("combobox", name="State").select_option(state)
    by_list = shown(page)
    assert by_list and page.locator("#table tbody .badge").all_inner_texts() == [state] * len(by_list)
    tile = page.locator(f".tile[data-state={state}]")
    assert tile.get_attribute("aria-pressed") == "true"
    assert found(page) == int(tile.locator(".tile-count").inner_text())
    tile.click()
    assert found(page) == HOSTS
    tile.click()
    assert shown(page) == by_list


def test_a_cause_filters_and_is_taken_away_again(page: Page) -> None:
    go(page, "#overview")
    count = page.locator(".causes li", has_text="disk_full").locator(".count").inner_text()
    page.locator(".causes").get_by_role("link", name="disk_full").click()
    finds(page, int(count))
    expect(page.get_by_role("combobox", name="Cause")).to_have_value("disk_full")
    page.get_by_role("button", name="Clear filters").click()
    assert found(page) == HOSTS


@pytest.mark.parametrize("name", ["Strategy", "glibc", "Group"])
def test_lists_filter_by_what_hosts_have(page: Page, name: str) -> None:
    choice = page.get_by_role("combobox", name=name)
    values = choice.locator("option").all_inner_texts()[1:]
    assert len(values) > 1
    counts = []
    for value in values:
        choice.select_option(value)
        counts.append(found(page))
    assert all(0 < count < HOSTS for count in counts)


WILD = ["eu west", "a,b", 'say "x"', "<b>&amp;", "turned\u202eksid", "ends "]


def test_any_name_of_a_group_can_be_chosen(browser: Browser, tmp_path: Path) -> None:
    directory = regrouped(tmp_path, lambda number: [] if number == 0 else ["eu", WILD[number % len(WILD)]])
    page, trouble = opened(browser, directory / "index.html", "#hosts")
    choice = page.get_by_role("combobox", name="Group")
    labels = choice.locator("option").all_inner_texts()
    assert sorted(labels) == sorted(
        [
            "All",
            "eu (29)",
            "eu west (4)",
            "a,b (5)",
            'say "x" (5)',
            "<b>&amp; (5)",
            "turned<U+202E>ksid (5)",
            "ends (5)",
            "None (1)",
        ]
    )
    for label in labels[1:]:
        choice.select_option(label=label)
        assert f" ({found(page)})" in label
    choice.select_option(label="eu west (4)")
    page.locator("#choice summary").click()
    page.get_by_role("checkbox", name="Groups").check()
    assert page.locator("#table td.col-groups").all_inner_texts() == ["eu, eu west"] * 4
    page.get_by_role("searchbox").fill("west")
    assert found(page) == 4
    assert trouble == []
    page.context.close()


def test_of_very_many_groups_the_larger_ones_are_offered_and_all_are_searched(browser: Browser, tmp_path: Path) -> None:
    directory = regrouped(tmp_path, lambda number: ["all of them", *(f"g{number}-{each:03}" for each in range(60))])
    page, trouble = opened(browser, directory / "index.html", "#hosts")
    options = page.get_by_role("combobox", name="Group").locator("option")
    expect(options).to_have_count(1002)
    expect(options.last).to_have_text("801 smaller ones: use the search")
    expect(options.nth(1)).to_have_text("all of them (30)")
    page.get_by_role("searchbox").fill("g29-059")
    assert found(page) == 1 and trouble == []
    page.context.close()


def regrouped(reports_directory: Path, groups: Callable[[int], list[str]]) -> Path:
    """A run of thirty hosts that are in these groups."""
    directory = Path(sample_records.write_run(reports_directory, 30))
    made = [json.loads(line) for line in (directory / "records.jsonl").read_text().splitlines()]
    for number, record in enumerate(made):
        record["host"]["groups"] = groups(number)
    (directory / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in made))
    reports.render(directory)
    return directory


def test_all_hosts_that_want_a_person_are_one_choice(page: Page) -> None:
    page.get_by_role("combobox", name="State").select_option(index=1)
    assert page.evaluate("location.hash") == "#hosts?state=!native"
    native = int(page.locator(".tile[data-state=native] .tile-count").inner_text())
    assert found(page) == HOSTS - native
    expect(page.locator("[data-filter=state] option:checked")).to_have_text(f"not native ({HOSTS - native})")
    assert "native" not in page.locator("#table tbody .badge").all_inner_texts()
    assert page.locator(".tile[aria-pressed=true]").count() == 0


def test_filters_are_taken_together(page: Page) -> None:
    page.get_by_role("combobox", name="Strategy").select_option("wheel")
    wheels = found(page)
    page.get_by_role("combobox", name="glibc").select_option("2.17")
    both = found(page)
    page.get_by_role("searchbox").fill("centos")
    assert 0 < found(page) <= both < wheels


def test_sorting_goes_by_number_and_keeps_hosts_without_one_last(page: Page) -> None:
    header = page.locator("#table th.col-p95_ms")
    column = page.locator("#table tbody td.col-p95_ms")

    def figures() -> list[float]:
        return [float(text.replace(",", "")) for text in column.all_inner_texts() if text.strip()]

    header.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    up = figures()
    assert len(up) == ROWS and up == sorted(up)
    header.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    down = figures()
    assert down == sorted(down, reverse=True) and down[0] >= up[-1]
    page.locator(".dt-paging-button.last").click()
    assert not column.last.inner_text().strip()


def test_columns_are_chosen(page: Page) -> None:
    page.locator("#choice summary").click()
    page.get_by_role("checkbox", name="Kernel", exact=True).check()
    expect(page.locator("#table th.col-kernel")).to_be_visible()
    assert any(text.strip() for text in page.locator("#table tbody td.col-kernel").all_inner_texts())
    page.get_by_role("checkbox", name="Strategy").uncheck()
    assert page.locator("#table th.col-provider").count() == 0


def test_charts_say_their_figures(page: Page) -> None:
    go(page, "#figures")
    for name in ("Hosts by C library", "Queries a second by backend", "Native against fallback latency"):
        assert page.get_by_role("img", name=name).locator("rect, path").count() > 3
    figure = page.locator("#chart-glibc")
    figure.locator("summary").click()
    cells = figure.locator("td").all_inner_texts()
    reached = HOSTS - int(page.locator(".tile[data-state=unreachable] .tile-count").inner_text())
    assert 0 < sum(int(text) for text in cells if text) <= reached
