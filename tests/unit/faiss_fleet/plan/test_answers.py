# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What people ask first, answered from the facts and plan of a host, and never without evidence."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from faiss_fleet.plan import answers
from faiss_fleet.strategies.wheel import catalogue

FACTS: dict[str, Any] = {
    "libc": {
        "family": "glibc", "version": "2.17", "method": "loader", "path": "/lib64/libc.so.6", "answers": [],
        "disagreement": None,
    },
    "libstdcxx": {
        "path": "/lib64/libstdc++.so.6", "versions": {"GLIBCXX": "3.4.19", "CXXABI": "1.3.7"}, "error": None,
    },
    "arch": "x86_64",
    "kernel": "3.10.0-1160.el7.x86_64",
    "engines": [],
    "toolchains": {"gcc": None, "cmake": None, "devtoolsets": []},
}  # fmt: skip
DEVTOOLSET = {"name": "devtoolset-11", "path": "/opt/rh/devtoolset-11/root/usr/bin/gcc", "version": "11.2.1"}


def facts(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FACTS), **changes}


def reason(check: str, text: str = "It lacks something.") -> dict[str, Any]:
    return {"check": check, "cause": "glibc_too_old", "need": "x", "have": "y", "text": text}


def wheel(version: str, *reasons: dict[str, Any], python: str = "/usr/bin/python3") -> Any:
    return {
        "id": f"wheel:faiss-cpu-{version}",
        "strategy": "wheel",
        "artefact": {"name": "faiss-cpu", "version": version, "python": python},
        "verdict": "blocked" if reasons else "possible",
        "reasons": list(reasons),
        "remedy": None,
    }


def engine(name: str, version: str, ready: bool = True, error: str | None = None) -> dict[str, Any]:
    return {"name": name, "path": f"/usr/bin/{name}", "version": version, "answers": ready, "error": error}


GLIBC = reason("glibc", "libfaiss.so needs GLIBC_2.27, the host has 2.17.")
GLIBCXX = reason("libstdcxx", "libfaiss.so needs GLIBCXX_3.4.22, the host has 3.4.19.")
OLD_FITS = [wheel("1.15.1", GLIBCXX, GLIBC), wheel("1.9.0.post1"), wheel("1.7.2")]


def test_every_question_has_an_answer_with_evidence() -> None:
    found = answers.answers(facts(), OLD_FITS)
    assert [entry["question"] for entry in found] == [
        "Does devtoolset give this host a newer glibc?",
        "Is there a FAISS release for glibc 2.17 here?",
        "Would static linking help?",
        "Would an older release of FAISS help?",
        "Can FAISS be built from source for this host?",
        "What would a container need here?",
    ]
    assert all(entry["answer"] and entry["evidence"] for entry in found)


def test_nothing_is_said_that_was_not_read() -> None:
    blind = facts(
        libc={"family": None, "version": None, "method": None, "path": None}, kernel="", libstdcxx=None, engines=[]
    )
    found = answers.answers(blind)
    assert "could not be read" in found[1]["answer"]
    assert found[3]["answer"].startswith("Not known")
    assert any("could not be read" in line for line in found[-1]["evidence"])


@pytest.mark.parametrize("sets", [[], [DEVTOOLSET]], ids=["none installed", "devtoolset-11"])
def test_a_devtoolset_brings_no_newer_glibc(sets: list[dict[str, Any]]) -> None:
    case = answers.Case(facts(toolchains={"gcc": None, "cmake": None, "devtoolsets": sets}))
    found = answers.devtoolset(case)
    assert found["answer"].startswith("No.")
    assert "glibc 2.17" in found["answer"]
    assert "glibc 2.17 at /lib64/libc.so.6, asked by loader" in found["evidence"]
    assert "the system's /lib64/libstdc++.so.6 has GLIBCXX_3.4.19" in found["evidence"]
    if sets:
        assert found["evidence"][0] == "devtoolset-11: gcc 11.2.1 at /opt/rh/devtoolset-11/root/usr/bin/gcc"


def test_devtoolset_is_no_question_on_musl() -> None:
    musl = facts(libc={"family": "musl", "version": "1.2.4", "method": "loader", "path": "/lib/ld-musl-x86_64.so.1"})
    assert "musl" in answers.devtoolset(answers.Case(musl))["answer"]


def test_the_newest_release_that_fits_is_named() -> None:
    found = answers.release(answers.Case(facts(), OLD_FITS))
    assert found["answer"] == "Yes: faiss-cpu 1.9.0.post1 for /usr/bin/python3."
    assert found["evidence"][-1] == (
        "blocked: faiss-cpu 1.15.1 for /usr/bin/python3: libfaiss.so needs GLIBCXX_3.4.22, the host has 3.4.19."
    )


def test_releases_are_compared_as_versions_not_as_text() -> None:
    found = answers.release(answers.Case(facts(), [wheel("1.9.0"), wheel("1.10.0")]))
    assert found["answer"] == "Yes: faiss-cpu 1.10.0 for /usr/bin/python3."


def test_without_a_python_that_fits_the_catalogue_is_asked() -> None:
    case = answers.Case(facts(), [wheel("1.15.1", GLIBC)], catalogue.table())
    assert answers.release(case)["answer"] == (
        "Yes, faiss-cpu 1.9.0.post1, for another Python than this host has: faiss-fleet can ship a Python with it."
    )
    assert "1.9.0.post1" in answers.older_release(case)["answer"]


def test_a_newer_glibc_gets_the_newest_release_of_the_catalogue() -> None:
    libc = {**FACTS["libc"], "version": "2.36"}
    newest = max(entry.version for entry in catalogue.table())
    assert f"faiss-cpu {newest}," in answers.release(answers.Case(facts(libc=libc), (), catalogue.table()))["answer"]


def test_an_old_glibc_gets_no_release() -> None:
    case = answers.Case(facts(libc={**FACTS["libc"], "version": "2.3"}), (), catalogue.table())
    assert answers.release(case)["answer"] == "No wheel of the catalogue is tagged for glibc 2.3."


@pytest.mark.parametrize(
    "reasons, begins",
    [
        pytest.param([GLIBC], "No: a library loaded by Python", id="glibc alone"),
        pytest.param([GLIBC, GLIBCXX], "In part: libstdc++ can", id="glibc and libstdc++"),
        pytest.param([GLIBCXX, reason("cxxabi")], "Yes: nothing but libstdc++ is too old", id="libstdc++ alone"),
        pytest.param([reason("python")], "It is not needed", id="no library"),
    ],
)
def test_what_static_linking_mends(reasons: list[dict[str, Any]], begins: str) -> None:
    found = answers.static_linking(answers.Case(facts(), [wheel("1.15.1", *reasons)]))
    assert found["answer"].startswith(begins)
    assert found["evidence"] == [entry["text"] for entry in reasons]


def test_an_older_release_helps_on_centos_7() -> None:
    found = answers.older_release(answers.Case(facts(), OLD_FITS))
    assert found["answer"].startswith("Yes: faiss-cpu 1.9.0.post1")


def test_an_older_release_is_not_needed_where_the_newest_fits() -> None:
    assert answers.older_release(answers.Case(facts(), [wheel("1.15.1")]))["answer"].startswith("It is not needed")


def test_an_older_release_does_not_help_where_all_are_blocked() -> None:
    plan = [wheel("1.15.1", GLIBC), wheel("1.7.2", reason("arch", "It is for x86_64."))]
    found = answers.older_release(answers.Case(facts(), plan))
    assert found["answer"].startswith("No:")
    assert found["evidence"][-1].endswith("It is for x86_64.")


@pytest.mark.parametrize(
    "engines, kernel, says",
    [
        pytest.param([], "3.10.0-1160.el7.x86_64", "It needs: podman (CentOS 7", id="no engine"),
        pytest.param([engine("podman", "4.9.4")], "5.14.0", "podman is ready", id="ready"),
        pytest.param(
            [engine("podman", "1.6.4", False, "/etc/subuid has no entry for app")],
            "3.10.0",
            "podman made ready: /etc/subuid has no entry for app",
            id="no subordinate ids",
        ),
        pytest.param([engine("docker", "1.13.1")], "3.10.0", "docker 20.10.10 or later", id="docker of CentOS 7"),
        pytest.param([engine("docker", "20.10.10")], "3.10.0", "docker is ready", id="docker with clone3"),
        pytest.param([engine("podman", "4.9.4")], "2.6.32-754.el6", "Linux 3.10 or later, here is", id="old kernel"),
        pytest.param(
            [engine("docker", "19.03.1"), engine("podman", "4.9.4")], "3.10.0", "is ready", id="one of two will do"
        ),
    ],
)
def test_what_a_container_needs(engines: list[dict[str, Any]], kernel: str, says: str) -> None:
    found = answers.container(answers.Case(facts(engines=engines, kernel=kernel)))
    assert says in found["answer"]
    assert f"kernel {kernel}" in found["evidence"]


OLD_GCC = {"path": "/usr/bin/gcc", "version": "4.8.5"}
CMAKE = {"path": "/usr/bin/cmake", "version": "3.20.1"}
OLD_CMAKE = {**CMAKE, "version": "2.8.12"}
MUSL = {"family": "musl", "version": "1.2.5", "method": "loader", "path": "/lib/ld-musl-x86_64.so.1"}


@pytest.mark.parametrize(
    ("tools", "changes", "says"),
    [
        pytest.param({}, {}, ["Yes, and the host needs no compiler", "gcc 7 or newer", "and CMake 3.17"], id="nothing"),
        pytest.param({"gcc": OLD_GCC}, {}, ["lacks a compiler for C++17"], id="the compiler of CentOS 7"),
        pytest.param({"devtoolsets": [DEVTOOLSET], "cmake": CMAKE}, {}, ["are there"], id="devtoolset"),
        pytest.param({"cmake": OLD_CMAKE, "devtoolsets": [DEVTOOLSET]}, {}, ["lacks CMake"], id="an old CMake"),
        pytest.param({}, {"libc": MUSL}, ["Only by its own tools"], id="musl"),
        pytest.param({}, {"arch": "aarch64"}, ["Only by its own tools"], id="another processor"),
    ],
)
def test_what_a_build_from_source_takes(tools: dict[str, Any], changes: dict[str, Any], says: list[str]) -> None:
    toolchains = {"gcc": None, "cmake": None, "devtoolsets": [], **tools}
    found = answers.source_build(answers.Case(facts(toolchains=toolchains, **changes)))
    assert all(each in found["answer"] for each in says), found
    assert len(found["evidence"]) >= 3


def test_a_container_is_told_with_the_variables_that_name_its_image() -> None:
    for engines in ([], [engine("podman", "4.9.4")]):
        found = answers.container(answers.Case(facts(engines=engines)))
        assert "faiss_install__container_image" in found["answer"] and "[existing, container]" in found["answer"]
