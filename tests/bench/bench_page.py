#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""How quick the report page is in Debian's chromium, opened from disk, by the number of hosts.

    tests/bench/bench_page.py [--sizes 1000,10000,100000] [--repeat 3]

Per size: megabytes of the page and of what lies beside it, and in milliseconds the time until the table answers, a
filter by text, a filter by list, a sort, and a host's details. Medians, and the largest size's as shares of what they
are meant to stay under; nothing is judged. Up to 10,000 hosts the page that ansible-cmdb makes of the same facts is
opened and filtered in turn with ours, and the last lines are its figures as multiples of ours. bench_reports.py has
what both take to make.
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
from playwright.sync_api import Error as PlaywrightError

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import reports
from tests import needs, sample_records
from tests.bench import cmdb, peers

MEANT = {"page MB": 12.0, "open": 1500.0, "search": 150.0, "list": 150.0}
PATIENCE = 300_000  # ms that ansible-cmdb's page is given for a step
STEPS = ("open", "search", "list", "sort", "details")


def rendered(root: Path, hosts: int) -> Path:
    """The page of a run of that many hosts."""
    directory = Path(sample_records.write_fleet(root / str(hosts), hosts))
    reports.render(directory, output=reports.Output(("html",)))
    return directory / "index.html"


def inside(page: Page, script: str) -> float:
    """Milliseconds in the page, from an event to the drawn table: what a person waits for, without playwright's way."""
    drawn = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    found = page.evaluate(
        f"async () => {{ const t = performance.now(); {script}; await {drawn}; return performance.now() - t; }}"
    )
    return float(found)


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

    timed("open", opened)
    page.get_by_role("link", name="Hosts", exact=True).click()
    event = "dispatchEvent(new Event('{}', {{bubbles: true}}))"
    search, choice = "document.querySelector('#search')", "document.querySelector('[data-filter=state]')"
    spent["search"] = inside(page, f"{search}.value = 'debian wheel'; {search}.{event.format('input')}")
    spent["list"] = inside(page, f"{choice}.value = 'fallback'; {choice}.{event.format('change')}")
    inside(page, "document.querySelector('#clear').click()")
    spent["sort"] = inside(page, "document.querySelector('#table th.col-p95_ms').click()")
    page.wait_for_selector("th.col-p95_ms[aria-sort=ascending]")
    timed("details", lambda: (page.locator(".open").first.click(), page.wait_for_selector("#drawer-body section")))
    page.close()
    return spent


def beside(browser: Browser, path: Path) -> dict[str, float]:
    """Milliseconds of what ansible-cmdb's page has too: opening it, a filter by text, a sort."""
    page: Page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    started = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("#host_overview_tbl_filter input")  # DataTables adds it when the table answers
    spent = {"open": 1000 * (time.perf_counter() - started)}
    box = "const box = document.querySelector('#host_overview_tbl_filter input')"
    spent["search"] = inside(page, f"{box}; box.value = 'debian 12'; $(box).trigger('keyup')")
    shown = page.evaluate("$('#host_overview_tbl').DataTable().page.info()")
    found, every = int(shown["recordsDisplay"]), int(shown["recordsTotal"])
    inside(page, f"{box}; box.value = ''; $(box).trigger('keyup')")
    spent["sort"] = inside(page, "$('#host_overview_tbl thead th').eq(4).trigger('click')")
    page.close()
    if not 0 < found < every:
        raise peers.Absent(f"its filter left {found} of {every} rows")
    return spent


def compared(browser: Browser, path: Path, repeat: int) -> dict[str, float]:
    """ansible-cmdb's size and medians as multiples of ours, measured in turn; its own figures are printed."""
    made = cmdb.render(path.parent)
    ours, theirs = [], []
    for _ in range(repeat):
        theirs.append(beside(browser, made.page))
        ours.append(once(browser, path))
    mega = {"page MB": made.page.stat().st_size / path.stat().st_size}
    ratios = {name: statistics.median(each[name] for each in theirs) / statistics.median(each[name] for each in ours)
              for name in theirs[0]}  # fmt: skip
    told = ", ".join(f"{name} {statistics.median(each[name] for each in theirs):.0f} ms" for name in theirs[0])
    print(f"         ansible-cmdb: {made.page.stat().st_size / 1e6:.1f} MB, {told}", flush=True)
    return {**mega, **ratios}


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the report page in chromium.")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; milliseconds, median of {options.repeat}")
    print(f"{'hosts':>8}{'page MB':>9}{'beside MB':>11}" + "".join(f"{name:>9}" for name in STEPS))
    ratios: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="ff-bench-") as root, sync_playwright() as playwright:
        chromium = needs.command("chromium-headless-shell")
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
            if hosts <= cmdb.MOST_HOSTS:
                try:
                    ratios[hosts] = compared(browser, path, options.repeat)
                except (peers.Absent, PlaywrightError) as exc:
                    print(f"         ansible-cmdb: no figures, {str(exc).splitlines()[0]}", flush=True)
        figures = {"page MB": path.stat().st_size / 1e6, **dict(zip(STEPS, middle, strict=True))}
        shares = ", ".join(f"{name} {figures[name] / most:.2f} of {most:g}" for name, most in MEANT.items())
        print(f"{hosts:,} hosts: {shares}")
        for hosts, each in ratios.items():
            told = ", ".join(f"{name} {times:.1f}" for name, times in each.items())
            print(f"{hosts:,} hosts, ansible-cmdb / faiss-fleet: {told}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
