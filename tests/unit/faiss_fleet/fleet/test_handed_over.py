# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The hosts that a batch leaves reach the next play whatever they are called, and their facts are read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from faiss_fleet.fleet import handed_over
from faiss_fleet.fleet.stages import Wanted

NAMES = ["web1", "web10", "a.b", "axb", "fe80::1", "x:y", "p,q", "db[1:3]", "~t", "ü", "-w"]
OPTIONS = {"prefix": "/opt/faiss-fleet", "timeout": 5}


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    handed_over.forget()
    yield
    handed_over.forget()


def hosts_of(pattern: list[str]) -> list[str]:
    inventory = InventoryManager(DataLoader(), sources=[])
    for name in NAMES:
        inventory.add_host(name, "all")
    inventory.reconcile_inventory()
    return [host.name for host in inventory.get_hosts(pattern)]


def test_without_a_batch_a_play_has_all_hosts() -> None:
    assert hosts_of(handed_over.pattern()) == NAMES


def test_where_nothing_is_left_it_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    handed_over.note([])
    assert hosts_of(handed_over.pattern()) == []
    assert "Could not match" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("name", NAMES)
def test_a_host_of_any_name_is_named_and_no_other(name: str) -> None:
    handed_over.note([name])
    assert hosts_of(handed_over.pattern()) == [name]


def test_one_that_is_done_stands_among_those_that_are_left_and_is_not_one_of_them() -> None:
    handed_over.note(["web1"], ["a.b", "axb"])
    assert hosts_of(handed_over.pattern()) == ["web1", "a.b"]
    assert [handed_over.is_left(name) for name in ("web1", "a.b", "axb")] == [True, False, False]
    handed_over.forget()
    assert handed_over.is_left("a.b")


def test_what_several_batches_leave_adds_up() -> None:
    handed_over.note(["web1"])
    handed_over.note(["a.b"])
    assert hosts_of(handed_over.pattern()) == ["web1", "a.b"]


def test_facts_are_taken_once_and_only_for_the_same_options(tmp_path: Path) -> None:
    answer = {"facts": {"arch": "x86_64"}, "python": "/usr/bin/python3"}
    handed_over.keep_facts(tmp_path, "h/../1", OPTIONS, answer)
    expected = {"glibc_facts": {"arch": "x86_64"}, "discovered_interpreter_python": "/usr/bin/python3"}
    assert handed_over.take_facts(tmp_path, "h/../1", OPTIONS) == expected
    assert handed_over.take_facts(tmp_path, "h/../1", OPTIONS) is None
    handed_over.keep_facts(tmp_path, "h", OPTIONS, answer)
    assert handed_over.take_facts(tmp_path, "h", {**OPTIONS, "timeout": 6}) is None


def test_old_facts_are_not_taken(tmp_path: Path) -> None:
    handed_over.keep_facts(tmp_path, "h", OPTIONS, {"facts": {}})
    (path,) = (tmp_path / handed_over.FACTS).iterdir()
    os.utime(path, (0, 0))
    assert handed_over.take_facts(tmp_path, "h", OPTIONS) is None


def test_where_facts_cannot_be_kept_they_are_read_again(tmp_path: Path) -> None:
    handed_over.keep_facts(tmp_path / "absent" / "deeper", "h", OPTIONS, {"facts": {}})
    assert handed_over.take_facts(tmp_path / "absent" / "deeper", "h", OPTIONS) is None


def test_what_was_tried_is_taken_once_and_only_for_the_same_options(tmp_path: Path) -> None:
    given = {"strategies": ["existing"], "policy": "first", "options": {"prefix": "/opt/x", "cache": "/c"}}
    wanted = Wanted.of(given)
    again = Wanted.of({**given, "options": {"cache": "/c", "prefix": "/opt/x"}})
    other = Wanted.of({**given, "policy": "fastest"})
    for asked, expected in ((other, None), (again, {"failed": True, "msg": "no"})):
        handed_over.keep_install(tmp_path, "h", wanted, {"failed": True, "msg": "no"})
        assert handed_over.take_install(tmp_path, "h", asked) == expected
        assert handed_over.take_install(tmp_path, "h", asked) is None
