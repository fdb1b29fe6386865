# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``wheel``: the newest faiss-cpu wheel that the host's Python, C library, libstdc++ and CPU can run."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import Version

from ...causes import diagnose as causes
from ...errors import FleetError
from ...target import errors as target_errors
from ...target.elf import needs
from ..base import Artefact, Candidate, Facts, Forecast, Options, Reason, Runtime, version_numbers
from . import catalogue, portable_python
from . import judge as wheel_judge
from . import lock as wheel_lock
from .catalogue import Catalogue
from .measure import Wheel
from .pip_resolver import Target
from .portable_python import PortablePython

NAME = "wheel"
OLDEST_PYTHON = (3, 6)
CANDIDATES = 3
# numpy, its libraries and packaging, unpacked.
NUMPY_BYTES = 90_000_000
# The same as wheels, and the time to resolve and pack them: rough, for check mode.
NUMPY_DOWNLOAD = 20_000_000
PACK_SECONDS = 20.0


@dataclass(frozen=True)
class Interpreter:
    """A Python to install for: the host's at path, or the portable one."""

    path: str
    version: str
    python: tuple[int, int]
    portable: PortablePython | None = None

    @property
    def place(self) -> str:
        return "portable" if self.portable else self.path


@dataclass(frozen=True)
class Judged:
    """One wheel for one Python, with all that stands in its way."""

    wheel: Wheel
    interpreter: Interpreter
    reasons: tuple[Reason, ...]


class WheelStrategy:
    """See the module."""

    name = NAME
    native = True
    remover = None

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """Blocked newer releases first, with their evidence, then the best possible one and what to fall back to."""
        return plan(facts, options, catalogue_of(options), portable_of(options))

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """The packed prefix of a candidate, made once per class of hosts and kept in the controller's cache."""
        return wheel_lock.artefact(_chosen(candidate, facts, options))

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """What the cache has, else the size of the wheel with what goes along."""
        chosen = _chosen(candidate, facts, options)
        kept = wheel_lock.kept(chosen)
        if kept is not None:
            return Forecast(artefact=kept)
        if candidate["verdict"] == "possible":
            wheel_lock.check_source(chosen)
        wheel, portable = chosen.wheel, chosen.portable
        beside = portable.archive.stat().st_size if portable else 0
        unpacked = wheel.unpacked_bytes + NUMPY_BYTES + (portable.unpacked_bytes if portable else 0)
        return Forecast(
            how="resolve and pack it",
            download=0 if chosen.known.source.directories else wheel.size + NUMPY_DOWNLOAD,
            ship=wheel.size + NUMPY_DOWNLOAD + beside,
            unpacked=unpacked,
            seconds=PACK_SECONDS,
        )


def _chosen(candidate: Candidate, facts: Facts, options: Options) -> wheel_lock.Chosen:
    known, portable = catalogue_of(options), portable_of(options)
    file = candidate["artefact"]["file"]
    wheel = known.by_file.get(file)
    if wheel is None:
        raise FleetError(
            f"{file} is in no catalogue or wheelhouse of this controller any more. Run again.",
            cause="no_matching_distribution",
            fault="controller",
        )
    place = candidate["id"].split(":", 3)[3]
    target = target_of(facts, candidate["artefact"]["python"])
    used = portable if place == "portable" else None
    blocked = candidate["verdict"] == "blocked"
    if blocked:
        target = admitting(target, wheel)
    return wheel_lock.Chosen(wheel, known, target, facts, options, used, runtime(place, used), blocked)


def admitting(target: Target, wheel: Wheel) -> Target:
    """The target as if its C library were as new as the wheel's tag asks: pip is to hand out what is to be proven."""
    asked = [version for kind, version, arch in wheel.libc_tags() if (kind, arch) == (target.libc, target.arch)]
    if not asked:
        return target
    return dataclasses.replace(target, libc_version=max(target.libc_version, min(asked)))


def catalogue_of(options: Options) -> Catalogue:
    """The catalogue given with the options, as tests do, or the one that they describe; of one version if named."""
    given = options.extra.get("_catalogue")
    return catalogue.pinned(given if isinstance(given, Catalogue) else catalogue.for_options(options), options)


def portable_of(options: Options) -> PortablePython | None:
    given = options.extra.get("_portable")
    return given if isinstance(given, PortablePython) else portable_python.from_options(options)


def runtime(place: str, portable: PortablePython | None) -> Runtime:
    """How what was installed is started; {prefix} stands for the prefix."""
    executable = f"{{prefix}}/{portable_python.DIRECTORY}/bin/python3" if portable else place
    return Runtime(kind="python", argv=[executable], env={"PYTHONPATH": "{prefix}/site-packages"}, prefix=None)


def target_of(facts: Facts, version: str) -> Target:
    """What wheels must be for. Raises FleetError when the host's C library could not be read."""
    libc = wheel_judge.libc_of(facts)
    if libc is None:
        raise FleetError(
            "The version of this host's C library is not known, so no wheel can be chosen for it.",
            cause="unknown",
            fault="host",
        )
    major, minor = version.split(".")[:2]
    return Target((int(major), int(minor)), facts["arch"], libc[0], libc[1])


# Where an application's user can start a Python. One in somebody's home often cannot be, and goes when they go.
SHARED_PLACES = ("/usr/", "/opt/", "/bin/", "/srv/")


def _preference(each: Interpreter) -> tuple[bool, tuple[int, int], tuple[int, ...]]:
    return each.path.startswith(SHARED_PLACES), each.python, version_numbers(each.version)


def interpreters(facts: Facts) -> list[Interpreter]:
    """The host's usable Pythons, each binary once: CPython, 64 bit, 3.6 or newer, and one that starts.

    Those in shared places come before those in homes, newest first. A virtual environment's is left to its owner.
    """
    found: dict[str, Interpreter] = {}
    for python in facts["pythons"]:
        if python.get("environment") and not python.get("named"):
            continue
        version = re.match(r"(\d+)\.(\d+)", python["version"] or "")
        if not version or python.get("error"):
            continue
        number = (int(version[1]), int(version[2]))
        free_threaded = (python.get("tag") or "").endswith("t") or f"-{number[0]}{number[1]}t" in (
            python.get("soabi") or ""
        )
        other = python.get("implementation") not in (None, "cpython") or python.get("bits") not in (None, 64)
        if other or free_threaded or number < OLDEST_PYTHON:
            continue
        real = python.get("realpath") or python["path"]
        found.setdefault(real, Interpreter(python["path"], python["version"], number))
    return sorted(found.values(), key=_preference, reverse=True)


def plan(facts: Facts, options: Options, known: Catalogue, portable: PortablePython | None) -> list[Candidate]:
    """Pure: from facts and a catalogue to candidates."""
    usable = interpreters(facts)
    if not usable and portable:
        unfit = _portable_reasons(portable, facts)
        if unfit:
            return [_without_python(facts, known, unfit, "Name a portable Python built for an older C library.")]
        usable = [
            Interpreter(
                portable_python.DIRECTORY, f"{portable.python[0]}.{portable.python[1]}", portable.python, portable
            )
        ]
    if not usable:
        return [_without_python(facts, known, [_python_reason(facts)], _portable_remedy())]
    judged = {version: _best_of_release(version, usable, facts, known) for version in known.releases()}
    blocked: list[tuple[Judged, list[Version]]] = []
    possible: list[Judged] = []
    for found in judged.values():
        fitting = [each for each in found if not each.reasons]
        possible.extend(fitting[: max(1, CANDIDATES - 1)])
        if not fitting and found and not possible:
            _group(blocked, found[0])
        if len(possible) >= CANDIDATES:
            break
    candidates = [_candidate(each, others) for each, others in blocked]
    for each in possible[:CANDIDATES]:
        candidates.append(_candidate(_on_file_system(each, facts, options), []))
    if candidates and known.gaps:
        note = " ".join([candidates[0].get("note") or "", *known.gaps]).strip()
        candidates[0] = Candidate(**{**candidates[0], "note": note})
    return candidates


def _best_of_release(version: Version, usable: Sequence[Interpreter], facts: Facts, known: Catalogue) -> list[Judged]:
    """For each Python its best wheel of the release, possible ones first, then the newest Python."""
    wheels = known.by_release[version]
    ours = [wheel for wheel in wheels if any(arch == facts["arch"] for _, _, arch in wheel.libc_tags())] or wheels
    family = facts["libc"]["family"]
    same_libc = [wheel for wheel in ours if any(kind == family for kind, _, _ in wheel.libc_tags())] or ours
    found = []
    for interpreter in usable:
        target = Target(interpreter.python, facts["arch"], "glibc", (2, 17))
        fitting = [
            Judged(wheel, interpreter, tuple(wheel_judge.shared_of_host(wheel, facts)))
            for wheel in same_libc
            if wheel.fits_python(target)
        ]
        if fitting:
            # Of wheels that run, the one for the newest C library is the newest build.
            found.append(min(fitting, key=lambda each: (len(each.reasons), _tag_rank(each.wheel))))
    if not found and same_libc:
        found = [_no_wheel_for_python(same_libc, usable[0], facts)]
    return sorted(found, key=lambda each: bool(each.reasons))


def _tag_rank(wheel: Wheel) -> tuple[int, ...]:
    return tuple(-number for _, version, _ in wheel.libc_tags()[-1:] for number in version)


def _no_wheel_for_python(wheels: Sequence[Wheel], interpreter: Interpreter, facts: Facts) -> Judged:
    tags = sorted(
        {(python, abi) for wheel in wheels for python, abi, _ in wheel.tags}, key=lambda tag: (len(tag[0]), tag)
    )
    need = ", ".join(f"{python}-{abi}" for python, abi in tags)
    wheel = max(wheels, key=lambda wheel: max((len(python), python) for python, _, _ in wheel.tags))
    have = f"{interpreter.version} ({interpreter.place})"
    text = f"faiss-cpu {wheel.version} has wheels for {need}, and the newest usable Python of this host is {have}"
    reasons = (wheel_judge.python_reason(need, have, text), *wheel_judge.shared_of_host(wheel, facts))
    return Judged(wheel, interpreter, reasons)


def _group(blocked: list[tuple[Judged, list[Version]]], each: Judged) -> None:
    """Releases that follow each other and fail for the same causes are one candidate, named after the newest."""
    if blocked and _causes(blocked[-1][0]) == _causes(each):
        blocked[-1][1].append(each.wheel.version)
    else:
        blocked.append((each, []))


def _causes(each: Judged) -> frozenset[str]:
    return frozenset(reason["cause"] for reason in each.reasons)


def _on_file_system(each: Judged, facts: Facts, options: Options) -> Judged:
    portable = each.interpreter.portable
    need = each.wheel.unpacked_bytes + NUMPY_BYTES + (portable.unpacked_bytes if portable else 0)
    return Judged(each.wheel, each.interpreter, tuple(wheel_judge.file_system(facts, options, need)))


def _candidate(each: Judged, others: Sequence[Version]) -> Candidate:
    wheel, interpreter = each.wheel, each.interpreter
    tag = f"cp{interpreter.python[0]}{interpreter.python[1]}"
    remarks = []
    if others:
        remarks.append(f"So are, for the same causes: {', '.join(str(version) for version in others)}.")
    if wheel.isa is None and not each.reasons and wheel.origin != "table":
        remarks.append("The CPU level that it needs was not measured; the search test tells.")
    return Candidate(
        id=f"{NAME}:{catalogue.PROJECT}-{wheel.version}:{tag}:{interpreter.place}",
        strategy=NAME,
        artefact={
            "name": catalogue.PROJECT,
            "version": str(wheel.version),
            "file": wheel.file,
            "sha256": wheel.sha256,
            "python": interpreter.version,
        },
        verdict="blocked" if each.reasons else "possible",
        reasons=copy.deepcopy(list(each.reasons)),
        remedy=_remedy(each.reasons),
        runtime=runtime(interpreter.place, interpreter.portable),
        note=" ".join(remarks) or None,
    )


def _remedy(reasons: Sequence[Reason]) -> str | None:
    if not reasons:
        return None
    if reasons[0]["check"] == "python":
        return _portable_remedy()
    try:
        return str(causes.remedy(reasons[0]["cause"]))
    except (KeyError, ValueError, target_errors.AuditError):
        return None


def _portable_remedy() -> str:
    return (
        f"Set {portable_python.VARIABLE} to an archive of a relocatable CPython 3 with its sha256, which is then "
        "shipped along, or install a Python 3.6 or newer on the host."
    )


def _python_reason(facts: Facts) -> Reason:
    seen = [python for python in facts["pythons"] if python["version"]]
    if not seen:
        text = "no Python was found on this host"
        return wheel_judge.python_reason("CPython 3.6, 64 bit", None, text, "python_missing")
    have = ", ".join(f"{python['version']} ({python['path']})" for python in seen)
    text = f"no Python of this host is a CPython of 3.6 or newer with 64 bit: it has {have}"
    return wheel_judge.python_reason("CPython 3.6, 64 bit", have, text)


def _portable_reasons(portable: PortablePython, facts: Facts) -> list[Reason]:
    return list(needs.judge(portable.needs, needs.provided_per_facts(facts), portable.bundled))


def _without_python(facts: Facts, known: Catalogue, reasons: list[Reason], remedy: str) -> Candidate:
    version = str(known.releases()[0]) if known.wheels else None
    return Candidate(
        id=f"{NAME}:{catalogue.PROJECT}-{version}:none:none",
        strategy=NAME,
        artefact={"name": catalogue.PROJECT, "version": version, "file": None, "sha256": None, "python": None},
        verdict="blocked",
        reasons=reasons,
        remedy=remedy,
        runtime=None,
        note=None,
    )


STRATEGY = WheelStrategy()
