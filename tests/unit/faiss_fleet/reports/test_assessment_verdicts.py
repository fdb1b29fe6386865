# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is recommended for a class, and by which figures."""

from __future__ import annotations

import pytest

from tests.unit.faiss_fleet.reports.assessed import kind, section, text
from tests.unit.faiss_fleet.reports.exported import waived


def test_how_much_faster_is_told_of_what_the_application_gets() -> None:
    made = kind("centos7-py313")
    native, js = made["verification"]
    native["loader"] = {"mode": "worker", "language": "python", "qps": 900.0, "p50_ms": 1.0, "p95_ms": 1.5}
    rendered = text(made)
    times = f"{js['indexes'][0]['p50_ms']:.1f} times as fast by p50 through the loader"
    assert times in section(rendered, "Recommendation")
    assert "| the same through the loader, as the application searches |" in rendered


def test_figures_are_those_measured() -> None:
    made = kind("centos7-py313")
    native, js = (test["indexes"][0] for test in made["verification"])
    recommendation = section(text(made), "Recommendation")
    for found in (native, js):
        for key in ("p50_ms", "p95_ms"):
            assert f"{found[key]:.3g}" in recommendation
    assert f"{js['p50_ms'] / native['p50_ms']:.1f} times as fast" in recommendation


@pytest.mark.parametrize(
    "name, says",
    [
        ("alpine", "nothing that was planned loads there. Next comes what brings libraries of its own"),
        ("old-cpu", "the fallback for now, because of `cpu_isa`. By the facts faiss-cpu 1.12.0 (wheel) or"),
        ("centos7-stock", "because of `python_missing`"),
        ("read-only-etc", "no verdict, as the audit failed there with `read_only`"),
    ],
)
def test_what_is_recommended_follows_the_cause(name: str, says: str) -> None:
    assert says in section(text(kind(name)), "Recommendation")


def test_what_failed_for_good_is_recommended_nowhere() -> None:
    rendered = text(kind("old-cpu"))
    assert "1.15.1" not in section(rendered, "Recommendation")
    classes = section(rendered, "Classes of hosts")
    assert "Of these faiss-cpu 1.15.1 (`cpu_isa`) failed here." in classes
    assert "What was tried failed; the messages are above. faiss-cpu 1.12.0 (wheel) or" in classes
    questions = section(rendered, "Questions that come up")
    assert "Perhaps: faiss-cpu 1.12.0 " in questions
    assert "failed the search test: cpu" in questions and "faiss-cpu 1.15.1" in questions


def test_what_failed_for_another_cause_is_still_the_way() -> None:
    made = kind("old-cpu", cause="out_of_memory")
    for one in (*made["attempts"], *made["verification"]):
        if one["cause"]:
            one["cause"] = "out_of_memory"
    assert "native by faiss-cpu 1.15.1 (wheel) or" in section(text(made), "Recommendation")
    assert "once `out_of_memory` is fixed" in section(text(made), "Recommendation")


@pytest.mark.parametrize("until, holds", [("2999-01-01", True), ("2020-01-01", False)])
def test_a_class_says_which_causes_are_waived(until: str, holds: bool) -> None:
    made = kind("old-cpu")
    made["host"]["waivers"] = [waived(made["cause"], until)]
    told = "Waived: 1 host until 2999-01-01, storage team: replaced in January."
    assert (told in section(text(made), "Recommendation")) == holds


def test_a_plan_without_any_candidate_is_told_by_what_was_asked_for() -> None:
    bare = kind("alpine", strategies=["existing", "conda"], plan=[], cause=None, remedy=None)
    rendered = text(bare)
    assert "nothing that was asked for could be planned there" in section(rendered, "Recommendation")
    assert "Not feasible by what was asked for: existing and conda had no candidate there" in rendered
    assert "no native way was asked for" in text({**bare, "strategies": ["js"]})


def test_javascript_is_judged_by_the_corpus_that_meets_usual_budgets() -> None:
    made = kind("centos7-py313")
    for test in made["verification"]:
        if test["backend"] == "js":
            test["indexes"][0]["p95_ms"] = 4.0
    said = section(text(made), "Classes of hosts").partition("**Native or JavaScript.**")[2].partition("\n")[0]
    assert "4.00 ms for 10,000 vectors of 384 dimensions" in said
    assert "10 ms up to 25,000 vectors, 50 ms up to 120,000 vectors and 100 ms up to 250,000 vectors" in said
