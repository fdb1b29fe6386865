# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The list of what a prefix holds, and the comparison with it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils.faiss_fleet.prefix import contents

LONG_AGO = 946684800


@pytest.fixture
def folder(tmpdir):
    paths = [tmpdir.ensure(name) for name in ("a.so", "b.pyc")]
    for path in paths:
        path.write("abcd")
        path.setmtime(LONG_AGO)
    tmpdir.join("link").mksymlinkto("a.so")
    files = dict((path.basename, contents.listed(str(path))) for path in paths + [tmpdir.join("link")])
    tmpdir.join("manifest-files.json").write(json.dumps(files))
    return tmpdir


def test_what_is_as_listed_is_not_damaged(folder):
    assert contents.damage(str(folder)) is None and contents.damage(str(folder), hashes=True) is None


@pytest.mark.parametrize("harm, said", [
    pytest.param(lambda path: path.remove(), "a.so: No such file or directory", id="removed"),
    pytest.param(lambda path: path.write("abc"), "a.so: has 3 bytes and should have 4", id="cut"),
    pytest.param(lambda path: path.write("abcx"), "a.so: was written after it was installed", id="same size"),
    pytest.param(lambda path: (path.remove(), os.mkfifo(str(path))), "a.so: is not a regular file", id="pipe"),
])
def test_difference_is_named(folder, harm, said):
    harm(folder.join("a.so"))
    assert contents.damage(str(folder)) == said


def test_same_size_and_time_are_told_apart_by_the_bytes_alone_and_noted(folder):
    folder.join("a.so").write("abcx")
    folder.join("a.so").setmtime(LONG_AGO)
    assert contents.damage(str(folder)) is None
    found = contents.damage(str(folder), hashes=True)
    assert found == "a.so: has other content than was installed"
    contents.note_damage(str(folder), found)
    assert contents.damage(str(folder)) == found


def test_compiled_python_may_be_written_again(folder):
    folder.join("b.pyc").write("efgh")
    assert contents.damage(str(folder), hashes=True) is None


def test_list_from_before_times_were_recorded_is_compared_by_size(folder):
    files = json.loads(folder.join("manifest-files.json").read())
    for entry in files.values():
        entry.pop("mtime", None)
    folder.join("manifest-files.json").write(json.dumps(files))
    folder.join("a.so").write("abcx")
    assert contents.damage(str(folder)) is None


@pytest.mark.parametrize("text", ["", "[]", '{"a.so": 4}', '{"a.so": {"size": "4"}}', '{"a.so": {}}'])
def test_list_that_cannot_be_read_is_damage(folder, text):
    folder.join("manifest-files.json").write(text)
    assert "manifest-files.json" in contents.damage(str(folder))
