# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What failed or was not selected is not tried again until something has changed."""

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.attempts import failure_cache
from faiss_fleet.attempts import run as attempts
from faiss_fleet.strategies.base import Artefact, Options
from tests.unit.faiss_fleet.attempts.paper import FACTS, RUNTIME, PaperHost, audit, candidate, fastest, predict, use


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
        pytest.param({}, {"asked": {"min_recall": {"ivf": 0.5}}}, id="another recall that is asked for"),
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


def test_a_cached_failure_goes_when_it_passes(monkeypatch: pytest.MonkeyPatch, archive: Artefact) -> None:
    use(monkeypatch, archive)
    first = PaperHost(set())
    audit(first, candidate("a"), keep=True)
    assert first.calls[-1] == ("keep", "/opt/ff/paper/abc")
    second = PaperHost({"a"})
    here = after(first, prefixes=[{"path": "/opt/ff/paper/abc", "complete": True}])
    audit(second, candidate("a"), facts=here, retry=True)
    assert second.calls == [("verify", "a"), ("keep", "/opt/ff/paper/abc")] and second.cached is None


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
