# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from faiss_fleet import strategies
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.existing.strategy import STRATEGY


def facts(*faiss, pythons=()):
    return {
        "faiss": [{"python": path, "version": version, "location": location} for path, version, location in faiss],
        "pythons": list(pythons),
    }


def python(path, realpath=None, error=None):
    return {"path": path, "realpath": realpath or path, "version": "3.11.2", "error": error}


def ids(candidates):
    return [candidate["id"] for candidate in candidates]


def test_it_is_registered():
    assert STRATEGY in strategies.all_strategies()


def test_no_faiss_no_candidates():
    assert STRATEGY.plan(facts(pythons=[python("/usr/bin/python3")]), Options()) == []


def test_newest_first_by_number_and_unreadable_last():
    planned = STRATEGY.plan(
        facts(
            ("/a", "1.9.0.post1", "/la"),
            ("/b", "1.10.0", "/lb"),
            ("/c", None, "/lc"),
            ("/d", "who knows", "/ld"),
            ("/e", "1.7.2", "/le"),
        ),
        Options(),
    )
    assert ids(planned)[:3] == ["existing:1.10.0:/b", "existing:1.9.0.post1:/a", "existing:1.7.2:/e"]
    assert set(ids(planned)[3:]) == {"existing:unknown:/c", "existing:who knows:/d"}


def test_a_candidate_says_how_to_start_it_and_ships_nothing():
    (candidate,) = STRATEGY.plan(facts(("/opt/venv/bin/python", "1.8.0", "/opt/venv/lib/faiss")), Options())
    assert candidate["runtime"] == {"kind": "python", "argv": ["/opt/venv/bin/python"], "env": {}, "prefix": None}
    assert (candidate["verdict"], candidate["reasons"]) == ("possible", [])
    assert candidate["artefact"] == {"name": "faiss", "version": "1.8.0", "python": "/opt/venv/bin/python"}
    assert STRATEGY.resolve(candidate, {}, Options()) is None


def test_two_names_of_one_interpreter_are_one_candidate():
    two = [python("/usr/bin/python3", "/usr/bin/python3.11"), python("/usr/bin/python3.11")]
    place = "/usr/lib/python3/dist-packages/faiss"
    planned = STRATEGY.plan(
        facts(("/usr/bin/python3", "1.7.3", place), ("/usr/bin/python3.11", "1.7.3", place), pythons=two), Options()
    )
    assert len(planned) == 1


def test_of_two_in_one_interpreter_the_one_that_is_imported_counts():
    planned = STRATEGY.plan(facts(("/p", "1.7.3", "/usr/local/lib"), ("/p", "1.9.0", "/usr/lib")), Options())
    assert ids(planned) == ["existing:1.7.3:/p"]


def test_a_venv_of_the_same_interpreter_is_a_candidate_of_its_own():
    two = [python("/usr/bin/python3", "/usr/bin/python3.11"), python("/opt/v/bin/python", "/usr/bin/python3.11")]
    planned = STRATEGY.plan(
        facts(
            ("/usr/bin/python3", "1.7.3", "/usr/lib/python3/dist-packages/faiss"),
            ("/opt/v/bin/python", "1.9.0", "/opt/v/lib/faiss"),
            pythons=two,
        ),
        Options(),
    )
    assert ids(planned) == ["existing:1.9.0:/opt/v/bin/python", "existing:1.7.3:/usr/bin/python3"]


def test_what_a_strategy_put_there_is_that_strategys():
    planned = STRATEGY.plan(facts(("/srv/ff/wheel/abc/bin/python", "1.9.0", "/l")), Options(prefix="/srv/ff"))
    assert planned == []


@pytest.mark.parametrize("error", ["Exec format error", "gave no answer within 5 s"])
def test_an_interpreter_that_does_not_run_is_blocked_with_its_reason(error):
    (candidate,) = STRATEGY.plan(
        facts(("/x/python", "1.7.3", "/l"), pythons=[python("/x/python", error=error)]), Options()
    )
    assert candidate["verdict"] == "blocked"
    assert error in candidate["reasons"][0]["text"]
    assert candidate["remedy"]


def test_the_environment_that_runs_the_audit_is_no_applications(monkeypatch):
    monkeypatch.setattr("faiss_fleet.strategies.existing.strategy.OWN_ENVIRONMENT", "/home/me/fleet/.venv")
    own, other = ("/home/me/fleet/.venv/bin/python3", "1.15.1", "/x"), ("/srv/app/bin/python3", "1.9.0", "/y")
    assert ids(STRATEGY.plan(facts(own, other), Options())) == ["existing:1.9.0:/srv/app/bin/python3"]
