# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is set stays where the controller, and not the host, is to blame."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.attempts import current_backend
from faiss_fleet.attempts import run as attempts
from faiss_fleet.errors import FleetError
from faiss_fleet.plan import decide
from faiss_fleet.strategies.base import Candidate, Options, Runtime

SET = Runtime(kind="python", argv=["/opt/ff/wheel/old/bin/python3"], env={}, prefix="/opt/ff/wheel/old")
OTHER = Runtime(kind="python", argv=["/usr/bin/python3"], env={}, prefix=None)
SETTING = {
    "backend": "faiss",
    "provider": "wheel",
    "candidate": "wheel:a",
    "runtime": SET,
    "versions": {"faiss": "1.9.0", "numpy": "2.2.6", "python": "3.13.0"},
    "policy": "first",
    "because": "faiss-cpu 1.9.0 (wheel) is the first of the order that passed the search test.",
    "verified": None,
}
FACTS = {"prefixes": [], "setting": SETTING}


def candidate(name: str, runtime: Runtime | None = OTHER, verdict: str = "possible") -> Candidate:
    artefact = {"name": "faiss-cpu", "version": "1.9.0"}
    strategy = name.partition(":")[0]
    return Candidate(
        id=name, strategy=strategy, artefact=artefact, verdict=verdict, reasons=[], remedy=None, runtime=runtime
    )


class Controller:
    """A strategy whose resolver is down for the candidates in ``down``, and has nothing to ship for the others."""

    def __init__(self, name: str, down: set[str]) -> None:
        self.name, self.down, self.native, self.remover = name, down, name != "js", None

    def resolve(self, wanted: Candidate, *_: object) -> None:
        if wanted["id"] in self.down:
            raise FleetError("The index is down.", "network")

    forecast = resolve


class Host:
    """Search tests pass for the runtimes' first words in ``good``; p95 are given out one after the other."""

    def __init__(self, good: set[str], p95: dict[str, list[float]] | None = None) -> None:
        self.good, self.p95, self.tested = good, p95 or {}, []

    def verify(self, name: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        self.tested.append(name)
        good = runtime["argv"][0] in self.good
        times = self.p95.get(name)
        loader = {"p95_ms": times.pop(0)} if times else None
        fault = {"cause": None if good else "cpu_isa", "message": None, "remedy": None}
        return {"candidate": name, "ok": good, "runtime": runtime, "figures": figures, "loader": loader, **fault}

    def remove(self, *_: object, **__: object) -> dict[str, Any]:
        return {}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def started(
        host: Host, plan: list[Candidate], down: set[str] = frozenset(), policy: str = "first", facts: Any = FACTS
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        names = ("existing", "wheel", "conda", "node", "js")
        monkeypatch.setattr(strategies, "all_strategies", lambda: tuple(Controller(name, set(down)) for name in names))
        order = list(dict.fromkeys(one["strategy"] for one in plan))
        done = attempts.run(plan, policy, facts, Options(prefix="/opt/ff"), host, order)
        if (answer := done.undecided(plan)) is not None:
            return {"backend": None, "cause": answer.cause, "fault": answer.fault}, {}
        decision = decide.decide(plan, done.attempts, done.verification, policy, order, facts["setting"])
        return decision, decide.setting_for(decision, done.attempts, done.verification, "run", "2026-11-22T00:00:00Z")

    return started


def as_before(setting: dict[str, Any]) -> bool:
    return all(setting[name] == SETTING[name] for name in SETTING if name != "verified")


def test_an_index_that_is_down_takes_nothing_away(run: Any) -> None:
    host = Host({SET["argv"][0]})
    decision, setting = run(host, [candidate("wheel:a"), candidate("conda:b")], down={"wheel:a", "conda:b"})
    assert (decision["backend"], decision["candidate"]) == ("faiss", "wheel:a")
    assert "is what was set and passed again" in decision["because"]
    assert as_before(setting) and setting["verified"] is not None


def test_what_is_set_comes_before_another_way_when_it_cannot_be_made_anew(run: Any) -> None:
    host = Host({SET["argv"][0], OTHER["argv"][0]})
    decision, _ = run(host, [candidate("wheel:a"), candidate("conda:b")], down={"wheel:a"})
    assert decision["candidate"] == "wheel:a" and host.tested == ["wheel:a"]


def test_what_is_set_and_not_planned_any_more_comes_before_the_fallback(run: Any) -> None:
    host = Host({SET["argv"][0], OTHER["argv"][0]})
    decision, setting = run(host, [candidate("conda:b"), candidate("js:plain")], down={"conda:b"})
    assert (decision["backend"], decision["provider"]) == ("faiss", "wheel") and as_before(setting)


def test_a_strategy_that_is_asked_for_and_passes_replaces_it(run: Any) -> None:
    decision, _ = run(Host({SET["argv"][0], OTHER["argv"][0]}), [candidate("conda:b")])
    assert decision["candidate"] == "conda:b"


def test_what_is_set_and_broken_goes(run: Any) -> None:
    host = Host(set())
    decision, _ = run(host, [candidate("wheel:a")], down={"wheel:a"})
    assert (decision["backend"], decision["cause"]) == ("js", "cpu_isa")
    assert host.tested == ["wheel:a"]


def test_a_newer_build_of_the_same_release_that_fails_leaves_the_old_one(run: Any) -> None:
    host = Host({SET["argv"][0]})
    decision, setting = run(host, [candidate("wheel:a", OTHER)])
    assert host.tested == ["wheel:a", "wheel:a"]
    assert decision["candidate"] == "wheel:a" and as_before(setting)


def test_what_was_tested_in_the_plan_is_not_tested_twice(run: Any) -> None:
    host = Host(set())
    decision, _ = run(host, [candidate("wheel:a", SET)])
    assert host.tested == ["wheel:a"] and decision["backend"] == "js"


def test_fixed_keeps_to_the_strategies_named(run: Any) -> None:
    host = Host({SET["argv"][0]})
    decision, _ = run(host, [candidate("conda:b")], policy="fixed")
    assert (decision["backend"], host.tested) == ("js", ["conda:b"])


@pytest.mark.parametrize("setting", [None, {**SETTING, "backend": "js", "runtime": None}])
def test_a_fault_of_the_controller_decides_nothing_where_nothing_native_is_configured(run: Any, setting: Any) -> None:
    facts = {**FACTS, "setting": setting}
    decision, _ = run(Host({SET["argv"][0]}), [candidate("conda:b")], down={"conda:b"}, facts=facts)
    assert decision == {"backend": None, "cause": "network", "fault": "controller"}


def test_a_fault_of_the_controller_does_not_keep_what_is_broken(run: Any) -> None:
    """The configuration may not point at what does not pass, whatever else could not be tried."""
    decision, configuration = run(Host(set()), [candidate("conda:b")], down={"conda:b"})
    assert (decision["backend"], decision["cause"], configuration["backend"]) == ("js", "cpu_isa", "js")


def test_check_mode_tests_what_would_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (Controller("wheel", {"wheel:a"}),))
    plan = [candidate("wheel:a")]
    host = Host({SET["argv"][0]})
    done = attempts.run(plan, "first", FACTS, Options(prefix="/opt/ff"), host, ["wheel"], dry_run=True)
    assert [(attempt["ok"], attempt["changed"]) for attempt in done.attempts] == [(False, False), (True, False)]
    decision = decide.decide(plan, done.attempts, done.verification, "first", ["wheel"], SETTING, check_mode=True)
    assert (decision["candidate"], decision["predicted"], host.tested) == ("wheel:a", False, ["wheel:a"])


def test_fastest_measures_both_again_before_it_replaces_what_is_configured(run: Any) -> None:
    plan = [candidate("existing:x"), candidate("wheel:a", SET)]
    busy = Host({SET["argv"][0], OTHER["argv"][0]}, {"existing:x": [0.6, 0.6], "wheel:a": [2.4, 0.62]})
    assert run(busy, plan, policy="fastest")[0]["candidate"] == "wheel:a"
    assert busy.tested == ["existing:x", "wheel:a", "wheel:a", "existing:x"]
    slower = Host({SET["argv"][0], OTHER["argv"][0]}, {"existing:x": [0.6, 0.6], "wheel:a": [2.4, 2.2]})
    assert run(slower, plan, policy="fastest")[0]["candidate"] == "existing:x"


def test_fastest_measures_once_where_nothing_would_change(run: Any) -> None:
    host = Host({SET["argv"][0], OTHER["argv"][0]}, {"existing:x": [0.6], "wheel:a": [0.63]})
    decision, _ = run(host, [candidate("existing:x"), candidate("wheel:a", SET)], policy="fastest")
    assert decision["candidate"] == "wheel:a" and len(host.tested) == 2


def test_due_only_once_and_never_before_something_to_be_preferred() -> None:
    one = current_backend.current(FACTS, [], ["wheel"], "first")
    assert one is not None
    assert not current_backend.due(one, [], [], "wheel")
    assert current_backend.due(one, [], [], None) and current_backend.due(one, [], [], "js")
    passed = [{"candidate": "conda:b", "ok": True, "runtime": OTHER}]
    assert not current_backend.due(one, [{"candidate": "conda:b", "ok": True}], passed, None)
