# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Packs a staged tree into the archive that a host gets: the same bytes each time, with a manifest in front."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FleetError
from ..model import Runtime
from ..target import errors as target_errors
from ..target.prefix import manifest as target_prefix
from . import cache
from .artefact import Artefact

DIGEST_CHARACTERS = 16
# Of every member: 2000-01-01, as some tools take the epoch itself for a missing date.
MTIME = 946684800
# 0.63 of the time of level 6, gzip's usual one, and 1.5 % more bytes: tests/bench/bench_packing.py.
COMPRESSION = 5


@dataclass(frozen=True)
class Packed:
    """An archive whose top holds manifest.json; digest names the prefix; unpacked_bytes must be free there."""

    archive: Path
    sha256: str
    digest: str
    unpacked_bytes: int

    def artefact(self, runtime: Runtime, lock: dict[str, Any]) -> Artefact:
        return Artefact(self.archive, self.sha256, self.digest, self.unpacked_bytes, runtime, lock)


def digest_of(lock: dict[str, Any]) -> str:
    """What the prefix of this lock is called: the front of the sha256 of the lock's one spelling."""
    return cache.digest(lock)[:DIGEST_CHARACTERS]


@contextlib.contextmanager
def new_archive(path: Path, form: int, level: int = COMPRESSION) -> Iterator[tarfile.TarFile]:
    """A .tar.gz of this tar format to write, whose bytes depend on its members alone. It is whole or not there."""
    with (
        cache.replaced(path) as out,
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0, compresslevel=level) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=form) as tar,
    ):
        yield tar


def pack(tree: Path, lock: dict[str, Any], strategy: str, directory: Path) -> Packed:
    """Packs ``tree`` into ``directory``/<strategy>-<digest>.tar.gz, which appears whole or not at all.

    Order, owners, modes and times do not come from the tree, and hard links become files of their own. Raises
    FleetError for what the host would refuse: a device, or a link that leads out of the tree.
    """
    digest = digest_of(lock)
    entries = list(_entries(tree))
    files = {path: _listed(full) for path, full in entries if full.is_symlink() or not full.is_dir()}
    listing = cache.readable(files)
    manifest: dict[str, Any] = {
        "schema": target_prefix.SCHEMA,
        "strategy": strategy,
        "digest": digest,
        "lock": lock,
        "files": len(files),
        "unpacked_bytes": sum(int(entry.get("size", 0)) for entry in files.values()) + len(listing),
    }
    archive = directory / f"{strategy}-{digest}.tar.gz"
    with new_archive(archive, tarfile.PAX_FORMAT) as tar:
        _add_bytes(tar, target_prefix.MANIFEST, cache.readable(manifest))
        _add_bytes(tar, target_prefix.FILES, listing)
        for path, full in entries:
            _add(tar, path, full)
    packed = Packed(archive, cache.sha256(archive), digest, int(manifest["unpacked_bytes"]))
    _keep(packed)
    return packed


def _entries(tree: Path) -> Iterator[tuple[str, Path]]:
    """Everything in the tree but the tree itself, parents before what is in them, in one order on every machine."""
    for root, directories, names in os.walk(tree):
        directories.sort(key=os.fsencode)
        for name in sorted(directories + names, key=os.fsencode):
            full = Path(root, name)
            path = full.relative_to(tree).as_posix()
            if path in (target_prefix.MANIFEST, target_prefix.FILES):
                continue
            _check(path, full)
            yield path, full


def _check(path: str, full: Path) -> None:
    mode = full.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise FleetError(
            f"{path} of the staged tree {full} is a device, a pipe or a socket, which no prefix may hold. Look at what "
            "put it there: a package with such a file cannot be shipped.",
            cause="corrupt_artefact",
        )
    if stat.S_ISLNK(mode):
        try:
            target_prefix.check_link(path, os.readlink(full))
        except target_errors.AuditError as exc:
            raise FleetError(str(exc), cause="corrupt_artefact") from None


def _listed(full: Path) -> dict[str, Any]:
    if full.is_symlink():
        return {"link": os.readlink(full)}
    return {"size": full.stat().st_size, "mtime": MTIME, "sha256": cache.sha256(full)}


def _member(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.mode, member.mtime = kind, mode, MTIME
    return member


def _add_bytes(tar: tarfile.TarFile, path: str, data: bytes) -> None:
    member = _member(path, tarfile.REGTYPE, 0o644)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _add(tar: tarfile.TarFile, path: str, full: Path) -> None:
    found = full.lstat()
    if stat.S_ISLNK(found.st_mode):
        member = _member(path, tarfile.SYMTYPE, 0o777)
        member.linkname = os.readlink(full)
        tar.addfile(member)
    elif stat.S_ISDIR(found.st_mode):
        tar.addfile(_member(path, tarfile.DIRTYPE, 0o755))
    else:
        member = _member(path, tarfile.REGTYPE, 0o755 if found.st_mode & 0o100 else 0o644)
        member.size = found.st_size
        with open(full, "rb") as handle:
            tar.addfile(member, handle)


def kept(directory: Path, strategy: str, lock: dict[str, Any]) -> Packed | None:
    """The archive of this lock when an earlier run packed it and it is whole; None when it is to be packed."""
    digest = digest_of(lock)
    archive = directory / f"{strategy}-{digest}.tar.gz"
    noted: Any = cache.read_json(_note(archive))
    whole = isinstance(noted, dict) and isinstance(noted.get("sha256"), str) and "unpacked_bytes" in noted
    if not whole or not archive.is_file() or noted.get("size") != archive.stat().st_size:
        return None
    if noted.get("mtime_ns") != archive.stat().st_mtime_ns and cache.sha256(archive) != noted.get("sha256"):
        return None
    return Packed(archive, str(noted["sha256"]), digest, int(noted["unpacked_bytes"]))


def discard(archive: Path) -> None:
    """Removes an archive that is not what it was, so that it is made again."""
    archive.unlink(missing_ok=True)
    _note(archive).unlink(missing_ok=True)


def _keep(packed: Packed) -> None:
    """Notes the archive's sha256 beside it, so that a later run need not read it whole."""
    found = packed.archive.stat()
    note = {
        "sha256": packed.sha256,
        "unpacked_bytes": packed.unpacked_bytes,
        "size": found.st_size,
        "mtime_ns": found.st_mtime_ns,
    }
    cache.write_json(_note(packed.archive), note)


def _note(archive: Path) -> Path:
    return archive.with_name(archive.name + ".json")
