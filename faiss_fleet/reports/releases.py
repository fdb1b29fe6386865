# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which FAISS runs natively, and why not a newer one: the file, the symbol and the version that the host lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version

from ..demangle import demangle
from ..records.columns import at, proof
from ..records.schema import Record

# Of the reasons that block a release, the first of these is named: a C library cannot be brought along.
_FIRST = ("glibc", "libstdcxx", "cxxabi", "libgomp", "libgcc")
MOST = 400  # different ones that are kept: a fleet gone wild must not fill the memory


class Runs(NamedTuple):
    """One FAISS that runs, and by which strategy."""

    strategy: str
    faiss: str


class Need(NamedTuple):
    """What a newer release asks for, and what hosts have instead."""

    release: str
    need: str
    have: str
    file: str
    library: str
    symbol: str
    text: str

    def sentence(self, hosts: int) -> str:
        """'1.15.1 needs GLIBC_2.27, 4 hosts have 2.17'."""
        who = "1 host has" if hosts == 1 else f"{hosts:,} hosts have"
        return f"{self.release} needs {self.need}; {who} {self.have or 'none'}" if self.need else self.text


@dataclass
class Release:
    """The hosts that run one FAISS. newest: how many of them have the newest that was considered for them."""

    hosts: int = 0
    newest: int = 0
    needs: Counter[Need] = field(default_factory=Counter)


class Releases:
    """One pass over the records of hosts that are native, each machine once."""

    def __init__(self) -> None:
        self._found: dict[Runs, Release] = {}

    def add(self, record: Record) -> None:
        """Counts one host in."""
        if record["state"] != "native" or record["host"].get("same_machine_as"):
            return
        candidate = _chosen(record)
        decision = record["decision"] or {}
        runs = Runs(str(decision.get("provider") or "?"), str(proof(record).get("faiss_version") or ""))
        if runs not in self._found and len(self._found) >= MOST:
            return
        release = self._found.setdefault(runs, Release())
        release.hosts += 1
        need = newer_need(record, candidate) if candidate else None
        if need is None:
            release.newest += 1
        elif need in release.needs or len(release.needs) < MOST:
            release.needs[need] += 1

    @property
    def releases(self) -> list[tuple[Runs, Release]]:
        """Most hosts first."""
        return sorted(self._found.items(), key=lambda each: (-each[1].hosts, each[0]))


def newer_need(record: Record, chosen: Mapping[str, Any]) -> Need | None:
    """What keeps the newest release away that is newer than what runs; None where there is no such release."""
    name, own = chosen["artefact"]["name"], _version(chosen["artefact"]["version"])
    newer = [
        each
        for each in record["plan"]
        if each["verdict"] == "blocked" and each["reasons"] and each["artefact"]["name"] == name
        and own is not None and (version := _version(each["artefact"]["version"])) is not None and version > own
    ]  # fmt: skip
    if not newer:
        return None
    newest = max(newer, key=lambda each: _version(each["artefact"]["version"]) or Version("0"))
    reason = min(newest["reasons"], key=_place)
    symbols = reason.get("symbols") or [""]
    return Need(
        f"{name} {newest['artefact']['version']}",
        reason["need"] or "",
        reason["have"] or "",
        (reason.get("file") or "").rpartition("/")[2],
        reason.get("library") or "",
        demangle(symbols[0]),
        reason["text"],
    )


def _place(reason: Mapping[str, Any]) -> int:
    return _FIRST.index(reason["check"]) if reason["check"] in _FIRST else len(_FIRST)


def _chosen(record: Record) -> Mapping[str, Any] | None:
    wanted = at(record, "decision", "candidate")
    found: Mapping[str, Any]
    for found in record["plan"]:
        if found["id"] == wanted:
            return found
    return None


def _version(text: object) -> Version | None:
    try:
        return Version(str(text))
    except InvalidVersion:
        return None
