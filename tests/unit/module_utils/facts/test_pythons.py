# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Pythons are found once each, told from their files where those tell all, and asked otherwise."""

from __future__ import absolute_import, division, print_function

import os
import shutil
import sys

import pytest
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import packages, pythons, shared_libraries
from ansible.module_utils.faiss_fleet.host import Host

THIS = "%d.%d" % sys.version_info[:2]


def place(tmpdir, *paths):
    """Programs that are a real ELF file, as a Python is."""
    for path in paths:
        target = tmpdir.ensure(path)
        shutil.copy("/bin/true", str(target))
        target.chmod(0o755)


def search(tmpdir, **options):
    host = Host(str(tmpdir), environ={"PATH": "/usr/bin", "HOME": "/root"})
    return pythons.search(host, **options), host


def test_one_binary_is_one_python_under_its_most_precise_name(tmpdir):
    place(tmpdir, "usr/bin/python3.6")
    tmpdir.join("usr/bin/python3").mksymlinkto("python3.6")
    tmpdir.join("usr/bin/python").mksymlinkto("python3")
    found, _ = search(tmpdir)
    assert found == [("/usr/bin/python3.6", ["/usr/bin/python", "/usr/bin/python3", "/usr/bin/python3.6"], False)]


def test_a_virtual_environment_is_a_python_of_its_own(tmpdir):
    place(tmpdir, "usr/bin/python3.9")
    tmpdir.ensure("srv/venv/pyvenv.cfg").write("home = /usr/bin\n")
    tmpdir.ensure("srv/venv/bin", dir=True).join("python").mksymlinkto("/usr/bin/python3.9")
    found, _ = search(tmpdir, interpreters=["/srv/venv/bin/python"])
    assert [(path, named) for path, _, named in found] == [
        ("/srv/venv/bin/python", True),
        ("/usr/bin/python3.9", False),
    ]


def test_usual_places_are_searched(tmpdir):
    places = [
        "opt/python/bin/python3.8",
        "opt/rh/rh-python38/root/usr/bin/python3.8",
        "root/.pyenv/versions/3.9.1/bin/python3.9",
        "usr/libexec/platform-python3.6",
        "srv/deep/bin/python3.7",
        "opt/conda/envs/a/bin/python3.11",
    ]
    place(tmpdir, *places)
    for number, path in enumerate(places):
        with open(str(tmpdir.join(path)), "ab") as stream:
            stream.write(b"%d" % number)
    found, _ = search(tmpdir, search_paths=["/srv/*/bin"], conda_roots=["/opt/conda"])
    assert sorted(path for path, _, _ in found) == sorted("/" + path for path in places)


@pytest.mark.parametrize(
    "name", ["python-config", "python3-config", "python3.11-gdb.py", "pythonw", "ipython", "python3.6m-x86"]
)
def test_what_is_only_called_like_a_python_is_none(name):
    assert not pythons.NAME.match(name)


def test_a_script_is_not_started_but_told(tmpdir):
    tmpdir.ensure("usr/bin/python").write("#!/bin/sh\nreboot\n")
    tmpdir.join("usr/bin/python").chmod(0o755)
    found, host = search(tmpdir)
    assert found == []
    assert "/usr/bin/python: a script, not started" in host.gaps[0]["reason"]


def test_scripts_that_are_not_named_are_counted(tmpdir):
    for number in range(8):
        tmpdir.ensure("usr/bin/python3.%d" % number).write("#!/bin/sh\n")
        tmpdir.join("usr/bin/python3.%d" % number).chmod(0o755)
    _found, host = search(tmpdir)
    assert " and 3 more: a script, not started" in host.gaps[0]["reason"]


def test_pyenvs_shims_are_no_gap(tmpdir):
    tmpdir.ensure("root/.pyenv/shims/python3").write("#!/bin/sh\n")
    tmpdir.join("root/.pyenv/shims/python3").chmod(0o755)
    host = Host(str(tmpdir), environ={"PATH": "/root/.pyenv/shims", "HOME": "/root"})
    assert (pythons.search(host), host.gaps) == ([], [])


def test_a_named_script_is_started(tmpdir):
    tmpdir.ensure("srv/python").write("#!/bin/sh\n")
    tmpdir.join("srv/python").chmod(0o755)
    found, host = search(tmpdir, interpreters=["/srv/python"])
    assert list(pythons.commands(host, found).values()) == [["/srv/python", "--version"]]


def test_named_pythons_are_started_when_there_are_too_many(tmpdir):
    for number in range(20):
        place(tmpdir, "opt/p%02d/bin/python3.9" % number)
    place(tmpdir, "srv/python")
    found, host = search(tmpdir, interpreters=["/srv/python"])
    wanted = pythons.commands(host, found)
    assert len(wanted) == pythons.MOST_STARTED
    assert ("python", "/srv/python") in wanted


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Python 3.6.8\n", ("3.6.8", "cpython")),
        ("Python 2.7.5\n", ("2.7.5", "cpython")),
        ("Python 3.13.0rc1\n", ("3.13.0rc1", "cpython")),
        ("Python 3.9.10 (feeb267, Feb 15 2022)\n[PyPy 7.3.8 with GCC 10.2.1]\n", ("3.9.10", "pypy")),
        ("warning\nPython 3.6.8\n", ("3.6.8", "cpython")),
        ("python: /lib64/libm.so.6: version `GLIBC_2.27' not found", (None, None)),
        ("", (None, None)),
    ],
)
def test_parse_version(text, expected):
    assert pythons.parse_version(text) == expected


def test_the_child_tells_what_this_python_is():
    said = pythons.parse(commands.run_all({"a": pythons.argv(sys.executable)})["a"].out)
    assert said["version"] == sys.version.split()[0]
    assert said["tag"] == "cp%d%d" % sys.version_info[:2]
    assert said["bits"] == 64
    assert said["short"] == THIS
    assert os.path.dirname(os.__file__) in said["path_directories"]
    if sys.version_info[0] > 2:
        import sysconfig

        assert said["soabi"] == sysconfig.get_config_var("SOABI")


def test_files_tell_the_same_as_the_python_itself():
    real = os.path.realpath(sys.executable)
    finder = shared_libraries.Finder(Host(), "x86_64", "x86_64", 64)
    told = pythons.from_files(Host(), real, sys.version.split()[0], finder)
    asked = pythons.parse(commands.run_all({"a": pythons.argv(real)})["a"].out)
    if sys.version_info[0] == 2:
        assert told is None, "nothing in its files tells wide Unicode from narrow"
    else:
        assert told is not None
        for key in ("version", "implementation", "soabi", "tag", "abi", "bits", "ctypes", "short", "prefix"):
            assert told[key] == asked[key], key


def test_a_ctypes_that_lacks_libffi_is_left_to_the_python_itself(tmpdir):
    place(tmpdir, "usr/bin/python3.8", "usr/lib/python3.8/lib-dynload/_ctypes.cpython-38-x86_64-linux-gnu.so")
    tmpdir.ensure("usr/lib/python3.8/os.py")
    host = Host(str(tmpdir))
    finder = shared_libraries.Finder(host, "x86_64")
    assert pythons.from_files(host, "/usr/bin/python3.8", "3.8.1", finder) is None, "libc.so.6 is not in this root"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python 3.6.8",
        "faiss-fleet-python\x1f3.6",
        "faiss-fleet-python" + "\x1fx" * 12,
        "\x1f" * 20,
    ],
)
def test_a_line_that_is_not_the_childs_is_none(text):
    assert pythons.parse(text) is None


def test_words_around_the_childs_line_are_passed_over():
    line = "\x1f".join(
        [
            "faiss-fleet-python",
            "3.6.8",
            "cpython",
            str(2**63 - 1),
            ".cpython-36m-x86_64-linux-gnu.so",
            "1114111",
            "1",
            "m",
            "3.6",
            "/usr",
            "/usr/lib64/python3.6",
        ]
    )
    said = pythons.parse("welcome\r\n%s\r\nbye\n" % line)
    assert (said["tag"], said["abi"], said["soabi"]) == ("cp36", "cp36m", "cpython-36m-x86_64-linux-gnu")


@pytest.mark.parametrize(
    "result, error",
    [
        (
            commands.Result(127, "", "python: error while loading shared libraries: libpython3.9.so.1.0", None),
            "It ended with 127 and said: python: error while loading shared libraries: libpython3.9.so.1.0",
        ),
        (commands.Result(-11, "", "", None), "It ended with -11 and said: nothing"),
        (
            commands.Result(None, "", "", "it gave no answer within 5 s and was ended."),
            "it gave no answer within 5 s and was ended.",
        ),
        (None, "Not started: more than 16 Pythons are on this host. Name it in glibc_facts__interpreters."),
    ],
)
def test_a_python_that_does_not_answer_is_listed_with_its_reason(tmpdir, result, error):
    place(tmpdir, "usr/bin/python3.9")
    host = Host(str(tmpdir), environ={"PATH": "", "HOME": "/root"})
    results = {("python", "/usr/bin/python3.9"): result} if result else {}
    found, faiss = pythons.describe(host, [("/usr/bin/python3.9", [], False)], results, None)
    assert (found[0]["version"], found[0]["error"], faiss) == (None, error, [])


def test_a_named_python_that_is_not_there_is_listed(tmpdir):
    found, host = search(tmpdir, interpreters=["/srv/python"])
    listed, _ = pythons.describe(host, found, {}, None)
    assert listed[0]["error"] == "/srv/python is not there or not executable. Correct glibc_facts__interpreters."


def entry(**changes):
    said = {"implementation": "cpython", "short": "3.6", "abi": "cp36m", "prefix": "/usr", "version": "3.6.8"}
    said["path_directories"] = ["/usr/lib64/python3.6"]
    said.update(changes)
    return said


def test_packages_of_a_system_python_are_found_in_its_directories(tmpdir):
    for path in (
        "usr/lib64/python3.6/site-packages/numpy/__init__.py",
        "usr/local/lib/python3.6/site-packages/faiss/__init__.py",
    ):
        tmpdir.ensure(path)
    tmpdir.ensure("usr/lib64/python3.6/site-packages/numpy-1.14.3.dist-info/METADATA").write(
        "Name: numpy\nVersion: 1.14.3\n\nVersion: no\n"
    )
    tmpdir.ensure("usr/local/lib/python3.6/site-packages/faiss_cpu-1.7.2.dist-info/METADATA").write("Version: 1.7.2\n")
    host = Host(str(tmpdir), environ={"HOME": "/root"})
    found = [one for place in pythons.site_directories(host, entry()) for one in packages.in_directory(host, place)]
    assert [(one.name, one.version) for one in found] == [("numpy", "1.14.3"), ("faiss-cpu", "1.7.2")]


@pytest.mark.parametrize(
    "setting, directories",
    [
        ("false", ["/srv/venv/lib/python3.6/site-packages"]),
        ("true", ["/srv/venv/lib/python3.6/site-packages", "/usr/lib64/python3.6/site-packages"]),
    ],
)
def test_an_environment_sees_the_systems_packages_only_when_told_to(tmpdir, setting, directories):
    tmpdir.ensure("srv/venv/pyvenv.cfg").write("home = /usr/bin\ninclude-system-site-packages = %s\n" % setting)
    tmpdir.ensure("srv/venv/lib/python3.6/site-packages", dir=True)
    tmpdir.ensure("usr/lib64/python3.6/site-packages", dir=True)
    assert pythons.site_directories(Host(str(tmpdir)), entry(), "/srv/venv") == directories
