# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From a file to the library and the symbol version that it asks for."""

from __future__ import annotations

from tests.unit.faiss_fleet.reports.assessed import commands, kind, section, text


def test_the_chain_leads_from_file_to_library_to_version_to_what_is_there() -> None:
    chain = section(text(kind("centos7-py313")), "The glibc dependency chain")
    row = "| faiss-cpu 1.15.1 | `faiss_cpu.libs/libgfortran-040039e1.so.5.0.0` → `libm.so.6` | `GLIBC_2.27` | 2.17 |"
    assert row in chain
    assert "uses `powf`, `expf` and `logf` of `libm.so.6` in the version `GLIBC_2.27`." in chain
    assert "The host's glibc is 2.17" in chain
    assert "also needs `GLIBCXX_3.4.22` of `libstdc++.so.6`" in chain


def test_names_of_c_plus_plus_are_read_as_people_write_them() -> None:
    made = kind("centos7-py38")
    for candidate in made["plan"]:
        candidate["reasons"] = [each for each in candidate["reasons"] if each["check"] != "glibc"]
    said = text(made)
    assert "| std::thread::\\_M_start_thread |" in section(said, "The glibc dependency chain")
    assert "(std::thread::\\_M_start_thread)" in section(said, "Classes of hosts")
    assert "_ZNSt" not in said


def test_nothing_in_the_way_is_said_to_be_so() -> None:
    chain = section(text(kind("debian12")), "The glibc dependency chain")
    assert chain.lstrip().startswith("No candidate was held up by a C or C++ library")


def test_native_despite_the_newest_release_is_told() -> None:
    assert (
        "On 1 host of them the newest release considered does not load (faiss-cpu 1.15.1 needs `GLIBC_2.27`; there it "
        "is glibc 2.17), and an older one does"
    ) in text(kind("centos7-py313"))


def test_the_chain_of_the_node_binding_and_commands_that_show_it_again_are_given() -> None:
    made = kind("centos7-py313")
    blocked = next(one for one in made["plan"] if one["verdict"] == "blocked" and one["strategy"] == "wheel")
    blocked["artefact"]["file"] = "faiss_cpu-1.15.1-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    said = section(text(made), "The glibc dependency chain")
    assert "**The Node binding.**" in said and "`GLIBC_2.17` at most" in said and "was not read here" in said
    assert [words[:2] for words in commands(said)][:2] == [["faiss-fleet", "needs"]] * 2
    assert commands(said)[0][2] == blocked["artefact"]["file"]
    blocked["artefact"]["file"] = "x.whl; reboot"
    assert "reboot" not in section(text(made), "The glibc dependency chain")
