# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From a chosen wheel to the archive that is shipped: resolved, locked, checked and packed once per class of hosts."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from ...artefacts import cache, class_work, packing
from ...artefacts.packing import Packed
from ...errors import FleetError
from ...run_id import current_run_id
from ...target.elf import needs
from ..base import Artefact, Facts, Options, Runtime
from . import catalogue, measure, pip_resolver, portable_python
from . import judge as wheel_judge
from . import needs as wheel_needs
from . import sums as sums_file
from .catalogue import Catalogue
from .measure import Wheel
from .pip_resolver import Target
from .portable_python import PortablePython

STRATEGY = "wheel"
# Of what a prefix holds and where; a new layout is a new digest.
LAYOUT = 1
MAX_AGE_HOURS = 0.0  # no limit: the lock holds until faiss-cpu itself, or the class of hosts, changes
MAX_STEPS_BACK = 8
SITE = "site-packages"


@dataclass(frozen=True)
class Chosen:
    """A wheel for a Python of a class of hosts, and what the prefix is made of beside it.

    portable: the Python that is shipped along, None where the host has one. blocked: the wheel is known not to fit the
    class, and is made to be tried all the same.
    """

    wheel: Wheel
    known: Catalogue
    target: Target
    facts: Facts
    options: Options
    portable: PortablePython | None
    runtime: Runtime
    blocked: bool = False

    @property
    def archives(self) -> Path:
        return self.options.cache / "archives"

    @property
    def lock_path(self) -> Path:
        return self.options.cache / "locks" / f"{STRATEGY}-{_class_key(self)}.json"

    def stored(self, package: dict[str, str]) -> Path:
        """Where the cache keeps the wheel of a locked package."""
        return self.options.cache / "wheels" / package["sha256"] / package["file"]


def artefact(chosen: Chosen) -> Artefact:
    """The packed prefix. What an earlier run locked and packed is used again while the lock is not too old."""
    path, options = chosen.lock_path, chosen.options
    with class_work.once(path, options):
        lock = _kept_lock(path, chosen)
        if lock is None:
            try:
                lock = _made_lock(path, chosen)
            except FleetError:
                # An index that is down today is no reason to take from a host what works there: the older lock serves.
                lock = _kept_lock(path, chosen, any_age=True)
                if lock is None:
                    raise
    with class_work.once(chosen.archives / f"{STRATEGY}-{packing.digest_of(lock)}", options):
        packed = packing.kept(chosen.archives, STRATEGY, lock)
        if packed is None:
            if _damaged(lock, chosen):
                lock = _made_lock(path, chosen)
            packed = _build(lock, chosen)
    return packed.artefact(chosen.runtime, lock)


def kept(chosen: Chosen) -> Artefact | None:
    """What an earlier run locked and packed, None where ``artefact`` would make it. Raises what that is known to raise.

    Nothing is downloaded.
    """
    lock = _kept_lock(chosen.lock_path, chosen)
    if lock is None:
        _refuse_offline(chosen)
        return None
    packed = packing.kept(chosen.archives, STRATEGY, lock)
    return packed.artefact(chosen.runtime, lock) if packed else None


def check_source(chosen: Chosen) -> None:
    """Raises FleetError where ``artefact`` could not be made of what the controller reaches now. Downloads nothing.

    From a directory of wheels the lock is made, for all of it is at hand; an index is asked whether it answers, once a
    run.
    """
    path, options = chosen.lock_path, chosen.options
    if chosen.known.source.directories:
        with class_work.once(path, options):
            if _kept_lock(path, chosen) is None:
                _made_lock(path, chosen)
        return
    if _kept_lock(path, chosen) is not None:
        return  # all of it is in the cache
    path = options.cache / "catalogue" / "index.json"
    asked = {"run": current_run_id(), "source": cache.digest(sorted(_index_settings()))}
    with class_work.once(path, options):
        if asked["run"] is None or cache.read_json(path) != asked:
            pip_resolver.check_index(catalogue.PROJECT)
            cache.write_json(path, asked)


def _index_settings() -> list[tuple[str, str]]:
    return [(name, value) for name, value in os.environ.items() if name.startswith("PIP_")]


def _damaged(lock: dict[str, Any], chosen: Chosen) -> bool:
    """Whether a wheel of the cache is not what was locked any more; it is removed, and is to be fetched again."""
    found = False
    for package in lock["packages"]:
        wheel = chosen.stored(package)
        if not wheel.is_file() or cache.sha256(wheel) != package["sha256"]:
            wheel.unlink(missing_ok=True)
            found = True
    return found


def _class_key(chosen: Chosen) -> str:
    """Hosts for which everything is resolved alike have the same key."""
    wheel, target, facts, portable = chosen.wheel, chosen.target, chosen.facts, chosen.portable
    provides = needs.provided_per_facts(facts)
    directories = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for directory in chosen.known.source.directories
        for path in sorted(directory.glob("*.whl"))
    ]
    host = [target.python, target.arch, target.libc, target.libc_version, provides, facts["cpu"]["isa_level"]]
    return cache.digest([LAYOUT, wheel.file, wheel.sha256, host, directories, portable and portable.sha256])[:32]


def _kept_lock(path: Path, chosen: Chosen, any_age: bool = False) -> dict[str, Any] | None:
    options = chosen.options
    hours = float(options.extra.get("faiss_install__lock_max_age_hours", MAX_AGE_HOURS))
    lock = class_work.kept_lock(path, LAYOUT, options, time.time(), hours, any_age)
    if lock is None or not all(isinstance(package.get("sha256"), str) for package in lock["packages"]):
        return None
    have = all(chosen.stored(package).is_file() for package in lock["packages"])
    return lock if have or packing.kept(chosen.archives, STRATEGY, lock) else None


def _refuse_offline(chosen: Chosen) -> None:
    if chosen.options.offline and not chosen.known.source.directories:
        raise FleetError(
            f"faiss_install__offline is set, and the cache {chosen.options.cache} has no lock with its wheels for "
            f"faiss-cpu {chosen.wheel.version} and this class of hosts. Run once with the index at hand, or set "
            "faiss_install__wheelhouse.",
            cause="unreachable",
            remedy="Run once with the index at hand, or set faiss_install__wheelhouse.",
        )


def _made_lock(path: Path, chosen: Chosen) -> dict[str, Any]:
    _refuse_offline(chosen)
    target, portable = chosen.target, chosen.portable
    now = time.time()
    with cache.scratch(chosen.options.cache, "resolve") as place:
        wheels = _fitting(chosen, place)
        packages = [_locked(found) for found in wheels]
        for found, package in zip(wheels, packages, strict=True):
            _store(found, chosen.stored(package))
    lock = {
        "layout": LAYOUT,
        "python": target.tag,
        "packages": sorted(packages, key=lambda package: str(package["name"])),
        "portable": {"sha256": portable.sha256, "python": list(portable.python)} if portable else None,
    }
    made_for = f"{target.tag} {target.libc} {chosen.facts['libc']['version']}"
    cache.write_json(path, {"resolved_at": now, "for": made_for, "lock": lock})
    return lock


def _fitting(chosen: Chosen, place: Path) -> list[Path]:
    """Downloads; what goes along and cannot run there (by numpy's CPU level, say) is replaced by an older release."""
    wheel, source = chosen.wheel, chosen.known.source
    limits = wheel_judge.numpy_limits(chosen.facts)
    wanted = [f"{catalogue.PROJECT}=={wheel.version}", *measure.requirements(wheel), *limits]
    for step in range(MAX_STEPS_BACK):
        found = pip_resolver.download(wanted, chosen.target, source, place / str(step))
        sums = {path: sums_file.read_sums(path) for path in source.directories}
        unfit = None
        for path in found:
            for directory_sums in sums.values():
                sums_file.check_sum(path, directory_sums)
            unfit = unfit or _judged(path, chosen)
        if unfit is None:
            return found
        wanted.append(unfit)
    raise FleetError(
        f"No release of what faiss-cpu {wheel.version} needs runs on this class of hosts; left out were "
        f"{', '.join(wanted[-MAX_STEPS_BACK:])}. Try an older faiss-cpu, or another strategy.",
        cause="no_matching_distribution",
    )


def _judged(path: Path, chosen: Chosen) -> str | None:
    """A constraint that rules this wheel out when it cannot run on the class; None when it can."""
    project, version, _, _ = parse_wheel_filename(path.name)
    if project == canonicalize_name(catalogue.PROJECT):
        _check_faiss(path, chosen)
        return None
    reasons = wheel_judge.of_package(path, wheel_needs.read(path), chosen.facts)
    return f"{project}<{version}" if reasons else None


def _check_faiss(path: Path, chosen: Chosen) -> None:
    expected = {each.file: each.sha256 for each in chosen.known.wheels if each.version == chosen.wheel.version}
    found = cache.sha256(path)
    if expected.get(path.name) != found:
        raise FleetError(
            f"{path.name} came with sha256 {found}, and the catalogue has {expected.get(path.name)}. The index "
            "serves another file than was measured: find out why before you trust it, or make the catalogue again.",
            cause="hash_mismatch",
            remedy="Find out why it does; then python -m faiss_fleet.strategies.wheel.catalogue update --everything.",
        )
    if chosen.blocked:
        return
    # Measured again on the very bytes that are shipped, rather than by the table.
    measured = wheel_needs.read(path)
    reasons = needs.judge(measured.needs, needs.provided_per_facts(chosen.facts), measured.bundled)
    if reasons:
        raise FleetError(
            f"{path.name} cannot run on this class of hosts: {reasons[0]['text']}.", cause=str(reasons[0]["cause"])
        )


def _locked(path: Path) -> dict[str, str]:
    project, version, _, _ = parse_wheel_filename(path.name)
    return {"name": str(project), "version": str(version), "file": path.name, "sha256": cache.sha256(path)}


def _store(found: Path, stored: Path) -> None:
    if not stored.is_file():
        stored.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(found, stored)


def _build(lock: dict[str, Any], chosen: Chosen) -> Packed:
    with cache.scratch(chosen.options.cache, "stage") as place:
        tree = place / "tree"
        tree.mkdir()
        site = tree / SITE
        pins = [(package["name"], package["version"], package["sha256"]) for package in lock["packages"]]
        directories = [chosen.stored(package).parent for package in lock["packages"]]
        pip_resolver.install(pins, chosen.target, directories, site)
        tidy(site)
        if chosen.portable:
            portable_python.unpack(chosen.portable, tree / portable_python.DIRECTORY)
        return packing.pack(tree, lock, STRATEGY, chosen.archives)


def tidy(site: Path) -> None:
    """Removes the scripts, which name the controller's Python, and their lines in each RECORD."""
    shutil.rmtree(site / "bin", ignore_errors=True)
    for record in sorted(site.glob("*.dist-info/RECORD")):
        rows = [
            row for row in csv.reader(io.StringIO(record.read_text(encoding="utf-8"))) if row and _is_there(site, row)
        ]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        record.write_text(out.getvalue(), encoding="utf-8")


def _is_there(site: Path, row: Sequence[str]) -> bool:
    return not row[0].startswith("../") and (site / row[0]).exists()
