# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The formats that a run is written in. A new one is a new row; what a format needs is read in one pass for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..argument_specs import suggestion
from ..errors import FleetError
from ..records.schema import Record
from ..store.diff import Diff, Line
from ..store.history import Earlier, RunTotals
from .answered import Answered
from .artefacts import Judged
from .findings import Findings
from .json_document import text as json_text
from .releases import Releases
from .summary import Summary

if TYPE_CHECKING:
    from .parquet import Nested


class Material:
    """What formats are made of. records: gives them again each time; earlier: what is known of the runs before.

    where: the run's directory, as a reader of the reports has it. wanted: the formats that it is for, all where not
    told. beside: names of files that a reader finds beside a report.
    """

    def __init__(
        self,
        run: Mapping[str, Any],
        records: Callable[[], Iterable[Record]],
        where: str = "",
        earlier: Earlier | None = None,
        wanted: Iterable[str] | None = None,
        beside: Iterable[str] = (),
    ) -> None:
        self.summary, self.findings, self.answered = Summary(dict(run)), Findings(), Answered()
        self.releases = Releases()
        self.artefacts: Sequence[Judged] = ()  # that the inventory names, with their answers
        self.records, self.where, self.beside = records, where, tuple(beside)
        self.lines: Callable[[], Iterable[str]] = lambda: map(json_text, records())
        self._earlier = earlier or Earlier.none()
        taken = [FORMATS[name].takes for name in (FORMATS if wanted is None else wanted)]
        self._taken = {name for each in taken for name in each}
        self.nested = _nested() if "nested" in self._taken else None

    def add(self, record: Record) -> None:
        """Counts one host in."""
        self.summary.add(record)
        self.findings.add(record)
        if "answered" in self._taken:
            self.answered.add(record)
        if "releases" in self._taken:
            self.releases.add(record)
        if self.nested is not None:
            self.nested.add(record)

    @classmethod
    def of(
        cls,
        run: Mapping[str, Any],
        records: Callable[[], Iterable[Record]],
        where: str = "",
        earlier: Earlier | None = None,
        wanted: Iterable[str] | None = None,
    ) -> Material:
        """The same, with every host counted in."""
        material = cls(run, records, where, earlier, wanted)
        for record in records():
            material.add(record)
        return material

    @cached_property
    def good(self) -> Mapping[str, Line]:
        """By unreachable host its newest earlier line that rests on an answer; nothing is asked where all answered."""
        away = [str(cells["host"]) for cells in self.summary.rows if cells["state"] == "unreachable"]
        return self._earlier.good(away)

    @cached_property
    def past(self) -> list[RunTotals]:
        """The runs before this one of the same inventory and mode, oldest first."""
        run, hosts = self.summary.run, (str(cells["host"]) for cells in self.summary.rows)
        return self._earlier.totals(run["inventory"], bool(run["check_mode"]), hosts)

    @cached_property
    def changes(self) -> tuple[Diff, str] | None:
        """What changed since the last comparable run, with the time when that began; None where there is none."""
        hosts = [str(cells["host"]) for cells in self.summary.rows]
        return self._earlier.changes(self.summary.run, lambda: map(_Row, self.summary.rows), hosts, self.good)

    @property
    def histories(self) -> Callable[[Sequence[str]], Mapping[str, Sequence[Line]]]:
        """What gives the lines of hosts in the last comparable runs."""
        return lambda hosts: self._earlier.histories(self.summary.run, hosts)


class _Row:
    """A row of the summary as the line that the store will have of it."""

    def __init__(self, cells: Mapping[str, Any]) -> None:
        self.host, self.finished, self.state = str(cells["host"]), str(cells["finished"]), str(cells["state"])
        self.cause, self.because, self.strategy = cells["cause"], cells["because"], cells["provider"]
        self.faiss, self.p95_ms, self.predicted = cells["faiss"], cells["p95_ms"], bool(cells["predicted"])


def _nested() -> Nested:
    """What collects the nested columns of Parquet, whose library is imported for it alone."""
    from .parquet import Nested

    return Nested()


@dataclass(frozen=True)
class Format:
    """One format: what it is, its file in the run's directory, and the function of reports/<module>.py that renders it.

    takes: what of the material the function wants, in order. The module is imported when the format is asked for.
    """

    text: str
    file: str
    module: str
    function: str = "render"
    takes: tuple[str, ...] = ("summary",)

    def write(self, material: Material, file: BinaryIO) -> None:
        """Writes the run to the file, by pieces."""
        for piece in self.pieces(material, file):
            file.write(piece.encode("utf-8", "replace"))

    def pieces(self, material: Material, file: BinaryIO) -> Iterator[str]:
        """Text of the format; nothing where the function writes to the file by itself."""
        function = getattr(import_module(f"{__package__}.{self.module}"), self.function)
        ways: dict[str, Callable[[], object]] = {
            "records": material.records,
            "lines": material.lines,
            "file": lambda: file,
        }
        given = [ways[name]() if name in ways else getattr(material, name) for name in self.takes]
        yield from function(*given) or ()


FORMATS: dict[str, Format] = {
    "html": Format(
        "one page for people", "index.html", "html", "write",
        takes=(
            "summary", "lines", "good", "past", "answered", "beside", "findings", "releases", "changes", "histories",
            "artefacts", "where", "file",
        ),
    ),
    "markdown": Format("a summary for a ticket", "summary.md", "markdown", takes=("summary", "good")),
    "assessment": Format(
        "the written findings: evidence, what was tried, what to do",
        "assessment.md",
        "assessment",
        takes=("summary", "findings", "where", "good"),
    ),
    "csv": Format("one row a host, one column a check, for a spreadsheet", "summary.csv", "csv"),
    "json": Format(
        "one document, with a schema (reports/run.schema.json)", "fleet.json", "json_document",
        takes=("summary", "lines"),
    ),
    "jsonl": Format("one record a line", "records.jsonl", "json_document", "lines", ("lines",)),
    "parquet": Format(
        "one row a host with its plan, attempts and tests as nested columns, for analysis",
        "fleet.parquet", "parquet", "write", ("summary", "nested", "file"),
    ),
    "junit": Format("JUnit XML, a case for each host and check, for CI", "junit.xml", "junit"),
    "sarif": Format("SARIF 2.1.0, for code scanning", "fleet.sarif", "sarif"),
    "prometheus": Format("metrics for node_exporter's textfile collector", "fleet.prom", "prometheus"),
}  # fmt: skip
DEFAULT = ("html", "markdown", "assessment", "csv")
ALWAYS = "jsonl"  # the records themselves: the run, of which the rest is a view


@dataclass(frozen=True)
class Output:
    """What is written of a run. prometheus_file is where a collector looks for metrics, written besides."""

    formats: tuple[str, ...] = DEFAULT
    prometheus_file: Path | None = None

    @classmethod
    def of(cls, formats: object, prometheus_file: str | Path | None = None) -> Output:
        """Out of settings as they come. FleetError for what is not a format."""
        return cls(chosen(formats), Path(prometheus_file).expanduser() if prometheus_file else None)


def chosen(names: object) -> tuple[str, ...]:
    """Names of formats out of a list, or a text with commas; 'all' is every one. FleetError for what is none."""
    if isinstance(names, str):
        names = names.split(",")
    if not isinstance(names, Iterable):
        raise FleetError(f"{names!r} is not a list of formats. Write one, such as [html, csv].")
    given = [str(name).strip() for name in names if str(name).strip()]
    if "all" in given:
        return tuple(FORMATS)
    unknown = [name for name in given if name not in FORMATS]
    if unknown:
        known = [*FORMATS, "all"]
        near = suggestion(unknown[0], known)
        raise FleetError(f"{unknown[0]!r} is not a format.{near} One of: {', '.join(known)}.")
    return tuple(name for name in FORMATS if name in given)
