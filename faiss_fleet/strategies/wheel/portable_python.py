# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A CPython that comes along with the wheel, for hosts without a usable one: an archive named in the inventory."""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...artefacts import cache
from ...artefacts.named_file import NamedFile
from ...errors import FleetError
from ...target import errors as target_errors
from ...target.elf import needs
from ...target.elf import reader as elf
from ...target.prefix import manifest as target_prefix
from ..base import Options

VARIABLE = "faiss_install__portable_python"
DIRECTORY = "python"
EXECUTABLE = re.compile(r"^(?P<top>(?:[^/]+/)?)bin/python3$")
STDLIB = re.compile(r"^(?P<top>(?:[^/]+/)?)lib/python(?P<major>3)\.(?P<minor>\d+)/")
LIBRARY = re.compile(r"^(?:[^/]+/)?lib/[^/]+\.so(?:\.[0-9.]+)?$")
MAX_LINKS = 8
# Bytes of one program or library of it. The largest of a real one, libpython, has 30 to 100 MB.
MOST_BYTES = 512 << 20
NOTED = ("top", "python", "unpacked_bytes", "needs", "bundled")


@dataclass(frozen=True)
class PortablePython:
    """archive and its sha256; top is the directory in it that holds bin/; needs and bundled as needs.py has them."""

    archive: Path
    sha256: str
    top: str
    python: tuple[int, int]
    unpacked_bytes: int
    needs: tuple[dict[str, Any], ...]
    bundled: tuple[str, ...]


def from_options(options: Options) -> PortablePython | None:
    """The one that the inventory names; None when it names none. Raises FleetError for one that cannot be used."""
    named = NamedFile.of(options.extra.get(VARIABLE), VARIABLE)
    if named is None:
        return None
    note = options.cache / "portable" / f"{named.sha256}.json"
    kept = cache.read_json(note)
    if not isinstance(kept, dict) or kept.get("stamp") != named.stamp or not all(name in kept for name in NOTED):
        named.check()
        kept = {**_inspect(named.path), "stamp": named.stamp}
        cache.write_json(note, kept)
    return PortablePython(
        archive=named.path,
        sha256=named.sha256,
        top=kept["top"],
        python=(kept["python"][0], kept["python"][1]),
        unpacked_bytes=kept["unpacked_bytes"],
        needs=tuple(kept["needs"]),
        bundled=tuple(kept["bundled"]),
    )


def _inspect(path: Path) -> dict[str, Any]:
    try:
        with tarfile.open(path) as tar:
            members = {posixpath.normpath(member.name): member for member in tar}
            tops = {found["top"] for name in members if (found := EXECUTABLE.match(name))}
            libs = {(found["top"], int(found["minor"])) for name in members if (found := STDLIB.match(name))}
            pairs = sorted((top, minor) for top, minor in libs if top in tops)
            if len(pairs) != 1:
                raise _unusable(
                    path, "it does not hold one bin/python3 with its lib/python3.x, at the top or one directory down"
                )
            top, minor = pairs[0]
            files = {}
            for name in [f"{top}bin/python3", *(name for name in members if LIBRARY.match(name))]:
                member = _followed(members, name)
                handle = tar.extractfile(member) if member else None
                if member is None or handle is None:
                    continue
                if member.size > MOST_BYTES:
                    raise _unusable(path, f"{name} in it has {member.size} bytes, which no library of a Python has")
                data = handle.read()
                if elf.is_elf(data[:4]):
                    files[posixpath.join(DIRECTORY, posixpath.relpath(member.name, top or "."))] = elf.read(
                        io.BytesIO(data), name=member.name
                    )
    except (tarfile.TarError, EOFError, OSError, target_errors.AuditError) as exc:
        raise _unusable(path, str(exc)) from exc
    used = _started(files)
    return {
        "top": top,
        "python": [3, minor],
        "unpacked_bytes": sum(member.size for member in members.values()),
        "needs": needs.of_files(used),
        "bundled": needs.bundled(files),
    }


def _followed(members: Mapping[str, tarfile.TarInfo], name: str) -> tarfile.TarInfo | None:
    for _ in range(MAX_LINKS):
        member = members.get(name)
        if member is None or not (member.issym() or member.islnk()):
            return member
        directory = posixpath.dirname(name) if member.issym() else ""
        name = posixpath.normpath(posixpath.join(directory, member.linkname))
    return None


def _started(files: Mapping[str, Any]) -> dict[str, Any]:
    """The interpreter and the libraries of the archive that it cannot start without."""
    by_name = {alias: name for name in files for alias in (files[name].soname, posixpath.basename(name)) if alias}
    wanted = [name for name in files if posixpath.dirname(name) == f"{DIRECTORY}/bin"]
    for name in wanted:
        wanted.extend(
            by_name[library] for library in files[name].needed if library in by_name and by_name[library] not in wanted
        )
    return {name: files[name] for name in wanted}


def unpack(portable: PortablePython, directory: Path) -> None:
    """Unpacks what is under the archive's top into ``directory``; a member that would land elsewhere is refused."""
    directory.mkdir(parents=True)
    try:
        with tarfile.open(portable.archive) as tar:
            members = []
            for member in tar:
                path = target_prefix.member_path(member.name)
                if not path or not (path + "/").startswith(portable.top) or path + "/" == portable.top:
                    continue
                member.name = path[len(portable.top) :]
                if member.islnk():
                    member.linkname = target_prefix.member_path(member.linkname)[len(portable.top) :]
                else:
                    target_prefix.check_kind(member)
                if member.issym():
                    target_prefix.check_link(member.name, member.linkname)
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                members.append(member)
            # The members were judged above by the rules of the host's side; a Python with filters applies its own too.
            options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(directory, members, **options)  # type: ignore[arg-type]
    except (tarfile.TarError, EOFError, OSError, target_errors.AuditError) as exc:
        raise _unusable(portable.archive, str(exc)) from exc


def _unusable(path: Path, why: str) -> FleetError:
    remedy = f"Name another archive in {VARIABLE}: .tar.gz or .tar.xz, bin/python3 at its top or one directory down."
    return FleetError(
        f"{path} cannot be used as a portable Python: {why}. {remedy}", cause="corrupt_artefact", remedy=remedy
    )
