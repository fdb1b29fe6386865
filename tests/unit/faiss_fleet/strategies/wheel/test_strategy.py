# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The planner against the real table of wheels. What hosts provide is of real ones: CentOS 7.9, Debian 11 and 12."""

import dataclasses
import json

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import catalogue
from faiss_fleet.strategies.wheel import judge as wheel_judge
from faiss_fleet.strategies.wheel import strategy as wheel
from faiss_fleet.strategies.wheel.catalogue import Catalogue
from faiss_fleet.strategies.wheel.pip_resolver import Target
from faiss_fleet.strategies.wheel.portable_python import PortablePython

TABLE = Catalogue(tuple(each for each in catalogue.table()))
OPTIONS = Options(extra={"_catalogue": TABLE})
CENTOS7 = {"GLIBC": "2.17", "GLIBCXX": "3.4.19", "CXXABI": "1.3.7", "GCC": "4.8.0"}
DEBIAN11 = {"GLIBC": "2.31", "GLIBCXX": "3.4.28", "CXXABI": "1.3.12", "GCC": "10.0.0"}
DEBIAN12 = {"GLIBC": "2.36", "GLIBCXX": "3.4.30", "CXXABI": "1.3.13", "GCC": "12.0.0"}
FINE = {
    "purpose": "prefix",
    "path": "/opt/faiss-fleet",
    "mount": "/",
    "free_bytes": 10**10,
    "noexec": False,
    "read_only": False,
    "writable": True,
}


def python(version, **more):
    path = "/usr/bin/python" + ".".join(version.split(".")[:2])
    return {"path": path, "realpath": path, "version": version, "implementation": "cpython", "bits": 64, **more}


def facts(provides, *pythons, isa="x86-64-v3", family="glibc", disk=FINE, arch="x86_64", **more):
    library = {"path": "/lib64/x", "error": None}
    return {
        "libc": {"family": family, "version": provides.get("GLIBC")},
        "libstdcxx": {**library, "versions": {key: provides.get(key) for key in ("GLIBCXX", "CXXABI")}},
        "libgcc": {**library, "versions": {"GCC": provides.get("GCC")}},
        "libgomp": {"path": None, "versions": {}, "error": None},
        "arch": arch,
        "cpu": {"isa_level": isa, "flags": [], "count": 2, "model": None},
        "pythons": [each if isinstance(each, dict) else python(each) for each in pythons],
        "filesystems": [disk],
        "prefixes": [],
        "user": "root",
        **more,
    }


def plan(found, **extra):
    return wheel.STRATEGY.plan(found, Options(extra={"_catalogue": TABLE, **extra}))


def best(found):
    """(version, Python's path) of what would be tried first; None when nothing would."""
    possible = [candidate for candidate in plan(found) if candidate["verdict"] == "possible"]
    return (possible[0]["artefact"]["version"], possible[0]["id"].split(":", 3)[3]) if possible else None


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


def test_newest_faiss_counts_more_than_newest_python():
    assert best(facts(CENTOS7, "3.14.0", "3.12.1", "3.9.0", "3.6.8")) == ("1.9.0.post1", "/usr/bin/python3.12")


def test_newest_release_stays_in_the_plan_with_the_evidence_against_it():
    first = plan(facts(CENTOS7, "3.13.0"))[0]
    assert first["verdict"] == "blocked"
    assert first["artefact"]["version"] == str(TABLE.releases()[0])
    reasons = {reason["check"]: reason for reason in first["reasons"] if reason["need"] != "GLIBC_2.26"}
    assert reasons["libstdcxx"]["have"] == "3.4.19"
    glibc = next(reason for reason in first["reasons"] if reason["need"] == "GLIBC_2.27")
    assert (glibc["have"], glibc["file"], glibc["library"]) == ("2.17", "faiss/libfaiss.so", "libm.so.6")
    assert "powf" in glibc["symbols"]
    assert reasons["platform_tag"]["have"] == "glibc 2.17 x86_64"
    assert first["remedy"]
    assert "1.10.0" in first["note"]


def test_first_reason_is_what_the_loader_will_say_even_where_a_newer_version_is_needed_too():
    """The loader stops at the first version it misses; the newest stays in the list, for that is what would help."""
    wheel_of_new = next(each for each in TABLE.wheels if str(each.version) == "1.15.1" and "manylinux" in each.file)
    library = {"file": "a.so", "library": "libstdc++.so.6", "symbols": []}
    both = [{**library, "symbol_version": name} for name in ("GLIBCXX_3.4.21", "GLIBCXX_3.4.22")]
    made = dataclasses.replace(wheel_of_new, needs=tuple(both), bundled=())
    found = plan(facts(CENTOS7, "3.13.0"), _catalogue=Catalogue((made,)))[0]["reasons"]
    assert [reason["need"] for reason in found[:2]] == ["GLIBCXX_3.4.21", "GLIBCXX_3.4.22"]


def test_library_that_is_known_not_to_be_there_blocks():
    gone = {"path": None, "versions": {}, "error": None}
    found = plan(facts(DEBIAN12, "3.11.2", libz=gone), _catalogue=_only("1.9.0.post1"))
    assert [(reason["cause"], reason["library"]) for reason in found[0]["reasons"]] == [
        ("missing_shared_lib", "libz.so.1")
    ]
    unread = {**gone, "error": "It was not read."}
    assert plan(facts(DEBIAN12, "3.11.2", libz=unread), _catalogue=_only("1.9.0.post1"))[0]["verdict"] == "possible"


def test_tag_alone_blocks_too():
    """1.10.0 is tagged 2_28 though its files need 2.27 at most: pip would not install it on 2.27, and neither do we."""
    found = plan(facts({**DEBIAN11, "GLIBC": "2.27"}, "3.9.2"), _catalogue=_only("1.10.0"))
    assert [reason["check"] for reason in found[0]["reasons"]] == ["platform_tag"]


def test_old_libstdcxx_blocks_though_glibc_is_new_enough():
    found = plan(facts({**DEBIAN12, "GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}, "3.11.2"))
    assert found[0]["verdict"] == "blocked"
    assert {reason["cause"] for reason in found[0]["reasons"]} == {"glibcxx_too_old", "cxxabi_too_old"}
    assert best(facts({**DEBIAN12, "GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}, "3.11.2"))[0] == "1.9.0.post1"


def test_release_built_for_a_newer_cpu_is_blocked_for_it():
    found = plan(facts(DEBIAN12, "3.11.2", isa="x86-64-v2"), _catalogue=_only("1.14.2"))
    assert [(reason["cause"], reason["need"], reason["have"]) for reason in found[0]["reasons"]] == [
        ("cpu_isa", "x86-64-v3", "x86-64-v2")
    ]


def test_musl_host_gets_musl_wheels_and_others_are_blocked_for_it():
    musl = facts({"GLIBC": "1.2"}, "3.12.1", family="musl")
    assert best(musl)[0] == str(TABLE.releases()[0])
    old = plan(musl, _catalogue=_only("1.9.0.post1"))
    assert {reason["cause"] for reason in old[0]["reasons"]} == {"musl"}


def test_unknown_c_library_is_no_guess():
    found = plan(facts({"GLIBC": None}, "3.11.2"))
    assert {candidate["verdict"] for candidate in found} == {"blocked"}
    assert "could not be read" in found[0]["reasons"][-1]["text"]


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
        ({"in_the_way": "/opt/faiss-fleet"}, "not_a_folder"),
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


PORTABLE = PortablePython(
    archive=None,
    sha256="0" * 64,
    top="",
    python=(3, 13),
    unpacked_bytes=10**8,
    needs=({"file": "python/bin/python3.13", "library": "libc.so.6", "symbol_version": "GLIBC_2.17", "symbols": []},),
    bundled=(),
)


def test_host_with_python_2_alone_is_told_of_the_portable_one():
    (found,) = plan(facts(CENTOS7, "2.7.5"))
    assert found["verdict"] == "blocked"
    assert found["reasons"][0]["cause"] == "python_version"
    assert "2.7.5" in found["reasons"][0]["have"]
    assert "faiss_install__portable_python" in found["remedy"]


def test_host_without_python_is_told_so():
    (found,) = plan(facts(CENTOS7))
    assert found["reasons"][0]["cause"] == "python_missing"
    assert "faiss_install__portable_python" in found["remedy"]


def test_host_with_python_2_alone_gets_the_portable_one():
    candidates = plan(facts(CENTOS7, "2.7.5"), _portable=PORTABLE)
    assert candidates[0]["verdict"] == "blocked"
    assert candidates[1]["id"] == "wheel:faiss-cpu-1.9.0.post1:cp313:portable"
    assert candidates[1]["runtime"]["argv"] == ["{prefix}/python/bin/python3"]


def test_host_that_has_a_python_keeps_it():
    assert all("portable" not in candidate["id"] for candidate in plan(facts(CENTOS7, "3.8.0"), _portable=PORTABLE))


def test_portable_python_for_a_newer_c_library_is_blocked():
    (found,) = plan(facts({**CENTOS7, "GLIBC": "2.12"}, "2.7.5"), _portable=PORTABLE)
    assert found["reasons"][0]["need"] == "GLIBC_2.17"
    assert found["reasons"][0]["have"] == "2.12"


def test_what_the_catalogue_could_not_look_up_is_said():
    (first, *_) = plan(facts(DEBIAN12, "3.11.2"), _catalogue=Catalogue(TABLE.wheels, ("The index did not answer.",)))
    assert "The index did not answer." in first["note"]


@pytest.mark.parametrize("isa, limits", [("x86-64-v1", ["numpy<2.4"]), ("x86-64-v2", []), (None, [])])
def test_numpy_for_newer_cpus_is_not_asked_for(isa, limits):
    assert wheel_judge.numpy_limits(facts(DEBIAN12, "3.11.2", isa=isa)) == limits


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


def test_platform_tags_reach_down_to_the_oldest_and_name_the_legacy_ones():
    tags = Target((3, 8), "x86_64", "glibc", (2, 17)).platforms()
    assert tags[:2] == ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    assert tags[-2:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64"]
    assert "manylinux_2_18_x86_64" not in tags


@pytest.mark.parametrize("version, abi", [((3, 6), "cp36m"), ((3, 7), "cp37m"), ((3, 8), "cp38"), ((3, 13), "cp313")])
def test_abi_up_to_3_7_has_its_m(version, abi):
    assert Target(version, "x86_64", "glibc", (2, 17)).abi == abi


def _only(version):
    return Catalogue(tuple(each for each in TABLE.wheels if str(each.version) == version))


def test_a_python_in_a_shared_place_comes_before_a_newer_one_in_a_home():
    home = python("3.13.0", path="/root/.pyenv/versions/3.13.0/bin/python3.13", realpath="/root/.pyenv/3.13")
    venv = python("3.12.1", path="/srv/app/bin/python", realpath="/usr/bin/python3.12", environment="/srv/app")
    found = wheel.interpreters({"pythons": [home, venv, python("3.11.2")]})
    assert [each.path for each in found] == ["/usr/bin/python3.11", "/root/.pyenv/versions/3.13.0/bin/python3.13"]
