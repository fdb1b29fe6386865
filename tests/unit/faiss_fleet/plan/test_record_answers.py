# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers for hosts as a run recorded them."""

from __future__ import annotations

from collections.abc import Sequence

from faiss_fleet.plan import record_answers
from tests.unit.faiss_fleet.plan.test_answers import FACTS, OLD_FITS, facts, wheel


def test_equal_answers_are_pooled_with_the_places_they_hold_for() -> None:
    first = {"facts": facts(), "plan": OLD_FITS}
    newer = {"facts": facts(libc={**FACTS["libc"], "version": "2.36"}), "plan": [wheel("1.15.1")]}
    silent = {"facts": None, "plan": []}
    found = record_answers.pooled([first, silent, newer, first])
    assert [question for question, _answers in found] == list(record_answers.GENERAL)
    assert [places for _answer, places in found[0][1]] == [[0, 3], [2]]
    assert [places for _answer, places in found[-1][1]] == [[0, 2, 3]]
    assert record_answers.pooled([silent]) == []
    assert record_answers.of_record(first) == [entries[0][0] for _question, entries in record_answers.pooled([first])]


def test_a_release_that_failed_its_test_is_no_answer() -> None:
    def answered(*failed: str, plan: Sequence[str] = ("1.15.1", "1.12.0", "1.9.0")) -> dict[str, tuple[str, list[str]]]:
        tests = [{"candidate": f"wheel:faiss-cpu-{each}", "ok": False, "cause": "cpu_isa"} for each in failed]
        record = {"facts": facts(), "plan": [wheel(each) for each in plan], "verification": tests}
        return {each["question"]: (each["answer"], each["evidence"]) for each in record_answers.of_record(record)}

    release, older = "Is there a FAISS release for glibc 2.17 here?", "Would an older release of FAISS help?"
    said = "faiss-cpu 1.15.1 for /usr/bin/python3 failed the search test: cpu_isa"
    one = answered("1.15.1")
    assert one[release][0] == "Yes: faiss-cpu 1.12.0 for /usr/bin/python3." and said in one[release][1]
    assert one[older][0].startswith("Perhaps: faiss-cpu 1.12.0 ") and said in one[older][1]
    every = answered("1.15.1", "1.12.0", "1.9.0")
    assert every[release][0].endswith("But here it failed the search test.")
    assert every[older][0] == "Not by what was tested, down to faiss-cpu 1.9.0 for /usr/bin/python3."
    # One that is newer than what failed is no older release.
    assert answered("1.12.0", plan=("1.15.1", "1.12.0"))[older][0].startswith("Not by what was tested")
    assert answered()[older][0] == "It is not needed: the newest release fits."
