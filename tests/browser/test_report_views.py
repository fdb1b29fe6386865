# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The first screen, addresses of views, what is exported, and what a host's details have of earlier runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from faiss_fleet.reports.prose import plain_name
from tests import sample_records

from . import HOSTS, finds, found, go, opened, shown
from .conftest import RUNS


def test_the_first_screen_says_where_why_not_newer_what_next_and_what_changed(story: Page) -> None:
    ways = story.locator("section", has=story.locator("#ways-title"))
    old = ways.locator("li", has_text="FAISS 1.9.0")
    count = int(old.locator(".count").inner_text())
    expect(old).to_contain_text(f"faiss-cpu 1.15.1 needs GLIBC_2.27; {count} hosts have 2.17")
    expect(old).to_contain_text("asks for powf of libm.so.6")
    why = story.locator(".causes li", has_text="disk_full")
    expect(why).to_contain_text("No room for faiss-cpu under /opt/faiss-fleet")
    expect(why.locator("code")).to_contain_text("ansible-playbook audit.yml -i inventory/prod --limit")
    changed = story.locator("section", has=story.locator("#changes-title"))
    expect(changed).to_contain_text(f"Since {RUNS[-2]}, 7 days before")
    lost = changed.locator("li", has_text="Lost native")
    hosts = int(lost.locator(".count").inner_text())
    lost.get_by_role("link", name="Lost native").click()
    finds(story, hosts)
    assert hosts > 0
    states = set(story.locator("#table tbody .badge").all_inner_texts())
    assert "native" not in states and states
    assert story.evaluate("decodeURI(location.hash)") == "#hosts?changed=Lost native"
    go(story, "#overview")
    since = story.locator(".since")
    expect(since).to_contain_text(f"Since the run 7 days before: lost native {hosts}, new causes ")
    assert since.bounding_box()["y"] < 400  # type: ignore[index]
    since.get_by_role("link", name="lost native").click()
    finds(story, hosts)


def test_the_commands_of_causes_name_files_that_have_their_hosts(story: Page, storied: Path) -> None:
    options = story.locator(".causes code bdi", has_text="--limit")
    assert all(box.bounding_box()["height"] < 24 for box in options.all()), "a word goes on in the next line"  # type: ignore[index]
    checked = 0
    for entry in story.locator(".causes li").all():
        command = entry.locator("code").inner_text()
        names = command.partition("--limit ")[2].split()[0]
        if not names.startswith("@"):
            continue
        listed = (storied.parent / "limits" / names.rpartition("/")[2]).read_text().split()
        waived = entry.locator(".entry-head .waived").all_inner_texts()
        assert len(listed) == int(entry.locator(".count").inner_text()) - sum(int(each.split()[0]) for each in waived)
        checked += 1
    assert checked


def test_a_machine_with_three_names_is_counted_once(story: Page) -> None:
    tiles = sum(int(text) for text in story.locator(".tile-count").all_inner_texts())
    assert tiles == HOSTS - 2
    expect(story.locator("main")).to_contain_text(f"{HOSTS - 2} machines have {HOSTS} names in the inventory")
    go(story, "#hosts?host=host016.example.net")
    expect(story.get_by_role("dialog")).to_contain_text("host003.example.net, under which it is counted")


def test_waivers_are_counted_apart_and_expired_ones_are_named(story: Page) -> None:
    waivers = story.locator("section", has=story.locator("#waivers-title"))
    expired, holding = waivers.locator("li").all()
    expect(expired).to_contain_text("expired, counts and fails again")
    expect(holding).to_contain_text("storage team, until 2026-12-31")
    count = int(holding.locator(".count").inner_text())
    assert count > 0 and int(expired.locator(".count").inner_text()) > 0
    expect(story.locator(".tile[data-state=fallback] .waived")).to_have_text(f"{count} waived")
    go(story, "#hosts?waiver=until+2026-12-31%2C+storage+team%3A+replaced+in+January")
    assert found(story) == count
    expect(story.locator("#table tbody .waived")).to_have_count(count)
    hosts = shown(story)
    go(story, f"#hosts?host={hosts[0]}")
    expect(story.locator("#drawer-body .item-head .waived")).to_have_text("waived")
    go(story, "#hosts?waiver=until+2026-12-31%2C+storage+team%3A+replaced+in+January")
    command = story.locator(".causes li", has_text="python_missing").locator("code").text_content() or ""
    assert not set(shown(story)) & set(command.partition("--limit ")[2].split()[0].split(","))


@pytest.mark.parametrize(
    "fragment",
    [
        "#run",
        "#hosts?text=debian&sort=-p95_ms&page=2&rows=25",
        "#hosts?state=native&provider=wheel&glibc=2.17&columns=host,kernel,p95_ms",
        "#hosts?groups=edge&sort=own:site",
        "#hosts?own:site=ams&own:group:edge=yes",
        "#hosts?state=!native&sort=state",
        "#hosts?cause=&faiss=1.9.0&host=host000.example.net",
    ],
)
def test_an_address_opens_the_view_that_it_was_copied_from(browser: Browser, story: Page, fragment: str) -> None:
    go(story, fragment)
    assert story.evaluate("location.hash") == fragment

    def view(page: Page) -> tuple[object, ...]:
        columns = page.locator("#table thead th").all_text_contents()
        host = page.locator("dialog[open] #drawer-title").all_inner_texts()
        return shown(page), columns, page.locator("#shown").text_content(), host

    other, trouble = opened(browser, Path(story.url.partition("#")[0].removeprefix("file://")), fragment)
    assert view(other) == view(story) and trouble == []
    expect(other.locator(".tabs [aria-current=page]")).to_have_count(1)
    other.context.close()


def test_an_address_of_another_run_is_not_answered_by_all_hosts(story: Page, page: Page) -> None:
    told = story.locator("#astray")
    go(story, "#hosts?groups=nosuch")
    expect(told).to_be_hidden()
    assert found(story) == 0
    assert story.locator("[data-filter=groups] option:checked").inner_text() == "nosuch"
    go(story, "#hosts?host=no\u202esuch")
    expect(told).to_have_text("This run has no host no<U+202E>such.")
    expect(story.get_by_role("dialog")).to_be_hidden()
    go(story, "#hosts")
    expect(told).to_be_hidden()
    go(page, "#hosts?changed=Lost+native&state=native")
    expect(page.locator("#astray")).to_contain_text("filters by changed, which this run does not have")
    assert 0 < found(page) < HOSTS


def test_the_menus_of_the_table_end_where_the_search_does(story: Page) -> None:
    go(story, "#hosts")
    ends = [story.locator(each).bounding_box() for each in ("#search", "#export summary")]
    assert len({round(box["x"] + box["width"]) for box in ends if box}) == 1


def test_columns_of_the_users_own_are_filters(story: Page) -> None:
    go(story, "#hosts")
    story.get_by_role("combobox", name="site").select_option("ams")
    assert found(story) == HOSTS // 2
    story.get_by_role("combobox", name="edge").select_option("yes")
    assert 0 < found(story) < HOSTS // 2


def test_what_the_reader_does_is_in_the_address_and_back_undoes_it(story: Page) -> None:
    story.get_by_role("link", name="Hosts", exact=True).click()
    story.get_by_role("combobox", name="State").select_option("fallback")
    story.locator("#table th.col-p95_ms").click()
    story.get_by_role("searchbox").fill("centos")
    name = shown(story)[0]
    story.locator(".open").first.click()
    assert story.evaluate("location.hash") == f"#hosts?text=centos&state=fallback&sort=p95_ms&host={name}"
    story.go_back()
    expect(story.get_by_role("dialog")).to_be_hidden()
    story.go_back()
    expect(story.locator("#shown")).to_have_text(f"{HOSTS} of {HOSTS}")
    story.go_forward()
    expect(story.get_by_role("combobox", name="State")).to_have_value("fallback")
    assert shown(story)[0] == name


def test_the_filtered_hosts_are_exported(story: Page, tmp_path: Path) -> None:
    go(story, "#hosts?state=native&text=centos&sort=p95_ms&rows=500")
    names = shown(story)
    assert len(names) == found(story) > 20

    def choose(button: str) -> None:
        story.locator("#export summary").click()
        story.get_by_role("button", name=button).click()
        expect(story.locator("#export summary")).to_be_focused()

    def downloaded(button: str) -> tuple[str, str]:
        with story.expect_download() as waiting:
            choose(button)
        waiting.value.save_as(tmp_path / "file")
        return waiting.value.suggested_filename, (tmp_path / "file").read_bytes().decode()

    name, text = downloaded("Download CSV")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert name == f"hosts-{RUNS[-1]}.csv" and [row["host"] for row in rows] == names
    assert rows[0]["own:site"] in ("ams", "fra") and rows[0]["libc"] == "glibc 2.17" and float(rows[0]["p95_ms"]) > 0
    assert rows[0]["faiss"].startswith(("1.", "'1."))
    name, text = downloaded("Download list for --limit")
    assert name == f"hosts-{RUNS[-1]}.txt" and text.splitlines() == names
    expect(story.locator("#told")).to_contain_text(f"{len(names)} names, for --limit @{name}")

    story.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose("Copy audit command")
    expect(story.locator("#told")).to_contain_text("download the list as well")
    copied = "navigator.clipboard.readText()"
    assert story.evaluate(copied) == f"ansible-playbook audit.yml -i inventory/prod --limit @{name}"
    go(story, f"#hosts?text={names[0]}")
    choose("Copy audit command")
    expect(story.locator("#told")).to_have_text("Copied.")
    assert story.evaluate(copied) == f"ansible-playbook audit.yml -i inventory/prod --limit {names[0]}"
    choose("Copy link to this view")
    assert story.evaluate(copied) == story.url
    go(story, "#overview")
    story.locator(".command .copy").first.click()
    assert story.evaluate(copied) == story.locator(".command code").first.inner_text()


def test_a_cell_becomes_no_formula_and_a_name_no_pattern(story: Page) -> None:
    scope = story.evaluate("[...document.scripts].at(-1).textContent")
    formula = scope.split("const FORMULA = ")[1].split(";\n")[0]
    plain = scope.split("const PLAIN = ")[1].split(";")[0]
    cells = ["=1", "+1", "-1", "@SUM", "\uff1d1", "2.17", "1e5", "5.", "glibc 2.17", "1.9.0", "", "yes"]
    assert story.evaluate(f"(cells) => cells.filter((each) => ({formula}).test(each))", cells) == cells[:8]
    names = ["web01", "a.b-c_d", "_x", "-x", ".x", "a:b", "a,b", "a*", "a[1]", "a b", "!a", "&a", "~a", "", "é"]
    judged = story.evaluate(f"(names) => names.map((each) => ({plain}).test(each))", names)
    assert judged == list(map(plain_name, names))


def test_the_details_begin_with_reason_and_facts_and_tell_of_earlier_runs(story: Page) -> None:
    go(story, "#hosts?host=host000.example.net")
    drawer = story.get_by_role("dialog")
    expect(drawer.locator("section").first).to_be_visible()
    expect(drawer.locator("#drawer-sub")).to_contain_text("passed the search test")
    titles = drawer.locator("h3").all_text_contents()
    assert titles[:2] == ["Facts", "Earlier runs"] and titles[-1] == "Options that differ from the defaults"
    earlier = drawer.locator("section", has=story.get_by_role("heading", name="Earlier runs")).locator("tbody tr")
    expect(earlier).to_have_count(len(RUNS))
    expect(earlier.first).to_contain_text("this run")
    expect(earlier.nth(1)).to_contain_text("2026-11-15")
    assert all(float(text) > 0 for text in earlier.locator("td.num").all_inner_texts())
    facts = drawer.locator("section").first
    expect(facts).to_contain_text("site")
    go(story, "#hosts?host=host008.example.net")  # on which nothing changed: each run says the same of it
    expect(earlier).to_have_count(len(RUNS))
    assert set(earlier.locator("td:nth-child(3)").all_inner_texts()) == {"cpu_isa"}
    go(story, "#hosts?host=host000.example.net")
    symbol = drawer.locator(".symbol").first
    assert symbol.get_attribute("title") == "_ZNSt6thread15_M_start_threadE"
    assert symbol.text_content() == "std::thread::_M_start_thread"


def test_the_run_says_who_ran_it_from_which_commit_and_with_which_options(story: Page) -> None:
    go(story, "#run")
    run = story.locator("#view-run")
    for text in ("root (sudo by alice)", "2c610f03a916-dirty", "centos7:debian", "faiss_install__policy", "fastest"):
        expect(run).to_contain_text(text)
    expect(run.locator("tbody .num")).to_have_text(["40"])


def test_artefacts_lead_to_the_hosts_that_cannot_load_them(story: Page) -> None:
    go(story, "#artefacts")
    entry = story.locator("#view-artefacts li", has_text="glibc 2.34")
    link = entry.get_by_role("link", name="cannot")
    count = int(link.inner_text().split()[0])
    link.click()
    finds(story, count)
    assert count > 0
    assert "native" in story.locator("#table tbody .badge").all_inner_texts(), "an old FAISS runs there all the same"
    story.locator(".open").first.click()
    row = story.get_by_role("dialog").get_by_role("row", name="glibc 2.34")
    expect(row).to_contain_text("no")
    expect(row).to_contain_text("2.17")


def test_the_figures_have_the_trend_over_runs(story: Page) -> None:
    go(story, "#figures")
    story.locator("#chart-trend summary").click()
    rows = story.locator("#chart-trend tbody tr")
    expect(rows).to_have_count(len(RUNS))
    totals = [sum(map(int, filter(None, row.locator("td").all_inner_texts()))) for row in rows.all()]
    assert totals == [HOSTS] * len(RUNS)


def test_a_run_without_earlier_ones_says_so(page: Page) -> None:
    go(page, "#overview")
    expect(page.locator("section", has=page.locator("#changes-title"))).to_contain_text("There is no earlier run")
    assert sample_records.RUN.id in page.content()
