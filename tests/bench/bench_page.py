#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How quick the report page is in Debian's chromium, opened from disk, by the number of hosts.

    tests/bench/bench_page.py [--sizes 1000,10000,100000] [--repeat 3]

Per size: megabytes of the page and of what lies beside it, and in milliseconds the time until the table answers, a
filter by text, a filter by list, a sort, and a host's details. Medians, and the largest size's as shares of what they
are meant to stay under; nothing is judged.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from tests import needs, sample_records

MEANT = {"page MB": 12.0, "open": 1500.0, "search": 150.0, "list": 150.0}
STEPS = ("open", "search", "list", "sort", "details")


def rendered(root: Path, hosts: int) -> Path:
    """The page of a run of that many hosts."""
    directory = Path(sample_records.write_fleet(root / str(hosts), hosts))
    reports.render(directory, output=reports.Output(("html",)))
    return directory / "index.html"


def once(browser: Browser, path: Path) -> dict[str, float]:
    """Milliseconds of each step in a fresh window."""
    page: Page = browser.new_page()
    spent: dict[str, float] = {}

    def timed(name: str, step: Callable[[], object]) -> None:
        started = time.perf_counter()
        step()
        spent[name] = 1000 * (time.perf_counter() - started)

    def opened() -> None:
        page.goto(path.as_uri())
        page.wait_for_function("/^[\\d,]+ of [\\d,]+$/.test(document.querySelector('#shown').textContent)")
        page.wait_for_selector("#table tbody .open", state="attached")

    # Inside the page, from the event to the drawn table: what a person waits for, without playwright's own way there.
    def inside(script: str) -> float:
        drawn = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        found = page.evaluate(
            f"async () => {{ const t = performance.now(); {script}; await {drawn}; return performance.now() - t; }}"
        )
        return float(found)

    timed("open", opened)
    page.get_by_role("link", name="Hosts", exact=True).click()
    event = "dispatchEvent(new Event('{}', {{bubbles: true}}))"
    search, choice = "document.querySelector('#search')", "document.querySelector('[data-filter=state]')"
    spent["search"] = inside(f"{search}.value = 'debian wheel'; {search}.{event.format('input')}")
    spent["list"] = inside(f"{choice}.value = 'fallback'; {choice}.{event.format('change')}")
    inside("document.querySelector('#clear').click()")
    timed(
        "sort",
        lambda: (page.locator("#table th.col-p95_ms").click(), page.wait_for_selector("th[aria-sort=ascending]")),
    )
    timed("details", lambda: (page.locator(".open").first.click(), page.wait_for_selector("#drawer-body section")))
    page.close()
    return spent


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the report page in chromium.")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; milliseconds, median of {options.repeat}")
    print(f"{'hosts':>8}{'page MB':>9}{'beside MB':>11}" + "".join(f"{name:>9}" for name in STEPS))
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as root, sync_playwright() as playwright:
        chromium = needs.command("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for hosts in map(int, options.sizes.split(",")):
            path = rendered(Path(root), hosts)
            beside = sum(part.stat().st_size for part in path.parent.glob("index-data/*")) / 1e6
            runs = [once(browser, path) for _ in range(options.repeat)]
            middle = [statistics.median(run[name] for run in runs) for name in STEPS]
            print(
                f"{hosts:8,}{path.stat().st_size / 1e6:9.1f}{beside:11.1f}"
                + "".join(f"{each:9.0f}" for each in middle),
                flush=True,
            )
        figures = {"page MB": path.stat().st_size / 1e6, **dict(zip(STEPS, middle, strict=True))}
        shares = ", ".join(f"{name} {figures[name] / most:.2f} of {most:g}" for name, most in MEANT.items())
        print(f"{hosts:,} hosts: {shares}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
