# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.wheel import needs as wheel_needs
from faiss_fleet.target.elf import reader as elf
from faiss_fleet.target.errors import AuditError
from tests.unit.module_utils.elf.elf_builder import FAISS, Builder

GOOD = Builder(**FAISS).build()
BUNDLED = Builder(soname="libgomp-e985bcbb.so.1.0.0").build()


def wheel(directory: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]] | None = None) -> Path:
    path = directory / "faiss_cpu-1.15.1-cp310-abi3-manylinux_2_28_x86_64.whl"
    if members is None:
        members = [
            ("faiss/__init__.py", b"from .swigfaiss import *\n"),
            ("faiss/libfaiss.so", GOOD),
            ("faiss_cpu.libs/libgomp-e985bcbb.so.1.0.0", BUNDLED),
        ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(FleetError) as caught:
        wheel_needs.read(path)
    assert caught.value.cause == "corrupt_artefact"
    assert path.name in str(caught.value)
    assert "fetch it again" in str(caught.value.remedy)
    return str(caught.value)


def test_every_elf_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    found = wheel_needs.read(wheel(tmp_path))
    assert sorted(found.files) == ["faiss/libfaiss.so", "faiss_cpu.libs/libgomp-e985bcbb.so.1.0.0"]
    assert found.bundled == ["libfaiss.so", "libgomp-e985bcbb.so.1.0.0"]
    assert {
        "file": "faiss/libfaiss.so",
        "library": "libm.so.6",
        "symbol_version": "GLIBC_2.27",
        "symbols": ["logf", "powf"],
    } in found.needs


def test_nothing_is_unpacked_to_disk(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    wheel_needs.read(path)
    assert list(tmp_path.iterdir()) == [path]


def test_of_what_is_no_elf_file_only_the_beginning_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: asked.append(n) or read(self, n))
    wheel_needs.read(wheel(tmp_path, [("data.bin", b"\0" * 500_000)]))
    assert asked == [4]


def test_an_absent_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"absent\.whl cannot be read: No such file"):
        wheel_needs.read(tmp_path / "absent.whl")


def test_a_wheel_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        refusal(path)


@pytest.mark.parametrize("place", range(0, 1200, 11))
def test_a_changed_byte_never_ends_in_a_traceback(tmp_path: Path, place: int) -> None:
    path = wheel(tmp_path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0xFF
    path.write_bytes(data)
    try:
        wheel_needs.read(path)
    except FleetError as exc:
        assert exc.cause == "corrupt_artefact"


def test_a_broken_elf_file_inside_is_named(tmp_path: Path) -> None:
    assert "faiss/libfaiss.so is a broken ELF file" in refusal(wheel(tmp_path, [("faiss/libfaiss.so", GOOD[:200])]))


@pytest.mark.parametrize("name", ["../evil.so", "/etc/evil.so", "a/../../evil.so", "evil\x1b[2J.so", "evil\n.so"])
def test_a_member_with_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    text = refusal(wheel(tmp_path, [(name, GOOD)]))
    assert "leads out of it or cannot be shown" in text
    assert text.isprintable()


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("faiss/libfaiss.so")
    link.external_attr = 0o120777 << 16
    assert "is a symbolic link" in refusal(wheel(tmp_path, [(link, b"/lib64/libc.so.6")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    assert "two members" in refusal(wheel(tmp_path, [("a.so", GOOD), ("a.so", BUNDLED)]))


def test_another_packing_method_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.so", GOOD)
    assert "is packed by method 14" in refusal(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wheel(tmp_path, [("faiss/libfaiss.so", GOOD + b"\0" * (8 << 20))])
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    assert "unpacks" in refusal(path)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("MAX_MEMBERS", "claims 3 members"),
        ("MAX_TOTAL_BYTES", "more than 2 bytes"),
        ("MAX_MEMBER_BYTES", "bytes, more than 2"),
    ],
)
def test_each_bound_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, words: str) -> None:
    monkeypatch.setattr(wheel_needs, limit, 2)
    assert words in refusal(wheel(tmp_path))


def test_a_list_of_members_that_claims_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wheel(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, len(data) - 10, 1 << 30)
    path.write_bytes(data)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    assert "list of 1073741824 bytes" in refusal(path)


def test_an_archive_of_the_64_bit_kind_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:-22] + struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1) + data[-22:])
    assert "64-bit kind" in refusal(path)


def test_a_member_that_is_longer_than_it_claims_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path, [("faiss/libfaiss.so", GOOD)])
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", len(GOOD)), struct.pack("<I", len(GOOD) - 8)))
    refusal(path)


def test_a_locked_member_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path, [("faiss/libfaiss.so", GOOD)])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refusal(path)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(4, len(GOOD) - 1), st.integers(0, 255)), max_size=60), st.integers(0, len(GOOD)))
def test_any_elf_file_ends_in_an_answer_or_an_error(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    for candidate in (bytes(data), bytes(data[:cut])):
        try:
            elf.read(io.BytesIO(candidate), name="x.so")
        except AuditError as exc:
            assert "x.so" in str(exc)
