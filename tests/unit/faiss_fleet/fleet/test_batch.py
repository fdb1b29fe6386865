# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which stages a batch does under --tags, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from faiss_fleet.fleet import batch

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    "run, skip, expected",
    [
        (["all"], [], batch.AUDIT),
        (["backend"], [], batch.AUDIT),
        (["tagged"], [], batch.AUDIT),
        (["probe"], [], batch.FACTS),
        (["all"], ["install"], batch.NOTHING),
        (["all"], ["backend"], batch.NOTHING),
        (["install"], [], batch.NOTHING),
        (["untagged"], [], batch.NOTHING),
        (["all"], ["probe"], batch.NOTHING),
        (["all"], ["tagged"], batch.NOTHING),
    ],
)
def test_only_the_whole_audit_and_the_facts_alone_are_a_batch(run: list[str], skip: list[str], expected: str) -> None:
    assert batch.extent(run, skip) == expected


def test_the_tags_are_those_of_the_playbook() -> None:
    plays: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks" / "audit.yml").read_text(encoding="utf-8"))
    roles = next(play for play in plays if "fleet_rest" in str(play["hosts"]))
    assert [frozenset(task["tags"]) for task in roles["tasks"]] == list(batch.TAGS)
    (ask,) = next(play for play in plays if "fleet_batch" in str(play["tasks"]))["tasks"]
    assert set(ask["tags"]) == set().union(*batch.TAGS)


def test_who_is_being_worked_on_is_written_down_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "at-work.json"
    assert batch.at_work(path) == []
    batch.note_at_work(path, [("a", 1.5), ("b", 0.0)])
    batch.note_at_work(path, [("b", 2.0)])
    assert batch.at_work(path) == [("b", 2.0)] and list(tmp_path.iterdir()) == [path]
    batch.note_at_work(tmp_path / "absent" / "at-work.json", [("a", 1.0)])


def test_what_became_of_each_host_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "outcome.json"
    path.write_text(json.dumps({"done": {"a": {"decision": {"backend": "js"}}}, "left": {"b": "new"}}))
    assert batch.Outcome.read(str(path)) == batch.Outcome({"a": {"decision": {"backend": "js"}}}, {"b": "new"})
