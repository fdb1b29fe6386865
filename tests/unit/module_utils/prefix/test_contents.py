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
def directory(tmpdir):
    paths = [tmpdir.ensure(name) for name in ("a.so", "b.pyc")]
    for path in paths:
        path.write("abcd")
        path.setmtime(LONG_AGO)
    tmpdir.join("link").mksymlinkto("a.so")
    files = dict((path.basename, contents.listed(str(path))) for path in paths + [tmpdir.join("link")])
    tmpdir.join("manifest-files.json").write(json.dumps(files))
    return tmpdir


def test_what_is_as_listed_is_not_damaged(directory):
    assert contents.damage(str(directory)) is None and contents.damage(str(directory), hashes=True) is None


@pytest.mark.parametrize("harm, said", [
    pytest.param(lambda path: path.remove(), "a.so: No such file or directory", id="removed"),
    pytest.param(lambda path: path.write("abc"), "a.so: has 3 bytes and should have 4", id="cut"),
    pytest.param(lambda path: path.write("abcx"), "a.so: was written after it was installed", id="same size"),
    pytest.param(lambda path: (path.remove(), os.mkfifo(str(path))), "a.so: is not a regular file", id="pipe"),
])
def test_difference_is_named(directory, harm, said):
    harm(directory.join("a.so"))
    assert contents.damage(str(directory)) == said


def test_same_size_and_time_are_told_apart_by_the_bytes_alone_and_noted(directory):
    directory.join("a.so").write("abcx")
    directory.join("a.so").setmtime(LONG_AGO)
    assert contents.damage(str(directory)) is None
    found = contents.damage(str(directory), hashes=True)
    assert found == "a.so: has other content than was installed"
    contents.note_damage(str(directory), found)
    assert contents.damage(str(directory)) == found


def test_compiled_python_may_be_written_again(directory):
    directory.join("b.pyc").write("compiled again, with other paths in it")
    assert contents.damage(str(directory), hashes=True) is None


def test_what_was_compiled_since_is_named(directory):
    assert contents.compiled(str(directory)) is None
    directory.join("b.pyc").write("compiled again, with other paths in it")
    assert contents.compiled(str(directory)) == "b.pyc: was compiled after it was installed"
    directory.join("a.pyc").write("")
    assert contents.compiled(str(directory)) == "a.pyc: was compiled after it was installed"


def test_list_from_before_times_were_recorded_is_compared_by_size(directory):
    files = json.loads(directory.join("manifest-files.json").read())
    for entry in files.values():
        entry.pop("mtime", None)
    directory.join("manifest-files.json").write(json.dumps(files))
    directory.join("a.so").write("abcx")
    assert contents.damage(str(directory)) is None


@pytest.mark.parametrize("text", ["", "[]", '{"a.so": 4}', '{"a.so": {"size": "4"}}', '{"a.so": {}}'])
def test_list_that_cannot_be_read_is_damage(directory, text):
    directory.join("manifest-files.json").write(text)
    assert "manifest-files.json" in contents.damage(str(directory))
