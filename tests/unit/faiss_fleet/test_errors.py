# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Whose fault a failure of the controller is."""

from __future__ import annotations

import pytest

from faiss_fleet.causes import table
from faiss_fleet.errors import OF_THE_HOST, FleetError

CAUSES = {row[0] for row in table.CAUSES}


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        ("glibcxx_too_old", "host"),
        ("conda_unsat", "host"),
        ("network", "controller"),
        ("permission_denied", "controller"),
        ("unknown", "controller"),
        (None, "inventory"),
        ("conda_not_found", "inventory"),
    ],
)
def test_the_fault_follows_from_the_cause_unless_it_is_given(cause: str | None, fault: str) -> None:
    assert FleetError("x", cause).fault == fault
    assert FleetError("x", cause, fault="controller").fault == "controller"


def test_every_cause_of_a_host_is_one_of_the_closed_list() -> None:
    assert OF_THE_HOST <= CAUSES
