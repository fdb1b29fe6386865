# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""SELinux, operating system, memory, compilers, condas and our own prefixes, each from its files."""

from __future__ import absolute_import, division, print_function


import pytest
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import condas, machine, selinux, toolchains
from ansible.module_utils.faiss_fleet.host import Host

DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    "files, expected",
    [
        (
            {"sys/fs/selinux/enforce": "1", "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n"},
            ("enforcing", "targeted"),
        ),
        ({"sys/fs/selinux/enforce": "0"}, ("permissive", None)),
        ({"selinux/enforce": "1"}, ("enforcing", None)),
        ({"etc/selinux/config": "# SELINUX=enforcing\nSELINUX=disabled\n"}, ("disabled", None)),
        ({"etc/selinux/config": "SELINUX=enforcing\n"}, ("disabled", None)),
        ({"sys/fs/selinux/enforce": "?"}, (None, None)),
        ({}, ("absent", None)),
    ],
)
def test_selinux(tmpdir, files, expected):
    for path, text in files.items():
        tmpdir.ensure(path).write(text)
    found = selinux.describe(Host(str(tmpdir)))
    assert (found["status"], found["policy"]) == expected


@pytest.mark.parametrize(
    "text, expected", [("MemTotal:       16384 kB\nMemFree: 1 kB\n", 16777216), ("", None), ("MemTotal: lots", None)]
)
def test_memory(text, expected):
    assert machine.memory_bytes(text) == expected


@pytest.mark.parametrize(
    "path, text, expected",
    [
        ("sys/fs/cgroup/memory.max", "max\n", None),
        ("sys/fs/cgroup/memory.max", "1073741824\n", 1073741824),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_memory_of_the_cgroup(tmpdir, path, text, expected):
    tmpdir.ensure(path).write(text)
    found = machine.limits(Host(str(tmpdir)), lambda number: (1024, 4096))
    assert (found["cgroup_memory_bytes"], found["nofile"]) == (expected, 1024)


@pytest.mark.parametrize(
    "text, version",
    [
        ("4.8.5\n", "4.8.5"),
        ("12.2.0", "12.2.0"),
        ("9\n", "9"),
        ("cmake version 3.25.1\n\nCMake suite", "3.25.1"),
        ("cmake3 version 3.17.5", "3.17.5"),
        ("gcc: fatal error: no input files", None),
    ],
)
def test_versions_of_compilers(text, version):
    assert toolchains.parse_version(text) == version


def test_devtoolsets_are_named(tmpdir):
    tmpdir.ensure("opt/rh/devtoolset-9/root/usr/bin/gcc").chmod(0o755)
    host = Host(str(tmpdir), environ={"PATH": ""})
    ((key, argv),) = toolchains.commands(host).items()
    assert argv[0] == "/opt/rh/devtoolset-9/root/usr/bin/gcc"
    found = toolchains.describe(host, {key: commands.Result(0, "9.3.1\n", "", None)})
    assert found == {
        "gcc": None,
        "cmake": None,
        "devtoolsets": [{"name": "devtoolset-9", "path": argv[0], "version": "9.3.1", "error": None, "cxx": None}],
        "blas": None,
    }
    tmpdir.ensure("opt/rh/devtoolset-9/root/usr/bin/g++").chmod(0o755)
    assert toolchains.cxx(host, argv[0]) == "/opt/rh/devtoolset-9/root/usr/bin/g++"


def test_a_blas_counts_when_a_build_could_link_it(tmpdir):
    tmpdir.ensure("usr/lib64/libopenblas.so.0")
    assert toolchains.blas(Host(str(tmpdir), environ={"PATH": ""})) is None
    tmpdir.ensure("usr/lib/x86_64-linux-gnu/libopenblas.so")
    assert toolchains.blas(Host(str(tmpdir), environ={"PATH": ""})) == "/usr/lib/x86_64-linux-gnu/libopenblas.so"


def test_a_compiler_that_does_not_start_has_its_reason(tmpdir):
    tmpdir.ensure("usr/bin/gcc").chmod(0o755)
    host = Host(str(tmpdir), environ={"PATH": ""})
    found = toolchains.describe(host, {("toolchain", "/usr/bin/gcc"): commands.Result(1, "", "no licence", None)})
    assert (found["gcc"]["version"], found["gcc"]["error"]) == (None, "It said: no licence")


def test_condas_are_read_from_their_records(tmpdir):
    tmpdir.ensure("opt/conda/conda-meta/conda-24.1.2-py311h06a4308_0.json")
    tmpdir.ensure("opt/conda/conda-meta/conda-libmamba-solver-24.1.0-pyhd_0.json")
    tmpdir.ensure("opt/conda/bin/conda").chmod(0o755)
    host = Host(str(tmpdir), environ={"HOME": "/root", "PATH": ""})
    found = condas.describe(host, condas.roots(host), {})
    assert found == [
        {"path": "/opt/conda/bin/conda", "kind": "conda", "root": "/opt/conda", "version": "24.1.2", "error": None}
    ]


def test_micromamba_is_asked(tmpdir):
    tmpdir.ensure("root/.local/bin/micromamba").chmod(0o755)
    host = Host(str(tmpdir), environ={"HOME": "/root", "PATH": ""})
    assert condas.commands(host) == {("conda", "micromamba"): ["/root/.local/bin/micromamba", "--version"]}
    found = condas.describe(host, [], {("conda", "micromamba"): commands.Result(0, "1.5.8\n", "", None)})
    assert (found[0]["kind"], found[0]["version"]) == ("micromamba", "1.5.8")
