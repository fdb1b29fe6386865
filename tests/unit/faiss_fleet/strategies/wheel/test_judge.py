# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Why a wheel cannot run on a host, as the loader would say it."""

import dataclasses

import pytest

from faiss_fleet.strategies.wheel import judge as wheel_judge
from faiss_fleet.strategies.wheel.catalogue import Catalogue
from tests.unit.faiss_fleet.strategies.wheel.hosts import CENTOS7, DEBIAN11, DEBIAN12, TABLE, _only, best, facts, plan


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


def test_unknown_c_library_is_no_guess():
    found = plan(facts({"GLIBC": None}, "3.11.2"))
    assert {candidate["verdict"] for candidate in found} == {"blocked"}
    assert "could not be read" in found[0]["reasons"][-1]["text"]


@pytest.mark.parametrize("isa, limits", [("x86-64-v1", ["numpy<2.4"]), ("x86-64-v2", []), (None, [])])
def test_numpy_for_newer_cpus_is_not_asked_for(isa, limits):
    assert wheel_judge.numpy_limits(facts(DEBIAN12, "3.11.2", isa=isa)) == limits
