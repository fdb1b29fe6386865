# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the strategy conda decides without its solver, which the integration tests ask for real."""

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.conda import lock as conda_lock
from faiss_fleet.strategies.conda import solver as conda_solver
from faiss_fleet.strategies.conda import strategy as conda
from tests.unit.faiss_fleet.strategies.conda.packages import FINE, facts


@pytest.mark.parametrize(
    "found, cause",
    [
        pytest.param(facts(family="musl", glibc="1.2.5"), "musl", id="musl"),
        pytest.param(facts(glibc=None), "unknown", id="glibc unread"),
        pytest.param(facts(arch="s390x"), "arch_mismatch", id="other machine"),
        pytest.param(facts(disk={**FINE, "free_bytes": 10**7}), "disk_full", id="no room"),
        pytest.param(facts(disk={**FINE, "noexec": True}), "noexec_mount", id="noexec"),
    ],
)
def test_plan_says_why_it_cannot_be(found, cause):
    (candidate,) = conda.STRATEGY.plan(found, Options())
    assert candidate["verdict"] == "blocked"
    assert candidate["reasons"][0]["cause"] == cause
    assert candidate["remedy"]


def test_plan_is_one_possible_candidate_and_asks_nothing(monkeypatch):
    monkeypatch.setattr(conda_solver, "call", None)
    (candidate,) = conda.STRATEGY.plan(facts(), Options())
    assert candidate["id"] == "conda:faiss-cpu:linux-64"
    assert candidate["verdict"] == "possible"
    assert candidate["artefact"]["version"] is None
    assert candidate["runtime"] == {"kind": "python", "argv": ["{prefix}/bin/python"], "env": {}, "prefix": None}
    assert "__glibc 2.17" in candidate["note"]


@pytest.mark.parametrize("channel, solves", [("/srv/channel", 1), ("https://channel.example/forge", 0)])
def test_check_mode_solves_from_directories_and_asks_no_remote_channel(monkeypatch, tmp_path, channel, solves):
    asked = []

    def refuse(*_given, **_more):
        asked.append(1)
        raise FleetError("faiss-cpu wants __glibc >=2.28", "conda_glibc")

    monkeypatch.setattr(conda_lock, "locked", refuse)
    chosen = Options(cache=tmp_path, extra={"faiss_install__conda_channels": [channel]})
    (candidate,) = conda.STRATEGY.plan(facts(), chosen)
    if solves:
        with pytest.raises(FleetError, match="__glibc"):
            conda.STRATEGY.forecast(candidate, facts(), chosen)
    else:
        assert "solve the environment" in conda.STRATEGY.forecast(candidate, facts(), chosen).text()
    assert len(asked) == solves
