# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Mode and owner of the files as the inventory asks for them."""
from __future__ import absolute_import, division, print_function

import stat

import pytest

from ansible.module_utils.faiss_fleet.backend import ownership as setting_host
from ansible.module_utils.faiss_fleet.errors import AuditError
from .configurations import JS, write


def test_a_wished_mode_alone_is_a_change_once(path):
    write(path, JS)
    wish = setting_host.wish("0600", None, None)
    assert write(path, JS, wish=wish)
    assert not write(path, JS, wish=wish)
    assert stat.S_IMODE(path.stat().mode) == stat.S_IMODE(path.new(ext="env").stat().mode) == 0o600


@pytest.mark.parametrize("mode", ["rw", "4755", "0999", "-1", "0"])
def test_modes_that_make_no_sense_are_refused(mode):
    with pytest.raises(AuditError, match="octal"):
        setting_host.wish(mode, None, None)


def test_a_user_that_does_not_exist_is_refused():
    with pytest.raises(AuditError, match="does not know"):
        setting_host.wish(None, "nobody-by-that-name", None)
