# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The C library is read by five methods, and each answer is kept."""

from __future__ import absolute_import, division, print_function

import os
import shutil

import pytest
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import libc, shared_libraries
from ansible.module_utils.faiss_fleet.host import Host

MUSL = (
    "musl libc (x86_64)\nVersion 1.2.3\nDynamic Program Loader\nUsage: /lib/ld-musl-x86_64.so.1 [options] [--] pathname"
)


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("glibc 2.17", ("glibc", "2.17"), id="confstr, getconf"),
        pytest.param("ldd (GNU libc) 2.17\nCopyright (C) 2012", ("glibc", "2.17"), id="ldd of CentOS 7"),
        pytest.param("ldd (Debian GLIBC 2.36-9+deb12u10) 2.36\nCopyright", ("glibc", "2.36"), id="ldd of Debian 12"),
        pytest.param("ldd (Ubuntu GLIBC 2.35-0ubuntu3.8) 2.35", ("glibc", "2.35"), id="ldd of Ubuntu"),
        pytest.param(
            "ld.so (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\nCopyright",
            ("glibc", "2.36"),
            id="loader",
        ),
        pytest.param("ld.so (GNU libc) release release version 2.28.\n", ("glibc", "2.28"), id="loader of RHEL 8"),
        pytest.param("glibc 2.20-2014.11", ("glibc", "2.20"), id="getconf of Linaro"),
        pytest.param(
            "ldd (crosstool-NG linaro-1.13.1-4.9-2014.09 - Linaro GCC 4.9-2014.09) 2.20-2014.11",
            ("glibc", "2.20"),
            id="ldd of Linaro",
        ),
        pytest.param("glibc 2.26-amzn2.0.1", ("glibc", "2.26"), id="Amazon"),
        pytest.param("ldd (GNU libc) 2.26", ("glibc", "2.26"), id="ldd of Amazon and SUSE"),
        pytest.param("glibc 2.31-13+deb11u5", ("glibc", "2.31"), id="package release of Debian"),
        pytest.param("ldd (Debian GLIBC 2.31-13+deb11u5) 2.31", ("glibc", "2.31"), id="ldd of Debian 11"),
        pytest.param("ldd (Debian GLIBC 2.31-13+deb11u5)", ("glibc", "2.31"), id="ldd cut behind the bracket"),
        pytest.param("ldd (Gentoo 2.37-r3 (patchset 7)) 2.37", ("glibc", "2.37"), id="ldd of Gentoo"),
        pytest.param(
            "ld.so (Gentoo 2.38-r10 (patchset 9)) stable release version 2.38.\nCopyright (C) 2023",
            ("glibc", "2.38"),
            id="loader of Gentoo",
        ),
        pytest.param(
            "GNU C Library (GNU libc) stable release version 2.31 (git 9ea3686266), by Roland McGrath et al.",
            ("glibc", "2.31"),
            id="libc.so.6 of SUSE",
        ),
        pytest.param("ldd (Ubuntu EGLIBC 2.15-0ubuntu10.18) 2.15", ("glibc", "2.15"), id="EGLIBC of Ubuntu"),
        pytest.param("ldd (Debian EGLIBC 2.13-38+deb7u10) 2.13", ("glibc", "2.13"), id="EGLIBC of Debian"),
        pytest.param("EGLIBC 2.19", ("glibc", "2.19"), id="EGLIBC"),
        pytest.param("ldd (GNU libc) 2.36.9000", ("glibc", "2.36.9000"), id="Fedora rawhide"),
        pytest.param("ldd (GNU libc) 2.12", ("glibc", "2.12"), id="RHEL 6"),
        pytest.param("glibc 2014.11", ("glibc", None), id="a year is no version"),
        pytest.param("glibc " + "9" * 100000, ("glibc", None), id="digits without end"),
        pytest.param("ldd (GNU libc) " + "2." * 50000, ("glibc", None), id="dots without end"),
        pytest.param("ldd " + "(" * 50000, ("glibc", None), id="brackets without end"),
        pytest.param("musl libc (x86_64)\r\nVersion 1.1.24_git", ("musl", "1.1.24"), id="musl of Alpine edge"),
        pytest.param(MUSL, ("musl", "1.2.3"), id="musl"),
        pytest.param("musl libc\nVersion unknown", ("musl", None), id="musl of no version"),
        pytest.param("ldd (uClibc) 0.9.33", (None, None), id="another C library"),
        pytest.param("", (None, None), id="nothing"),
        pytest.param(
            "--version: error while loading shared libraries: --version: cannot open shared object file",
            (None, None),
            id="loader of glibc 2.17 takes no --version",
        ),
        pytest.param("getconf: GNU_LIBC_VERSION: unknown variable", (None, None), id="getconf of Alpine"),
        pytest.param("sh: /usr/lib/libfoo-2.31 not found", (None, None), id="a version in another sentence"),
    ],
)
def test_parse_banner(text, expected):
    started = sum(os.times()[:2])
    assert libc.parse_banner(text) == expected
    assert sum(os.times()[:2]) - started < 0.5


@pytest.mark.parametrize(
    "path, family",
    [
        ("/lib64/ld-linux-x86-64.so.2", "glibc"),
        ("/lib/ld-linux-aarch64.so.1", "glibc"),
        ("/lib64/ld64.so.2", "glibc"),
        ("/lib/ld-linux.so.2", "glibc"),
        ("/lib/ld-musl-x86_64.so.1", "musl"),
        ("/system/bin/linker64", "other"),
        ("/lib/ld-uClibc.so.0", "other"),
        ("/usr/lib64/ld-2.17.so", "glibc"),
    ],
)
def test_loader_family(path, family):
    assert libc.loader_family(path) == family


@pytest.mark.parametrize(
    "path, version",
    [
        ("/usr/lib64/ld-2.17.so", "2.17"),
        ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", None),
        ("/lib/libc.musl.so", None),
    ],
)
def test_version_in_name(path, version):
    assert libc.version_in_name(path) == version


def answers(**given):
    return [
        libc.answer(method, *given[method]) if method in given else libc.answer(method, error="absent")
        for method in libc.METHODS
    ]


def test_methods_that_agree():
    found = libc.judge(
        answers(loader=("glibc", "2.17"), confstr=("glibc", "2.17"), version_definitions=("glibc", "2.17"))
    )
    assert (found["family"], found["version"], found["method"], found["disagreement"]) == (
        "glibc",
        "2.17",
        "loader",
        None,
    )
    assert len(found["answers"]) == 5, "who said nothing is kept too"


def test_definitions_below_the_version_are_no_disagreement():
    found = libc.judge(answers(loader=("glibc", "2.31"), version_definitions=("glibc", "2.30")))
    assert found["disagreement"] is None


def test_definitions_above_the_version_are_a_disagreement():
    found = libc.judge(answers(loader=("glibc", "2.17"), version_definitions=("glibc", "2.28")))
    assert found["version"] == "2.17"
    assert "version_definitions says glibc 2.28" in found["disagreement"]


def test_versions_are_compared_as_numbers():
    assert (
        libc.judge(answers(loader=("glibc", "2.4"), version_definitions=("glibc", "2.17")))["disagreement"] is not None
    )


def test_a_python_of_another_libc_is_named():
    found = libc.judge(answers(loader=("musl", "1.2.3"), confstr=("glibc", "2.28")))
    assert (found["family"], found["version"]) == ("musl", "1.2.3")
    assert "confstr says glibc 2.28" in found["disagreement"]


def test_a_loader_without_a_version_lets_the_next_method_tell_it():
    found = libc.judge(answers(loader=("glibc", None), getconf=("glibc", "2.28")))
    assert (found["version"], found["method"], found["disagreement"]) == ("2.28", "getconf", None)


def test_no_method_gives_no_finding():
    found = libc.judge([])
    assert (found["family"], found["version"], found["method"], found["disagreement"]) == (None, None, None, None)


@pytest.mark.parametrize("error", [ValueError("unrecognized configuration name"), OSError(22, "Invalid argument")])
def test_confstr_that_has_no_answer(error):
    def confstr(_):
        raise error

    found = libc.from_confstr(confstr, "/usr/bin/python")
    assert found["family"] is None
    assert "confstr has no answer here" in found["error"]


def test_confstr_is_asked_by_number():
    assert libc.from_confstr({2: "glibc 2.17"}.get, "python")["version"] == "2.17"


def musl_host(tmpdir, with_glibc):
    """A root whose /bin/sh is a real program of this machine, made to name musl's loader."""
    for directory in ("bin", "lib", "lib64"):
        tmpdir.ensure(directory, dir=True)
    with open("/bin/sh", "rb") as stream:
        program = stream.read()
    named = b"/lib64/ld-linux-x86-64.so.2\0"
    assert named in program
    tmpdir.join("bin/sh").write_binary(program.replace(named, b"/lib/ld-musl-x86_64.so.1\0\0\0\0", 1))
    tmpdir.ensure("lib/ld-musl-x86_64.so.1").chmod(0o755)
    if with_glibc:
        shutil.copy("/lib64/ld-linux-x86-64.so.2", str(tmpdir.join("lib64")))
        shutil.copy("/lib/x86_64-linux-gnu/libc.so.6", str(tmpdir.join("lib64")))
    return Host(str(tmpdir), environ={})


def described(host, results):
    program, found = libc.system_program(host)
    finder = shared_libraries.Finder(host, "x86_64")
    return libc.describe(host, finder, program, found.interpreter, results, {}.get, "/usr/bin/python")


@pytest.mark.parametrize("with_glibc", [False, True])
def test_a_musl_host_is_one_also_when_glibcs_loader_is_there(tmpdir, with_glibc):
    results = {("libc", "loader"): commands.Result(1, "", MUSL, None)}
    found = described(musl_host(tmpdir, with_glibc), results)
    assert (found["family"], found["version"], found["method"]) == ("musl", "1.2.3", "loader")
    assert found["also_present"] == (["/lib64/ld-linux-x86-64.so.2"] if with_glibc else [])
    assert found["disagreement"] is None


def test_a_loader_that_is_not_there_is_said(tmpdir):
    host = musl_host(tmpdir, False)
    tmpdir.join("lib/ld-musl-x86_64.so.1").remove()
    found = described(host, {})
    assert found["family"] == "musl"
    assert found["version"] is None
    assert found["answers"][0]["error"] == "/lib/ld-musl-x86_64.so.1 is not there."


def test_a_host_of_static_programs_has_no_loader_answer(tmpdir):
    tmpdir.ensure("bin/sh").write("#!static")
    assert libc.system_program(Host(str(tmpdir))) == (None, None)
    assert "dynamically linked" in libc.from_loader(Host(str(tmpdir)), None, None, {})["error"]


def test_a_loader_that_hangs_leaves_its_reason(tmpdir):
    host = musl_host(tmpdir, False)
    found = described(
        host, {("libc", "loader"): commands.Result(None, "", "", "it gave no answer within 5 s and was ended.")}
    )
    assert found["answers"][0]["error"] == "it gave no answer within 5 s and was ended."
