# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Nodes: version by --version, N-API by headers, by the table of releases, by one start."""

from __future__ import absolute_import, division, print_function

import pytest
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.facts import nodes
from ansible.module_utils.faiss_fleet.host import Host

HEADER = (
    "#define NODE_MAJOR_VERSION 16\n#define NODE_MINOR_VERSION 20\n#define NODE_PATCH_VERSION 2\n"
    "#define NODE_MODULE_VERSION 93\n#define NAPI_VERSION  8\n"
)


@pytest.mark.parametrize(
    "version, napi",
    [
        ((16, 20, 2), 8),
        ((18, 16, 9), 8),
        ((18, 20, 8), 9),
        ((20, 2, 0), 8),
        ((20, 20, 2), 9),
        ((22, 13, 1), 9),
        ((22, 14, 0), 10),
        ((12, 22, 12), 8),
        ((10, 24, 1), 7),
        ((9, 11, 2), None),
        ((99, 0, 0), None),
    ],
)
def test_napi_by_release(version, napi):
    assert nodes.napi_by_release(version) == napi


@pytest.mark.parametrize(
    "text, version", [("v16.20.2\n", (16, 20, 2)), ("v23.0.0-pre", (23, 0, 0)), ("16.20.2", None), ("", None)]
)
def test_parse_version(text, version):
    assert nodes.parse_version(text) == version


def describe(tmpdir, said, run_all=None):
    tmpdir.ensure("usr/bin/node").chmod(0o755)
    host = Host(str(tmpdir), run_all=run_all)
    return nodes.describe(host, [("/usr/bin/node", [])], {("node", "/usr/bin/node"): said})[0]


def test_headers_of_the_same_release_are_believed(tmpdir):
    tmpdir.ensure("usr/include/node/node_version.h").write(HEADER)
    found = describe(tmpdir, commands.Result(0, "v16.20.2\n", "", None))
    assert (found["version"], found["napi"], found["modules"], found["napi_method"]) == ("16.20.2", 8, "93", "headers")


def test_headers_of_another_release_are_not(tmpdir):
    tmpdir.ensure("usr/include/node/node_version.h").write(HEADER)
    found = describe(tmpdir, commands.Result(0, "v20.20.2\n", "", None))
    assert (found["napi"], found["modules"], found["napi_method"]) == (9, "115", "release table")


def test_a_release_nobody_knows_is_asked(tmpdir):
    def run_all(argvs, *_):
        return dict((key, commands.Result(0, "11 150\n", "", None)) for key in argvs)

    found = describe(tmpdir, commands.Result(0, "v99.0.0\n", "", None), run_all)
    assert (found["napi"], found["modules"], found["napi_method"]) == (11, "150", "process.versions")


def test_a_node_that_does_not_start_on_this_glibc_keeps_its_message(tmpdir):
    message = "node: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by node)\nnode: more\n"
    found = describe(tmpdir, commands.Result(1, "", message, None))
    assert (found["version"], found["napi"]) == (None, None)
    assert "version `GLIBC_2.27' not found" in found["error"]


def test_npm_is_read_from_its_package(tmpdir):
    tmpdir.ensure("usr/lib/node_modules/npm/package.json").write('{"name": "npm", "version": "8.19.4"}')
    assert describe(tmpdir, commands.Result(0, "v16.20.2\n", "", None))["npm"] == "8.19.4"


@pytest.mark.parametrize("package", ["", "{", "[]", '{"name": "other", "version": "1"}'])
def test_a_broken_npm_is_none(tmpdir, package):
    tmpdir.ensure("usr/lib/node_modules/npm/package.json").write(package)
    assert describe(tmpdir, commands.Result(0, "v16.20.2\n", "", None))["npm"] is None


def test_each_binary_is_found_once(tmpdir):
    tmpdir.ensure("usr/bin/node").chmod(0o755)
    tmpdir.join("usr/bin/nodejs").mksymlinkto("node")
    host = Host(str(tmpdir), environ={"PATH": "/usr/bin"})
    assert nodes.search(host) == [("/usr/bin/node", ["/usr/bin/nodejs"])]
