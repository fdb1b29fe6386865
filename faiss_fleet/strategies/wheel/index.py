# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Wheels of any project that a requirement admits: chosen by their names for the Pythons of hosts, then measured."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from ...artefacts import cache
from ...errors import FleetError
from ...redact import redact
from ..base import Options
from . import catalogue, pip_resolver
from .measure import Wheel, measure
from .pip_resolver import Source, Target
from .sums import check_sum, read_sums

MOST_WHEELS = 16  # downloaded for one requirement; each may have 20 MB and more
ANY_LIBC = 99  # a C library newer than every tag


def find(requirement: Requirement, targets: Sequence[Target], options: Options) -> tuple[list[Wheel], list[str]]:
    """(wheels that the requirement admits, best first; what could not be looked up).

    Of a wheelhouse and of faiss-cpu, whose table came with this project, all of them; of any other project those that
    the targets would take, or else those that lack least there.
    """
    given = options.extra.get("faiss_install__wheelhouse")
    if given:
        directory = Path(str(given)).expanduser()
        if not directory.is_dir():
            raise FleetError(f"The wheelhouse {directory} is not a directory. Name the one that holds the wheels.")
        sums = read_sums(directory)
        names = admitted([path.name for path in directory.glob("*.whl")], requirement)
        for name in names:
            check_sum(directory / name, sums)
        return [measure(directory / name, "wheelhouse") for name in names], []
    if canonicalize_name(requirement.name) == catalogue.PROJECT:
        known = catalogue.for_options(options)
        by_name = {wheel.file: wheel for wheel in known.wheels}
        return [by_name[name] for name in admitted(by_name, requirement)], list(known.gaps)
    if options.offline:
        raise FleetError(
            f"{requirement} is looked up in the package index, which this call may not ask. Name a wheelhouse."
        )
    try:
        names = admitted(pip_resolver.wheel_names(requirement.name, Source()), requirement)
    except FleetError as exc:
        if exc.cause != "no_matching_distribution":
            raise
        names = []
    chosen = wanted(names, targets)
    gaps = []
    if len(chosen) > MOST_WHEELS:
        gaps.append(f"Only {MOST_WHEELS} of {len(chosen)} wheels that hosts of this run would take were read.")
    return [_measured(name, options.cache) for name in chosen[:MOST_WHEELS]], gaps


def admitted(names: Iterable[str], requirement: Requirement) -> list[str]:
    """Those that are wheels for CPython on Linux and of a release that the requirement admits, newest release first."""
    found: list[tuple[Version, str]] = []
    for name in names:
        try:
            project, version, _, tags = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        fits = any(tag.interpreter[:2] in ("cp", "py") and re.search("linux|^any$", tag.platform) for tag in tags)
        if project == canonicalize_name(requirement.name) and fits:
            found.append((version, name))
    releases = set(requirement.specifier.filter(sorted({version for version, _ in found})))
    return [name for version, name in sorted(found, reverse=True) if version in releases]


def wanted(names: Sequence[str], targets: Iterable[Target]) -> list[str]:
    """Of names, newest first: for each target the one that pip would take, else the one that lacks least there."""
    chosen: dict[str, None] = {}
    for target in targets:
        newer_libc = dataclasses.replace(target, libc_version=(target.libc_version[0], ANY_LIBC))
        for each in (target, newer_libc):
            if found := _first(names, each, least_libc=each is newer_libc):
                chosen.setdefault(found)
                break
        else:
            if found := _for_another_python(names, target):
                chosen.setdefault(found)
    return sorted(chosen, key=names.index)


def _first(names: Sequence[str], target: Target, least_libc: bool) -> str | None:
    fitting = _tags(target)
    found = [name for name in names if parse_wheel_filename(name)[3] & fitting]
    if not found:
        return None
    newest = [name for name in found if catalogue.version_of(name) == catalogue.version_of(found[0])]
    return min(newest, key=_libc) if least_libc else newest[0]


def _for_another_python(names: Sequence[str], target: Target) -> str | None:
    """The wheel of the newest release for this kind of machine, and of those the one for the oldest Python."""
    family = "musllinux" if target.libc == "musl" else "manylinux"
    found = [name for name in names if target.arch in name and family in name]
    newest = [name for name in found if catalogue.version_of(name) == catalogue.version_of(found[0])]
    return min(newest, key=lambda name: int("0" + re.sub(r"\D", "", name.split("-")[2])[:3]), default=None)


def _tags(target: Target) -> frozenset[object]:
    platforms = [*target.platforms(), f"linux_{target.arch}"]
    known = cpython_tags(target.python, [target.abi], platforms)
    return frozenset((*known, *compatible_tags(target.python, target.tag, platforms)))


def _libc(name: str) -> tuple[int, ...]:
    numbers = [tuple(map(int, found)) for found in re.findall(r"linux_(\d+)_(\d+)_", name)]
    return min(numbers, default=(0, 0))


def _measured(name: str, kept: Path) -> Wheel:
    """The wheel as measured. It is downloaded once: what was measured stays in the controller's cache."""
    note = kept / "catalogue" / "any" / f"{name}.json"
    text = cache.read_json(note)
    if isinstance(text, str):
        try:
            return catalogue.from_json(text, "index")[0]
        except FleetError:
            pass  # of another version of this project: measured again
    with cache.temporary("wheel") as place:
        arguments = [f"--{key}={value}" for key, value in catalogue.exactly(name)]
        project, version, _, _ = parse_wheel_filename(name)
        asked = ["--dest", str(place), "--ignore-requires-python", *arguments, f"{project}=={version}"]
        pip_resolver.run(["download", *catalogue.DOWNLOAD, *asked], Source())
        path = place / name
        if not path.exists():
            there = ", ".join(each.name for each in place.iterdir())
            raise FleetError(redact(f"The package index named {name} and brought {there or 'nothing'}. Try again."))
        wheel = measure(path, "index")
    cache.write_json(note, catalogue.to_json([wheel], ""))
    return wheel
