# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts of which the same is known share their answers, also in the data of the page."""

from __future__ import annotations

import copy

from faiss_fleet.reports import answered
from faiss_fleet.reports.answered import Answered
from tests.sample_records import records


def test_equal_hosts_share_one_list_and_others_have_their_own() -> None:
    first = next(records(1))
    twin = {**copy.deepcopy(first), "host": {"name": "twin", "groups": []}}
    other = next(each for each in records(13) if each["state"] == "fallback" and each["facts"])
    found = Answered([first, twin, other]).by_host
    assert found[0] is found[1] and found[2] is not found[0]
    assert found[0] and found[2]


def test_a_host_of_which_nothing_was_read_has_no_answers() -> None:
    silent = next(each for each in records(13) if each["facts"] is None)
    assert Answered([silent]).by_host == [()]


def test_a_text_without_end_is_cut() -> None:
    record = copy.deepcopy(next(records(1)))
    for candidate in record["plan"]:
        for reason in candidate["reasons"]:
            reason["text"] = "x" * 100_000
    record["facts"]["os"]["name"] = "y" * 100_000
    (answers,) = Answered([record]).by_host
    for answer in answers:
        assert max(map(len, (answer["answer"], *answer["evidence"]))) <= answered.LONGEST


def test_a_different_answer_is_kept_once_and_hosts_name_its_place() -> None:
    made = Answered(records(40)).by_host
    pooled = answered.pooled(made)
    assert len(pooled["hosts"]) == 40
    texts = [repr(line) for line in pooled["answers"]]
    assert len(texts) == len(set(texts)) < sum(map(len, made))
    for answers, places in zip(made, pooled["hosts"], strict=True):
        assert [pooled["answers"][place][1] for place in places] == [answer["answer"] for answer in answers]
