# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads the ELF files inside a wheel, one at a time in memory, without unpacking it; a hostile archive is refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import FleetError
from ...target.elf import needs
from ...target.elf import reader as elf
from ...target.errors import AuditError

if TYPE_CHECKING:
    ElfFile = Any

# The largest FAISS wheel so far has 48 members and 132 MB, the largest file 43 MB, and the best squeezed one 11 to 1.
MAX_DIRECTORY_BYTES = 8 << 20
MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 512 << 20
MAX_TOTAL_BYTES = 2 << 30
MAX_RATIO = 200
SMALL = 1 << 20  # what is smaller than this may be squeezed as it likes

_END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True)
class WheelNeeds:
    """files: {member: ElfFile}; needs: as module_utils' needs.py has them; bundled: names the wheel brings along."""

    files: dict[str, ElfFile]
    needs: list[dict[str, Any]]
    bundled: list[str]


def read(path: Path) -> WheelNeeds:
    """Needs of every ELF file in the wheel. Raises FleetError with cause corrupt_artefact when it cannot be trusted."""
    try:
        with path.open("rb") as handle:
            _check_directory(path, handle)
            with zipfile.ZipFile(handle) as archive:
                _check_members(path, archive.infolist())
                files = {info.filename: found for info in archive.infolist() if (found := _elf(archive, info))}
    except OSError as exc:
        raise FleetError(f"{path} cannot be read: {exc.strerror or exc}. Check the path and its permissions.") from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as exc:
        raise _refused(path, f"it is not a valid zip archive ({exc})") from exc
    except AuditError as exc:
        raise _refused(path, str(exc)) from exc
    return WheelNeeds(files, needs.of_files(files), needs.bundled(files))


def _refused(path: Path, why: str) -> FleetError:
    remedy = f"Remove {path} and fetch it again."
    return FleetError(f"{path.name} is refused: {why}. {remedy}", cause="corrupt_artefact", remedy=remedy)


def _check_directory(path: Path, handle: io.BufferedReader) -> None:
    """Bounds the list of members before zipfile reads it whole."""
    size = handle.seek(0, io.SEEK_END)
    tail_at = max(0, size - _END.size - 0xFFFF - 20)
    handle.seek(tail_at)
    tail = handle.read()
    # Where zipfile finds the end record: at the very end, or else at the last place that looks like one.
    start = len(tail) - _END.size
    if start < 0 or tail[start : start + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END.size:
        raise _refused(path, "it has no list of members, as a file that was cut short")
    # This record, of more than 65,535 members or four gigabytes, would be believed instead of the one looked at here.
    if tail[max(0, start - 20) : start].startswith(b"PK\x06\x07"):
        raise _refused(path, "it is an archive of the 64-bit kind, which no wheel needs")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, start)
    if count > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        raise _refused(path, f"it claims {count} members in a list of {length} bytes")


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise _refused(path, f"it has {len(members)} members")
    if sum(info.file_size for info in members) > MAX_TOTAL_BYTES:
        raise _refused(path, f"its members unpack to more than {MAX_TOTAL_BYTES:,} bytes")
    seen: set[str] = set()
    for info in members:
        shown = ascii(info.filename)
        if info.filename in seen:
            raise _refused(path, f"it has two members {shown}")
        seen.add(info.filename)
        if not info.filename.isprintable() or info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise _refused(path, f"the name of its member {shown} leads out of it or cannot be shown")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refused(path, f"its member {shown} is a symbolic link")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(path, f"its member {shown} is packed by method {info.compress_type}")
        if info.file_size > MAX_MEMBER_BYTES:
            size = f"{info.file_size:,} bytes, more than {MAX_MEMBER_BYTES:,}"
            raise _refused(path, f"its member {shown} unpacks to {size}")
        if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
            raise _refused(path, f"its member {shown} unpacks {info.compress_size} bytes to {info.file_size}")


def _elf(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ElfFile | None:
    """None for what is no ELF file, of which no more than four bytes are unpacked."""
    with archive.open(info) as member:
        head = member.read(4)
        if not elf.is_elf(head):
            return None
        return elf.read(io.BytesIO(head + member.read()), name=info.filename)
