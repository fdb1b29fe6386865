# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One writer at a time."""
from __future__ import absolute_import, division, print_function

import os

import pytest

from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.lock import SettingLock


def test_the_second_writer_is_told_who_holds_the_lock(path):
    path.dirpath().ensure(dir=True)
    with SettingLock(str(path.dirpath()), path.basename):
        with pytest.raises(AuditError, match="pid %d, user .* since 20" % os.getpid()):
            with SettingLock(str(path.dirpath()), path.basename, timeout=0):
                pass
    assert os.listdir(str(path.dirpath())) == []
