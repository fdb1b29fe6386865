# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What every faiss-cpu wheel needs, measured from the wheels themselves.

``python -m faiss_fleet.strategies.wheel.catalogue update`` makes the table of this version of the project again. Later
releases are read the same way at run time and kept in the controller's cache; a wheelhouse is read in place of both.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import json
import re
import shutil
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ...artefacts import cache
from ...errors import FleetError
from ...redact import redact
from ..base import Options
from . import pip_resolver
from .measure import Wheel, libc_tag, measure, measured_isa, notes, tags_of
from .pip_resolver import Source
from .sums import check_sum, read_sums

PROJECT = "faiss-cpu"
VERSION = "faiss_install__wheel_version"
TABLE = "faiss_cpu_wheels.json"
SCHEMA = 1
ARCHES = ("x86_64", "aarch64")
# A look at the index for newer releases is kept this long; a failed one is not repeated by every host of a run either.
LOOK_HOURS = 24.0
FAILED_LOOK_HOURS = 0.25
MAX_NEW_WHEELS = 24
DOWNLOAD = ("--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir")


@dataclass(frozen=True)
class Catalogue:
    """wheels in no order; gaps: what could not be looked up, and why; source: where pip is to take the wheels from."""

    wheels: tuple[Wheel, ...]
    gaps: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)

    @functools.cached_property
    def by_release(self) -> dict[Version, list[Wheel]]:
        """The wheels of each release, newest first. Asked for each host, and worked out once."""
        found: dict[Version, list[Wheel]] = {}
        for wheel in self.wheels:
            found.setdefault(wheel.version, []).append(wheel)
        return {version: found[version] for version in sorted(found, reverse=True)}

    @functools.cached_property
    def by_file(self) -> dict[str, Wheel]:
        """Each wheel by the name of its file."""
        return {wheel.file: wheel for wheel in reversed(self.wheels)}

    def releases(self) -> list[Version]:
        """Newest first."""
        return list(self.by_release)


def to_json(wheels: Iterable[Wheel], generated: str) -> str:
    """The table as text: one line a wheel, and one line each for sets of needs, which wheels of a release may share."""
    sets: dict[str, str] = {}
    rows = []
    for wheel in sorted(wheels, key=lambda wheel: (wheel.version, wheel.file), reverse=True):
        body = {"needs": list(wheel.needs), "bundled": list(wheel.bundled)}
        key = cache.digest(body)[:12]
        sets[key] = json.dumps(body, sort_keys=True)
        row = {
            "file": wheel.file,
            "requires_python": wheel.requires_python,
            "requires_dist": list(wheel.requires_dist),
            "sha256": wheel.sha256,
            "size": wheel.size,
            "unpacked_bytes": wheel.unpacked_bytes,
            "builds": list(wheel.builds),
            "needs": key,
        }
        rows.append(json.dumps(row))
    body_rows = ",\n  ".join(rows)
    body_sets = ",\n  ".join(f"{json.dumps(key)}: {text}" for key, text in sorted(sets.items()))
    return (
        f'{{\n "schema": {SCHEMA},\n "project": "{PROJECT}",\n "generated": "{generated}",\n'
        f' "wheels": [\n  {body_rows}\n ],\n'
        f' "needs": {{\n  {body_sets}\n }}\n}}\n'
    )


def from_json(text: str, origin: str = "table") -> list[Wheel]:
    """Wheels of a table. Raises FleetError when it cannot be read."""
    try:
        table = json.loads(text)
        if table["schema"] != SCHEMA:
            raise ValueError(f"schema {table['schema']}")
        known = notes()
        return [_from_row(row, table["needs"][row["needs"]], origin, known) for row in table["wheels"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidSpecifier) as exc:
        raise FleetError(
            f"The catalogue of wheels cannot be read: {exc!r}. "
            "Make it again: python -m faiss_fleet.strategies.wheel.catalogue update.",
            cause="corrupt_artefact",
        ) from exc


def _from_row(row: dict[str, Any], body: dict[str, Any], origin: str, known: dict[str, Any]) -> Wheel:
    version = parse_wheel_filename(row["file"])[1]
    SpecifierSet(row["requires_python"] or "")
    return Wheel(
        file=row["file"],
        version=version,
        tags=tags_of(row["file"]),
        requires_python=row["requires_python"],
        requires_dist=tuple(row["requires_dist"]),
        sha256=row["sha256"],
        size=row["size"],
        unpacked_bytes=row["unpacked_bytes"],
        builds=tuple(row["builds"]),
        needs=tuple(body["needs"]),
        bundled=tuple(body["bundled"]),
        isa=measured_isa(version, tags_of(row["file"]), known) if row["file"].startswith("faiss_cpu-") else None,
        origin=origin,
    )


@functools.cache
def table() -> tuple[Wheel, ...]:
    """The table that came with this version of the project."""
    return tuple(from_json(resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")))


def for_options(options: Options, now: Callable[[], float] = time.time) -> Catalogue:
    """The catalogue that these options ask for: a wheelhouse, or the table and what is newer in the index."""
    given = options.extra.get("faiss_install__wheelhouse")
    if given:
        directory = Path(str(given)).expanduser()
        return Catalogue(tuple(wheelhouse(directory, options.cache)), source=Source((directory,)))
    return _with_newer(*_newer(table(), options, now))


def wanted_version(options: Options) -> Version | None:
    """The only version to use, None for the newest that fits. Raises FleetError for what is no version."""
    given = options.extra.get(VERSION)
    try:
        return Version(str(given)) if given else None
    except InvalidVersion:
        raise FleetError(f"{VERSION} is {given!r}, which is not a version. Give one such as 1.9.0.post1.") from None


def pinned(known: Catalogue, options: Options) -> Catalogue:
    """The wheels of the version that the inventory names, all where it names none. FleetError for one without any."""
    version = wanted_version(options)
    if version is None:
        return known
    if version not in known.by_release:
        places = known.source.directories
        where = ", ".join(map(str, places)) if places else "the catalogue of this version of faiss-fleet and the index"
        has = ", ".join(map(str, known.releases()[:5])) or "nothing"
        gaps = "".join(f" {gap}" for gap in known.gaps)
        remedy = f"Correct {VERSION}, or leave it empty for the newest that fits."
        raise FleetError(
            f"{VERSION} is {version}, and {where} has no wheel of it; the newest there: {has}.{gaps} {remedy}",
            remedy=remedy,
        )
    return Catalogue(tuple(known.by_release[version]), known.gaps, known.source)


@functools.lru_cache(maxsize=4)
def _with_newer(newer: str, gap: str | None) -> Catalogue:
    """The table, with wheels of newer releases as text. One object for all hosts, which keeps what it works out."""
    wheels = from_json(newer, "index") if newer else []
    have = {wheel.file for wheel in table()}
    return Catalogue((*table(), *(wheel for wheel in wheels if wheel.file not in have)), (gap,) if gap else ())


def _newer(known: Sequence[Wheel], options: Options, now: Callable[[], float]) -> tuple[str, str | None]:
    """Wheels of newer releases as text, and why they could not be looked up (None when they could)."""
    path = options.cache / "catalogue" / "newer.json"
    kept = _looked_up(path)
    if not _fresh(kept, now()) and not options.offline:
        with cache.once(path):
            kept = _looked_up(path)
            if not _fresh(kept, now()):
                kept = _look(known, kept, options, now())
                cache.write_json(path, kept)
    return kept.get("table") or "", kept.get("gap")


def _looked_up(path: Path) -> dict[str, Any]:
    """What an earlier look noted; {} where there is none, or it is damaged: then it is looked up again."""
    kept = cache.read_json(path)
    if not isinstance(kept, dict):
        return {}
    try:
        from_json(kept["table"], "index")
    except (FleetError, KeyError):
        return {}
    return kept


def _fresh(kept: dict[str, Any], now: float) -> bool:
    hours = FAILED_LOOK_HOURS if kept.get("gap") else LOOK_HOURS
    return isinstance(kept.get("at"), int | float) and 0 <= now - kept["at"] < hours * 3600


def _look(known: Sequence[Wheel], kept: dict[str, Any], options: Options, at: float) -> dict[str, Any]:
    had = from_json(kept["table"], "index") if kept.get("table") else []
    newest = max((wheel.version for wheel in known), default=Version("0"))
    have = {wheel.file for wheel in (*known, *had)}
    gap = None
    try:
        listed = pip_resolver.wheel_names(PROJECT, Source())
        wanted = [name for name in wanted_names(listed, ARCHES) if name not in have and version_of(name) > newest]
        found = list(_read_all(wanted[:MAX_NEW_WHEELS], options.cache / "catalogue"))
        if len(wanted) > MAX_NEW_WHEELS:
            gap = f"Only {MAX_NEW_WHEELS} of {len(wanted)} newer wheels were read. Update faiss-fleet."
    except FleetError as exc:
        found = []
        gap = f"Whether there is a release newer than {newest} could not be looked up: {redact(str(exc))}"
    return {"at": at, "gap": gap, "table": to_json([*had, *found], _today())}


def version_of(name: str) -> Version:
    """The release of a wheel, by the name of its file."""
    return parse_wheel_filename(name)[1]


def wanted_names(names: Iterable[str], arches: Sequence[str]) -> list[str]:
    """Those that are wheels of the project for Linux on these architectures and a CPython 3, newest first."""
    wanted = []
    for name in names:
        try:
            project, version, _, tags = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        libc = [libc_tag(tag.platform) for tag in tags]
        ours = project == canonicalize_name(PROJECT) and any(entry and entry[2] in arches for entry in libc)
        if ours and not version.is_prerelease and any(tag.interpreter.startswith("cp3") for tag in tags):
            wanted.append((version, name))
    return [name for _, name in sorted(wanted, reverse=True)]


def _read_all(names: Iterable[str], directory: Path, report: Callable[[str], None] | None = None) -> Iterator[Wheel]:
    """Downloads, reads and forgets one wheel after the other."""
    for name in names:
        with cache.scratch(directory, "wheel") as place:
            version = version_of(name)
            arguments = [f"--{key}={value}" for key, value in exactly(name)]
            pip_resolver.run(
                ["download", *DOWNLOAD, "--dest", str(place), *arguments, f"{PROJECT}=={version}"],
                Source(),
            )
            (path,) = place.glob("*.whl")
            yield measure(path, "index")
        if report:
            report(name)


def exactly(name: str) -> list[tuple[str, str]]:
    """pip's options that let it find this wheel and no other."""
    tags = sorted(tags_of(name))
    python = re.fullmatch(r"(cp|py)(\d)(\d*)", tags[-1][0])
    assert python, name
    version = f"{python[2]}.{python[3]}" if python[3] else python[2]
    first = [("implementation", python[1]), ("python-version", version), ("abi", tags[-1][1])]
    return first + [("platform", platform) for platform in sorted({platform for _, _, platform in tags})]


def wheelhouse(directory: Path, kept: Path) -> list[Wheel]:
    """All faiss-cpu wheels of a directory, each checked against the directory's SHA256SUMS where it has one."""
    if not directory.is_dir():
        raise FleetError(
            f"faiss_install__wheelhouse is {directory}, which is not a directory here. Create it and put the "
            "wheels in, or remove the variable to use the package index."
        )
    sums = read_sums(directory)
    wheels = []
    for path in sorted(directory.glob("*.whl")):
        check_sum(path, sums)
        if wanted_names([path.name], ARCHES):
            wheels.append(_remembered(path, kept))
    if not wheels:
        # Not the host's fault, and not a reason to fall back: a directory that is not mounted looks like this.
        raise FleetError(
            f"faiss_install__wheelhouse is {directory}, which holds no {PROJECT} wheel for Linux on "
            f"{' or '.join(ARCHES)}. Put the wheels in, see whether it is mounted, or remove the variable to use the "
            "package index."
        )
    return wheels


def _remembered(path: Path, kept: Path) -> Wheel:
    """The wheel as measured, from the cache when a file of this content was read before."""
    note = kept / "catalogue" / "wheelhouse" / f"{cache.sha256(path)}.json"
    text = cache.read_json(note)
    if isinstance(text, str):
        with contextlib.suppress(FleetError):
            (found,) = from_json(text, "wheelhouse")
            if found.file == path.name:
                return Wheel(**{**found.__dict__, "directory": path.parent})
    wheel = measure(path, "wheelhouse")
    _check_whole(path)
    cache.write_json(note, to_json([wheel], _today()))
    return wheel


def _check_whole(path: Path) -> None:
    """Raises FleetError unless every member has its check sum: without SHA256SUMS nothing else vouches for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as exc:
        bad = str(exc)
    if bad:
        raise FleetError(
            f"{path} is corrupt: {bad}. Fetch it again from where it came.",
            cause="corrupt_artefact",
            remedy=f"Fetch {path.name} again from where it came.",
        )


def _today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def update(arches: Sequence[str], wheels_from: Path | None, everything: bool, out: Path) -> int:
    """Writes the table: wheels that it already has are kept unless ``everything`` is to be measured again."""
    have: dict[str, Wheel] = {}
    if out.exists() and not everything:
        have = {wheel.file: wheel for wheel in from_json(out.read_text(encoding="utf-8"))}
    names = wanted_names(pip_resolver.wheel_names(PROJECT, Source()), arches)
    missing = [name for name in names if name not in have]
    local = [name for name in missing if wheels_from and (wheels_from / name).is_file()]
    for name in local:
        assert wheels_from
        have[name] = measure(wheels_from / name)
        print(f"read {name}", flush=True)
    place = Path(tempfile.mkdtemp())
    try:
        rest = [name for name in missing if name not in local]
        for wheel in _read_all(rest, place, lambda name: print(f"downloaded and read {name}", flush=True)):
            have[wheel.file] = wheel
    finally:
        shutil.rmtree(place)
    cache.write(out, to_json(have.values(), _today()).encode())
    print(f"{out}: {len(have)} wheels, {len(missing)} of them new")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m faiss_fleet.strategies.wheel.catalogue", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("update", help="make the table of wheels again, or add what is new")
    command.add_argument("--arch", action="append", choices=ARCHES, help="by default both")
    command.add_argument("--wheels", type=Path, help="a directory with wheels that need not be downloaded")
    command.add_argument("--everything", action="store_true", help="measure also what the table has")
    command.add_argument("--out", type=Path, default=Path(__file__).with_name(TABLE))
    given = parser.parse_args(arguments)
    try:
        return update(given.arch or ARCHES, given.wheels, given.everything, given.out)
    except FleetError as exc:
        print(exc, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
