# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From a chosen wheel to the archive that is shipped: resolved, locked, checked and packed once per class of hosts."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections.abc import Callable, Sequence
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


def artefact(
    wheel: Wheel,
    known: Catalogue,
    target: Target,
    facts: Facts,
    options: Options,
    portable: PortablePython | None,
    runtime: Runtime,
    now: Callable[[], float] = time.time,
    blocked: bool = False,
) -> Artefact:
    """The packed prefix. What an earlier run locked and packed is used again while the lock is not too old.

    blocked: it is known not to fit the class, and is made to be tried all the same.
    """
    path = _lock_path(wheel, known, target, facts, options, portable)
    with class_work.once(path, options):
        lock = _kept_lock(path, options, now())
        if lock is None:
            try:
                lock = _made_lock(path, wheel, known, target, facts, options, portable, now(), blocked)
            except FleetError:
                # An index that is down today is no reason to take from a host what works there: the older lock serves.
                lock = _kept_lock(path, options, now(), any_age=True)
                if lock is None:
                    raise
    archives = options.cache / "archives"
    with class_work.once(archives / f"{STRATEGY}-{packing.digest_of(lock)}", options):
        packed = packing.kept(archives, STRATEGY, lock)
        if packed is None:
            if _damaged(lock, options):
                lock = _made_lock(path, wheel, known, target, facts, options, portable, now(), blocked)
            packed = _build(lock, target, options, portable, archives)
    return packed.artefact(runtime, lock)


def kept(
    wheel: Wheel,
    known: Catalogue,
    target: Target,
    facts: Facts,
    options: Options,
    portable: PortablePython | None,
    runtime: Runtime,
    now: Callable[[], float] = time.time,
) -> Artefact | None:
    """What an earlier run locked and packed, None where ``artefact`` would make it. Raises what that is known to raise.

    Nothing is downloaded.
    """
    lock = _kept_lock(_lock_path(wheel, known, target, facts, options, portable), options, now())
    if lock is None:
        _refuse_offline(wheel, known, options)
        return None
    packed = packing.kept(options.cache / "archives", STRATEGY, lock)
    return packed.artefact(runtime, lock) if packed else None


def check_source(
    wheel: Wheel,
    known: Catalogue,
    target: Target,
    facts: Facts,
    options: Options,
    portable: PortablePython | None,
    runtime: Runtime,
) -> None:
    """Raises FleetError where ``artefact`` could not be made of what the controller reaches now. Downloads nothing.

    From a directory of wheels the lock is made, for all of it is at hand; an index is asked whether it answers, once a
    run.
    """
    path = _lock_path(wheel, known, target, facts, options, portable)
    if known.source.directories:
        with class_work.once(path, options):
            if _kept_lock(path, options, time.time()) is None:
                _made_lock(path, wheel, known, target, facts, options, portable, time.time(), blocked=False)
        return
    if _kept_lock(path, options, time.time()) is not None:
        return  # all of it is in the cache
    path = options.cache / "catalogue" / "index.json"
    asked = {"run": current_run_id(), "source": cache.digest(sorted(_index_settings()))}
    with class_work.once(path, options):
        if asked["run"] is None or cache.read_json(path) != asked:
            pip_resolver.check_index(catalogue.PROJECT)
            cache.write_json(path, asked)


def _index_settings() -> list[tuple[str, str]]:
    return [(name, value) for name, value in os.environ.items() if name.startswith("PIP_")]


def _lock_path(
    wheel: Wheel, known: Catalogue, target: Target, facts: Facts, options: Options, portable: PortablePython | None
) -> Path:
    return options.cache / "locks" / f"{STRATEGY}-{_class_key(wheel, known, target, facts, portable)}.json"


def _damaged(lock: dict[str, Any], options: Options) -> bool:
    """Whether a wheel of the cache is not what was locked any more; it is removed, and is to be fetched again."""
    found = False
    for package in lock["packages"]:
        stored = _stored(options, package)
        if not stored.is_file() or cache.sha256(stored) != package["sha256"]:
            stored.unlink(missing_ok=True)
            found = True
    return found


def _class_key(wheel: Wheel, known: Catalogue, target: Target, facts: Facts, portable: PortablePython | None) -> str:
    """Hosts for which everything is resolved alike have the same key."""
    provides = needs.provided_per_facts(facts)
    directories = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for directory in known.source.directories
        for path in sorted(directory.glob("*.whl"))
    ]
    host = [target.python, target.arch, target.libc, target.libc_version, provides, facts["cpu"]["isa_level"]]
    return cache.digest([LAYOUT, wheel.file, wheel.sha256, host, directories, portable and portable.sha256])[:32]


def _kept_lock(path: Path, options: Options, now: float, any_age: bool = False) -> dict[str, Any] | None:
    hours = float(options.extra.get("faiss_install__lock_max_age_hours", MAX_AGE_HOURS))
    lock = class_work.kept_lock(path, LAYOUT, options, now, hours, any_age)
    if lock is None or not all(isinstance(package.get("sha256"), str) for package in lock["packages"]):
        return None
    have = all(_stored(options, package).is_file() for package in lock["packages"])
    return lock if have or packing.kept(options.cache / "archives", STRATEGY, lock) else None


def _refuse_offline(wheel: Wheel, known: Catalogue, options: Options) -> None:
    if options.offline and not known.source.directories:
        raise FleetError(
            f"faiss_install__offline is set, and the cache {options.cache} has no lock with its wheels for faiss-cpu "
            f"{wheel.version} and this class of hosts. Run once with the index at hand, or set "
            "faiss_install__wheelhouse.",
            cause="unreachable",
            remedy="Run once with the index at hand, or set faiss_install__wheelhouse.",
        )


def _made_lock(
    path: Path,
    wheel: Wheel,
    known: Catalogue,
    target: Target,
    facts: Facts,
    options: Options,
    portable: PortablePython | None,
    now: float,
    blocked: bool,
) -> dict[str, Any]:
    _refuse_offline(wheel, known, options)
    with cache.scratch(options.cache, "resolve") as place:
        wheels = _fitting(wheel, known, target, facts, Path(place), blocked)
        packages = [_locked(found) for found in wheels]
        for found, package in zip(wheels, packages, strict=True):
            _store(found, _stored(options, package))
    lock = {
        "layout": LAYOUT,
        "python": target.tag,
        "packages": sorted(packages, key=lambda package: str(package["name"])),
        "portable": {"sha256": portable.sha256, "python": list(portable.python)} if portable else None,
    }
    cache.write_json(
        path, {"resolved_at": now, "for": f"{target.tag} {target.libc} {facts['libc']['version']}", "lock": lock}
    )
    return lock


def _fitting(wheel: Wheel, known: Catalogue, target: Target, facts: Facts, place: Path, blocked: bool) -> list[Path]:
    """Downloads; what goes along and cannot run there (by numpy's CPU level, say) is replaced by an older release."""
    wanted = [f"{catalogue.PROJECT}=={wheel.version}", *measure.requirements(wheel), *wheel_judge.numpy_limits(facts)]
    for step in range(MAX_STEPS_BACK):
        found = pip_resolver.download(wanted, target, known.source, place / str(step))
        sums = {path: sums_file.read_sums(path) for path in known.source.directories}
        unfit = None
        for path in found:
            for directory_sums in sums.values():
                sums_file.check_sum(path, directory_sums)
            unfit = unfit or _judged(path, wheel, known, facts, blocked)
        if unfit is None:
            return found
        wanted.append(unfit)
    raise FleetError(
        f"No release of what faiss-cpu {wheel.version} needs runs on this class of hosts; left out were "
        f"{', '.join(wanted[-MAX_STEPS_BACK:])}. Try an older faiss-cpu, or another strategy.",
        cause="no_matching_distribution",
    )


def _judged(path: Path, wheel: Wheel, known: Catalogue, facts: Facts, blocked: bool) -> str | None:
    """A constraint that rules this wheel out when it cannot run on the class; None when it can."""
    project, version, _, _ = parse_wheel_filename(path.name)
    if project == canonicalize_name(catalogue.PROJECT):
        _check_faiss(path, wheel, known, facts, blocked)
        return None
    reasons = wheel_judge.of_package(path, wheel_needs.read(path), facts)
    return f"{project}<{version}" if reasons else None


def _check_faiss(path: Path, wheel: Wheel, known: Catalogue, facts: Facts, blocked: bool) -> None:
    expected = {each.file: each.sha256 for each in known.wheels if each.version == wheel.version}
    found = cache.sha256(path)
    if expected.get(path.name) != found:
        raise FleetError(
            f"{path.name} came with sha256 {found}, and the catalogue has {expected.get(path.name)}. The index "
            "serves another file than was measured: find out why before you trust it, or make the catalogue again.",
            cause="hash_mismatch",
            remedy="Find out why it does; then python -m faiss_fleet.strategies.wheel.catalogue update --everything.",
        )
    if blocked:
        return
    # Measured again on the very bytes that are shipped, rather than by the table.
    measured = wheel_needs.read(path)
    reasons = needs.judge(measured.needs, needs.provided_per_facts(facts), measured.bundled)
    if reasons:
        raise FleetError(
            f"{path.name} cannot run on this class of hosts: {reasons[0]['text']}.", cause=str(reasons[0]["cause"])
        )


def _locked(path: Path) -> dict[str, str]:
    project, version, _, _ = parse_wheel_filename(path.name)
    return {"name": str(project), "version": str(version), "file": path.name, "sha256": cache.sha256(path)}


def _stored(options: Options, package: dict[str, str]) -> Path:
    return options.cache / "wheels" / package["sha256"] / package["file"]


def _store(found: Path, stored: Path) -> None:
    if not stored.is_file():
        stored.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(found, stored)


def _build(
    lock: dict[str, Any], target: Target, options: Options, portable: PortablePython | None, archives: Path
) -> Packed:
    with cache.scratch(options.cache, "stage") as place:
        tree = Path(place) / "tree"
        tree.mkdir()
        site = tree / SITE
        pins = [(package["name"], package["version"], package["sha256"]) for package in lock["packages"]]
        directories = [_stored(options, package).parent for package in lock["packages"]]
        pip_resolver.install(pins, target, directories, site)
        tidy(site)
        if portable:
            portable_python.unpack(portable, tree / portable_python.DIRECTORY)
        return packing.keep(packing.pack(tree, lock, STRATEGY, archives))


def tidy(site: Path) -> None:
    """Takes away the scripts, which name the controller's Python, and their lines in each RECORD."""
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
