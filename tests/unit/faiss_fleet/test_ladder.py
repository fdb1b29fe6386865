# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import ladder, strategies
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Candidate, Options, Runtime

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={"PYTHONPATH": "{prefix}/site-packages"}, prefix=None)


class PaperStrategy:
    """Resolves what its test says: an artefact, nothing to ship, or a refusal."""

    name, order = "paper", 1

    def __init__(self, artefact: Artefact | FleetError | None) -> None:
        self.artefact = artefact

    def resolve(self, *_: object) -> Artefact | None:
        if isinstance(self.artefact, FleetError):
            raise self.artefact
        return self.artefact


class PaperHost:
    """Remembers what it was asked; ``passes`` names the candidates whose search test is good."""

    def __init__(self, passes: set[str], deploys: bool = True) -> None:
        self.passes, self.deploys, self.calls, self.figures = passes, deploys, [], []

    def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> dict[str, Any]:
        self.calls.append(("deploy", prefix))
        if not self.deploys:
            return {"ok": False, "changed": False, "cause": "disk_full", "message": "no space", "remedy": "free some"}
        return {"ok": True, "changed": True}

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        self.calls.append(("verify", candidate))
        self.figures.append(figures)
        good = candidate in self.passes
        found = {"cause": None if good else "cpu_isa", "message": "SIGILL"}
        return {"candidate": candidate, "ok": good, "figures": figures, **found}

    def remove(self, prefix: str, keep: bool = False, memo: dict[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append(("keep" if keep else "remove", prefix))
        self.memo = memo
        return {}


def candidate(name: str, verdict: str = "possible") -> Candidate:
    return Candidate(
        id=name,
        strategy="paper",
        artefact={"name": "faiss-cpu", "version": "1"},
        verdict=verdict,
        reasons=[],
        remedy=None,
        runtime=RUNTIME,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Artefact:
    path = tmp_path / "prefix.tar.gz"
    path.write_bytes(b"packed")
    return Artefact(path, "0" * 64, "abc", 6, RUNTIME, {"packages": []})


def use(monkeypatch: pytest.MonkeyPatch, artefact: Artefact | FleetError | None) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (PaperStrategy(artefact),))


def run(host: PaperHost, *candidates: Candidate, policy: str = "first", prefixes: tuple[Any, ...] = ()) -> ladder.Climb:
    return ladder.climb(list(candidates), policy, {"prefixes": list(prefixes)}, Options(prefix="/opt/ff"), host)


def test_first_stops_at_the_first_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    host = PaperHost({"b", "c"})
    done = run(host, candidate("a"), candidate("b"), candidate("c"))
    assert host.calls == [("verify", "a"), ("verify", "b")]
    assert [attempt["ok"] for attempt in done.attempts] == [False, True]


def test_fastest_tries_all_that_are_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    host = PaperHost({"a", "c"})
    run(host, candidate("a"), candidate("b", "blocked"), candidate("c"), policy="fastest")
    assert host.calls == [("verify", "a"), ("verify", "c")]


def test_a_prefix_that_is_in_place_is_not_shipped_again(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, archive)
    host = PaperHost({"a"})
    tried = candidate("a")
    done = run(host, tried, prefixes=({"path": "/opt/ff/paper/abc", "complete": True},))
    assert host.calls == [("verify", "a")]
    assert not done.changed
    assert tried["runtime"]["env"] == {"PYTHONPATH": "/opt/ff/paper/abc/site-packages"}


def test_a_half_built_prefix_is_built_again(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, archive)
    host = PaperHost({"a"})
    done = run(host, candidate("a"), prefixes=({"path": "/opt/ff/paper/abc", "complete": False},))
    assert host.calls[0] == ("deploy", "/opt/ff/paper/abc")
    assert done.changed and done.attempts[0]["bytes_shipped"] == 6


def test_a_prefix_that_fails_its_search_test_is_removed_again(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    done = run(host, candidate("a"))
    assert host.calls[-1] == ("remove", "/opt/ff/paper/abc")
    assert done.attempts[0]["cause"] == "cpu_isa" and done.attempts[0]["message"] == "SIGILL"


def test_a_failed_deploy_is_an_attempt_and_the_next_rung_is_tried(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost({"b"}, deploys=False)
    done = run(host, candidate("a"), candidate("b"))
    assert [attempt["cause"] for attempt in done.attempts] == ["disk_full", "disk_full"]
    assert done.verification == []


def test_what_the_controller_cannot_resolve_is_an_attempt_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FleetError("numpy.whl has another hash", cause="hash_mismatch", remedy="fetch it again"))
    done = run(PaperHost(set()), candidate("a"))
    found = done.attempts[0]
    assert (found["ok"], found["cause"], found["remedy"]) == (False, "hash_mismatch", "fetch it again")


def test_check_mode_predicts_the_first_possible_and_tries_nothing(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    candidates = [candidate("a", "blocked"), candidate("b"), candidate("c")]
    done = ladder.predict(candidates, {"prefixes": []}, Options(prefix="/opt/ff"))
    assert [(attempt["candidate"], attempt["ok"]) for attempt in done.attempts] == [("b", None)]
    assert "/opt/ff/paper/abc" in done.attempts[0]["message"]
    assert candidates[1]["runtime"]["prefix"] == "/opt/ff/paper/abc"
    assert done.verification == [] and done.changed


def test_check_mode_foretells_no_change_where_all_is_in_place(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    facts = {"prefixes": [{"path": "/opt/ff/paper/abc", "complete": True}]}
    assert not ladder.predict([candidate("a")], facts, Options(prefix="/opt/ff")).changed


def test_check_mode_tells_what_the_controller_cannot_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FleetError("the index is down", cause="unreachable"))
    done = ladder.predict([candidate("a")], {"prefixes": []}, Options())
    assert [(attempt["ok"], attempt["cause"]) for attempt in done.attempts] == [(False, "unreachable")]
