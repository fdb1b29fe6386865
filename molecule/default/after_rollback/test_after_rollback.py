# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""After a rollback: the host has no setting, as before its first audit."""

from __future__ import annotations

import pytest
from testinfra.host import Host


@pytest.mark.parametrize("name", ["backend.json", "backend.env"])
def test_the_setting_is_as_it_was_found(target: Host, name: str) -> None:
    assert not target.file(f"/etc/faiss-fleet/{name}").exists


def test_what_was_installed_is_gone(target: Host) -> None:
    assert target.check_output("find /opt/faiss-fleet -type f -size +100k 2>/dev/null; :") == ""
