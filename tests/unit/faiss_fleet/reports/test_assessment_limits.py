# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an assessment says that it does not know."""

from __future__ import annotations

from tests.unit.faiss_fleet.reports.assessed import SECTIONS, kind, section, text


def test_without_figures_none_are_named() -> None:
    made = kind("centos7-py313", verification=[])
    rendered = text(made)
    assert "Nothing was measured there." in rendered
    assert "times as fast" not in rendered
    assert "How fast native FAISS is on 1 host" in section(rendered, SECTIONS[-1])


def test_records_that_do_not_say_what_was_asked_for_are_owned_up_to() -> None:
    old = kind("alpine")
    del old["strategies"]
    rendered = text(old)
    assert "ot asked for" not in rendered
    assert "its records do not say whether that was asked for" in section(rendered, SECTIONS[-1])


def test_gaps_and_disagreements_are_owned_up_to() -> None:
    made = kind("debian12")
    made["facts"]["libc"]["disagreement"] = "ldd says 2.31"
    made["facts"]["cpu"]["isa_level"] = None
    made["verification"][0]["warnings"] = ["the host was busy: the test had 28 % of a core at its worst"]
    rendered = text(made)
    assert "The fact `selinux` in full on 1 host. /sys/fs/selinux is not mounted." in rendered
    assert "the methods disagreed" in rendered
    assert "The CPU level of 1 host" in rendered
    assert "ran while the host was busy" in rendered
