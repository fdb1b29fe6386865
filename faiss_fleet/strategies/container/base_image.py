# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Looks into the layers of an image without running it: its C library and its Python, as facts of a host."""

from __future__ import annotations

import posixpath
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import FleetError
from ...target import errors as target_errors
from ...target import host as target_host
from ...target.elf import reader as elf
from ...target.elf import versions as glibc
from ...target.facts import shared_libraries
from ..base import Facts

# All that has to be laid out for a look: links lead from /lib to /usr/lib and from python3 to the real one.
STEMS = "|".join(re.escape(soname.partition(".so")[0]) for _, soname in glibc.LIBRARIES)
LOOKED_AT = re.compile(
    rf"(^|/)(libc\.so\.6|libc-2\.[0-9]+\.so|({STEMS})[-.0-9a-z]*|ld-(linux|musl)[^/]*|bin/python[0-9.]*)$"
    r"|^etc/(ld\.so\.[^/]*|os-release)$|^usr/lib/os-release$"
)
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/opt/conda/bin")


def lay(layers: Sequence[Path], root: Path) -> None:
    """Lays what is looked at into ``root``, layer over layer. Nothing is written outside of it."""
    for layer in layers:
        with tarfile.open(layer) as tar:
            for member in tar:
                path = posixpath.normpath(member.name).lstrip("/")
                if path.startswith("..") or path == ".":
                    continue
                _lay_one(tar, member, path, root)


def _lay_one(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, root: Path) -> None:
    directory, name = posixpath.split(path)
    if name == OPAQUE:
        _remove(root / directory, root)
    elif name.startswith(WHITEOUT):
        _remove(root / directory / name[len(WHITEOUT) :], root)
    elif member.issym():
        _make_way(root / path, root)
        (root / path).symlink_to(member.linkname)
    elif LOOKED_AT.search(path) and (member.isreg() or member.islnk()):
        handle = tar.extractfile(member)
        if handle is not None:
            _make_way(root / path, root)
            with open(root / path, "wb") as out:
                shutil.copyfileobj(handle, out)
            (root / path).chmod(0o755)


def _inside(path: Path, root: Path) -> bool:
    """No directory on the way is a link: a later layer could else write through it."""
    return not any((root / part).is_symlink() for part in path.relative_to(root).parents)


def _make_way(path: Path, root: Path) -> None:
    if not _inside(path, root):
        raise ValueError(f"its member {path.relative_to(root)} lies behind a link")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(path, root)


def _remove(path: Path, root: Path) -> None:
    if not _inside(path, root) or path == root:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


def inspect(layers: Sequence[Path], directory: Path, python: str, name: str) -> dict[str, Any]:
    """What of a host's facts an image decides: arch, libc, pythons and libraries. name is for errors."""
    root = directory / "look"
    root.mkdir()
    try:
        lay(layers, root)
    except (tarfile.TarError, OSError, ValueError) as exc:
        remedy = "Make it again, or name another."
        text = f"{name} cannot be looked into: {exc}. {remedy}"
        raise FleetError(text, "corrupt_artefact", remedy) from exc
    host = target_host.Host(str(root), environ={"PATH": ":".join(PATH)})
    path = (
        python
        if python.startswith("/")
        else next((f"{where}/{python}" for where in PATH if host.is_file(f"{where}/{python}")), None)
    )
    if path is None or not host.is_file(path):
        remedy = "Name a base that has a Python, or its path in faiss_install__container_python."
        raise FleetError(f"{name} has no {python}. {remedy}", "python_missing", remedy)
    return _described(host, path, name)


def _described(host: Any, path: str, name: str) -> dict[str, Any]:
    real = host.real(path)
    version = re.search(r"python(\d+\.\d+)$", real)
    try:
        machine = elf.read(host.at(real), symbols=False)
    except (target_errors.AuditError, OSError):
        machine = None
    if machine is None or version is None:
        remedy = "Name the interpreter's path, such as /usr/bin/python3.11, in faiss_install__container_python."
        raise FleetError(
            f"{path} of {name} leads to {real}, which is no CPython of a known version. {remedy}",
            "python_missing",
            remedy,
        )
    finder = shared_libraries.Finder(host, machine.machine, machine.machine, machine.bits)
    _, libc, _ = finder.find("libc.so.6")
    newest = glibc.newest(libc.version_definitions) if libc else None
    found: dict[str, Any] = {
        "arch": machine.machine,
        "libc": {
            "family": "glibc" if newest else "musl" if "musl" in (machine.interpreter or "") else None,
            "version": glibc.text(newest) if newest else None,
        },
        "pythons": [
            {"path": path, "realpath": real, "version": version[1], "implementation": "cpython", "bits": machine.bits}
        ],
    }
    for key, soname in glibc.LIBRARIES:
        found[key] = shared_libraries.describe(finder, soname)
    return found


def as_host(inside: dict[str, Any], facts: Facts) -> Facts:
    """Facts of the image run on a host: its own userland, the host's processor and nothing of its file systems."""
    return {**facts, **inside, "filesystems": [], "prefixes": [], "libraries": None}
