# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page of many hosts, whose details lie beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from faiss_fleet import reports
from tests import sample_records

from . import found, go, opened, shown

MANY = 100_000
PARTED = 6_000  # so many that the details lie beside the page


def page_of(directory: Path, hosts: int) -> Path:
    """The page of so many hosts, whose records are those of two thousand under other names."""
    run = Path(sample_records.write_fleet(directory, hosts))
    reports.render(run, output=reports.Output(("html",)))
    return run / "index.html"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(tmp_path_factory.mktemp("large"), PARTED)


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(tmp_path_factory.mktemp("huge"), MANY)


@pytest.mark.slow
def test_a_hundred_thousand_hosts_from_disk(browser: Browser, huge: Path) -> None:
    page, trouble = opened(browser, huge)
    expect(page.locator("#shown")).to_have_text(f"{MANY:,} of {MANY:,}")
    # Numbers of five digits have their room, and the charts' labels are whole.
    assert page.evaluate(
        "[...document.querySelectorAll('.count')].every((each) => each.scrollWidth <= each.clientWidth)"
    )
    assert not [text for text in page.locator(".chart text").all_text_contents() if "…" in text]
    go(page, "#hosts")
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
    expect(told).to_contain_text(f"{PARTED - 1_000:,} are not shown")
    expect(told.locator("a")).to_have_attribute("href", "records.jsonl")
    assert trouble == []
    page.context.close()


def test_a_part_that_is_missing_or_another_runs_is_told(browser: Browser, large: Path) -> None:
    part = large.parent / "index-data" / "part-0001.js"
    kept = part.read_bytes()
    try:
        for bad, says in ((None, "is not beside this page"), (b"document.title='taken'", "is damaged")):
            part.unlink() if bad is None else part.write_bytes(bad)
            page, _trouble = opened(browser, large, "#hosts")
            page.locator(".open").first.click()
            expect(page.locator("#drawer-body .callout[role=alert]")).to_contain_text(says)
            page.context.close()
    finally:
        part.write_bytes(kept)
