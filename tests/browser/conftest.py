# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One chromium and two rendered fleets for all tests of the page; a test goes to its view of a page that is open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from faiss_fleet import reports
from faiss_fleet.reports import artefacts
from faiss_fleet.store import intake
from faiss_fleet.store.history import STORE, Earlier
from faiss_fleet.store.queries import Store
from faiss_fleet.strategies.base import Options
from tests import needs, sample_records

from . import HOSTS, opened

RUNS = ("20261101T101112Z-000001", "20261108T101112Z-000002", "20261115T101112Z-000003", sample_records.RUN.id)
WAIVER = {"group": "centos7", "cause": "python_missing", "reason": "replaced in January", "owner": "storage team"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One chromium for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=needs.command("chromium-headless-shell"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a fleet of every kind of host."""
    directory = sample_records.write_run(tmp_path_factory.mktemp("reports"), HOSTS)
    reports.render(directory)
    return Path(directory) / "index.html"


@pytest.fixture(scope="session")
def storied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the last of four runs, with columns, waivers, options, and a machine that has three names."""
    root = tmp_path_factory.mktemp("storied")
    for number, run in enumerate(RUNS):
        directory = _told(root, run, number)
        if run != RUNS[-1]:
            with Store.open(root / STORE) as store:
                intake.take_in(store, root)
    told = [json.loads(line) for line in (directory / "records.jsonl").read_text().splitlines()]
    artefacts.write(directory, ["glibc 2.34", "node 16"], lambda: told, Options(), pytest.fail)
    reports.render(directory, earlier=Earlier.at(root / STORE, run, pytest.fail))
    return directory / "index.html"


def _told(root: Path, run: str, number: int) -> Path:
    made = Path(sample_records.write_run(root / "made", HOSTS, seed=number % 3 + 1))
    directory = made.rename(root / run)
    day = f"{run[:4]}-{run[4:6]}-{run[6:8]}T"
    about: dict[str, Any] = {"user": "root (sudo by alice)", "commit": "2c610f03a916-dirty", "limit": "centos7:debian"}
    lines = []
    hosts = {}
    for place, line in enumerate((directory / "records.jsonl").read_text().splitlines()):
        record = json.loads(line.replace(sample_records.RUN.id, run).replace("2026-11-22T", day))
        host = record["host"]
        host["name"] = f"host{place:03}.example.net"
        host["columns"] = {"site": ("ams", "fra")[place % 2]}
        host["columns"].update({"group:edge": "yes"} if "edge" in host["groups"] else {})
        host["options"] = {"faiss_install__policy": "fastest"} if place % 3 == 0 else {}
        if record["cause"] == "python_missing":
            host["waivers"] = [{**WAIVER, "until": "2026-12-31" if place % 2 else "2026-11-01"}]
        if place in (3, 16, 29):
            host["machine"] = "one"
            host.update({"same_machine_as": "host003.example.net"} if place != 3 else {})
        record["run"].update(about)
        hosts[host["name"]] = host["groups"]
        lines.append(json.dumps(record) + "\n")
    (directory / "records.jsonl").write_text("".join(lines))
    known = json.loads((directory / "run.json").read_text())
    known["run"] = {**known["run"], **about, "id": run, "started": known["run"]["started"].replace("2026-11-22T", day)}
    (directory / "run.json").write_text(json.dumps({**known, "hosts": hosts}))
    return directory


@pytest.fixture(scope="module")
def _plain(browser: Browser, rendered: Path) -> Iterator[tuple[Page, list[str]]]:
    page, trouble = opened(browser, rendered, fragment="#hosts")
    yield page, trouble
    page.context.close()


@pytest.fixture(scope="module")
def _storied(browser: Browser, storied: Path) -> Iterator[tuple[Page, list[str]]]:
    page, trouble = opened(browser, storied, accept_downloads=True)
    yield page, trouble
    page.context.close()


@pytest.fixture
def page(_plain: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page at its table as it opens. It must neither fail nor fetch, whatever a test does to it."""
    yield from _at(*_plain, "#hosts")


@pytest.fixture
def story(_storied: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page of the last of several runs, at its first screen."""
    yield from _at(*_storied, "#overview")


def _at(page: Page, trouble: list[str], fragment: str) -> Iterator[Page]:
    page.evaluate(
        "(fragment) => { location.hash = '#run'; document.activeElement.blur();"
        " return new Promise((done) => setTimeout(() => { location.hash = fragment; setTimeout(done); })); }",
        fragment,
    )
    yield page
    assert trouble == []
