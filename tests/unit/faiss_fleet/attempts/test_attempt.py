# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One attempt: what is made, sent, tested and removed again, and what check mode says of it."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.attempts.own_limits import OF_STRATEGY
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Candidate, Forecast, Options
from tests.unit.faiss_fleet.attempts.paper import (
    FACTS,
    RUNTIME,
    PaperHost,
    PaperStrategy,
    audit,
    candidate,
    predict,
    run,
    use,
)


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


def test_a_prefix_that_was_damaged_is_repaired_and_nothing_is_cached(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    host.repairs = {"a"}
    here = {**FACTS, "prefixes": [{"path": "/opt/ff/paper/abc", "complete": True}]}
    (attempt,) = audit(host, candidate("a"), facts=here).attempts
    assert host.calls == [("verify", "a"), ("deploy", "/opt/ff/paper/abc"), ("verify", "a")] and host.doubted
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
    "refusal", [FleetError("the index is down", "network"), OSError(28, "No space left on device", "/cache/x")]
)
def test_a_damaged_archive_that_cannot_be_made_again_is_an_attempt_of_the_controller(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact, refusal: Exception
) -> None:
    answers: list[Any] = [archive, refusal]

    class Once(PaperStrategy):
        def resolve(self, *_: object) -> Artefact | None:
            found = answers.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

    class Refuses(PaperHost):
        def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> dict[str, Any]:
            artefact.archive.unlink(missing_ok=True)
            return {"ok": False, "changed": False, "cause": "hash_mismatch", "message": "another sha256"}

    monkeypatch.setattr(strategies, "all_strategies", lambda: (Once(None),))
    done = audit(Refuses(set()), candidate("a"))
    (attempt,) = done.attempts
    assert (attempt["fault"], attempt["cause"]) == ("controller", getattr(refusal, "cause", "disk_full"))
    assert done.undecided([candidate("a")]) is not None


def test_a_full_disk_of_the_controller_ends_one_attempt_and_not_the_host(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    class Full(PaperStrategy):
        def resolve(self, candidate: Candidate, *_: object) -> Artefact | None:
            if candidate["id"] == "a":
                raise OSError(28, "No space left on device", "/cache/x")
            return archive

    monkeypatch.setattr(strategies, "all_strategies", lambda: (Full(None),))
    first, second = audit(PaperHost({"b"}), candidate("a"), candidate("b")).attempts
    assert (first["ok"], first["cause"], first["fault"]) == (False, "disk_full", "controller")
    assert "No space left on device" in str(first["message"]) and first["remedy"]
    assert second["ok"] is True


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


@pytest.mark.parametrize("where", ["deploy", "verify"])
def test_a_time_limit_below_that_of_the_test_alone_says_nothing_of_the_host(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact, where: str
) -> None:
    use(monkeypatch, archive)
    host = PaperHost(set())
    monkeypatch.setattr(host, where, slow)
    done = audit(host, candidate("a"), attempt_timeout=0.2, test_seconds=120)
    answer = done.undecided([candidate("a")])
    assert answer is not None and (answer.fault, answer.cause) == ("inventory", "timeout")
    assert "The search test alone may take 120 s" in str(answer.message)
    assert audit(host, candidate("a"), attempt_timeout=0.3, test_seconds=0.2).undecided([candidate("a")]) is None


def test_a_limit_on_containers_below_the_usual_one_says_nothing_of_the_host(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact
) -> None:
    use(monkeypatch, archive)
    monkeypatch.setitem(OF_STRATEGY, "paper", OF_STRATEGY["container"])
    host = PaperHost(set())
    host.cause = "out_of_memory"
    done = audit(host, candidate("a"), container_memory_mb=256)
    answer = done.undecided([candidate("a")])
    assert answer is not None and (answer.fault, answer.cause) == ("inventory", "out_of_memory")
    assert "Raise faiss_install__container_memory_mb (it is 256, by default 4096)" in str(answer.remedy)
    for limits in ({}, {"container_memory_mb": 4096}, {"container_pids": 16}, {"container_memory_mb": 0}):
        assert audit(host, candidate("a"), **limits).undecided([candidate("a")]) is None


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


@pytest.mark.parametrize(
    "given, cause, fault",
    [(True, "not_installed", "inventory"), (True, "cpu_isa", "host"), (False, "not_installed", "host")],
)
def test_an_image_of_the_inventory_without_faiss_says_nothing_of_the_host(
    monkeypatch: pytest.MonkeyPatch, archive: Artefact, given: bool, cause: str, fault: str
) -> None:
    use(monkeypatch, dataclasses.replace(archive, given=given))
    host = PaperHost(set())
    failed = {"candidate": "a", "ok": False, "cause": cause, "message": "No module named faiss"}
    monkeypatch.setattr(host, "verify", lambda *_, **__: dict(failed))
    done = audit(host, candidate("a"))
    assert done.attempts[0]["fault"] == fault and host.calls[-1] == ("remove", "/opt/ff/paper/abc")
    assert (done.undecided([candidate("a")]) is None) is (fault == "host")
