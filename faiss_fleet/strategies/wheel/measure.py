# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What one faiss-cpu wheel is and needs, measured from the wheel itself."""

from __future__ import annotations

import email.parser
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from ...artefacts import cache
from ...errors import FleetError
from ...target.elf import versions as glibc
from . import needs as wheel_needs
from . import pip_resolver
from .pip_resolver import Target

NOTES = "faiss_cpu_notes.json"
MAX_SYMBOLS = 4
# What the oldest host within reach has, CentOS 7. Lesser needs stop nothing: only the newest of each file is kept.
FLOOR = {"GLIBC": (2, 17), "GLIBCXX": (3, 4, 19), "CXXABI": (1, 3, 7), "GCC": (4, 8, 0), "GOMP": (4, 0), "OMP": (3, 1)}
ISA_LEVELS = ("x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4")
BUILD = re.compile(r"(?:^|/)_swigfaiss(?:_(?P<isa>[a-z0-9_]+?))?(?:\.cpython-[^/]*|\.abi3)?\.so$")
PLATFORM = re.compile(r"^(?P<kind>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>.+)$")


@dataclass(frozen=True)
class Wheel:
    """One wheel file, as it was measured. isa is the least level on which it runs, None where not measured."""

    file: str
    version: Version
    tags: frozenset[tuple[str, str, str]]
    requires_python: str | None
    requires_dist: tuple[str, ...]
    sha256: str
    size: int
    unpacked_bytes: int
    builds: tuple[str, ...]
    needs: tuple[dict[str, Any], ...]
    bundled: tuple[str, ...]
    isa: str | None = None
    origin: str = "table"
    directory: Path | None = None

    @property
    def project(self) -> str:
        return str(parse_wheel_filename(self.file)[0])

    def libc_tags(self) -> list[tuple[str, tuple[int, int], str]]:
        """('glibc', (2, 17), 'x86_64') of each platform tag."""
        return list(self._libc_tags)

    @cached_property
    def _libc_tags(self) -> tuple[tuple[str, tuple[int, int], str], ...]:
        found = {libc_tag(platform) for _, _, platform in self.tags}
        return tuple(sorted(entry for entry in found if entry))

    def fits_python(self, target: Target) -> bool:
        """By its tags, and by the Python that its metadata asks for."""
        minor = target.python[1]
        for python, abi, _ in self.tags:
            exact = python == target.tag and abi == target.abi
            stable = abi == "abi3" and re.fullmatch(r"cp3\d+", python) is not None and int(python[3:]) <= minor
            if (exact or stable) and self._allows(target.python):
                return True
        return False

    def allows(self, python: str) -> bool:
        """Whether the metadata admits this very version of Python."""
        return SpecifierSet(self.requires_python or "").contains(python, prereleases=True)

    def _allows(self, python: tuple[int, int]) -> bool:
        # Some release of that minor version must be allowed: ">=3.8.1" does not rule 3.8 out as a whole.
        allowed = SpecifierSet(self.requires_python or "")
        return any(allowed.contains(f"{python[0]}.{python[1]}.{patch}") for patch in (0, 99))


def libc_tag(platform: str) -> tuple[str, tuple[int, int], str] | None:
    for (major, minor), name in pip_resolver.LEGACY.items():
        if platform.startswith(name + "_"):
            return "glibc", (major, minor), platform[len(name) + 1 :]
    found = PLATFORM.match(platform)
    if not found:
        return None
    family = "glibc" if found["kind"] == "manylinux" else "musl"
    return family, (int(found["major"]), int(found["minor"])), found["arch"]


@lru_cache(maxsize=1)
def notes() -> dict[str, Any]:
    """What no wheel says of itself: implicit requirements and measured CPU levels, by release."""
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath(NOTES).read_text(encoding="utf-8"))
    return found


def requirements(wheel: Wheel, known: dict[str, Any] | None = None) -> list[str]:
    """What must be installed with the wheel: what it asks for, and what it needs without asking."""
    found = []
    for text in wheel.requires_dist:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            requirement.marker = None
            found.append(str(requirement))
    for note in (known or notes())["implicit_requirements"]:
        if wheel.version in SpecifierSet(note["versions"], prereleases=True):
            found.extend(text for text in note["requires"] if text not in found)
    return found


def measure(path: Path, origin: str = "table") -> Wheel:
    """Reads one wheel. Raises FleetError, cause corrupt_artefact, for a file that is none."""
    tags = tags_of(path.name)
    project, version, _, _ = parse_wheel_filename(path.name)
    found = wheel_needs.read(path)
    metadata = _metadata(path)
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    builds = sorted(match["isa"] or "generic" for name in found.files if (match := BUILD.search(name)))
    return Wheel(
        file=path.name,
        version=version,
        tags=tags,
        requires_python=metadata.get("Requires-Python"),
        requires_dist=tuple(_without_extras(metadata.get_all("Requires-Dist") or [], path.name)),
        sha256=cache.sha256(path),
        size=path.stat().st_size,
        unpacked_bytes=unpacked,
        builds=tuple(builds),
        needs=tuple(_telling(found.needs)),
        bundled=tuple(found.bundled),
        isa=measured_isa(version, tags) if project == "faiss-cpu" else None,
        origin=origin,
        directory=path.parent if origin == "wheelhouse" else None,
    )


def tags_of(name: str) -> frozenset[tuple[str, str, str]]:
    try:
        return frozenset((tag.interpreter, tag.abi, tag.platform) for tag in parse_wheel_filename(name)[3])
    except InvalidWheelFilename as exc:
        raise FleetError(
            f"{name} is not the file name of a wheel: {exc}. Rename it as it was published, such as "
            "faiss_cpu-1.9.0-cp311-cp311-manylinux_2_17_x86_64.whl.",
            cause="corrupt_artefact",
        ) from exc


def _metadata(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) != 1:
                raise FleetError(
                    f"{path.name} holds {len(names)} METADATA files, and a wheel has one. Download it again.",
                    cause="corrupt_artefact",
                    remedy=f"Download {path.name} again.",
                )
            return email.parser.Parser().parsestr(archive.read(names[0]).decode("utf-8", "replace"))
    except (zipfile.BadZipFile, OSError) as exc:
        raise FleetError(
            f"{path} cannot be read as a wheel: {exc}. Download it again.",
            cause="corrupt_artefact",
            remedy=f"Download {path.name} again.",
        ) from exc


def _without_extras(lines: Iterable[str], file: str) -> Iterator[str]:
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as exc:
            raise FleetError(
                f"{file} asks for {line!r}, which is no requirement: {exc}.", cause="corrupt_artefact"
            ) from exc
        if "extra" not in str(requirement.marker or ""):
            yield line


def _telling(needs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of all needs those that can stop a host, and the newest of each file, so that the table stays readable.

    The machine is kept once, and each library that is asked for once.
    """
    needs = list(needs)
    newest: dict[tuple[str, str], tuple[int, ...]] = {}
    for need in needs:
        parsed = glibc.split(need["symbol_version"] or "")
        if parsed:
            key = (need["file"], parsed[0])
            newest[key] = max(parsed[1], newest.get(key, ()))
    seen: set[tuple[str | None, str | None]] = set()
    kept: set[tuple[str, str]] = set()
    for need in needs:
        parsed = glibc.split(need["symbol_version"] or "")
        if need["symbol_version"] is None:
            key2 = (need["library"], need.get("machine"))
            if key2 in seen:
                continue
            seen.add(key2)
        elif parsed:
            key = (need["file"], parsed[0])
            if parsed[0] not in FLOOR:
                continue
            if parsed[1] <= FLOOR[parsed[0]] and (parsed[1] != newest[key] or key in kept):
                continue
            kept.add(key)
        symbols = sorted(need["symbols"], key=lambda name: (name.startswith("_Z"), len(name), name))
        yield {**need, "symbols": symbols[:MAX_SYMBOLS]}


def measured_isa(
    version: Version, tags: frozenset[tuple[str, str, str]], known: dict[str, Any] | None = None
) -> str | None:
    if not any(platform.endswith("_x86_64") for _, _, platform in tags):
        return None
    for note in (known or notes())["isa"]:
        if version in SpecifierSet(note["versions"], prereleases=True):
            return str(note["isa"])
    return None
