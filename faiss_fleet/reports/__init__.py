# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes a run's reports out of its records. Every report is a view of records.jsonl and can be made again from it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ..records.journal import (
    DAMAGED,
    RECORDS,
    point_latest,
    read_lines,
    read_records,
    read_run,
    settle,
    write_atomically,
    written_whole,
)
from ..store.history import Earlier
from . import artefacts, assessment
from .assessment_steps import LIMITS
from .formats import ALWAYS, DEFAULT, FORMATS, Format, Material, Output
from .json_document import text as json_text
from .live_run import is_live, records_so_far
from .summary import Summary

USUAL = Output()

_ALL = [RECORDS, *(chosen.file for chosen in FORMATS.values() if chosen.file != RECORDS)]


def files(formats: Iterable[str] = DEFAULT) -> list[str]:
    """Names of the files that these formats are in, the records last."""
    return [*(FORMATS[name].file for name in formats if name != ALWAYS), RECORDS]


def render(
    directory: Path, *, latest: bool = False, output: Output = USUAL, earlier: Earlier | None = None
) -> tuple[Summary, list[Path]]:
    """Settles the records of a run and writes the reports. Returns the summary and the files that are now others.

    Of an audit that still goes on, the records stay as they are: the reports have the hosts that are done so far.

    The same records and history give the same bytes. With latest, ``latest`` leads to this run from now on. Without
    earlier no report knows of earlier runs.
    """
    with _no_collection():
        material = _collected(directory, output, earlier or Earlier.none())
        if (directory / DAMAGED).exists():
            material.summary.damaged = str(directory / DAMAGED)
        changed = []
        for name in output.formats:
            if name == "assessment":
                changed += _assess(directory, material)
            elif name != ALWAYS:
                changed += _write(directory / FORMATS[name].file, FORMATS[name], material)
        if output.prometheus_file is not None:
            changed += _write(output.prometheus_file, FORMATS["prometheus"], material)
    if latest:
        point_latest(directory)
    material.summary.good = material.good
    return material.summary, changed


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python looks for no cycles meanwhile: records have none, and looking through them takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _collected(directory: Path, output: Output, earlier: Earlier) -> Material:
    """The run, settled and counted; its records are parsed once unless the file had to be fixed."""

    def empty() -> Material:
        run, where = asdict(read_run(directory)[0]), _where(directory)
        beside = [name for name in _ALL if name in files(output.formats) or (directory / name).exists()]
        material = Material(run, lambda: read_records(directory), where, earlier, output.formats, beside)
        material.artefacts = artefacts.read(directory)
        material.lines = lambda: read_lines(directory)
        return material

    material = empty()
    if is_live(directory):
        material.records = records_so_far(directory)
        material.lines = lambda: map(json_text, material.records())
        for record in material.records():
            material.add(record)
        material.summary.left = len(read_run(directory)[1]) - material.summary.hosts
        return material
    if not settle(directory, each=material.add):
        material = empty()
        for record in read_records(directory):
            material.add(record)
    return material


def _write(path: Path, chosen: Format, material: Material) -> list[Path]:
    return [path] if written_whole(path, lambda file: chosen.write(material, file)) else []


def _assess(directory: Path, material: Material) -> list[Path]:
    """The assessment, and the files that its commands name: a host a line, for --limit."""
    found = assessment.Assessment(material.summary, material.findings, material.where, material.good)
    path = directory / FORMATS["assessment"].file
    changed = [path] if write_atomically(path, found.render()) else []
    limits = directory / LIMITS
    if found.limit_files:
        limits.mkdir(exist_ok=True)
    for name, hosts in found.limit_files.items():
        if write_atomically(limits / name, [f"{host}\n" for host in hosts]):
            changed.append(limits / name)
    for old in limits.glob("*.txt"):
        if old.name not in found.limit_files and not old.name.startswith("cause-"):  # those are the page's
            old.unlink(missing_ok=True)  # another rendering may remove it as well
    return changed


def _where(directory: Path) -> str:
    """The directory as it is named from the project's: relative where it lies below it."""
    root = Path(__file__).resolve().parents[2]
    return os.path.relpath(directory, root) if directory.is_relative_to(root) else str(directory)


__all__ = ["DEFAULT", "FORMATS", "Material", "Output", "Summary", "files", "render"]
