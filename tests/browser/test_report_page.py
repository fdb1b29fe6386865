# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html in Debian's chromium, opened from disk with no network: search, filters, sort, details, a hostile host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from faiss_fleet import reports
from faiss_fleet.store import intake
from faiss_fleet.store.history import STORE, Earlier
from faiss_fleet.store.queries import Store
from tests import needs, sample_records

HOSTS = 120
ROWS = 50  # on a page of the table
MANY = 100_000
HOSTILE = {
    "script": "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">",
    "comment": "<!--<script>",
    "turned": "safe\u202egpj.exe\u2066\u200f",
    "template": "{{ 7 * 7 }} ${7 * 7}",
    "long": "A" * 1_000_000,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One chromium for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=needs.command("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a fleet of every kind of host."""
    folder = sample_records.write_run(tmp_path_factory.mktemp("reports"), HOSTS)
    reports.render(folder)
    return Path(folder) / "index.html"


def opened(browser: Browser, path: Path, **settings: object) -> tuple[Page, list[str]]:
    """The page, and what it complained of or asked the network for."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}, **settings})  # type: ignore[arg-type]
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    beside = f"{(path.parent / 'index-data').as_uri()}/"

    def watch(url: str) -> None:
        """Nothing is asked for but the page and, where there are many hosts, the parts beside it."""
        if url != path.as_uri() and not url.startswith(beside):
            trouble.append(url)

    page.on("request", lambda request: watch(request.url))
    context.set_offline(True)
    page.goto(path.as_uri())
    return page, trouble


@pytest.fixture
def page(browser: Browser, rendered: Path) -> Iterator[Page]:
    """The page, which must neither fail nor fetch, whatever a test does to it."""
    page, trouble = opened(browser, rendered)
    yield page
    assert trouble == []
    page.context.close()


def shown(page: Page) -> list[str]:
    """Names of the hosts on the table's page, in its order."""
    return [name.strip() for name in page.locator("#table tbody .open").all_inner_texts()]


def found(page: Page) -> int:
    """How many hosts pass the filters."""
    return int(page.locator("#shown").inner_text().split(" of ")[0].replace(",", ""))


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
    page.locator(".causes").get_by_role("button", name="disk_full").click()
    count = page.locator(".causes li", has_text="disk_full").locator(".count").inner_text()
    assert found(page) == int(count)
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
    folder = regrouped(tmp_path, lambda number: [] if number == 0 else ["eu", WILD[number % len(WILD)]])
    page, trouble = opened(browser, folder / "index.html")
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
    folder = regrouped(tmp_path, lambda number: ["all of them", *(f"g{number}-{each:03}" for each in range(60))])
    page, trouble = opened(browser, folder / "index.html")
    options = page.get_by_role("combobox", name="Group").locator("option")
    expect(options).to_have_count(1002)
    expect(options.last).to_have_text("801 smaller ones: use the search")
    expect(options.nth(1)).to_have_text("all of them (30)")
    page.get_by_role("searchbox").fill("g29-059")
    assert found(page) == 1 and trouble == []
    page.context.close()


def regrouped(reports_folder: Path, groups: Callable[[int], list[str]]) -> Path:
    """A run of thirty hosts that are in these groups."""
    folder = Path(sample_records.write_run(reports_folder, 30))
    made = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    for number, record in enumerate(made):
        record["host"]["groups"] = groups(number)
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in made))
    reports.render(folder)
    return folder


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
    page.get_by_role("checkbox", name="Kernel").check()
    expect(page.locator("#table th.col-kernel")).to_be_visible()
    assert any(text.strip() for text in page.locator("#table tbody td.col-kernel").all_inner_texts())
    page.get_by_role("checkbox", name="Strategy").uncheck()
    assert page.locator("#table th.col-provider").count() == 0


def test_charts_say_their_figures(page: Page) -> None:
    for name in ("Hosts by C library", "Queries a second by backend", "Native against fallback latency"):
        assert page.get_by_role("img", name=name).locator("rect, path").count() > 3
    figure = page.locator("#chart-glibc")
    figure.locator("summary").click()
    cells = figure.locator("td").all_inner_texts()
    reached = HOSTS - int(page.locator(".tile[data-state=unreachable] .tile-count").inner_text())
    assert 0 < sum(int(text) for text in cells if text) <= reached


def test_the_trend_over_runs(browser: Browser, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        folder = Path(sample_records.write_run(tmp_path, 15 + 5 * number))
        renamed = tmp_path / f"2026112{number}T101112Z-00000{number}"
        text = (folder / "run.json").read_text().replace(sample_records.RUN.id, renamed.name)
        (folder / "run.json").write_text(text)
        lines = (folder / "records.jsonl").read_text().replace(sample_records.RUN.id, renamed.name)
        (folder / "records.jsonl").write_text(lines)
        folder.rename(renamed)
    with Store.open(tmp_path / STORE) as store:
        intake.take_in(store, tmp_path)
    reports.render(renamed, earlier=Earlier.at(tmp_path / STORE, renamed.name, print))
    page, trouble = opened(browser, renamed / "index.html")
    page.locator("#chart-trend summary").click()
    rows = page.locator("#chart-trend tbody tr")
    assert [sum(map(int, filter(None, rows.nth(at).locator("td").all_inner_texts()))) for at in range(3)] == [
        20,
        25,
        30,
    ]
    assert trouble == []
    page.context.close()


def test_the_details_show_the_evidence(page: Page) -> None:
    name = shown(page)[0]
    page.get_by_role("button", name=name).click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    for text in (name, "GLIBC_2.27", "libgfortran", "powf", "libm.so.6", "2.17", "hnsw", "1.9.0.post1", "backend.json"):
        expect(drawer.get_by_text(text).first).to_be_attached()
    expect(drawer.get_by_text("chosen", exact=True)).to_have_count(1)
    expect(drawer.get_by_text("Asked for, in this order: existing (no candidate), wheel, js.")).to_be_visible()


def of_state(page: Page, state: str) -> Locator:
    """The details of the first host in that state."""
    page.get_by_role("combobox", name="State").select_option(state)
    page.locator(".open").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("section").first).to_be_visible()
    return drawer


def test_a_host_without_faiss_has_what_people_ask_first_answered(page: Page) -> None:
    drawer = of_state(page, "fallback")
    asked = drawer.locator(".question")
    expect(asked).to_have_count(5)
    expect(asked.first).to_have_attribute("open", "")
    expect(asked.first).to_contain_text("Does devtoolset give this host a newer glibc?")
    expect(asked.first).to_contain_text("No. A devtoolset is a newer compiler alone")
    expect(asked.first.get_by_role("listitem").first).to_contain_text("no devtoolset is installed")
    for says in ("Is there a FAISS release for", "static linking", "an older release", "container need here"):
        expect(asked.filter(has_text=says).first).to_be_visible()


def test_on_a_native_host_the_answers_are_folded_and_open_by_keyboard(page: Page) -> None:
    first = of_state(page, "native").locator(".question").first
    expect(first.locator("p")).to_be_hidden()
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.locator("p")).to_be_visible()


def test_a_host_of_which_nothing_is_known_has_no_answers(page: Page) -> None:
    expect(of_state(page, "unreachable").locator(".question")).to_have_count(0)


def test_the_details_go_by_keyboard_alone(page: Page) -> None:
    page.locator(".open").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer-title")).to_be_focused()
    first = page.locator("#drawer-title").inner_text()
    page.get_by_role("button", name="Next host").focus()
    page.keyboard.press("Enter")
    assert page.locator("#drawer-title").inner_text() != first
    page.get_by_role("button", name="Previous host").press("Enter")
    assert page.locator("#drawer-title").inner_text() == first
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".open").nth(1)).to_be_focused()


def test_next_and_previous_can_be_pressed_again_and_again(page: Page) -> None:
    names = shown(page)
    page.locator(".open").first.click()
    page.get_by_role("button", name="Next host").focus()
    for name in names[1:4]:
        page.keyboard.press("Enter")
        expect(page.locator("#drawer-title")).to_have_text(name)
        expect(page.get_by_role("button", name="Next host")).to_be_focused()
    page.get_by_role("button", name="Previous host").focus()
    for _ in range(3):
        page.keyboard.press("Enter")
    # There is none before the first: the keyboard goes where reading begins, not to nowhere.
    expect(page.locator("#drawer-title")).to_have_text(names[0])
    expect(page.locator("#drawer-title")).to_be_focused()


def test_the_choice_of_columns_closes_by_escape_and_by_a_click_elsewhere(page: Page) -> None:
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.locator("#hosts-title").click()):
        page.locator("#choice summary").click()
        expect(page.locator("#choices")).to_be_visible()
        page.get_by_role("checkbox", name="Kernel").focus()
        close()
        expect(page.locator("#choices")).to_be_hidden()


def test_what_has_the_keyboard_is_seen_to_have_it(page: Page) -> None:
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(({tagName, id, className}) => [tagName + '#' + id + '.' + className,"
            " getComputedStyle(document.activeElement).outlineStyle])(document.activeElement)"
        )
        assert focused[0].startswith("BODY") or focused[1] != "none", focused
        seen.add(focused[0].split("#")[0])
    assert {"A", "BUTTON", "INPUT", "SELECT", "SUMMARY"} <= seen
    page.locator(".open").first.click()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_tables_and_charts_say_what_they_are(page: Page) -> None:
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("#table tbody [role=rowheader]").count() == ROWS
    assert page.locator("svg:not([role=img][aria-label])").count() == 0
    expect(page.get_by_role("status").filter(has_text="hosts shown")).to_have_text(f"{HOSTS} of {HOSTS} hosts shown")
    page.locator(".open").first.click()
    expect(page.locator("#drawer-body section").first).to_be_visible()
    assert page.locator("#drawer-body th:not([scope])").count() == 0
    nameless = "[...document.querySelectorAll('button, select, input, [role=region]')].filter((e) => !e.ariaLabel"
    assert (
        page.evaluate(f"{nameless} && !e.innerText && !e.labels?.length && !e.getAttribute('aria-labelledby')).length")
        == 0
    )


def test_every_kind_of_host_has_details(page: Page) -> None:
    page.locator(".open").first.click()
    for _ in range(len(sample_records.KINDS)):
        expect(page.locator("#drawer-body section").first).to_be_visible()
        expect(page.locator("#drawer-body .callout[role=alert]")).to_have_count(0)
        page.get_by_role("button", name="Next host").click()


def test_the_details_keep_the_keyboard_until_they_are_closed(page: Page) -> None:
    page.locator(".open").first.click()
    expect(page.locator("#drawer-body section").first).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        outside = "document.activeElement !== document.body && !document.activeElement.closest('#drawer')"
        assert not page.evaluate(outside)


def test_the_table_stands_where_the_details_left_it(page: Page) -> None:
    page.locator(".open").nth(ROWS - 1).click()
    page.get_by_role("button", name="Next host").click()
    name = page.locator("#drawer-title").inner_text()
    page.keyboard.press("Escape")
    expect(page.locator(".open", has_text=name)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, place", [(1400, 0), (1400, 3), (760, 11), (390, 3), (360, 0)])
def test_nothing_sticks_out_and_text_can_be_read(
    browser: Browser, rendered: Path, scheme: str, width: int, place: int
) -> None:
    page, trouble = opened(browser, rendered, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.locator(".open").nth(place).click()
    expect(page.locator("#drawer-body section").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('#drawer-body').scrollWidth") <= width
    poor = page.evaluate(CONTRAST)
    assert poor == [] and trouble == []
    page.context.close()


# WCAG contrast of every element that has text of its own, against the first opaque colour behind it.
CONTRAST = """() => {
  const linear = (x) => x <= 10 ? x / 3294.6 : ((x / 255 + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > .99) return c.slice(0, 3); } return [255, 255, 255]; };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    if (["SCRIPT", "STYLE"].includes(e.tagName)) continue;
    const ink = numbers(getComputedStyle(e)[e.ownerSVGElement ? "fill" : "color"]).slice(0, 3);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5 && !e.disabled) poor.add(e.className + " " + ((a + .05) / (b + .05)).toFixed(2));
  }
  return [...poor];
}"""


def test_a_hostile_host_is_only_text(browser: Browser, tmp_path: Path) -> None:
    folder = Path(sample_records.write_run(tmp_path, 13))
    lines = (folder / "records.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    text = " ".join(HOSTILE.values())
    record["host"] = {"name": "evil" + HOSTILE["script"] + HOSTILE["turned"], "groups": [text]}
    record.update(because=text, remedy=text, cause="evil" + HOSTILE["script"])
    record["facts"]["os"]["name"] = record["facts"]["kernel"] = text
    record["plan"][0]["artefact"]["name"] = record["plan"][0]["reasons"][0]["file"] = text
    record["verification"][0]["log"] = record["attempts"][0]["log"] = text
    record["setting"]["after"]["because"] = text
    (folder / "records.jsonl").write_text("\n".join([json.dumps(record), *lines[1:]]) + "\n")
    run = {"schema": 1, "run": asdict(sample_records.RUN), "hosts": {}}
    for line in (folder / "records.jsonl").read_text().splitlines():
        host = json.loads(line)["host"]
        run["hosts"][host["name"]] = host["groups"]
    (folder / "run.json").write_text(json.dumps(run))
    reports.render(folder)

    page, trouble = opened(browser, folder / "index.html")
    title = page.title()
    page.locator(".open").first.click()
    for summary in page.locator("#drawer summary").all():
        summary.click()
    expect(page.locator("#drawer-title")).to_contain_text("</script><script>")
    expect(page.locator("#drawer-title")).to_contain_text("<U+202E>")
    assert page.locator("img").count() == 0 and page.title() == title and "taken" not in title
    assert "\u202e" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
    assert trouble == []
    page.context.close()


def test_a_page_without_javascript_still_lists_the_hosts(browser: Browser, rendered: Path) -> None:
    page, trouble = opened(browser, rendered, java_script_enabled=False)
    assert page.locator("#table tbody tr").count() == HOSTS and trouble == []
    expect(page.locator("noscript p")).to_have_count(1)
    expect(page.locator("noscript p")).to_contain_text("Without JavaScript this page has no search")
    expect(page.locator(".controls")).to_be_hidden()
    assert page.get_by_role("img", name="Hosts by C library").is_visible()
    page.context.close()


@pytest.mark.parametrize("media", [{"reduced_motion": "reduce"}, {"media": "print"}])
def test_other_media(browser: Browser, rendered: Path, media: dict[str, str]) -> None:
    page, trouble = opened(browser, rendered)
    page.emulate_media(**media)  # type: ignore[arg-type]
    moving = (
        "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > .01)"
    )
    if "media" in media:
        expect(page.locator(".controls")).to_be_hidden()
        expect(page.locator("#table")).to_be_visible()
    else:
        assert page.evaluate(f"{moving}.length") == 0
    assert trouble == []
    page.context.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a hundred thousand hosts, whose records are those of two thousand under other names."""
    folder = Path(sample_records.write_fleet(tmp_path_factory.mktemp("many"), MANY))
    reports.render(folder, output=reports.Output(("html",)))
    return folder / "index.html"


def test_a_hundred_thousand_hosts_from_disk(browser: Browser, large: Path) -> None:
    page, trouble = opened(browser, large)
    expect(page.locator("#shown")).to_have_text(f"{MANY:,} of {MANY:,}")
    # Numbers of five digits have their room, and the charts' labels are whole.
    assert page.evaluate(
        "[...document.querySelectorAll('.count')].every((each) => each.scrollWidth <= each.clientWidth)"
    )
    assert not [text for text in page.locator(".chart text").all_text_contents() if "…" in text]
    page.get_by_role("searchbox").fill("r42- debian")
    assert 0 < found(page) < MANY // 50
    page.get_by_role("button", name="Clear filters").click()
    page.locator("#table th.col-p95_ms").click()
    page.locator(".dt-paging-button.last").click()
    name = shown(page)[-1]
    page.locator(".open").last.click()
    expect(page.locator("#drawer-title")).to_have_text(name)
    expect(page.locator("#drawer-body section").first).to_be_visible()
    assert page.locator("#drawer-body .callout[role=alert]").count() == 0
    page.keyboard.press("Escape")
    assert trouble == []
    page.context.close()


def test_without_javascript_it_says_how_many_are_not_shown_and_where_all_are(browser: Browser, large: Path) -> None:
    page, trouble = opened(browser, large, java_script_enabled=False)
    assert page.locator("#table tbody tr").count() == 1_000
    told = page.locator("#hosts noscript p")
    expect(told).to_contain_text("1,000 hosts are listed here")
    expect(told).to_contain_text(f"{MANY - 1_000:,} are not shown")
    expect(told.locator("a")).to_have_attribute("href", "records.jsonl")
    assert trouble == []
    page.context.close()


def test_a_part_that_is_missing_or_another_runs_is_told(browser: Browser, large: Path) -> None:
    part = large.parent / "index-data" / "part-0001.js"
    kept = part.read_bytes()
    try:
        for bad, says in ((None, "is not beside this page"), (b"document.title='taken'", "is damaged")):
            part.unlink() if bad is None else part.write_bytes(bad)
            page, _trouble = opened(browser, large)
            page.locator(".open").first.click()
            expect(page.locator("#drawer-body .callout[role=alert]")).to_contain_text(says)
            page.context.close()
    finally:
        part.write_bytes(kept)
