# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is installed is read from metadata; a leftover without its package is not installed."""

from __future__ import absolute_import, division, print_function

import pytest
from ansible.module_utils.faiss_fleet.facts import packages
from ansible.module_utils.faiss_fleet.host import Host

SITE = "/site-packages"


def read(tmpdir):
    return packages.in_directory(Host(str(tmpdir)), SITE)


@pytest.mark.parametrize(
    "metadata, name, version",
    [
        ("faiss_cpu-1.9.0.post1.dist-info/METADATA", "faiss-cpu", "1.9.0.post1"),
        ("faiss_gpu_cu12-1.8.0.dist-info/METADATA", "faiss-gpu-cu12", "1.8.0"),
        ("faiss-1.7.4-py3.11.egg-info/PKG-INFO", "faiss", "1.7.4"),
        ("faiss-1.7.4-py3.11.egg-info", "faiss", "1.7.4"),
    ],
)
def test_every_form_of_metadata_is_read(tmpdir, metadata, name, version):
    tmpdir.ensure("site-packages/faiss/__init__.py")
    tmpdir.ensure("site-packages/" + metadata).write("Metadata-Version: 2.1\nVersion: %s\n" % version)
    assert read(tmpdir) == [packages.Package(name, version, SITE, True)]


def test_metadata_that_cannot_be_read_leaves_the_version_in_its_name(tmpdir):
    tmpdir.ensure("site-packages/numpy/__init__.py")
    tmpdir.ensure("site-packages/numpy-2.2.6.dist-info", dir=True)
    assert read(tmpdir) == [packages.Package("numpy", "2.2.6", SITE, True)]


def test_a_faiss_that_was_copied_there_has_no_version(tmpdir):
    tmpdir.ensure("site-packages/faiss/__init__.py")
    assert read(tmpdir) == [packages.Package("faiss", None, SITE, True)]


def test_metadata_alone_is_no_package(tmpdir):
    tmpdir.ensure("site-packages/faiss_cpu-1.9.0.dist-info/METADATA").write("Version: 1.9.0\n")
    assert [one.complete for one in read(tmpdir)] == [False]


def test_others_and_broken_names_are_passed_over(tmpdir):
    for name in (
        "numpydoc-1.0.dist-info",
        "pip.dist-info",
        "faiss-.dist-info",
        "~umpy-1.0.dist-info",
        "numpy-1\n.dist-info",
    ):
        tmpdir.ensure("site-packages", name, dir=True)
    assert read(tmpdir) == [] or [one.name for one in read(tmpdir)] == ["numpy"]


def test_pth_files_add_folders_but_their_code_is_not_run(tmpdir):
    tmpdir.ensure("site-packages/a.pth").write("import os; os.abort()\n# comment\n/srv/app\n../beside\n/nowhere\n")
    tmpdir.ensure("srv/app", dir=True)
    tmpdir.ensure("beside", dir=True)
    assert packages.path_entries(Host(str(tmpdir)), SITE) == ["/srv/app", "/beside"]
