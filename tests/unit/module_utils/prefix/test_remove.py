# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is ours is found and removed; what is of others, or at work, stays."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock
from ansible.module_utils.faiss_fleet.prefix import failures, install, manifest as prefixes, remove

FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def base(tmpdir):
    """Two strategies with a prefix each, a half-built one, and what somebody else put there."""
    install.make_parents(str(tmpdir.join("ff", "wheel")))
    install.make_parents(str(tmpdir.join("ff", "conda")))
    for strategy, digest in (("wheel", FIRST), ("conda", SECOND)):
        manifest = {"schema": 1, "digest": digest, "strategy": strategy, "lock": {}, "unpacked_bytes": 1, "files": 1}
        tmpdir.ensure("ff", strategy, digest, prefixes.MANIFEST).write(json.dumps(manifest))
    tmpdir.ensure("ff", "wheel", SECOND + ".partial-7", "x")
    tmpdir.ensure("ff", "wheel", "a" * 16, "letters")
    tmpdir.join("ff", "conda", "b" * 16).mksymlinkto(tmpdir.join("ff", "wheel", FIRST))
    return tmpdir.join("ff")


def test_prefixes_of_ours_are_told_from_half_built_ones_and_from_others(base):
    assert remove.find(str(base)) == (
        [str(base.join("conda", SECOND)), str(base.join("wheel", FIRST))],
        [str(base.join("wheel", SECOND + ".partial-7"))])
    assert remove.find(str(base.join("absent"))) == ([], [])


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"schema": 1, "digest": "another"}'])
def test_a_manifest_that_does_not_name_the_directory_makes_it_nobodys(base, text):
    base.join("wheel", FIRST, prefixes.MANIFEST).write_binary(text)
    assert not remove.is_ours(str(base.join("wheel", FIRST)))


def test_a_prefix_is_removed_unless_another_run_holds_it(base):
    path = base.join("wheel", FIRST)
    with HostLock(str(base.join("wheel", ".%s.lock" % FIRST)), "another run", 0):
        with pytest.raises(AuditError, match="another run"):
            remove.remove(str(path), timeout=0)
        assert path.check()
    remove.remove(str(path), timeout=0)
    assert not path.check() and base.join("wheel", "a" * 16, "letters").check()


def test_a_half_built_one_goes_when_its_maker_is_gone(base):
    path = base.join("wheel", SECOND + ".partial-7")
    with HostLock(str(base.join("wheel", ".%s.lock" % SECOND)), "its maker", 0):
        assert not remove.remove_leftover(str(path)) and path.check()
    assert remove.remove_leftover(str(path)) and not path.check()


def test_notes_of_failures_are_counted_and_removed(base):
    failures.write(str(base.join("wheel", FIRST)), {"schema": 1, "candidate": u"wheel:a", "cause": "cpu_isa",
                                                    "message": "SIGILL", "at": "then", "facts": "f" * 64})
    base.join("wheel", "notes").write("x")
    assert remove.remove_cached(str(base)) == 1 and remove.remove_cached(str(base)) == 0
    assert base.join("wheel", "notes").check() and base.join("wheel", FIRST).check()


def test_what_a_configuration_names_is_not_among_the_unnamed(base):
    first, second = str(base.join("wheel", FIRST)), str(base.join("conda", SECOND))
    linked = str(base.join("conda", "b" * 16))
    assert remove.unnamed([first, second], [b'{"prefix": "%s"}' % first.encode()]) == [second]
    assert remove.unnamed([linked], [first.encode()]) == []


def test_directories_that_were_made_here_go_when_they_are_empty(base, tmpdir):
    remove.remove_parents(str(base))
    assert base.join("wheel", install.MADE).check(), "the prefixes are still there"
    for path in (base.join("wheel", "a" * 16), base.join("conda", "b" * 16), base.join("wheel", SECOND + ".partial-7")):
        path.remove()
    for path in remove.find(str(base))[0]:
        remove.remove(path, timeout=0)
    base.join(prefixes.SETTINGS).write("/srv/backend.json\n")
    remove.remove_parents(str(base))
    assert not base.check() and os.path.isdir(str(tmpdir))


def test_a_path_beyond_ascii_is_named_by_either_file_of_a_configuration():
    path = commands.native(b"/opt/f\xc3\xbcr/wheel/" + FIRST.encode("ascii"))
    assert remove.unnamed([path], [b"/opt/fur/wheel/" + FIRST.encode("ascii")]) == [path]
    for text in (b'{"prefix": "/opt/f\\u00fcr/wheel/%s"}', b'FAISS_FLEET_PREFIX="/opt/f\xc3\xbcr/wheel/%s"\n'):
        assert remove.unnamed([path], [text.replace(b"%s", FIRST.encode("ascii"))]) == []
