# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A Python that comes along serves hosts that have none, and no others."""

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
from faiss_fleet.strategies.wheel.portable_python import PortablePython
from tests.unit.faiss_fleet.strategies.wheel.hosts import CENTOS7, facts, plan

PORTABLE = PortablePython(
    archive=None,
    sha256="0" * 64,
    top="",
    python=(3, 13),
    unpacked_bytes=10**8,
    needs=({"file": "python/bin/python3.13", "library": "libc.so.6", "symbol_version": "GLIBC_2.17", "symbols": []},),
    bundled=(),
)


def test_host_with_python_2_alone_is_told_of_the_portable_one():
    (found,) = plan(facts(CENTOS7, "2.7.5"))
    assert found["verdict"] == "blocked"
    assert found["reasons"][0]["cause"] == "python_version"
    assert "2.7.5" in found["reasons"][0]["have"]
    assert "faiss_install__portable_python" in found["remedy"]


def test_host_without_python_is_told_so():
    (found,) = plan(facts(CENTOS7))
    assert found["reasons"][0]["cause"] == "python_missing"
    assert "faiss_install__portable_python" in found["remedy"]


def test_host_with_python_2_alone_gets_the_portable_one():
    candidates = plan(facts(CENTOS7, "2.7.5"), _portable=PORTABLE)
    assert candidates[0]["verdict"] == "blocked"
    assert candidates[1]["id"] == "wheel:faiss-cpu-1.9.0.post1:cp313:portable"
    assert candidates[1]["runtime"]["argv"] == ["{prefix}/python/bin/python3"]


def test_host_that_has_a_python_keeps_it():
    assert all("portable" not in candidate["id"] for candidate in plan(facts(CENTOS7, "3.8.0"), _portable=PORTABLE))


def test_portable_python_for_a_newer_c_library_is_blocked():
    (found,) = plan(facts({**CENTOS7, "GLIBC": "2.12"}, "2.7.5"), _portable=PORTABLE)
    assert found["reasons"][0]["need"] == "GLIBC_2.17"
    assert found["reasons"][0]["have"] == "2.12"


def archive(directory: Path, **members: bytes) -> Options:
    path = directory / "python.tar.gz"
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
    return Options(cache=directory / "cache", extra={portable_python.VARIABLE: given})


def test_a_member_that_is_too_big_for_a_library_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = archive(tmp_path, **{"python/lib/libbomb.so": b"\0" * 60_000_000})
    monkeypatch.setattr(portable_python, "MOST_BYTES", 50_000_000)
    with pytest.raises(FleetError, match=r"libbomb.so in it has 60000000 bytes"):
        portable_python.from_options(options)


@pytest.mark.parametrize("text", ["[1]", '{"python": [3, 13]}', "[" * 100_000, "{"])
def test_a_damaged_note_is_made_again(tmp_path: Path, text: str) -> None:
    options = archive(tmp_path)
    first = portable_python.from_options(options)
    (note,) = (tmp_path / "cache" / "portable").glob("*.json")
    note.write_text(text)
    assert portable_python.from_options(options) == first
    assert json.loads(note.read_text())["top"] == "python/"
