# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page as others have it: small, dark, printed, without JavaScript, read out, and with a hostile host in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from faiss_fleet import reports
from tests import needs, sample_records

from . import HOSTS, go, opened

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "axe"
HOSTILE = {
    "script": "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">",
    "comment": "<!--<script>",
    "turned": "safe\u202egpj.exe\u2066\u200f",
    "template": "{{ 7 * 7 }} ${7 * 7}",
    "long": "A" * 1_000_000,
}


@pytest.mark.parametrize(
    ("scheme", "widths"),
    [
        pytest.param("light", (1400, 390), id="light"),
        pytest.param("dark", (390,), id="dark"),
        pytest.param("light", (760, 360), id="light-more", marks=pytest.mark.slow),
        pytest.param("dark", (1400, 760, 360), id="dark-more", marks=pytest.mark.slow),
    ],
)
def test_nothing_sticks_out_and_what_axe_and_the_eye_want_is_there(
    browser: Browser, storied: Path, axe: str, scheme: str, widths: tuple[int, ...]
) -> None:
    page, trouble = opened(browser, storied, color_scheme=scheme, reduced_motion="reduce")  # no colours in between
    page.evaluate(axe)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        for fragment in VIEWS:
            go(page, fragment)
            if "host=" in fragment:
                expect(page.locator("#drawer-body section").first).to_be_visible()
                assert page.evaluate("document.querySelector('#drawer-body').scrollWidth") <= width
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (fragment, width)
            assert page.evaluate(CONTRAST) == [], (fragment, width)
            assert page.evaluate(CURRENT), (fragment, width)
            assert page.evaluate(CUT) == [], (fragment, width)
            assert page.evaluate(NARROW) == [], (fragment, width)
            if width in (1400, 390):
                assert page.evaluate(AXE) == [], (fragment, width)
    assert trouble == []
    page.context.close()


def test_what_check_mode_predicts_fits_its_tile_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    directory = Path(sample_records.write_run(tmp_path, 13))
    for name in ("records.jsonl", "run.json"):
        text = (directory / name).read_text()
        for given in ('"check_mode":false', '"check_mode": false'):
            text = text.replace(given, '"check_mode":true')
        (directory / name).write_text(text.replace('"predicted":false', '"predicted":true'))
    reports.render(directory)
    for width in (390, 360):
        page, trouble = opened(browser, directory / "index.html", viewport={"width": width, "height": 800})
        expect(page.locator(".tile .badge.fallback")).to_have_text("predicted fallback")
        tile, badge = page.locator(".tile").nth(1).bounding_box(), page.locator(".tile .badge.fallback").bounding_box()
        assert tile and badge and badge["x"] + badge["width"] <= tile["x"] + tile["width"] - 8 and trouble == []
        page.context.close()


VIEWS = (
    "#overview",
    "#hosts?rows=25",
    "#hosts?rows=25&host=host000.example.net",
    "#hosts?rows=25&host=host003.example.net",
    "#figures",
    "#artefacts",
    "#run",
)
# The tab of the view that is shown is seen whole, also where not all tabs fit.
CURRENT = """() => { const tab = document.querySelector(".tabs [aria-current]").getBoundingClientRect();
  const all = document.querySelector(".tabs").getBoundingClientRect();
  return tab.left >= all.left - 1 && tab.right <= all.right + 1; }"""
# Labels of charts that end before their text does, or stick out of their card.
CUT = """() => [...document.querySelectorAll(".chart svg text")].filter((text) => {
  const at = text.getBoundingClientRect(), svg = text.ownerSVGElement.getBoundingClientRect();
  const card = text.closest(".card").getBoundingClientRect();
  const whole = getComputedStyle(text.ownerSVGElement).overflow === "visible" ? card : svg;
  return text.checkVisibility() && at.width && (at.right > whole.right || at.left < whole.left);
}).map((text) => text.textContent)"""
# Lists whose value cannot be read, and labels of cells that have nothing in them.
NARROW = """() => {
  const shown = (which) => [...document.querySelectorAll(which)].filter((each) => each.checkVisibility());
  const titled = (cell) => !["none", "normal"].includes(getComputedStyle(cell, "::before").content);
  return [
    ...shown(".controls select").filter((list) => list.offsetWidth < 70).map((list) => list.dataset.filter),
    ...shown("#table td").filter((cell) => !cell.textContent && titled(cell)).map((cell) => cell.className),
  ];
}"""
AXE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map((each) =>
  `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`)"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core as npm has it, of the release and the hash that the lock file names."""
    directory = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FIXTURES / name, directory)
    npm = needs.command("npm", "Install Node.js 20 with npm.")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (directory / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


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
    directory = Path(sample_records.write_run(tmp_path, 13))
    lines = (directory / "records.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    text = " ".join(HOSTILE.values())
    record["host"] = {"name": "evil" + HOSTILE["script"] + HOSTILE["turned"], "groups": [text]}
    record.update(because=text, remedy=text, cause="evil" + HOSTILE["script"])
    record["facts"]["os"]["name"] = record["facts"]["kernel"] = text
    record["plan"][0]["artefact"]["name"] = record["plan"][0]["reasons"][0]["file"] = text
    record["verification"][0]["log"] = record["attempts"][0]["log"] = text
    record["setting"]["after"]["because"] = text
    (directory / "records.jsonl").write_text("\n".join([json.dumps(record), *lines[1:]]) + "\n")
    run = {"schema": 1, "run": asdict(sample_records.RUN), "hosts": {}}
    for line in (directory / "records.jsonl").read_text().splitlines():
        host = json.loads(line)["host"]
        run["hosts"][host["name"]] = host["groups"]
    (directory / "run.json").write_text(json.dumps(run))
    reports.render(directory)

    page, trouble = opened(browser, directory / "index.html", "#hosts")
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
    page, trouble = opened(browser, rendered, "#hosts")
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
