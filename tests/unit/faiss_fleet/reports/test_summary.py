# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Counts of a run."""

from __future__ import annotations

import copy
from dataclasses import asdict
from statistics import median

from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN, records

FLEET = list(records(200))


def summary(made: list[dict[str, object]] = FLEET, **run: object) -> Summary:
    return Summary({**asdict(RUN), **run}, made)


def test_every_host_is_counted_once_by_its_state() -> None:
    found = summary()
    assert found.hosts == 200 == sum(found.states.values())
    assert found.totals().startswith(f"200 hosts: {found.states['native']:,} native, ")
    assert summary([]).totals().startswith("0 hosts: 0 native")


def test_a_provider_has_its_hosts_and_the_middle_of_their_figures() -> None:
    found = summary()
    wheel = next(provider for provider in found.providers if provider.name == "wheel")
    rows = [row for row in found.rows if row["provider"] == "wheel" and row["state"] == "native"]
    assert wheel.hosts == len(rows) == sum(wheel.versions.values())
    assert wheel.p95 == median([row["p95_ms"] for row in rows])
    assert [provider.hosts for provider in found.providers] == sorted(
        (provider.hosts for provider in found.providers), reverse=True
    )


def test_a_cause_has_its_hosts_and_one_remedy_that_fits_all_of_them() -> None:
    first, second = (copy.deepcopy(next(each for each in FLEET if each["cause"])) for _ in range(2))
    second["host"]["name"] = "other"
    for record in (first, second):
        record["remedy"] = f"Log in to {record['host']['name']} and look."
    (cause,) = summary([first, second]).causes
    assert cause.hosts == [first["host"]["name"], "other"] and cause.remedy == "Log in to HOST and look."


def test_hosts_in_need_come_first_and_the_rest_in_their_order() -> None:
    states = [row["state"] for row in summary().by_need()]
    assert states == sorted(states, key=["failed", "unreachable", "fallback", "native"].index)
    native = [row["host"] for row in summary().by_need() if row["state"] == "native"]
    assert native == [record["host"]["name"] for record in FLEET if record["state"] == "native"]


def test_totals_say_what_is_predicted_and_what_is_still_to_come() -> None:
    assert "predicted" in summary(check_mode=True).totals()
    found = summary(FLEET[:1])
    found.left = 7
    assert found.totals().startswith("1 host: ") and found.totals().endswith("7 not done yet")
