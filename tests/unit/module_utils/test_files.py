# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Files are read with bounds; directories are made next to other writers."""
from __future__ import absolute_import, division, print_function

import json
import os

from ansible.module_utils.faiss_fleet import files as atomic_file
from ansible.module_utils.faiss_fleet.backend import (
    config as setting,
)
from tests.unit.module_utils.backend.configurations import JS


def test_a_folder_that_another_writer_removes_meanwhile_is_made_again(tmpdir, monkeypatch):
    mkdir, removed = os.mkdir, []

    def raced(where, *mode):
        if os.path.basename(where) == "b" and not removed:
            removed.append(where)
            os.rmdir(os.path.dirname(where))
        mkdir(where, *mode)

    monkeypatch.setattr(os, "mkdir", raced)
    wanted = str(tmpdir.join("a", "b"))
    assert atomic_file.make_folders(wanted) == [os.path.dirname(wanted), wanted] and os.path.isdir(wanted)
    assert removed


def test_reading_is_bounded_and_absent_is_none(tmpdir):
    assert atomic_file.read(str(tmpdir.join("nothing"))) is None
    assert json.loads(setting.text(JS).decode()) == JS
