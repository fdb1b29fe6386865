# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html in Debian's chromium, opened from disk with no network: search, filters, sort, details, a hostile host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from faiss_fleet import reports
from tests import needs, sample_records

HOSTS = 120
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
    return Path(folder) / reports.HTML


def opened(browser: Browser, path: Path, **settings: object) -> tuple[Page, list[str]]:
    """The page, and what it complained of or asked the network for."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}, **settings})  # type: ignore[arg-type]
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: None if request.url == path.as_uri() else trouble.append(request.url))
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
    """Names of the hosts that the table shows, in its order."""
    return [name.strip() for name in page.locator("#table tbody tr:visible .open").all_inner_texts()]


def test_it_opens_from_disk_and_lists_every_host(page: Page) -> None:
    assert len(shown(page)) == HOSTS
    expect(page.get_by_role("heading", level=1)).to_contain_text("hosts run FAISS natively")
    expect(page.get_by_role("status")).to_have_text(f"{HOSTS} of {HOSTS}")


def test_search_takes_words_in_any_order(page: Page) -> None:
    page.get_by_role("searchbox").fill("alpine MUSL")
    rows = shown(page)
    assert 0 < len(rows) < HOSTS
    expect(page.get_by_role("status")).to_have_text(f"{len(rows)} of {HOSTS}")
    page.get_by_role("searchbox").fill("no such host anywhere")
    expect(page.get_by_text("No host matches.")).to_be_visible()
    page.get_by_role("button", name="Show all hosts").click()
    assert len(shown(page)) == HOSTS


def test_slash_leads_to_the_search(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


@pytest.mark.parametrize("state", ["native", "fallback", "failed", "unreachable"])
def test_states_filter_by_list_and_by_tile(page: Page, state: str) -> None:
    page.get_by_role("combobox", name="State").select_option(state)
    by_list = shown(page)
    assert by_list and page.locator("#table tbody tr:visible .badge").all_inner_texts() == [state] * len(by_list)
    tile = page.locator(f".tile[data-state={state}]")
    assert tile.get_attribute("aria-pressed") == "true"
    tile.click()
    assert len(shown(page)) == HOSTS
    tile.click()
    assert shown(page) == by_list


def test_a_cause_filters_and_is_taken_away_again(page: Page) -> None:
    page.locator(".causes").get_by_role("button", name="disk_full").click()
    count = page.locator(".causes li", has_text="disk_full").locator(".count").inner_text()
    assert len(shown(page)) == int(count)
    page.get_by_role("button", name="Remove the filter for cause disk_full").click()
    assert len(shown(page)) == HOSTS


def test_sorting_goes_by_number_and_keeps_hosts_without_one_last(page: Page) -> None:
    header = page.locator("th", has_text="p95 ms")
    column = page.locator("#table tbody td.col-p95_ms")

    def figures() -> list[float]:
        return [float(text) for text in column.all_inner_texts() if text.strip()]

    page.locator("#table").get_by_role("button", name="p95 ms").click()
    assert page.locator("#table th.col-p95_ms").get_attribute("aria-sort") == "ascending"
    assert figures() == sorted(figures()) and not column.last.inner_text().strip()
    page.locator("#table").get_by_role("button", name="p95 ms").click()
    assert figures() == sorted(figures(), reverse=True) and not column.last.inner_text().strip()
    assert header.count() >= 1


def test_the_details_show_the_evidence(page: Page) -> None:
    name = shown(page)[0]
    page.get_by_role("button", name=name).click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    for text in (name, "GLIBC_2.27", "libgfortran", "powf", "libm.so.6", "2.17", "hnsw", "1.9.0.post1", "backend.json"):
        expect(drawer.get_by_text(text).first).to_be_attached()
    expect(drawer.get_by_text("chosen")).to_have_count(1)


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


def test_every_kind_of_host_has_details(page: Page) -> None:
    for place in range(len(sample_records.KINDS)):
        page.locator(".open").nth(place).click()
        expect(page.locator("#drawer-body section").first).to_be_visible()
        page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 760, 360])
def test_nothing_sticks_out_and_text_can_be_read(browser: Browser, rendered: Path, scheme: str, width: int) -> None:
    page, trouble = opened(browser, rendered, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.locator(".open").first.click()
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
    const [a, b] = [light(numbers(getComputedStyle(e).color).slice(0, 3)), light(behind(e))].sort((x, y) => y - x);
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

    page, trouble = opened(browser, folder / reports.HTML)
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
    expect(page.locator("noscript p")).to_be_visible()
    page.context.close()
