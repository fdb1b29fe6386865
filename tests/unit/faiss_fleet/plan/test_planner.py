# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a plan promises whatever the strategies say."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.errors import FleetError
from faiss_fleet.plan import planner
from faiss_fleet.strategies.base import Options
from tests.unit.faiss_fleet.plan.test_decide import candidate


def planned(monkeypatch: pytest.MonkeyPatch, *found: Any) -> list[Any]:
    class Paper:
        name, native, remover = "wheel", True, None

        def plan(self, *_: object) -> list[Any]:
            return list(found)

    monkeypatch.setattr(strategies, "all_strategies", lambda: (Paper(),))
    return planner.plan({}, Options(), ["wheel"])


@pytest.mark.parametrize(
    ("remedy", "stays"),
    [
        ("Use faiss-cpu 1.9.0.post1 or older.", False),
        ("Use 1.9.0.post1.", False),
        ("Use faiss-cpu 1.8.0.post1.", True),
        ("Use faiss-cpu 1.9.0.post12.", True),
        (None, True),
    ],
)
def test_a_remedy_does_not_recommend_what_is_blocked(
    monkeypatch: pytest.MonkeyPatch, remedy: str | None, stays: bool
) -> None:
    artefact = {"name": "faiss-cpu", "version": "1.9.0.post1"}
    (found,) = planned(monkeypatch, candidate("wheel:a", ["glibc_too_old"], artefact=artefact, remedy=remedy))
    assert (found["remedy"] == remedy) == stays
    assert stays or "does not fit this host" in found["remedy"]


def test_a_check_that_is_in_no_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = candidate("wheel:a", ["glibc_too_old"])
    odd["reasons"][0]["check"] = "moon_phase"
    with pytest.raises(FleetError, match="moon_phase"):
        planned(monkeypatch, odd)
