# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands on the store of runs: export, import, prune."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ...argument_specs import suggestion
from ...errors import FleetError
from ..options import (
    JsonOption,
    ReportsOption,
    RunArgument,
    StoreOption,
    known_places,
    print_json,
    reading,
    warn,
    writing,
)

EXPORTS = (
    "json", "jsonl", "csv", "parquet", "junit", "sarif", "prometheus", "markdown", "assessment", "html",
)  # fmt: skip


def _age(text: str) -> timedelta:
    from ..operations import age

    try:
        return age(text)
    except FleetError as error:
        raise typer.BadParameter(str(error)) from error


def export(
    format_: Annotated[
        str, typer.Argument(metavar="FORMAT", help=", ".join(EXPORTS), autocompletion=lambda: list(EXPORTS))
    ],
    run: RunArgument = "latest",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="File to write, whole or not at all. Default: standard output.", show_default=False
        ),
    ] = None,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Write a run in one format, for other programs.

    For example: faiss-fleet export junit latest -o faiss.xml
    """
    from ...reports.formats import FORMATS
    from .. import operations

    if format_ not in FORMATS:
        raise typer.BadParameter(
            f"{format_!r} is not a format.{suggestion(format_, FORMATS)} One of: {', '.join(FORMATS)}."
        )
    if output is None and format_ == "parquet" and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is binary: name a file with -o, or redirect.")
    with reading(reports, store) as (opened, directory):
        if output is None:
            FORMATS[format_].write(operations.material(opened, run, directory, [format_]), sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            operations.export(opened, format_, run, directory, output)


def import_(json_: JsonOption = False, reports: ReportsOption = None, store: StoreOption = None) -> None:
    """Import runs on disk into the store, and make the store where there is none.

    Every command imports into a store that exists; alone this suits a timer.
    """
    from ...store.intake import take_in
    from ...store.queries import Store

    directory, kept = known_places(reports, store)
    with Store.open(kept) as opened:
        taken = take_in(opened, directory, warn)
        if json_:
            print_json({"schema": 1, "store": opened.name, "records": taken})
            return
        for run_id, count in taken.items():
            typer.echo(f"{run_id}  {count:,} records")
        typer.echo(f"{len(taken)} new or changed under {directory}, now in {opened.name}", err=True)


def prune(
    keep: Annotated[int | None, typer.Option(min=1, help="Keep this many newest runs.", show_default=False)] = None,
    older_than: Annotated[
        timedelta | None,
        typer.Option(
            parser=_age, metavar="AGE", help="Remove runs older than this: 90d, 12w, 36h.", show_default=False
        ),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Remove the runs' directories under the reports as well.")
    ] = False,
    check: Annotated[bool, typer.Option("-C", "--check", help="Only list what would be removed.")] = False,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Remove old runs from the store, and their directories with --files. The newest run always stays."""
    from .. import operations

    if keep is None and older_than is None:
        raise typer.BadParameter("Say what may go: --keep 30, --older-than 90d, or both.")
    with ExitStack() as stack:
        if check:
            opened, directory = stack.enter_context(reading(reports, store))
        else:
            directory, kept = known_places(reports, store)
            opened = stack.enter_context(writing(directory, kept))
        gone = operations.prune(opened, directory, keep, older_than, files, check)
    if json_:
        print_json({"schema": 1, "removed": gone, "check": check})
        return
    for run_id in gone:
        typer.echo(run_id)
    typer.echo(f"{len(gone)} run{'' if len(gone) == 1 else 's'} {'would be ' if check else ''}removed.", err=True)
