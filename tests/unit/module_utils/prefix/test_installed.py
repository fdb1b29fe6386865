# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the facts say of prefixes on a host: whole, half-built, damaged, or in a place that others can change."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils.faiss_fleet.host import Host
from ansible.module_utils.faiss_fleet.prefix import contents, installed

from tests import needs

DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    "name, manifest, complete, reason",
    [
        (DIGEST, json.dumps({"digest": DIGEST}), True, None),
        (DIGEST, json.dumps({"digest": "other"}), False, "names another digest"),
        (DIGEST, "{", False, "is no JSON"),
        (DIGEST, "[]", False, "names another digest"),
        (DIGEST, None, False, "has no manifest.json"),
        (DIGEST + ".partial-123", json.dumps({"digest": DIGEST}), False, "half-built"),
    ],
)
def test_prefixes_of_ours(tmpdir, name, manifest, complete, reason):
    directory = tmpdir.ensure("opt/faiss-fleet/wheel", name, dir=True)
    if manifest is not None:
        directory.join("manifest.json").write(manifest)
        directory.join("manifest-files.json").write("{}")
    (found,) = installed.describe(Host(str(tmpdir)), "/opt/faiss-fleet")
    assert (found["strategy"], found["digest"], found["complete"]) == ("wheel", DIGEST, complete)
    assert found["reason"] is None if reason is None else reason in found["reason"]


def test_links_and_files_under_the_prefix_are_none_of_ours(tmpdir):
    tmpdir.ensure("opt/faiss-fleet/wheel/file")
    tmpdir.join("opt/faiss-fleet/etc").mksymlinkto("/etc")
    tmpdir.join("opt/faiss-fleet/wheel/link").mksymlinkto("/etc")
    tmpdir.ensure("opt/faiss-fleet/.cache/x", dir=True)
    assert installed.describe(Host(str(tmpdir)), "/opt/faiss-fleet") == []


def test_no_prefix_yet(tmpdir):
    assert installed.describe(Host(str(tmpdir)), "/opt/faiss-fleet") == []


def prefix(tmpdir):
    """A prefix with one file, listed as it is."""
    directory = tmpdir.ensure("opt/faiss-fleet/wheel", DIGEST, dir=True)
    library = directory.ensure("lib/faiss.so")
    library.write("x" * 4000)
    directory.join("manifest.json").write(json.dumps({"digest": DIGEST}))
    directory.join("manifest-files.json").write(json.dumps({"lib/faiss.so": contents.listed(str(library))}))
    return directory


def state(tmpdir):
    (found,) = installed.describe(Host(str(tmpdir)), "/opt/faiss-fleet")
    return found["complete"], found["reason"]


@pytest.mark.parametrize("harm, said", [
    pytest.param(lambda library: library.remove(), "No such file", id="removed"),
    pytest.param(lambda library: library.write("x"), "has 1 bytes and should have 4000", id="truncated"),
    pytest.param(lambda library: (library.write("z" * 4000), library.setmtime(1e9)), "was written after", id="altered"),
])
def test_damaged_prefix_is_not_complete_and_says_which_file(tmpdir, harm, said):
    directory = prefix(tmpdir)
    assert state(tmpdir) == (True, None)
    harm(directory.join("lib/faiss.so"))
    complete, reason = state(tmpdir)
    assert not complete and "lib/faiss.so" in reason and said in reason


def test_prefix_that_another_user_can_change_is_not_complete(tmpdir):
    prefix(tmpdir)
    tmpdir.join("opt/faiss-fleet").chmod(0o777)
    complete, reason = state(tmpdir)
    assert not complete and "is writable by every user" in reason


def test_what_another_user_could_have_written_names_no_engine_to_root(tmpdir):
    needs.root()
    lock = {"engine": {"path": "/usr/bin/podman"}, "image": {"id": "a" * 64}}
    prefix = tmpdir.ensure("opt/faiss-fleet/container/0123456789ab/manifest.json").dirpath()
    prefix.join("manifest.json").write(json.dumps({"schema": 1, "digest": "0123456789ab", "lock": lock}))
    base = str(tmpdir.join("opt/faiss-fleet"))
    assert [argv[0] for argv in installed.commands(Host(), base).values()] == ["/usr/bin/podman"]
    os.chown(str(prefix), 54321, 54321)
    assert installed.commands(Host(), base) == {}
