# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host's details: evidence, answers, and the way there and back by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests import sample_records

from . import HOSTS, ROWS, shown


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
    expect(asked).to_have_count(6)
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
        page.get_by_role("checkbox", name="Kernel", exact=True).focus()
        close()
        expect(page.locator("#choices")).to_be_hidden()


def test_what_has_the_keyboard_is_seen_to_have_it(page: Page) -> None:
    seen = set()
    page.locator(".skip").focus()
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
    nameless = "[...document.querySelectorAll('button, select, input, [role=group]')].filter((e) => !e.ariaLabel"
    assert (
        page.evaluate(
            f"{nameless} && !e.textContent.trim() && !e.labels?.length && !e.getAttribute('aria-labelledby')).length"
        )
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
