# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.attempts import failure_cache
from faiss_fleet.attempts import run as attempts
from faiss_fleet.errors import FleetError
from faiss_fleet.options import from_variables
from faiss_fleet.strategies.base import Artefact, Candidate, Forecast, Options, Runtime

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={"PYTHONPATH": "{prefix}/site-packages"}, prefix=None)


class PaperStrategy:
    """Resolves what its test says: an artefact, nothing to ship, or a refusal."""

    name, native, remover = "paper", True, None

    def __init__(self, artefact: Artefact | FleetError | None) -> None:
        self.artefact = artefact

    def resolve(self, *_: object) -> Artefact | None:
        if isinstance(self.artefact, FleetError):
            raise self.artefact
        return self.artefact

    def forecast(self, *asked: Any) -> Forecast | None:
        artefact = self.resolve(*asked)
        return Forecast(artefact=artefact) if artefact else None


class PaperHost:
    """Remembers what it was asked; ``passes`` names the candidates whose search test is good."""

    def __init__(self, passes: set[str], deploys: bool = True) -> None:
        self.passes, self.deploys, self.calls, self.figures = passes, deploys, [], []
        self.cached: dict[str, Any] | None = None
        self.p95: dict[str, float] = {}
        self.there: list[str] = []  # whole prefixes, of which ``repairs`` names candidates that are damaged
        self.repairs: set[str] = set()

    def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> dict[str, Any]:
        self.calls.append(("deploy", prefix))
        if prefix in self.there:
            self.there.remove(prefix)
            self.passes |= self.repairs
            return {"ok": True, "changed": bool(self.repairs)}
        if not self.deploys:
            return {"ok": False, "changed": False, "cause": "disk_full", "message": "no space", "remedy": "free some"}
        return {"ok": True, "changed": True}

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        self.calls.append(("verify", candidate))
        self.figures.append(figures)
        good = candidate in self.passes
        found = {"cause": None if good else "cpu_isa", "message": "SIGILL"}
        indexes = [{"index": "flat", "p95_ms": self.p95[candidate]}] if candidate in self.p95 else []
        return {"candidate": candidate, "ok": good, "figures": figures, "indexes": indexes, **found}

    def reconnect(self) -> None:
        self.calls.append(("reconnect", ""))

    def remove(self, prefix: str, keep: bool = False, cached: dict[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append(("keep" if keep else "remove", prefix))
        self.cached = cached
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


def run(
    host: PaperHost, *candidates: Candidate, policy: str = "first", prefixes: tuple[Any, ...] = ()
) -> attempts.Outcome:
    host.there = [found["path"] for found in prefixes if found["complete"]]
    return attempts.run(list(candidates), policy, {"prefixes": list(prefixes)}, Options(prefix="/opt/ff"), host)


def predict(
    candidates: list[Candidate], facts: dict[str, Any], options: Options, policy: str = "first", passes: str = ""
) -> attempts.Outcome:
    host = PaperHost(set(passes))
    done = attempts.run(candidates, policy, facts, options, host, dry_run=True)
    assert {kind for kind, _name in host.calls} <= {"verify"}, "check mode changes nothing"
    return done


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
    assert done.attempts[0]["runtime"]["env"] == {"PYTHONPATH": "/opt/ff/paper/abc/site-packages"}
    assert tried == candidate("a"), "the plan stays as it was made"


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


def test_a_failed_deploy_is_an_attempt_and_the_next_candidate_is_tried(
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
    done = predict(candidates, {"prefixes": []}, Options(prefix="/opt/ff"))
    assert [(attempt["candidate"], attempt["ok"]) for attempt in done.attempts] == [("b", None)]
    assert "/opt/ff/paper/abc" in done.attempts[0]["message"]
    assert done.attempts[0]["runtime"]["prefix"] == "/opt/ff/paper/abc"
    assert done.attempts[0]["foreseen"] == {"download_bytes": 0, "ship_bytes": 6, "seconds": None}
    assert candidates[1]["runtime"] == RUNTIME
    assert done.verification == [] and done.changed


def test_check_mode_foresees_no_change_where_all_is_in_place(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    facts = {"prefixes": [{"path": "/opt/ff/paper/abc", "complete": True}]}
    assert not predict([candidate("a")], facts, Options(prefix="/opt/ff")).changed


def test_check_mode_tells_what_the_controller_cannot_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FleetError("the index is down", cause="unreachable"))
    done = predict([candidate("a")], {"prefixes": []}, Options())
    assert [(attempt["ok"], attempt["cause"]) for attempt in done.attempts] == [(False, "unreachable")]


FACTS = {"prefixes": [], "arch": "x86_64", "libc": {"family": "glibc", "version": "2.17"}, "libraries": None}


def audit(
    host: PaperHost, *candidates: Candidate, facts: dict[str, Any] = FACTS, policy: str = "first", **extra: Any
) -> attempts.Outcome:
    options = Options(prefix="/opt/ff", extra={f"faiss_install__{name}": value for name, value in extra.items()})
    host.there = [found["path"] for found in facts["prefixes"] if found["complete"]]
    return attempts.run(list(candidates), policy, facts, options, host)


def after(host: PaperHost, **changes: Any) -> dict[str, Any]:
    """Facts of the next run on a host that keeps what the first one left."""
    assert host.cached
    return {**FACTS, "tried": [{**host.cached, "strategy": "paper", "digest": "abc"}], **changes}


def test_what_failed_for_good_is_not_tried_again_and_says_when_it_failed(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    first = PaperHost(set())
    audit(first, candidate("a"))
    assert first.cached and first.cached["cause"] == "cpu_isa"
    second = PaperHost({"a"})
    (attempt,) = audit(second, candidate("a"), facts=after(first)).attempts
    assert second.calls == [] and not attempt["changed"]
    assert (attempt["ok"], attempt["cause"], attempt["failed_before"]) == (False, "cpu_isa", first.cached["at"])
    assert first.cached["at"] in attempt["message"] and "faiss_install__retry=true" in attempt["message"]
    foreseen = predict([candidate("a")], after(first), Options(prefix="/opt/ff"))
    assert foreseen.attempts[0]["failed_before"] == first.cached["at"] and not foreseen.changed


@pytest.mark.parametrize(
    ("changes", "extra"),
    [
        pytest.param({}, {"retry": True}, id="forced"),
        pytest.param({"libc": {"family": "glibc", "version": "2.28"}}, {}, id="another C library"),
        pytest.param({"libraries": ["libz.so.1"]}, {}, id="another library"),
        pytest.param({"cpu": {"isa_level": "x86-64-v3", "flags": ["avx2"]}}, {}, id="another CPU"),
        pytest.param({}, {"workload": {"n": 5}}, id="another workload"),
        pytest.param({"setting": {"candidate": "a"}}, {}, id="it is what is set"),
    ],
)
def test_what_failed_is_tried_again_when_something_has_changed(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact, changes: dict[str, Any], extra: dict[str, Any]
) -> None:
    use(monkeypatch, archive)
    first = PaperHost(set())
    audit(first, candidate("a"))
    second = PaperHost({"a"})
    audit(second, candidate("a"), facts=after(first, **changes), **extra)
    assert ("verify", "a") in second.calls


def test_another_artefact_of_the_same_name_is_tried(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, archive)
    first = PaperHost(set())
    audit(first, candidate("a"))
    use(monkeypatch, Artefact(archive.archive, "1" * 64, "def", 6, RUNTIME, {"packages": []}))
    second = PaperHost({"a"})
    audit(second, candidate("a"), facts=after(first))
    assert ("verify", "a") in second.calls


@pytest.mark.parametrize(
    "cause", ["timeout", "disk_full", "unreachable", "out_of_memory", "interrupted", "network", "unknown", "tls"]
)
def test_what_may_end_otherwise_is_not_cached(monkeypatch: pytest.MonkeyPatch, archive: Artefact, cause: str) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    monkeypatch.setattr(host, "verify", lambda *_, **__: {"candidate": "a", "ok": False, "cause": cause, "message": ""})
    audit(host, candidate("a"))
    assert host.calls[-1] == ("remove", "/opt/ff/paper/abc") and host.cached is None


def test_a_library_that_may_have_come_since_is_no_reason_to_leave_it(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    missing = {"candidate": "a", "ok": False, "cause": "missing_shared_lib", "message": "libx.so.1"}
    monkeypatch.setattr(host, "verify", lambda *_, **__: dict(missing))
    audit(host, candidate("a"))
    assert host.cached is None
    audit(host, candidate("a"), facts={**FACTS, "libraries": ["libz.so.1"]})
    assert host.cached and host.cached["cause"] == "missing_shared_lib"


def test_a_prefix_from_before_that_fails_now_stays_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    audit(host, candidate("a"), facts={**FACTS, "prefixes": [{"path": "/opt/ff/paper/abc", "complete": True}]})
    assert host.calls[-1] == ("keep", "/opt/ff/paper/abc") and host.cached


def test_a_prefix_that_was_damaged_is_repaired_and_nothing_is_cached(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    host.repairs = {"a"}
    here = {**FACTS, "prefixes": [{"path": "/opt/ff/paper/abc", "complete": True}]}
    (attempt,) = audit(host, candidate("a"), facts=here).attempts
    assert host.calls == [("verify", "a"), ("deploy", "/opt/ff/paper/abc"), ("verify", "a")]
    assert (attempt["ok"], attempt["changed"], attempt["cause"]) == (True, True, None) and host.cached is None


def test_an_archive_that_is_damaged_on_the_controller_is_made_again_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "prefix.tar.gz"

    class Again(PaperStrategy):
        made = 0

        def resolve(self, *_: object) -> Artefact:
            Again.made += 1
            if not path.exists():
                path.write_bytes(b"packed")
            return Artefact(path, hashlib.sha256(b"packed").hexdigest(), "abc", 6, RUNTIME, {"packages": []})

    class Checks(PaperHost):
        def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> dict[str, Any]:
            if artefact.archive.read_bytes() != b"packed":
                return {"ok": False, "changed": False, "cause": "hash_mismatch", "message": "another sha256"}
            return super().deploy(artefact, prefix, seconds)

    monkeypatch.setattr(strategies, "all_strategies", lambda: (Again(None),))
    path.write_bytes(b"p_cked")
    (attempt,) = audit(Checks({"a"}), candidate("a")).attempts
    assert (attempt["ok"], Again.made, path.read_bytes()) == (True, 2, b"packed")


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
    refused = {"candidate": "a", "ok": False, "cause": "cpu_isa", "message": "n is no number", "fault": "inventory"}
    monkeypatch.setattr(host, "verify", lambda *_, **__: dict(refused))
    done = audit(host, candidate("a"))
    answer = done.undecided([candidate("a")])
    assert answer is not None and (answer.fault, answer.message) == ("inventory", "n is no number")
    assert host.cached is None


def test_check_mode_makes_nothing_and_says_what_it_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unmade(PaperStrategy):
        def resolve(self, *_: object) -> Artefact | None:
            raise AssertionError("check mode makes nothing")

        def forecast(self, *_: object) -> Forecast:
            return Forecast(download=30_000_000, ship=20_000_000, unpacked=9, seconds=300.0, how="compile it")

    monkeypatch.setattr(strategies, "all_strategies", lambda: (Unmade(None),))
    done = predict([candidate("a"), candidate("b")], FACTS, Options(prefix="/opt/ff"))
    (attempt,) = done.attempts
    assert (attempt["ok"], attempt["changed"], done.undecided([candidate("a")])) == (None, True, None)
    for words in ("compile it", "30 MB", "5 minutes", "20 MB"):
        assert words in str(attempt["message"])
    small = Options(extra={"faiss_install__max_size_mb": 0.000001})
    assert [one["cause"] for one in predict([candidate("a")], FACTS, small).attempts] == ["too_large"]


def test_check_mode_tests_what_needs_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    done = predict([candidate("a"), candidate("b")], {"prefixes": []}, Options(), passes="b")
    assert [attempt["ok"] for attempt in done.attempts] == [False, True] and not done.changed


def test_a_cached_failure_goes_when_it_passes(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, archive)
    first = PaperHost(set())
    audit(first, candidate("a"), keep=True)
    assert first.calls[-1] == ("keep", "/opt/ff/paper/abc")
    second = PaperHost({"a"})
    here = after(first, prefixes=[{"path": "/opt/ff/paper/abc", "complete": True}])
    audit(second, candidate("a"), facts=here, retry=True)
    assert second.calls == [("verify", "a"), ("keep", "/opt/ff/paper/abc")] and second.cached is None


def test_what_takes_too_much_room_is_not_shipped(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, Artefact(archive.archive, "0" * 64, "abc", 7_000_000, RUNTIME, {"packages": []}))
    host = PaperHost({"a"})
    (attempt,) = audit(host, candidate("a"), max_size_mb=6).attempts
    assert host.calls == [] and attempt["cause"] == "too_large"
    assert "7 MB" in attempt["message"] and "faiss_install__max_size_mb is 6" in attempt["message"]
    assert audit(host, candidate("a"), max_size_mb=7).verification
    assert predict([candidate("a")], FACTS, Options(extra={"faiss_install__max_size_mb": 6})).changed is False


def slow(*_: Any, **__: Any) -> Any:
    time.sleep(30)


@pytest.mark.parametrize("where", ["resolve", "deploy", "verify"])
def test_an_attempt_that_hangs_is_ended_and_the_next_one_is_made(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact, where: str
) -> None:
    use(monkeypatch, archive)
    host = PaperHost({"a", "b"})
    hangs = [True]

    def once(then: Any) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            return slow() if hangs and hangs.pop() else then(*arguments, **more)

        return call

    if where == "resolve":
        monkeypatch.setattr(PaperStrategy, "resolve", once(PaperStrategy.resolve))
    else:
        monkeypatch.setattr(host, where, once(getattr(host, where)))
    started = time.monotonic()
    done = audit(host, candidate("a"), candidate("b"), attempt_timeout=0.2)
    assert time.monotonic() - started < 10
    assert [attempt["cause"] for attempt in done.attempts] == ["timeout", None]
    told = {"resolve": "made on the controller", "deploy": "installed", "verify": "search test"}[where]
    assert told in done.attempts[0]["message"] and "faiss_install__attempt_timeout" in done.attempts[0]["message"]
    assert [test["candidate"] for test in done.verification] == ["b"]
    # The line may be what hung; what was made on the controller needs none.
    afterwards = [("reconnect", ""), ("remove", "/opt/ff/paper/abc")]
    assert [call for call in host.calls if call in afterwards] == ([] if where == "resolve" else afterwards)
    assert host.cached is None


def test_check_mode_has_the_time_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    monkeypatch.setattr(PaperStrategy, "resolve", slow)
    done = predict([candidate("a")], FACTS, Options(extra={"faiss_install__attempt_timeout": 0.2}))
    assert done.attempts[0]["cause"] == "timeout"


def blocked(name: str, cause: str = "cpu_isa") -> Candidate:
    found = candidate(name, "blocked")
    found["reasons"] = [{"check": "cpu_isa", "cause": cause, "need": None, "have": None, "text": "too old"}]
    return found


@pytest.mark.parametrize(
    ("passes", "cause", "says"),
    [(set(), "cpu_isa", "confirmed"), ({"a"}, "cpu_isa", "refuted"), (set(), "glibc_too_old", None)],
)
def test_a_blocked_candidate_that_is_tried_says_whether_the_plan_was_right(
    monkeypatch: pytest.MonkeyPatch, passes: set[str], cause: str, says: str | None
) -> None:
    use(monkeypatch, None)
    host = PaperHost({*passes, "b"})
    done = audit(host, blocked("a", cause), candidate("b"), try_blocked=True)
    assert done.attempts[0].get("prediction") == says
    assert len(done.attempts) == (1 if passes else 2)
    assert "prediction" not in done.attempts[-1] or passes
    assert audit(PaperHost({"b"}), blocked("a"), candidate("b")).attempts[0]["candidate"] == "b"


def test_a_blocked_candidate_without_anything_to_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)
    host = PaperHost({"a"})
    (attempt,) = audit(host, {**blocked("a", "python_missing"), "runtime": None}, try_blocked=True).attempts
    assert host.calls == [] and "prediction" not in attempt
    assert "neither proven nor refuted: too old" in attempt["message"]


@pytest.mark.parametrize("value", [-1, "soon", float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["attempt_timeout", "max_size_mb"])
def test_limits_that_are_none_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(FleetError, match=f"faiss_install__{name} is"):
        from_variables({f"faiss_install__{name}": value})


class Own(PaperStrategy):
    """An artefact of its own for each candidate, whose digest is the candidate's name."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive

    def resolve(self, candidate: Candidate, *_: object) -> Artefact:
        return Artefact(self.archive, "0" * 64, candidate["id"], 6, RUNTIME, {"packages": []})


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (Own(archive.archive),))


def fastest(host: PaperHost, facts: dict[str, Any] = FACTS, **extra: Any) -> attempts.Outcome:
    return audit(host, *[candidate(name) for name in "abc"], facts=facts, policy="fastest", **extra)


def settled(done: attempts.Outcome, winner: str, *, there: str = "", **changes: Any) -> dict[str, Any]:
    """Facts of the next run, after the host set the winner and took the others away."""
    against = {"candidate": winner, "prefix": f"/opt/ff/paper/{winner}", "p95_ms": 0.5}
    tried = [
        {"cause": None, "message": None, **cached, "against": against, "strategy": "paper", "digest": name}
        for name, cached in done.if_unselected.items()
        if name != winner
    ]
    prefixes = [{"path": f"/opt/ff/paper/{name}", "complete": True} for name in (there or winner)]
    return {**FACTS, "tried": tried, "prefixes": prefixes, "setting": {"candidate": winner}, **changes}


def names_tested(host: PaperHost) -> list[str]:
    return [name for kind, name in host.calls if kind == "verify"]


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


@pytest.mark.usefixtures("own")
def test_what_was_not_selected_is_not_tried_again_and_says_why() -> None:
    first = PaperHost({"a", "b", "c"})
    first.p95 = {"a": 1.25, "b": 0.5}
    facts = settled(fastest(first), "b")
    second = PaperHost({"a", "b", "c"})
    done = fastest(second, facts)
    assert second.calls == [("verify", "b")] and not done.changed
    a, b, c = done.attempts
    assert a["ok"] is None and a["lost_before"] and "p95 1.25 ms; b was selected with p95 0.5 ms" in a["message"]
    assert "faiss_install__retry=true" in a["message"] and "not measured" in c["message"]
    assert b["ok"] is True and set(done.if_unselected) == {"b"}
    foreseen = predict([candidate(name) for name in "abc"], facts, Options(prefix="/opt/ff"), "fastest", "b")
    assert [attempt["candidate"] for attempt in foreseen.attempts] == ["a", "b", "c"] and not foreseen.changed
    assert foreseen.attempts[0]["lost_before"]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("changes", "extra", "expected"),
    [
        pytest.param({}, {"retry": True}, "abc", id="forced"),
        pytest.param({"libc": {"family": "glibc", "version": "2.28"}}, {}, "abc", id="another C library"),
        pytest.param({}, {"workload": {"n": 5}}, "abc", id="another workload"),
        pytest.param({"prefixes": [], "setting": None}, {}, "b", id="what won is gone, is made again, and passes"),
        pytest.param({"setting": {"candidate": "c"}}, {}, "bc", id="another one is set: it is tested"),
        pytest.param({"prefixes": [{"path": "/opt/ff/paper/a", "complete": True}]}, {}, "ab", id="one is still there"),
    ],
)
def test_what_was_not_selected_is_tried_again_when_something_has_changed(
    changes: dict[str, Any], extra: dict[str, Any], expected: str
) -> None:
    facts = settled(fastest(PaperHost({"a", "b", "c"})), "b", **changes)
    host = PaperHost({"a", "b", "c"})
    fastest(host, facts, **extra)
    assert names_tested(host) == list(expected)


@pytest.mark.usefixtures("own")
def test_when_what_was_selected_fails_now_the_others_are_tried_in_their_order() -> None:
    facts = settled(fastest(PaperHost({"a", "b", "c"})), "b")
    host = PaperHost({"a", "c"})
    done = fastest(host, facts)
    assert names_tested(host) == ["b", "a", "c"]
    assert [attempt["candidate"] for attempt in done.attempts] == ["a", "b", "c"]
    assert [attempt["ok"] for attempt in done.attempts] == [True, False, True]


@pytest.mark.usefixtures("own")
def test_what_was_slower_than_a_slower_one_is_left_out_too() -> None:
    facts = settled(fastest(PaperHost({"a", "b", "c"})), "b")
    # Later c won against b.
    facts["tried"] = [one for one in facts["tried"] if one["digest"] != "c"]
    b = {**facts["tried"][0], "candidate": "b", "digest": "b"}
    facts["tried"].append({**b, "against": {"candidate": "c", "prefix": "/opt/ff/paper/c", "p95_ms": 0.1}})
    facts.update(prefixes=[{"path": "/opt/ff/paper/c", "complete": True}], setting={"candidate": "c"})
    host = PaperHost({"a", "b", "c"})
    fastest(host, facts)
    assert names_tested(host) == ["c"]
    host = PaperHost({"a", "b"})
    fastest(host, facts)
    assert sorted(names_tested(host)) == ["a", "b", "c"]


@pytest.mark.usefixtures("own")
def test_with_another_policy_what_was_not_selected_is_a_candidate_like_the_others_and_is_forgotten() -> None:
    facts = settled(fastest(PaperHost({"a", "b", "c"})), "b")
    host = PaperHost({"a", "b", "c"})
    audit(host, candidate("a"), candidate("b"), facts=facts)
    assert host.calls == [("deploy", "/opt/ff/paper/a"), ("verify", "a"), ("keep", "/opt/ff/paper/a")]
    assert host.cached is None


def test_results_in_a_circle_leave_nothing_out() -> None:
    before = {("a", None): {"against": {"candidate": "b"}}, ("b", None): {"against": {"candidate": "a"}}}
    assert failure_cache.still_unselected([], before) == set()
    assert failure_cache.still_unselected([("b", None)], before) == set(before)
