# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host answered in one call serves an attempt; whatever else an attempt asks hands the host over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet.fleet import answered_host
from faiss_fleet.fleet.answered_host import AnsweredHost, HandOver
from faiss_fleet.model import Runtime
from faiss_fleet.strategies.base import Artefact

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={}, prefix=None)
TEST = {"candidate": "wheel:x", "runtime": RUNTIME}


class Judge:
    """In place of the judgement of the evidence."""

    def __init__(self, ok: bool) -> None:
        self.ok = ok

    def judged(self, tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"candidate": test["candidate"], "ok": self.ok} for test in tests]


def test_the_brief_test_of_what_is_configured_is_its_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered_host, "brief", lambda search_test: Judge(True))
    found = AnsweredHost(TEST, {}).verify("wheel:x", RUNTIME, figures=False)
    assert found == {"candidate": "wheel:x", "ok": True, "runtime": RUNTIME}


@pytest.mark.parametrize(
    "test, candidate, figures, ok, why",
    [
        (TEST, "wheel:x", True, True, "has to measure"),
        (TEST, "wheel:y", False, True, "wheel:y has to be tested"),
        (None, "wheel:x", False, True, "wheel:x has to be tested"),
        (TEST, "wheel:x", False, False, "did not pass"),
    ],
)
def test_what_was_not_answered_hands_the_host_over(
    test: Any, candidate: str, figures: bool, ok: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answered_host, "brief", lambda search_test: Judge(ok))
    with pytest.raises(HandOver, match=why):
        AnsweredHost(test, {}).verify(candidate, RUNTIME, figures)


def test_a_change_of_the_host_hands_it_over() -> None:
    host = AnsweredHost(TEST, {})
    with pytest.raises(HandOver, match="installed"):
        host.deploy(Artefact(Path("a"), "0" * 64, "d", 1, RUNTIME, {}), "/opt/x", 0)
    with pytest.raises(HandOver, match="removed"):
        host.remove("/opt/x")
    assert host.measure([]) == []
    with pytest.raises(HandOver, match="measured"):
        host.measure([{"id": "js"}])


def test_the_brief_test_measures_nothing() -> None:
    request = answered_host.brief({"workload": {"n": 500}, "timeout": 30})
    assert request.figures is False and request.timeout == 30
    assert request.options["workload"] == {"n": 500, "figures": False}
