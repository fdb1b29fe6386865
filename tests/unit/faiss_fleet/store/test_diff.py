# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What counts as a change between two runs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from faiss_fleet.store import diff


@dataclass(frozen=True)
class Host:
    host: str = "a"
    finished: str = "2026-11-22T10:00:00Z"
    state: str = "native"
    cause: str | None = None
    because: str = ""
    strategy: str | None = "wheel"
    faiss: str | None = "1.9.0"
    p95_ms: float | None = 1.0
    predicted: bool = False


FALLBACK = Host(state="fallback", cause="glibc_too_old", strategy="js", faiss=None, p95_ms=9.0)
FAILED = Host(state="failed", cause="disk_full", strategy=None, faiss=None, p95_ms=None)
GONE = Host(
    state="unreachable", cause="unreachable", strategy=None, faiss=None, p95_ms=None, finished="2026-11-25T10:00:00Z"
)


def kinds(old: list[Host], new: list[Host], **more: object) -> dict[str, list[str]]:
    found = diff.compare("1", old, "2", new, **more)  # type: ignore[arg-type]
    names = (
        "newly_native",
        "lost_native",
        "changed_strategy",
        "changed_release",
        "slower",
        "faster",
        "new_causes",
        "unreachable",
    )
    return {name: [change.host for change in getattr(found, name)] for name in names if getattr(found, name)}


@pytest.mark.parametrize(
    "old, new, expected",
    [
        pytest.param(Host(), Host(), [], id="the same"),
        pytest.param(FALLBACK, Host(), ["newly_native"], id="newly native"),
        pytest.param(GONE, Host(), ["newly_native"], id="native again"),
        pytest.param(Host(), FALLBACK, ["lost_native", "new_causes"], id="lost native"),
        pytest.param(Host(), GONE, ["unreachable"], id="not reached is not lost"),
        pytest.param(Host(), replace(Host(), strategy="conda"), ["changed_strategy"], id="another way"),
        pytest.param(Host(), replace(Host(), faiss="1.9.1"), ["changed_release"], id="a newer FAISS alone"),
        pytest.param(Host(), replace(Host(), faiss=None), [], id="a release that was not read"),
        pytest.param(FALLBACK, FAILED, ["new_causes"], id="another cause"),
        pytest.param(Host(), replace(Host(), p95_ms=1.25), [], id="within the noise"),
        pytest.param(Host(), replace(Host(), p95_ms=1.5), ["slower"], id="slower"),
        pytest.param(Host(), replace(Host(), p95_ms=0.5), ["faster"], id="faster"),
        pytest.param(Host(p95_ms=0.02), Host(p95_ms=0.05), [], id="too small a step"),
        pytest.param(
            Host(), replace(Host(), strategy="conda", p95_ms=5.0), ["changed_strategy"], id="no comparison of ways"
        ),
        pytest.param(Host(p95_ms=None), Host(p95_ms=5.0), [], id="not measured before"),
    ],
)
def test_kinds_of_change(old: Host, new: Host, expected: list[str]) -> None:
    assert sorted(kinds([old], [new])) == sorted(expected)


def test_what_got_worse_is_told_apart() -> None:
    better = [(FALLBACK, Host()), (Host(), replace(Host(), strategy="conda")), (Host(), replace(Host(), faiss="1.9.1")),
              (Host(), replace(Host(), p95_ms=0.5)), (GONE, GONE)]  # fmt: skip
    worse = [(Host(), FALLBACK), (FALLBACK, FAILED), (Host(), replace(Host(), p95_ms=1.5)), (Host(), GONE)]

    def found(pairs: list[tuple[Host, Host]]) -> diff.Diff:
        old, new = ([replace(each[side], host=str(at)) for at, each in enumerate(pairs)] for side in (0, 1))
        return diff.compare("1", old, "2", new)

    assert not found(better).empty and found(better).worse().empty
    for pair in worse:
        assert not found([pair]).worse().empty
    both = found(better + worse).worse()
    assert {change.host for _title, changes in both.kinds() for change in changes} == {"5", "6", "7", "8"}


def test_hosts_that_were_due_in_one_run_alone_are_no_change() -> None:
    found = diff.compare("1", [Host("a"), Host("b")], "2", [Host("b"), replace(GONE, host="c")])
    assert (found.only_before, found.only_after, found.unchanged) == (["a"], ["c"], 1)
    assert found.empty and not found.unreachable


def test_what_was_predicted_is_not_said_to_have_been_verified() -> None:
    found = diff.compare("1", [replace(Host(), predicted=True)], "2", [FALLBACK])
    [change] = found.lost_native
    assert (change.before, change.after) == ("predicted native by wheel, FAISS 1.9.0", "fallback: glibc_too_old")
    assert diff.words(replace(FAILED, predicted=True)) == "failed: disk_full"


def test_noise_is_told_from_the_fleet() -> None:
    dice = random.Random(4)
    old = [Host(str(number)) for number in range(200)]
    new = [replace(host, p95_ms=dice.lognormvariate(0, 0.3)) for host in old]
    new[7] = replace(new[7], p95_ms=30.0)
    found = diff.compare("1", old, "2", new)
    assert found.noise > 1
    assert [change.host for change in found.slower] == ["7"]


def test_a_whole_fleet_that_got_slower_is_no_noise() -> None:
    old = [Host(str(number)) for number in range(50)]
    assert len(kinds(old, [replace(host, p95_ms=2.0) for host in old])["slower"]) == 50


def test_an_unreachable_host_shows_the_age_of_its_last_good_result() -> None:
    found = diff.compare("1", [Host(), Host("b")], "2", [GONE, replace(GONE, host="b")], {"a": Host()})
    assert [change.before for change in found.unreachable] == [
        "native by wheel, FAISS 1.9.0, 3 days ago",
        "no good result so far",
    ]


def test_nothing_changed_is_said() -> None:
    found = diff.compare("1", [Host()], "2", [Host()])
    assert found.empty
    assert found.unchanged == 1
    assert diff.compare("1", [GONE], "2", [GONE]).empty
    assert not diff.compare("1", [Host()], "2", [GONE]).empty
    assert found.as_dict()["schema"] == 1


@pytest.mark.parametrize(
    "end, expected",
    [
        ("2026-11-22T10:00:05Z", "5 seconds"),
        ("2026-11-22T11:59:00Z", "1 hour"),
        ("nonsense", "?"),
        ("2020-01-01T00:00:00Z", "0 seconds"),
    ],
)
def test_elapsed(end: str, expected: str) -> None:
    assert diff.elapsed("2026-11-22T10:00:00Z", end) == expected
