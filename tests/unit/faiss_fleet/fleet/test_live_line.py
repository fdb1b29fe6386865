# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the line of a batch says, and that it fits into one line of the terminal."""

from __future__ import annotations

from faiss_fleet.fleet import live_line


def test_it_counts_every_host_and_names_the_slowest() -> None:
    said = live_line.text(50, 30, 5, [("web1", 2.0), ("web7", 14.2)], 70.0, 200)
    assert said == "30 of 50 done, 5 for the roles, 2 running, slowest web7 14 s, about 30 s left"


def test_no_time_is_told_before_some_hosts_are_settled() -> None:
    assert live_line.text(50, 2, 0, [("a", 1.0)], 9.0, 200) == "2 of 50 done, 0 for the roles, 1 running, slowest a 1 s"


def test_nothing_in_a_name_reaches_the_terminal_but_letters() -> None:
    said = live_line.text(2, 0, 0, [("a\x1b[31m\n" + "b" * 90, 1.0)], 1.0, 200)
    assert "\x1b" not in said and "\n" not in said and len(said) < 90


def test_it_fits_into_a_line() -> None:
    assert len(live_line.text(50, 30, 5, [("web1", 2.0)], 70.0, 40)) == 39
