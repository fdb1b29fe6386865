# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads what a native artefact needs: a wheel, an ELF file, a directory, an npm package, a requirement or a floor."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ..argument_specs import suggestion
from ..errors import FleetError
from ..strategies.base import Options
from ..strategies.wheel import index, measure, pip_resolver
from ..strategies.wheel.judge import libc_of
from ..strategies.wheel.pip_resolver import Target
from ..target.elf import chain, needs
from ..target.elf import reader as elf
from ..target.errors import AuditError
from .artefact_check import Artefact, Build

Record = Mapping[str, Any]

NODE = re.compile(r"node(?:\.?js)?[\s@=_-]*v?(\d{1,3})(?:\.[\dx.]*)?", re.IGNORECASE)
GLIBC = re.compile(r"glibc[\s@=_-]*(\d{1,3}\.\d{1,3})", re.IGNORECASE)
MUSL = re.compile(r"musl[\s@=_-]*(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?", re.IGNORECASE)
SYMBOL_VERSION = re.compile(r"(GLIBCXX|CXXABI|GOMP|OMP|GCC)_\d{1,3}(?:\.\d{1,3}){0,3}")
DEFINED_BY = {"GLIBCXX": "libstdc++.so.6", "CXXABI": "libstdc++.so.6", "GOMP": "libgomp.so.1", "OMP": "libgomp.so.1",
              "GCC": "libgcc_s.so.1"}  # fmt: skip
TAG = re.compile(r"(manylinux|musllinux)_(\d{1,3})_(\d{1,3})(?:_(\w+))?")
LEGACY_TAG = re.compile(rf"({'|'.join(pip_resolver.LEGACY.values())})(?:_(\w+))?")
NO_VERSION = re.compile(r"node(?:\.?js)?|g?libc|musl(?:linux\w*)?|manylinux\w*", re.IGNORECASE)
A_PATH = re.compile(r"^[.~]?/|^\.\.?$|/|\.(?:whl|node)$|\.so(?:\.[\d.]+)?$")
NAMED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*[\s@]\s*v?(\d[\w.]*)")  # a release as people write it, "numpy 2.5"
DEFAULT_TARGET = Target((3, 12), "x86_64", "glibc", (2, 17))


@dataclass(frozen=True)
class Files:
    """The ELF files of a path, by their name below it; kind says what the path is."""

    files: Mapping[str, Any]
    kind: str
    name: str

    @property
    def needs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = needs.of_files(self.files)
        return found

    @property
    def bundled(self) -> list[str]:
        found: list[str] = needs.bundled(self.files)
        return found


def find(text: str, records: Callable[[], Iterable[Record]] = tuple, options: Options | None = None) -> Artefact:
    """The artefact that a text names, as the command line and ``fleet_report__artefacts`` do.

    A path that exists comes first, then a floor ("node 27", "manylinux_2_34", "glibc 2.34", "GLIBCXX_3.4.29"), then a
    requirement ("numpy==2.5", "numpy 2.5"), which is looked up for the Pythons and C libraries of the records.
    FleetError for what is none.
    """
    text = text.strip()
    path = Path(text).expanduser()
    if text and (path.exists() or (A_PATH.search(text) and " @ " not in text)):
        return of_path(path)
    floor = of_floor(text)
    if floor is not None:
        return floor
    return of_requirement(text, records, options or Options(cache=Options.cache.expanduser()))


def of_path(path: Path) -> Artefact:
    """The artefact in a file or a directory."""
    _check_exists(path)
    if path.suffix == ".whl" and not path.is_dir():
        wheel = measure.measure(path, "wheelhouse")
        return Artefact(path.name, "wheel", (Build(wheel.file, wheel=wheel),))
    found = read_files(path)
    return Artefact(found.name, found.kind, builds_of(found.files))


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise FleetError(f"{path} does not exist. Check the path: it is one on the controller.")


def read_files(path: Path) -> Files:
    """The shared objects and programs at a path, and the libraries that they find by their own search path."""
    try:
        files = chain.follow(chain.elf_files_of(str(path), _begins_like_elf, programs=True))
    except AuditError as exc:
        raise FleetError(str(exc)) from exc
    except OSError as exc:
        where = exc.filename if isinstance(exc.filename, str) else path
        raise FleetError(f"{where} cannot be read: {exc.strerror or exc}. Check the path and its permissions.") from exc
    base = path if path.is_dir() else path.parent
    files = {_below(name, base): file for name, file in files.items()}
    if not path.is_dir():
        return Files(files, "file", path.name)
    package = _npm_package(path)
    return Files(files, "npm package" if package else "directory", package or path.resolve().name)


def builds_of(files: Mapping[str, Any]) -> tuple[Build, ...]:
    """One build for each machine and C library that files are for: packages hold prebuilt files for several."""
    groups: dict[tuple[str, str | None], dict[str, Any]] = {}
    for name, file in files.items():
        groups.setdefault((file.machine, _family(file)), {})[name] = file
    either = {machine: groups.pop((machine, None), {}) for machine in {machine for machine, _ in groups}}
    for machine, shared in either.items():
        if shared and not any(each == machine for each, _ in groups):
            groups[machine, None] = {}
    builds = []
    for (machine, family), own in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        together = {**own, **either[machine]}
        label = f"{machine} {family}" if family else machine
        builds.append(Build(label, tuple(needs.of_files(together)), tuple(needs.bundled(together))))
    return tuple(builds)


def _family(file: Any) -> str | None:
    """The C library that a file is for; None where it names none."""
    if any(library.startswith("libc.musl-") for library in file.needed) or "ld-musl" in (file.interpreter or ""):
        return "musl"
    return "glibc" if any(library in needs.OF_GLIBC for library in file.needed) else None


def _npm_package(path: Path) -> str | None:
    try:
        about = json.loads((path / "package.json").read_text(encoding="utf-8"))
        return f"{about['name']}@{about['version']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _below(name: str, base: Path) -> str:
    for directory in (base, base.resolve()):
        if Path(name).is_relative_to(directory):
            return os.path.relpath(name, directory)
    return name


def _begins_like_elf(path: str) -> bool:
    with open(path, "rb") as handle:
        return bool(elf.is_elf(handle.read(4)))


@cache
def floors() -> dict[int, dict[str, Any]]:
    """What a release of Node needs of a host, by major version, each with its source."""
    table = json.loads(resources.files(__package__).joinpath("floors.json").read_text(encoding="utf-8"))
    return {row["major"]: row for row in table["node"]}


def of_floor(text: str) -> Artefact | None:
    """'node 27', 'manylinux_2_34', 'musllinux_1_2', 'glibc 2.34', 'GLIBCXX_3.4.29' as an artefact; None for another.

    FleetError for one of these without a version.
    """
    if match := NODE.fullmatch(text):
        return _node(int(match[1]))
    if match := GLIBC.fullmatch(text):
        name = f"glibc {match[1]}"
        return Artefact(name, "C library", (Build(name, tuple(_glibc(name, match[1]))),))
    if match := MUSL.fullmatch(text):
        return _tag(f"musllinux_{match[1]}_{match[2]}", "musllinux", f"{match[1]}.{match[2]}", None)
    if match := SYMBOL_VERSION.fullmatch(text):
        wanted = (_need(text, DEFINED_BY[match[1]], None), _need(text, DEFINED_BY[match[1]], text))
        return Artefact(text, "symbol version", (Build(text, wanted),))
    if match := TAG.fullmatch(text):
        return _tag(text, match[1], f"{match[2]}.{match[3]}", match[4])
    if match := LEGACY_TAG.fullmatch(text):
        major, minor = next(version for version, name in pip_resolver.LEGACY.items() if name == match[1])
        return _tag(text, "manylinux", f"{major}.{minor}", match[2])
    if NO_VERSION.fullmatch(text):
        # An index has packages of these names, which nobody means.
        raise FleetError(
            f'{text!r} names no version. Write "node 27", "glibc 2.34", manylinux_2_34 or musllinux_1_2; a package '
            f'of that name in an index is "{text} >= 0".'
        )
    return None


def _node(major: int) -> Artefact:
    row = floors().get(major)
    if row is None:
        known = ", ".join(map(str, floors()))
        raise FleetError(
            f"What Node {major} needs is not in the table, which has {known}. Give the path of its binary instead, "
            "such as node_modules/node/bin/node."
        )
    name = f"Node {major}"
    wanted = [_need(name, None, None, machine="x86_64")]
    wanted += [_need(name, library, None) for library in ("libstdc++.so.6", *row["libraries"])]
    wanted += [
        *_glibc(name, row["glibc"]),
        _need(name, "libstdc++.so.6", f"GLIBCXX_{row['GLIBCXX']}"),
        _need(name, "libstdc++.so.6", f"CXXABI_{row['CXXABI']}"),
    ]
    return Artefact(name, "Node", (Build(f"{name} linux-x64", tuple(wanted)),), source=row["source"])


def _tag(text: str, kind: str, version: str, arch: str | None) -> Artefact:
    wanted = [_need(text, None, None, machine=needs.machine_of(arch))] if arch else []
    if kind == "manylinux":
        wanted += _glibc(text, version)
    else:
        wanted += [_need(text, "libc.musl-x86_64.so.1", None), _need(text, "libc.musl-x86_64.so.1", f"MUSL_{version}")]
    return Artefact(text, "platform tag", (Build(text, tuple(wanted)),), source="The tag names the C library itself.")


def _glibc(file: str, version: str) -> list[dict[str, Any]]:
    return [_need(file, "libc.so.6", None), _need(file, "libc.so.6", f"GLIBC_{version}")]


def _need(file: str, library: str | None, version: str | None, **more: Any) -> dict[str, Any]:
    return {"file": file, "library": library, "symbol_version": version, "symbols": [], **more}


def of_requirement(text: str, records: Callable[[], Iterable[Record]], options: Options) -> Artefact:
    """The wheels that a requirement admits."""
    requirement = _requirement(text)
    wheels, gaps = index.find(requirement, targets_of(records()), options)
    if not wheels:
        raise FleetError(
            f"No wheel for Linux fulfils {requirement}. See that the release exists and has wheels, not sources alone; "
            "of an npm package, give the directory where it is installed."
        )
    builds = tuple(Build(wheel.file, wheel=wheel) for wheel in wheels)
    return Artefact(str(requirement), "requirement", builds, gaps=tuple(gaps))


def _requirement(text: str) -> Requirement:
    near = suggestion(text.split(" ")[0], ["node", "manylinux", "musllinux", "glibc"])
    named = None if near else NAMED.fullmatch(text)
    try:
        requirement = Requirement(f"{named[1]}=={named[2]}" if named else text)
        if requirement.url:
            raise InvalidRequirement("it names an address, not a release")
    except InvalidRequirement as exc:
        raise FleetError(
            f"{text!r} is neither a path nor a floor nor a requirement: {str(exc).splitlines()[0]}.{near} Give the "
            'path of a wheel, .so, .node or directory, "node 27", "manylinux_2_34", or "numpy==2.5".'
        ) from exc
    return requirement


def check(text: str) -> None:
    """Look at a text as ``find`` does, without asking an index. FleetError for one that names no artefact."""
    text = text.strip()
    path = Path(text).expanduser()
    if text and (path.exists() or (A_PATH.search(text) and " @ " not in text)):
        _check_exists(path)
    elif of_floor(text) is None:
        _requirement(text)


def targets_of(records: Iterable[Record]) -> list[Target]:
    """Each Python on each C library of these hosts, once; one of their own for hosts without any Python."""
    found: dict[Target, None] = {}
    for record in records:
        facts = record.get("facts")
        libc = libc_of(facts) if facts else None
        if facts is None or libc is None:
            continue
        versions = [re.match(r"(\d+)\.(\d+)", one["version"] or "") for one in facts["pythons"]]
        pythons = {(int(match[1]), int(match[2])) for match in versions if match}
        for python in sorted(pythons, reverse=True) or [DEFAULT_TARGET.python]:
            if python >= (3, 6):
                found.setdefault(Target(python, facts["arch"], libc[0], libc[1]))
    return list(found) or [DEFAULT_TARGET]
