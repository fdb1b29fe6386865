# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from faiss_fleet.records import schema, waivers
from faiss_fleet.reports import gate
from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN, records

WAIVER = {"group": "all", "cause": "disk_full", "reason": "disks are ordered", "owner": "ops", "until": "2026-11-22"}


@pytest.mark.parametrize(
    ("moment", "holds"),
    [("2026-11-22T23:59:59Z", True), ("2026-11-23T00:00:00Z", False), ("2026-01-01T00:00:00Z", True)],
)
def test_a_waiver_holds_through_its_last_day(moment: str, holds: bool) -> None:
    assert (waivers.in_force([WAIVER], "disk_full", moment) is not None) == holds
    assert (waivers.lapsed([WAIVER], "disk_full", moment) is None) == holds
    result = {"decision": {"backend": "js", "cause": "disk_full"}}
    assert gate.waived(result, [WAIVER], moment) == holds
    assert not gate.waived({"decision": {"backend": "js"}}, [WAIVER], moment)


def test_of_several_the_one_that_holds_longest_counts_and_another_cause_is_not_waived() -> None:
    longer = {**WAIVER, "until": "2027-01-01"}
    assert waivers.in_force([WAIVER, longer], "disk_full", RUN.started) is longer
    assert waivers.lapsed([WAIVER, longer], "disk_full", "2026-12-01") is None
    assert waivers.in_force([WAIVER], "musl", RUN.started) is None and waivers.lapsed([WAIVER], "musl", "2027") is None


def test_each_waiver_of_a_host_stands_where_its_day_and_cause_put_it() -> None:
    made = next(record for record in records(40) if record["cause"] == "disk_full")
    over = {**WAIVER, "until": "2020-01-01"}
    made["host"]["waivers"] = [WAIVER, over, {**WAIVER, "cause": "musl"}]
    assert waivers.standing(made) == ("waived", "expired", "not needed")
    assert waivers.standing(next(records(1))) == ()


def test_waived_hosts_are_counted_apart_and_machines_once() -> None:
    made: list[dict[str, Any]] = list(records(40))
    full = [record for record in made if record["cause"] == "disk_full"]
    natives = [record for record in made if record["state"] == "native"]
    for record in (*full, natives[0]):
        record["host"]["waivers"] = [WAIVER, {**WAIVER, "cause": "musl"}]
    natives[1]["host"].update(machine="one", same_machine_as=natives[0]["host"]["name"])
    assert [schema.faults(record) for record in made] == [[]] * 40
    summary = Summary(asdict(RUN), made)
    assert summary.waived == len(full) > 0 and summary.machines == 39 and summary.hosts == 40
    assert summary.states["native"] == len(natives) - 1
    assert f"; {len(full)} waived; 1 more name of machines that are counted" in summary.totals()
    cause = next(each for each in summary.causes if each.name == "disk_full")
    assert cause.waived == len(full) and cause.due == []
    used = {each.waiver["cause"]: each.hosts for each in summary.accepted.values()}
    assert used == {"disk_full": len(full), "musl": 0}
