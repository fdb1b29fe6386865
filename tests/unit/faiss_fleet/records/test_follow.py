# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Records are found as they are written."""

from __future__ import annotations

import json
from pathlib import Path

from faiss_fleet.records.follow import Follower
from faiss_fleet.records.journal import RECORDS
from tests.sample_records import records


def test_records_are_followed_as_they_grow_and_when_the_file_is_replaced(tmp_path: Path) -> None:
    fleet = [json.dumps(record) + "\n" for record in records(3)]
    follower = Follower(tmp_path)
    assert list(follower.new()) == []
    path = tmp_path / RECORDS
    path.write_text(fleet[0] + fleet[1][:20])
    assert list(follower.new()) == [json.loads(fleet[0])]
    with path.open("a") as file:
        file.write(fleet[1][20:])
    assert list(follower.new()) == [json.loads(fleet[1])]
    beside = tmp_path / "beside"
    beside.write_text(fleet[2])
    beside.replace(path)
    assert list(follower.new()) == [json.loads(fleet[2])]


def test_a_line_that_was_torn_and_ended_later_is_no_record(tmp_path: Path) -> None:
    first, second = (json.dumps(record) + "\n" for record in records(2))
    (tmp_path / RECORDS).write_text(first[:30] + "\n" + second)
    assert list(Follower(tmp_path).new()) == [json.loads(second)]
