# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers for hosts as a run recorded them."""

from __future__ import annotations

from typing import Any

from faiss_fleet.plan import record_answers
from tests.unit.faiss_fleet.plan.test_answers import FACTS, OLD_FITS, facts, wheel


def test_equal_answers_are_pooled_with_the_places_they_hold_for() -> None:
    nothing: dict[str, Any] = {"attempts": [], "verification": []}
    first = {"facts": facts(), "plan": OLD_FITS, **nothing}
    newer = {"facts": facts(libc={**FACTS["libc"], "version": "2.36"}), "plan": [wheel("1.15.1")], **nothing}
    silent = {"facts": None, "plan": [], **nothing}
    found = record_answers.pooled([first, silent, newer, first])
    assert [question for question, _answers in found] == list(record_answers.GENERAL)
    assert [places for _answer, places in found[0][1]] == [[0, 3], [2]]
    assert [places for _answer, places in found[-1][1]] == [[0, 2, 3]]
    assert record_answers.pooled([silent]) == []
    assert record_answers.of_record(first) == [entries[0][0] for _question, entries in record_answers.pooled([first])]


def test_only_a_test_that_the_host_failed_says_something_of_a_release() -> None:
    plan = [wheel("1.15.1"), wheel("1.9.0.post1")]
    test = {"candidate": plan[0]["id"], "ok": False, "cause": "cpu_isa"}
    earlier = {"candidate": plan[0]["id"], "ok": False, "cause": "cpu_isa", "failed_before": "2026-11-22T10:11:12Z"}

    def older(**found: list[dict[str, Any]]) -> str:
        record = {"facts": facts(), "plan": plan, "attempts": [], "verification": [], **found}
        said = record_answers.of_record(record)
        return next(one["answer"] for one in said if one["question"] == "Would an older release of FAISS help?")

    assert older().startswith("It is not needed")
    assert older(verification=[test]).startswith("Yes: faiss-cpu 1.9.0.post1")
    assert older(attempts=[earlier]).startswith("Yes: faiss-cpu 1.9.0.post1")
    assert older(verification=[{**test, "fault": "inventory"}]).startswith("It is not needed")
    assert older(attempts=[{**earlier, "failed_before": None}]).startswith("It is not needed")
