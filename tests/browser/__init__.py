# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The report page in Debian's Chromium without windows, opened from disk with no network; what its tests share."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

HOSTS = 120
ROWS = 50  # on a page of the table


def opened(browser: Browser, path: Path, fragment: str = "", **settings: object) -> tuple[Page, list[str]]:
    """The page, and what it complained of or asked the network for."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}, **settings})  # type: ignore[arg-type]
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    beside = f"{(path.parent / 'index-data').as_uri()}/"

    def watch(url: str) -> None:
        """Nothing is asked for but the page and, where there are many hosts, the parts beside it."""
        if url.partition("#")[0] != path.as_uri() and not url.startswith((beside, "blob:")):
            trouble.append(url)

    page.on("request", lambda request: watch(request.url))
    context.set_offline(True)
    page.goto(path.as_uri() + fragment)
    return page, trouble


def go(page: Page, fragment: str) -> None:
    """Leads the page to another view by its address, as a link or the reader does."""
    page.evaluate(
        "(fragment) => { location.hash = fragment; return new Promise((done) => setTimeout(done)); }", fragment
    )


def shown(page: Page) -> list[str]:
    """Names of the hosts on the table's page, in its order."""
    return [name.strip() for name in page.locator("#table tbody .open").all_inner_texts()]


def found(page: Page) -> int:
    """How many hosts pass the filters."""
    return int(page.locator("#shown").text_content().split(" of ")[0].replace(",", ""))  # type: ignore[union-attr]


def finds(page: Page, count: int) -> None:
    """So many hosts pass the filters, once the address that a link leads to has been read."""
    expect(page.locator("#shown")).to_have_text(re.compile(f"^{count:,} of "))
