# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Cells of a host are taken from its record, and are empty where the record has no answer."""

from __future__ import annotations

import copy

from faiss_fleet.records import columns
from tests.sample_records import KINDS, records

FLEET = {kind[0]: record for kind, record in zip(KINDS, records(len(KINDS)), strict=True)}


def test_every_host_has_every_column() -> None:
    for record in FLEET.values():
        assert tuple(columns.row(record)) == columns.KEYS
    assert len(set(columns.KEYS)) == len(columns.KEYS)


def test_figures_are_those_of_the_test_that_was_decided_on() -> None:
    record = FLEET["centos7-py313"]
    found, js = columns.row(record), columns.javascript(record)
    native = record["verification"][0]["indexes"][0]
    assert (found["qps"], found["p95_ms"]) == (native["qps"], native["p95_ms"])
    assert found["js_qps"] == js["qps"] != found["qps"]
    assert (found["glibc"], found["libc"], found["state"]) == ("2.17", "glibc 2.17", "native")


def test_a_test_that_failed_proves_nothing() -> None:
    record = copy.deepcopy(FLEET["centos7-py313"])
    record["verification"][0]["ok"] = False
    assert columns.proof(record) == {} and columns.row(record)["qps"] is None


def test_a_host_of_which_nothing_was_read_has_empty_cells() -> None:
    found = columns.row(FLEET["gone"])
    assert found["state"] == "unreachable" and found["cause"]
    assert {found[key] for key in ("glibc", "libc", "arch", "pythons", "free_mb", "qps", "backend")} == {None}
    assert columns.row(FLEET["alpine"])["glibc"] is None


def test_of_several_indexes_the_flat_one_counts() -> None:
    flat, ivf = {"index": "flat", "qps": 1}, {"index": "ivf", "qps": 2}
    assert columns.figures({"indexes": [ivf, flat]}) == flat and columns.figures({"indexes": [ivf]}) == ivf
    assert columns.figures({}) == {}


def test_a_path_that_breaks_off_has_no_value() -> None:
    assert columns.at({"a": {"b": 1}}, "a", "b") == 1
    assert columns.at({"a": None}, "a", "b") is None and columns.at({}, "a") is None
