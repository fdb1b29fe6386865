# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Options
from tests.unit.faiss_fleet.attempts.paper import (
    FACTS,
    RUNTIME,
    PaperHost,
    audit,
    candidate,
    fastest,
    predict,
    run,
    use,
)


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


def test_check_mode_predicts_the_first_possible_and_tries_nothing(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    candidates = [candidate("a", "blocked"), candidate("b"), candidate("c")]
    done = predict(candidates, {"prefixes": []}, Options(prefix="/opt/ff"))
    assert [(attempt["candidate"], attempt["ok"]) for attempt in done.attempts] == [("b", None)]
    assert "/opt/ff/paper/abc" in done.attempts[0]["message"]
    assert done.attempts[0]["runtime"]["prefix"] == "/opt/ff/paper/abc"
    assert done.attempts[0]["foreseen"] == {"download_bytes": 0, "ship_bytes": 6, "seconds": None}
    assert candidates[1]["runtime"] == RUNTIME
    assert done.verification == [] and done.changed


@pytest.mark.usefixtures("own")
def test_check_mode_with_fastest_predicts_all_that_would_be_measured() -> None:
    facts = {**FACTS, "prefixes": [{"path": "/opt/ff/paper/b", "complete": True}]}
    runtime = {**RUNTIME, "prefix": "/opt/old"}
    facts["setting"] = {"backend": "faiss", "provider": "paper", "candidate": "gone", "runtime": runtime}
    done = predict([candidate(name) for name in "abc"], facts, Options(prefix="/opt/ff"), "fastest", "b")
    # What is configured and not planned any more is not tested while something can be expected to pass.
    assert [(attempt["candidate"], attempt["ok"]) for attempt in done.attempts] == [
        ("a", None),
        ("b", True),
        ("c", None),
    ]
    assert [bool(attempt.get("foreseen")) for attempt in done.attempts] == [True, False, True]
    assert done.if_unselected == {}, "which would go is not known"


@pytest.mark.parametrize(
    ("cause", "fault"), [("unreachable", "controller"), (None, "inventory"), ("conda_unsat", "host")]
)
def test_what_the_host_did_not_cause_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, cause: str | None, fault: str
) -> None:
    use(monkeypatch, FleetError("It could not be made.", cause))
    done = run(PaperHost(set()), candidate("a"))
    assert done.attempts[0]["fault"] == fault
    answer = done.undecided([candidate("a")])
    assert (answer is None) == (fault == "host")
    # What is blocked anyway was tried for its prediction: that the controller failed there says nothing.
    assert done.undecided([candidate("a", "blocked")]) is None


def test_a_search_test_that_was_refused_decides_nothing_and_is_not_cached(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    refused = {"candidate": "a", "ok": False, "cause": "cpu_isa", "message": "n is not a number", "fault": "inventory"}
    monkeypatch.setattr(host, "verify", lambda *_, **__: dict(refused))
    done = audit(host, candidate("a"))
    answer = done.undecided([candidate("a")])
    assert answer is not None and (answer.fault, answer.message) == ("inventory", "n is not a number")
    assert host.cached is None


@pytest.mark.usefixtures("own")
def test_all_that_passed_with_fastest_may_go_with_what_was_measured_of_them() -> None:
    host = PaperHost({"a", "b"})
    host.p95 = {"a": 1.25}
    done = fastest(host)
    assert set(done.if_unselected) == {"a", "b"} and done.if_unselected["a"]["figures"]["p95_ms"] == 1.25
    # Nothing goes before the setting is in place: that is for the host, when it has set one.
    assert [call for call in host.calls if call[0] == "remove"] == [("remove", "/opt/ff/paper/c")]
    assert fastest(PaperHost({"a", "b"}), keep=True).if_unselected == {}
    assert audit(PaperHost({"a"}), candidate("a")).if_unselected == {}
