# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An archive that the inventory names is looked at before any host is touched; whatever is in it."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import portable_python


def archive(folder: Path, **members: bytes) -> Options:
    path = folder / "python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in {
            "python/bin/python3": Path(sys.executable).resolve().read_bytes(),
            "python/lib/python3.13/os.py": b"",
            **members,
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    given = {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return Options(cache=folder / "cache", extra={portable_python.VARIABLE: given})


def test_a_member_that_is_too_big_for_a_library_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = archive(tmp_path, **{"python/lib/libbomb.so": b"\0" * 60_000_000})
    monkeypatch.setattr(portable_python, "MOST_BYTES", 50_000_000)
    with pytest.raises(FleetError, match="libbomb.so in it has 60000000 bytes"):
        portable_python.from_options(options)


@pytest.mark.parametrize("text", ["[1]", '{"python": [3, 13]}', "[" * 100_000, "{"])
def test_a_damaged_note_is_made_again(tmp_path: Path, text: str) -> None:
    options = archive(tmp_path)
    first = portable_python.from_options(options)
    (note,) = (tmp_path / "cache" / "portable").glob("*.json")
    note.write_text(text)
    assert portable_python.from_options(options) == first
    assert json.loads(note.read_text())["top"] == "python/"
