# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Unpacks the inputs: tar archives, wheels and Debian packages, without a tool for each. A member that leads out is "
"refused."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from ...errors import FleetError
from ...target import errors as target_errors
from ...target.prefix import manifest as target_prefix

AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60


def tar(archive: Path | IO[bytes], directory: Path, name: str, top: bool = True) -> Path:
    """Files of a tar archive in ``directory``; with ``top`` the one directory that they all lie in is left out."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        name_or_file = {"name": archive} if isinstance(archive, Path) else {"fileobj": archive}
        with tarfile.open(**name_or_file) as members:
            for member in members:
                path = target_prefix.member_path(member.name)
                path = path.partition("/")[2] if top else path
                if not path or member.isdir():
                    continue
                target = directory / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if member.issym():
                    target_prefix.check_link(path, member.linkname)
                    target.symlink_to(member.linkname)
                    continue
                source = members.extractfile(member) if member.isreg() else None
                if source is None:
                    continue
                # The directories above may be links that the archive itself made.
                if not target.parent.resolve().is_relative_to(directory.resolve()):
                    raise tarfile.TarError(f"{member.name} leads out of the archive")
                with target.open("wb") as out:
                    while data := source.read(1 << 20):
                        out.write(data)
    except (tarfile.TarError, EOFError, OSError, target_errors.AuditError) as exc:
        raise _unusable(name, exc) from exc
    return directory


def wheel(archive: Path, directory: Path) -> Path:
    """Files of a wheel in ``directory``, those marked so executable."""
    try:
        with zipfile.ZipFile(archive) as members:
            for member in members.infolist():
                if target_prefix.member_path(member.filename) and not member.is_dir():
                    path = members.extract(member, directory)
                    if member.external_attr >> 16 & 0o100:
                        os.chmod(path, 0o755)
    except (zipfile.BadZipFile, OSError, EOFError, target_errors.AuditError) as exc:
        raise _unusable(archive.name, exc) from exc
    return directory


def deb(archive: Path, directory: Path) -> Path:
    """Files of a Debian package in ``directory``: its data.tar, which lies in an ar archive."""
    data = archive.read_bytes()
    if not data.startswith(AR_MAGIC):
        raise _unusable(archive.name, "it is no Debian package")
    at = len(AR_MAGIC)
    while at + AR_HEADER <= len(data):
        header = data[at : at + AR_HEADER]
        size = header[48:58].strip()
        if not size.isdigit():
            break
        start = at + AR_HEADER
        if header[:16].strip().rstrip(b"/").startswith(b"data.tar"):
            return tar(io.BytesIO(data[start : start + int(size)]), directory, archive.name, top=False)
        at = start + int(size) + int(size) % 2
    raise _unusable(archive.name, "it holds no data.tar")


def _unusable(name: str, why: object) -> FleetError:
    return FleetError(
        f"{name} cannot be unpacked: {why}. Fetch it again: remove it from the cache or from the directory of "
        "faiss_install__addon_inputs.",
        cause="corrupt_artefact",
        remedy=f"Fetch {name} again.",
    )
