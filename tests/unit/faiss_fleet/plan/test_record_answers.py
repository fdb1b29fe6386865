# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers for hosts as a run recorded them."""

from __future__ import annotations

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
