# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
from typing import Any

from faiss_fleet.reports.releases import Releases, newer_need
from tests.sample_records import records

OLD, _OTHER, _PORTABLE, _STOCK, NEW = list(records(5))  # glibc 2.17 with Python 3.13, and Debian 12


def chosen(record: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in record["plan"] if one["id"] == record["decision"]["candidate"])


def test_the_newest_release_is_explained_by_the_c_library_first() -> None:
    need = newer_need(OLD, chosen(OLD))
    assert need is not None
    assert (need.release, need.need, need.have, need.symbol) == ("faiss-cpu 1.15.1", "GLIBC_2.27", "2.17", "powf")
    assert need.sentence(4) == "faiss-cpu 1.15.1 needs GLIBC_2.27; 4 hosts have 2.17"
    assert need.sentence(1) == "faiss-cpu 1.15.1 needs GLIBC_2.27; 1 host has 2.17"
    only_cxx = copy.deepcopy(OLD)
    for candidate in only_cxx["plan"]:
        candidate["reasons"] = [each for each in candidate["reasons"] if each["check"] != "glibc"]
    need = newer_need(only_cxx, chosen(only_cxx))
    assert need is not None and (need.need, need.symbol) == ("GLIBCXX_3.4.22", "std::thread::_M_start_thread")


def test_a_reason_without_figures_is_its_own_sentence_and_an_older_release_is_none() -> None:
    bare = copy.deepcopy(OLD)
    for candidate in bare["plan"]:
        candidate["reasons"] = [{**each, "need": None} for each in candidate["reasons"]]
    need = newer_need(bare, chosen(bare))
    assert need is not None and need.sentence(3) == need.text
    newest = copy.deepcopy(chosen(OLD))
    newest["artefact"]["version"] = "99"
    assert newer_need(OLD, newest) is None
    newest["artefact"]["version"] = "of the host"
    assert newer_need(OLD, newest) is None


def test_hosts_are_counted_by_what_runs_and_a_machine_once() -> None:
    found = Releases()
    other = copy.deepcopy(OLD)
    other["host"]["same_machine_as"] = OLD["host"]["name"]
    for record in (OLD, OLD, other, NEW, {**OLD, "state": "fallback"}):
        found.add(record)
    (old, of_old), (new, of_new) = found.releases
    assert (old.faiss, of_old.hosts, of_old.newest, list(of_old.needs.values())) == ("1.9.0", 2, 0, [2])
    assert (new.faiss, of_new.hosts, of_new.newest, of_new.needs.total()) == ("1.15.1", 1, 1, 0)
