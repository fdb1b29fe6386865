# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Judges whether a wheel can run on a host: by its tag, its ELF files' needs and the CPU level it was built for."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from ...target.elf import needs
from ...target.elf import versions as glibc
from ..base import Facts, Options, Reason
from . import measure
from .measure import ISA_LEVELS, Wheel


def libc_of(facts: Facts) -> tuple[str, tuple[int, ...]] | None:
    """('glibc', (2, 17)) or ('musl', (1, 2)); None when it is another or could not be read."""
    libc = facts["libc"]
    if libc["family"] not in ("glibc", "musl") or not libc["version"]:
        return None
    return libc["family"], tuple(glibc.parse_version(libc["version"]))


# By wheel and what a host provides. A fleet has a few kinds of hosts, and the table has dozens of wheels for each.
_JUDGED: dict[tuple[int, str], tuple[Wheel, list[Reason]]] = {}
MOST_JUDGED = 20_000


def of_host(wheel: Wheel, facts: Facts) -> list[Reason]:
    """Why this wheel cannot run on the host whatever its Python; [] when nothing known stands in the way."""
    return copy.deepcopy(shared_of_host(wheel, facts))


def shared_of_host(wheel: Wheel, facts: Facts) -> list[Reason]:
    """The same as one object for all hosts of a kind: to be copied by whoever keeps it."""
    libc = facts["libc"]
    provides = needs.provided_per_facts(facts)
    host = repr((provides, libc["family"], libc["version"], facts["arch"], facts["cpu"]["isa_level"]))
    # The entry keeps its wheel alive, so that no other one gets its identity.
    known = _JUDGED.get((id(wheel), host))
    if known is None:
        if len(_JUDGED) >= MOST_JUDGED:
            _JUDGED.clear()
        known = _JUDGED[id(wheel), host] = (wheel, _of_host(wheel, facts))
    return known[1]


def _of_host(wheel: Wheel, facts: Facts) -> list[Reason]:
    found = _loader(wheel, facts)
    found.extend(cpu(wheel.isa, facts, f"{wheel.project} {wheel.version}"))
    found.extend(platform_tag(wheel, facts))
    return found


def _loader(wheel: Wheel, facts: Facts) -> list[Reason]:
    """What the loader lacks there; first what it will name when it refuses, so that a log can be found by it."""
    found: list[Reason] = needs.refusals(wheel.needs, needs.provided_per_facts(facts), wheel.bundled)
    return found


def cpu(isa: str | None, facts: Facts, what: str) -> list[Reason]:
    """One reason when the host's CPU is below the level; none when either level is unknown."""
    have = facts["cpu"]["isa_level"]
    if isa is None or have is None or ISA_LEVELS.index(have) >= ISA_LEVELS.index(isa):
        return []
    text = f"{what} is built for CPUs of level {isa}, and this one is of {have}: it would die of an illegal instruction"
    return [_reason("cpu_isa", "cpu_isa", isa, have, text)]


def platform_tag(wheel: Wheel, facts: Facts) -> list[Reason]:
    """One reason when none of the wheel's tags admits the host."""
    libc, arch = libc_of(facts), facts["arch"]
    tags = wheel.libc_tags()
    names = ", ".join(sorted({platform for _, _, platform in wheel.tags}))
    if libc is None:
        family = facts["libc"]["family"] or "unknown"
        text = f"this host's C library is {family} and its version could not be read, so no tag can be judged"
        return [_reason("platform_tag", "unknown", names, None, text, file=wheel.file)]
    if any(arch == tag_arch and libc[0] == family and libc[1] >= version for family, version, tag_arch in tags):
        return []
    if any(platform in ("any", f"linux_{arch}") for _, _, platform in wheel.tags):
        return []
    have = f"{libc[0]} {glibc.text(libc[1])} {arch}"
    cause = "wheel_tag"
    if all(tag_arch != arch for _, _, tag_arch in tags):
        cause = "arch_mismatch"
    elif all(family != libc[0] for family, _, _ in tags):
        cause = "musl"
    return [
        _reason(
            "platform_tag", cause, names, have, f"{wheel.file} is tagged {names}, this host is {have}", file=wheel.file
        )
    ]


def file_system(facts: Facts, options: Options, need_bytes: int, strategy: str = "wheel") -> list[Reason]:
    """Why the prefix cannot be put where it is to be."""
    for found in facts["filesystems"]:
        if found["purpose"] != "prefix":
            continue
        where = found.get("mount") or found["path"]
        if found.get("in_the_way"):
            text = f"{found['in_the_way']} is not a directory, so {found['path']} cannot be made"
            return [_reason("in_the_way", "not_a_directory", "a directory", "something else", text)]
        if found["read_only"]:
            return [_reason("read_only", "read_only", "read-write", "read-only", f"{where} is mounted read-only")]
        if found["noexec"]:
            text = f"{where} is mounted noexec, so no library in {options.prefix} could be loaded"
            return [_reason("noexec", "noexec_mount", "exec", "noexec", text)]
        if found.get("writable") is False:
            user = facts.get("user") or "(unknown)"
            text = f"{found.get('existing_path') or found['path']} may not be written to by user {user}"
            return [_reason("writable", "permission_denied", "write access", None, text)]
        # What is in place already needs no room; the deploy module counts exactly before it writes.
        in_place = any(prefix["strategy"] == strategy and prefix["complete"] for prefix in facts["prefixes"])
        free = found["free_bytes"]
        if free is not None and free < need_bytes and not in_place:
            need, have = f"{need_bytes / 1e6:.0f} MB", f"{free / 1e6:.0f} MB"
            return [
                _reason("free_space", "disk_full", need, have, f"{where} has {have} free and this needs about {need}")
            ]
    return []


def of_package(path: Path, measured: Any, facts: Facts) -> list[Reason]:
    """Why a wheel that goes along, such as numpy's, cannot run on the host."""
    project, version, _, _ = parse_wheel_filename(path.name)
    found: list[Reason] = list(needs.judge(measured.needs, needs.provided_per_facts(facts), measured.bundled))
    return found + cpu(numpy_level(version) if project == "numpy" else None, facts, f"{project} {version}")


def numpy_level(version: Version) -> str | None:
    """The CPU level that a numpy release was built for, by what was measured; None when it was not."""
    for note in measure.notes()["numpy_isa"]:
        if version in SpecifierSet(note["versions"]):
            return str(note["isa"])
    return None


def numpy_limits(facts: Facts) -> list[str]:
    """Requirements that keep pip from choosing a numpy for newer CPUs than the host's, as far as that was measured."""
    notes = measure.notes()["numpy_isa"]
    return [note["below"] for note in notes if "below" in note and cpu(note["isa"], facts, "numpy")]


def _reason(check: str, cause: str, need: str | None, have: str | None, text: str, file: str | None = None) -> Reason:
    return Reason(check=check, cause=cause, need=need, have=have, text=text, file=file, library=None, symbols=[])


def python(wheel: Wheel, facts: Facts) -> list[Reason]:
    """One reason when no Python of the host can import the wheel, by its tags and by the Python that it asks for."""
    found = [(one, _python_tags(one)) for one in facts["pythons"] if one["version"]]
    wanted = {(interpreter, abi) for interpreter, abi, _ in wheel.tags}
    if any(wanted & tags and wheel.allows(_release(one["version"])) for one, tags in found):
        return []
    need = " or ".join(sorted(interpreter for interpreter, _ in wanted))
    need += f" ({wheel.requires_python})" if wheel.requires_python else ""
    have = ", ".join(dict.fromkeys(str(one["version"]) for one, _ in found))
    text = f"{wheel.file} is for Python {need}, this host has {have or 'no Python'}"
    return [python_reason(need, have or None, text, "python_version" if have else "python_missing")]


def _release(version: str) -> str:
    """'3.13.0' of '3.13.0rc1+': what a Python calls itself is not always a version."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return found[0] if found else "0"


def _python_tags(python: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(interpreter, ABI) of the wheels that a Python imports."""
    version = tuple(int(part) for part in python["version"].split(".")[:2] if part.isdigit())
    other = (python.get("implementation") or "cpython").lower() != "cpython" or python.get("bits") == 32
    if len(version) < 2 or other:
        return set()
    interpreter = f"cp{version[0]}{version[1]}"
    marks = re.search(r"cpython-\d+([a-z]*)", python.get("soabi") or "")
    abi = interpreter + (marks[1] if marks else "m" if version < (3, 8) else "")
    known = (*cpython_tags(version, [abi], ["any"]), *compatible_tags(version, interpreter, ["any"]))
    return {(tag.interpreter, tag.abi) for tag in known}


def python_reason(need: str | None, have: str | None, text: str, cause: str = "python_version") -> Reason:
    """The reason that has to do with the host's Python."""
    return _reason("python", cause, need, have, text)
