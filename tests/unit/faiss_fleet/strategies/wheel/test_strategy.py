# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The planner against the real table of wheels. What hosts provide is of real ones: CentOS 7.9, Debian 11 and 12."""

import json

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import strategy as wheel
from faiss_fleet.strategies.wheel.catalogue import Catalogue
from tests.unit.faiss_fleet.strategies.wheel.hosts import (
    CENTOS7,
    DEBIAN11,
    DEBIAN12,
    FINE,
    TABLE,
    _only,
    best,
    facts,
    plan,
    python,
)

OPTIONS = Options(extra={"_catalogue": TABLE})


@pytest.mark.parametrize(
    "provides, pythons, isa, version",
    [
        pytest.param(CENTOS7, ["3.6.8"], "x86-64-v3", "1.7.2", id="centos7, its own python3"),
        pytest.param(CENTOS7, ["3.7.16"], "x86-64-v3", "1.7.4", id="centos7, 3.7"),
        pytest.param(CENTOS7, ["3.8.18"], "x86-64-v3", "1.8.0.post1", id="centos7, 3.8"),
        pytest.param(CENTOS7, ["3.9.18"], "x86-64-v3", "1.9.0.post1", id="centos7, 3.9"),
        pytest.param(CENTOS7, ["3.13.0"], "x86-64-v3", "1.9.0.post1", id="centos7, 3.13"),
        pytest.param(CENTOS7, ["3.13.0"], "x86-64-v1", "1.9.0.post1", id="centos7, 3.13, old CPU"),
        pytest.param(CENTOS7, ["3.14.0"], "x86-64-v3", None, id="centos7, 3.14"),
        pytest.param(CENTOS7, ["2.7.5"], "x86-64-v3", None, id="centos7, stock"),
        pytest.param(DEBIAN11, ["3.9.2"], "x86-64-v3", "1.13.0", id="debian11"),
        pytest.param(DEBIAN12, ["3.11.2"], "x86-64-v3", str(TABLE.releases()[0]), id="debian12"),
        pytest.param(DEBIAN12, ["3.11.2"], "x86-64-v2", str(TABLE.releases()[0]), id="debian12, v2"),
        pytest.param(DEBIAN12, ["3.11.2"], "x86-64-v1", "1.13.2", id="debian12, v1"),
        pytest.param(DEBIAN12, ["3.11.2"], None, str(TABLE.releases()[0]), id="debian12, CPU unknown"),
    ],
)
def test_newest_release_that_runs_is_tried_first(provides, pythons, isa, version):
    found = best(facts(provides, *pythons, isa=isa))
    assert (found[0] if found else None) == version


@pytest.mark.parametrize("version", ["1.8.0.post1", "1.15.1"])
def test_the_version_that_the_inventory_insists_on_is_the_only_one(version):
    found = plan(facts(CENTOS7, "3.9.18"), faiss_install__wheel_version=version)
    assert {candidate["artefact"]["version"] for candidate in found} == {version}
    assert [candidate["verdict"] for candidate in found] == ["blocked" if version == "1.15.1" else "possible"]


@pytest.mark.parametrize(
    "version, words",
    [("9.9", "has no wheel of it; the newest there: "), ("newest", "is 'newest', which is not a version")],
)
def test_a_version_that_there_is_not_is_a_fault_of_the_inventory(version, words):
    with pytest.raises(FleetError, match=words) as failure:
        plan(facts(CENTOS7, "3.9.18"), faiss_install__wheel_version=version)
    assert failure.value.fault == "inventory"


def test_newest_faiss_counts_more_than_newest_python():
    assert best(facts(CENTOS7, "3.14.0", "3.12.1", "3.9.0", "3.6.8")) == ("1.9.0.post1", "/usr/bin/python3.12")


def test_musl_host_gets_musl_wheels_and_others_are_blocked_for_it():
    musl = facts({"GLIBC": "1.2"}, "3.12.1", family="musl")
    assert best(musl)[0] == str(TABLE.releases()[0])
    old = plan(musl, _catalogue=_only("1.9.0.post1"))
    assert {reason["cause"] for reason in old[0]["reasons"]} == {"musl"}


def test_arm_gets_arm_wheels_and_others_are_refused():
    candidates = plan(facts(DEBIAN12, "3.11.2", arch="aarch64", isa=None))
    assert "aarch64" in candidates[0]["artefact"]["file"] and candidates[0]["verdict"] == "possible"
    power = plan(facts(DEBIAN12, "3.11.2", arch="ppc64le", isa=None))
    assert {candidate["verdict"] for candidate in power} == {"blocked"}
    assert "arch_mismatch" in {reason["cause"] for reason in power[0]["reasons"]}


@pytest.mark.parametrize(
    "disk, cause",
    [
        ({"noexec": True}, "noexec_mount"),
        ({"read_only": True}, "read_only"),
        ({"writable": False}, "permission_denied"),
        ({"free_bytes": 10**8}, "disk_full"),
        ({"in_the_way": "/opt/faiss-fleet"}, "not_a_directory"),
    ],
)
def test_file_system_that_cannot_take_it_blocks_before_anything_is_shipped(disk, cause):
    found = plan(facts(DEBIAN12, "3.11.2", disk={**FINE, **disk}))
    assert [reason["cause"] for reason in found[0]["reasons"]] == [cause]
    assert {candidate["verdict"] for candidate in found} == {"blocked"}
    assert found[0]["remedy"]


def test_prefix_that_is_in_place_needs_no_room():
    place = {"path": "/opt/faiss-fleet/wheel/a", "strategy": "wheel", "digest": "a", "complete": True}
    assert best(facts(DEBIAN12, "3.11.2", disk={**FINE, "free_bytes": 10**6}, prefixes=[place]))


@pytest.mark.parametrize(
    "unusable",
    [
        python("3.5.3"),
        python("3.11.2", bits=32),
        python("3.10.1", implementation="pypy"),
        python("3.13.0", soabi="cpython-313t-x86_64-linux-gnu", tag="cp313t"),
        python("3.11.2", error="does not start"),
        {**python("3.11.2"), "version": None},
    ],
)
def test_python_that_cannot_have_it_is_left_out(unusable):
    assert wheel.interpreters(facts(DEBIAN12, unusable)) == []


def test_python_without_ctypes_is_usable():
    assert best(facts(CENTOS7, python("3.8.0", ctypes=False)))[0] == "1.8.0.post1"


def test_one_binary_by_two_names_is_one_python():
    again = python("3.11.2", path="/usr/bin/python3", realpath="/usr/bin/python3.11")
    assert len(wheel.interpreters(facts(DEBIAN12, python("3.11.2"), again))) == 1


def test_what_the_catalogue_could_not_look_up_is_said():
    (first, *_) = plan(facts(DEBIAN12, "3.11.2"), _catalogue=Catalogue(TABLE.wheels, ("The index did not answer.",)))
    assert "The index did not answer." in first["note"]


def test_candidates_are_plain_json_and_have_unlike_ids():
    for found in (facts(CENTOS7, "3.13.0", "3.6.8"), facts(DEBIAN12, "3.11.2"), facts(CENTOS7)):
        candidates = plan(found)
        assert json.loads(json.dumps(candidates)) == candidates
        assert len({candidate["id"] for candidate in candidates}) == len(candidates)


def test_candidate_that_left_the_catalogue_is_refused():
    found = facts(DEBIAN12, "3.11.2")
    with pytest.raises(FleetError, match="Run again"):
        candidate = {"id": "wheel:x:cp311:/usr/bin/python3", "artefact": {"file": "gone.whl", "python": "3.11.2"}}
        wheel.STRATEGY.resolve(candidate, found, OPTIONS)


def test_a_python_in_a_shared_place_comes_before_a_newer_one_in_a_home():
    home = python("3.13.0", path="/root/.pyenv/versions/3.13.0/bin/python3.13", realpath="/root/.pyenv/3.13")
    venv = python("3.12.1", path="/srv/app/bin/python", realpath="/usr/bin/python3.12", environment="/srv/app")
    found = wheel.interpreters({"pythons": [home, venv, python("3.11.2")]})
    assert [each.path for each in found] == ["/usr/bin/python3.11", "/root/.pyenv/versions/3.13.0/bin/python3.13"]
