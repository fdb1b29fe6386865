# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table of facts that a probe ends with, and ``facts.jsonl``: what each host has. It has no verdict.

A run of facts has a directory of its own without records: it never becomes ``latest``, and no history counts it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import FleetError
from ..records.columns import at
from ..records.journal import write_atomically
from .text import one_line

FILE = "facts.jsonl"
NARROW = 100  # columns below which each host has lines of its own in place of a row
TITLES = ("OS", "C library", "libstdc++", "CPU level", "Pythons", "Nodes", "Engines")


@dataclass(frozen=True)
class Probed:
    """One host: its facts, or why there are none, as they may be shown."""

    host: str
    facts: Mapping[str, Any] | None
    error: str | None = None

    def cells(self) -> tuple[str, ...]:
        """The facts in the order of TITLES; '' for what the host does not have."""
        libc = at(self.facts, "libc") or {}
        cpu = at(self.facts, "cpu", "isa_level") or at(self.facts, "arch")
        return tuple(
            one_line(str(value or ""))
            for value in (
                at(self.facts, "os", "name"),
                " ".join(filter(None, (libc.get("family"), libc.get("version")))),
                at(self.facts, "libstdcxx", "versions", "GLIBCXX"),
                cpu,
                _versions(at(self.facts, "pythons")),
                _versions(at(self.facts, "nodes")),
                ", ".join(map(_engine, at(self.facts, "engines") or [])),
            )
        )


def _versions(found: Iterable[Mapping[str, Any]] | None) -> str:
    return ", ".join(dict.fromkeys(str(each["version"]) for each in found or () if each.get("version")))


def _engine(engine: Mapping[str, Any]) -> str:
    text = f"{engine['name']} {engine.get('version') or ''}".strip()
    return text if engine.get("answers") else f"{text} (does not answer)"


def lines(hosts: Iterable[Probed], columns: int) -> list[str]:
    """The table by lines, none wider than that: nothing is cut, what does not fit is continued below."""
    hosts = list(hosts)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("Host", overflow="fold")
    if columns >= NARROW:
        for title in TITLES:
            table.add_column(title, overflow="fold")
        for probed in hosts:
            if probed.facts is not None:
                table.add_row(*map(Text, (one_line(probed.host), *probed.cells())))
    else:
        table.add_column("Facts", overflow="fold")
        for probed in hosts:
            if probed.facts is not None:
                pairs = zip(TITLES, probed.cells(), strict=True)
                told = "\n".join(f"{title}: {cell}" for title, cell in pairs if cell)
                table.add_row(Text(one_line(probed.host)), Text(told))
    out = io.StringIO()
    console = Console(file=out, width=max(columns, 20), color_system=None, force_terminal=False, highlight=False)
    if table.row_count:
        console.print(table)
    for probed in hosts:
        if probed.facts is None:
            console.print(Text(f"{one_line(probed.host)}: no facts. {one_line(probed.error or '')}", overflow="fold"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def write(directory: Path, hosts: Iterable[Probed]) -> Path:
    """Write a line for each host to facts.jsonl in this directory, which is made. Return the file's path."""
    path = directory / FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(path, map(_line, hosts))
    except OSError as error:
        raise FleetError(
            f"{path} cannot be written: {error.strerror or error}. Make it writable for this user, or name another "
            "directory in FAISS_FLEET_REPORTS."
        ) from error
    return path


def _line(probed: Probed) -> str:
    plain = {"host": probed.host, "facts": probed.facts, "error": probed.error}
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")) + "\n"
