# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Compilers, cmake, devtoolsets and a BLAS."""
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import toolchains
from ansible.module_utils.faiss_fleet.host import Host


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
