# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""After `--check`: nothing was written."""

from __future__ import annotations

from testinfra.host import Host


def test_check_writes_no_setting(target: Host) -> None:
    assert not target.file("/etc/faiss-fleet").exists


def test_check_installs_nothing(target: Host) -> None:
    assert not target.file("/opt/faiss-fleet").exists
