# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Prints which symbol versions a file, a directory or a wheel needs of a host, and whether the host has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..demangle import demangle
from ..errors import FleetError
from ..plan import artefact_sources
from ..reports.text import one_line, readable
from ..strategies.wheel import needs as wheel_needs
from ..target.elf import needs, versions
from ..target.errors import AuditError
from . import show as tables

MAX_SHOWN = 8


def examine(path: Path, provides: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return needs of the files at the path, judged by provides (as elf/needs.py has it) unless that is None."""
    wanted, bundled = read(path)
    found: dict[str, Any] = {"schema": 1, "path": str(path), "needs": wanted, "bundled": bundled, "provides": provides}
    if provides is not None:
        found["reasons"] = needs.judge(wanted, provides, bundled)
        found["first_refusal"] = needs.first_refusal(wanted, provides, bundled)
        found["verdict"] = "blocked" if found["reasons"] else "possible"
    return found


def read(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """(needs, names of bundled libraries) of a shared object, those below a directory, or those in a wheel."""
    if path.suffix == ".whl" and not path.is_dir():
        measured = wheel_needs.read(path)
        return measured.needs, measured.bundled
    found = artefact_sources.read_files(path)
    return found.needs, found.bundled


def of_glibc(text: str) -> dict[str, Any]:
    """What a host provides of which only the version of glibc is known; of the rest nothing is said."""
    try:
        version = versions.text(versions.parse_version(text))
    except AuditError as exc:
        raise FleetError(f"--glibc {text!r} is not a version. Write it as 2.17.") from exc
    return {"GLIBC": version, "libc": "glibc"}


def of_record(record: Mapping[str, Any] | None, host: str) -> dict[str, Any]:
    """What a host provides by the facts of its last record."""
    facts = record and record.get("facts")
    if not facts:
        raise FleetError(f"The last record of {host} has no facts. Audit it: faiss-fleet run --limit {host}")
    provides: dict[str, Any] = needs.provided_per_facts(facts)
    return provides


def rows(found: Mapping[str, Any]) -> list[tuple[str, str, str, str, str, bool | None]]:
    """(file, library, symbol version, symbols, what the host has, whether that suffices) of each need of the host."""
    bundled, provides = set(found["bundled"]), found["provides"]
    lines = []
    for need in found["needs"]:
        wanted = need["symbol_version"]
        if need["library"] is None or need["library"] in bundled:
            continue
        have, enough = "", None
        if provides is not None:
            reasons = needs.judge([need], provides)
            have, enough = _have(wanted, need["library"], provides)
            enough = False if reasons else enough
        shown = ", ".join(demangle(name) for name in need["symbols"][:MAX_SHOWN])
        more = len(need["symbols"]) - MAX_SHOWN
        shown += f" and {more} more" if more > 0 else ""
        lines.append((need["file"], need["library"], wanted or "", shown, have, enough))
    return lines


def _have(wanted: str | None, library: str, provides: Mapping[str, Any]) -> tuple[str, bool | None]:
    """(what the host has of it, True when that suffices); '?' and None when it is not known."""
    if wanted is None:
        return ("absent", False) if library in (provides.get("absent") or ()) else ("", None)
    prefix = (needs.NAMED_VERSIONS.get(wanted) or versions.split(wanted) or (None,))[0]
    have = provides.get(prefix) if prefix and prefix in needs.KINDS else None
    return (needs.KINDS[prefix].have % have, True) if have else ("?", None)


def show(found: Mapping[str, Any], out: Console) -> None:
    """Print the chain as a table, worst news last, where a reader ends."""
    if not found["needs"]:
        tables.sentence(out, one_line(f"{found['path']} has no native file: it needs no library of a host."))
        return
    lines = [
        [Text(one_line(cell), "red" if enough is False else "") for cell in (file, library, wanted, have, symbols)]
        for file, library, wanted, symbols, have, enough in rows(found)
        if wanted or enough is False
    ]
    if lines:
        tables.rows(out, ("File", "Library", "Version", "Host has", "Symbols"), lines)
    else:
        out.print("No symbol version of a host's library is needed.")
    if found["provides"] is None:
        out.print("Not compared with a host. Name one: --host NAME or --glibc 2.17")
        return
    out.print()
    for reason in found["reasons"]:
        tables.sentence(out, readable(one_line(reason["text"])), "red")
    if found["first_refusal"]:
        said = readable(one_line(found["first_refusal"]["text"]))
        tables.sentence(out, f"The loader would name first: {said}")
    else:
        out.print("Nothing that is known of the host stands in the way.")
