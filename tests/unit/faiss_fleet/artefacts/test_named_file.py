# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from faiss_fleet.artefacts.named_file import NamedFile
from faiss_fleet.errors import FleetError

VARIABLE = "faiss_install__portable_python"


def test_nothing_named_is_none() -> None:
    assert NamedFile.of(None, VARIABLE) is None and NamedFile.of({}, VARIABLE) is None


def test_a_file_that_is_not_there_is_named_with_its_variable() -> None:
    with pytest.raises(FleetError, match=f"{VARIABLE} names /nowhere/x, which is not a file") as found:
        NamedFile.of({"file": "/nowhere/x", "sha256": "0" * 64}, VARIABLE)
    assert found.value.fault == "inventory" and found.value.remedy


def test_a_file_that_cannot_be_read_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("closed")
    named = NamedFile.of({"file": str(tmp_path / "x"), "sha256": "0" * 64}, VARIABLE)

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("faiss_fleet.artefacts.cache.sha256", refuse)
    with pytest.raises(FleetError, match=f"which {VARIABLE} names, cannot be read: Permission denied") as found:
        named and named.check()
    assert found.value.fault == "inventory" and found.value.remedy


def test_another_file_in_its_place_is_refused_and_has_another_stamp(tmp_path: Path) -> None:
    path = tmp_path / "python.tar.gz"
    path.write_bytes(b"python")
    named = NamedFile.of({"file": str(path), "sha256": hashlib.sha256(b"python").hexdigest().upper()}, VARIABLE)
    assert named is not None
    named.check()
    before = named.stamp
    path.write_bytes(b"other!")
    os.utime(path, (1, 1))
    assert named.stamp != before
    with pytest.raises(FleetError, match="has sha256") as found:
        named.check()
    assert found.value.cause == "hash_mismatch" and VARIABLE in (found.value.remedy or "")
