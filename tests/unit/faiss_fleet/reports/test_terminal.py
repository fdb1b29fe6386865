# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table at the end of a run, in terminals of every width."""

from __future__ import annotations

import pytest

from faiss_fleet.reports import terminal
from faiss_fleet.reports.text import width
from faiss_fleet.store.queries import HostLine
from tests.sample_records import records
from tests.unit.faiss_fleet import hostile
from tests.unit.faiss_fleet.reports.exported import waived


@pytest.mark.parametrize("columns", [24, 40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    made = hostile.summary(*records(30), hostile.host("h" * 300, because="w" * 300))
    assert max(width(line) for line, _ in terminal.lines(made, columns)) <= columns


def test_every_host_has_its_line() -> None:
    made = list(records(30))
    printed = "\n".join(line for line, _ in terminal.lines(hostile.summary(*made), 160))
    assert all(record["host"]["name"] in printed for record in made)


def test_where_not_all_fit_those_in_need_come_first() -> None:
    made = list(records(100))
    shown = [state for _, state in terminal.lines(hostile.summary(*made), 160, limit=20) if state]
    assert shown == sorted(shown, key=["failed", "unreachable", "fallback", "native"].index)
    assert any("80 more hosts" in line for line, _ in terminal.lines(hostile.summary(*made), 160, limit=20))


def test_a_fallback_names_its_remedy() -> None:
    printed = [line for line, _ in terminal.lines(hostile.summary(hostile.host("a", remedy="Do this.")), 100)]
    assert "glibc_too_old (1 host): Do this." in printed


def test_a_narrow_terminal_still_has_the_cause() -> None:
    made = hostile.summary(hostile.host("a", because="No FAISS passed; the nearest was one with a very long name."))
    assert "glibc_too_old: No" in terminal.lines(made, 80)[1][0]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_reason_is_whole_and_a_remedy_can_be_copied(columns: int) -> None:
    because = (
        "`faiss-cpu` 1.9.0 needs GLIBC_2.27 of libm.so.6, and this host has only glibc 2.17 " + "word " * 30 + "end."
    )
    hosts = [hostile.host(f"web{number}", because=because, remedy=f"Run `ssh web{number} true`.") for number in (1, 2)]
    printed = [line for line, _ in terminal.lines(hostile.summary(*hosts), columns)]
    text = "".join("".join(printed).split())
    assert text.count("".join(because.replace("`", "").split())) == 2
    assert "Runsshweb1true.Likewiseontheothers." in text
    assert "`" not in text and "HOST" not in "".join(printed[1:]) and max(map(width, printed)) <= columns


def test_a_long_name_goes_on_in_the_next_line_as_the_reason_does() -> None:
    names = [f"storage-controller-0{number}.rack-17.ams.example.net" for number in (1, 2)]
    printed = [line for line, _ in terminal.lines(hostile.summary(*map(hostile.host, names)), 80)][1:]
    column = "".join(
        line[: 80 * 2 // 5].strip() for line in printed[: next(at for at, line in enumerate(printed) if not line)]
    )
    assert column == "".join(names)


def test_a_name_of_usual_length_stands_in_one_line_of_80_columns() -> None:
    names = [f"ingest0000{number}.iad.example.net" for number in (1, 2)]
    printed = [line for line, _ in terminal.lines(hostile.summary(*map(hostile.host, names)), 80)]
    assert [line.split()[0] for line in printed if line.startswith("ingest")] == names


def test_what_check_mode_predicts_is_marked() -> None:
    record = next(record for record in records(13) if record["state"] == "native")
    record["decision"]["predicted"] = True
    made = hostile.summary(record)
    made.run["check_mode"] = True
    printed = [line for line, _ in terminal.lines(made, 160)]
    assert "native?" in printed[1] and printed[-1].endswith("(predicted: check mode tried nothing)")


def test_a_host_whose_cause_is_waived_says_so() -> None:
    made = next(record for record in records(40) if record["cause"] == "disk_full")
    made["host"]["waivers"] = [waived("disk_full", "2999-01-01")]
    printed = " ".join(line for line, _ in terminal.lines(hostile.summary(made), 400))
    assert "(waived until 2999-01-01, storage team: replaced in January)" in printed


def test_a_host_that_was_not_reached_says_what_it_was() -> None:
    gone = next(record for record in records(13) if record["state"] == "unreachable")
    name = gone["host"]["name"]
    made = hostile.summary(gone)
    before = "\n".join(line for line, _ in terminal.lines(made, 200))
    made.good = {
        name: HostLine("r", name, "2026-11-19T10:11:12Z", "native", None, "", "faiss", "wheel", "1.9.0", "2.17",
                       "x86_64", 0.4, 0.6, 2400.0, 3.4)
    }  # fmt: skip
    assert "was native by wheel, FAISS 1.9.0, 3 days ago; ssh:" in "\n".join(
        line for line, _ in terminal.lines(made, 200)
    )
    assert "ago" not in before


def test_a_hosts_text_does_not_steer_the_terminal() -> None:
    lines = terminal.lines(hostile.summary(hostile.everything(), hostile.host(hostile.STEERED)), 120)
    assert all(line.isprintable() for line, _ in lines)


def test_a_host_of_the_fallback_says_by_which_kernel() -> None:
    record = next(record for record in records(30) if record["state"] == "fallback" and record["verification"])
    (test,) = [test for test in record["verification"] if test["backend"] == "js"]
    record["decision"]["provider"], test["kernel"] = "js", "wasm-simd"
    assert "js (wasm-simd)" in terminal.lines(hostile.summary(record), 200)[1][0]
    del test["kernel"]
    assert "(" not in terminal.lines(hostile.summary(record), 200)[1][0].partition("glibc")[0]
