# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which prefixes the backend configurations of a host name, wherever they are."""
from __future__ import absolute_import, division, print_function

import json
import os

import pytest

from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.backend import references, write as setting_store
from ansible.module_utils.faiss_fleet.prefix import manifest as prefixes

from .configurations import JS, faiss, write

DIGEST = "0123456789abcdef"


@pytest.fixture
def prefix(tmpdir):
    """A prefix of ours, with what names it."""
    made = tmpdir.ensure("opt", "faiss-fleet", "wheel", DIGEST, dir=True)
    manifest = {"schema": 1, "digest": DIGEST, "strategy": "wheel", "lock": {}, "unpacked_bytes": 1, "files": 1}
    made.join(prefixes.MANIFEST).write(json.dumps(manifest))
    return str(made)


def base(prefix):
    return os.path.dirname(os.path.dirname(prefix))


def test_a_configuration_in_an_unusual_place_is_noted_beside_its_prefix_once(prefix, tmpdir):
    path = str(tmpdir.join("srv", "backend.json"))
    for _time in range(2):
        references.note(path, {"prefix": prefix}, usual="/etc/faiss-fleet")
    assert references.noted(base(prefix)) == [path]


def test_what_lies_in_the_usual_place_or_names_no_prefix_of_ours_is_not_noted(prefix, tmpdir):
    references.note(str(tmpdir.join("etc", "backend.json")), {"prefix": prefix}, usual=str(tmpdir.join("etc")))
    references.note("/srv/backend.json", {"prefix": None})
    references.note("/srv/backend.json", None)
    references.note("/srv/backend.json", {"prefix": str(tmpdir.ensure("opt", "other", "wheel", "x", dir=True))})
    assert references.noted(base(prefix)) == []


def test_a_directory_that_cannot_be_written_is_no_error(prefix, tmpdir):
    os.mkdir(os.path.join(base(prefix), references.SETTINGS))
    references.note("/srv/backend.json", {"prefix": prefix})
    assert references.noted(base(prefix)) == []


def test_own_and_other_configurations_are_read_with_their_backups(prefix, tmpdir):
    usual = tmpdir.ensure("etc", dir=True)
    first, second = usual.join("backend.json"), tmpdir.join("srv", "backend.json")
    write(first, faiss(prefix=prefix))
    write(first, JS)
    write(second, faiss("wheel:second", prefix=prefix))
    references.note(str(second), {"prefix": prefix}, usual=str(usual))
    place = setting_store.plan_set(str(first), JS).place
    own, others = references.own(place), references.others(place, [base(prefix)], str(usual))
    assert any(prefix.encode() in text for text in own), "a backup of its own names it"
    assert any(b"wheel:second" in text for text in others) and not any(b"wheel:second" in text for text in own)
    assert references.texts(place, [base(prefix)], str(usual)) == own + others


def test_what_cannot_be_read_names_nothing(tmpdir):
    usual = tmpdir.ensure("etc", dir=True)
    os.mkfifo(str(usual.join("pipe.json")))
    usual.join("loop.json").mksymlinkto("loop.json")
    place = setting_store.plan_set(str(usual.join("backend.json")), JS).place
    assert references.texts(place, [], str(usual)) == []


def test_a_path_beyond_ascii_is_noted_once(prefix):
    path = commands.native(b"/srv/f\xc3\xbcr/backend.json")
    for _time in range(2):
        references.note(path, {"prefix": prefix}, usual="/etc/faiss-fleet")
    assert references.noted(base(prefix)) == [path]
