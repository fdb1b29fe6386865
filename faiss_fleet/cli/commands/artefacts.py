# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands on files and logs: check, needs, explain."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import (
    JsonOption,
    ReportsOption,
    RowsOption,
    StoreOption,
    lines_of_host,
    print_json,
    reading,
    runs_for_completion,
)


def check(
    artefact: Annotated[
        list[str],
        typer.Argument(
            help="A wheel, a directory with an npm package, an ELF file or a tree of them, a requirement, or a floor: "
            '"node 27", manylinux_2_34, "glibc 2.34".'
        ),
    ],
    run: Annotated[
        str, typer.Option("--run", help="Id of a run, 'latest' or 'previous'.", autocompletion=runs_for_completion)
    ] = "latest",
    inventory: Annotated[
        str | None, typer.Option("-i", "--inventory", help="The newest run of this inventory.", show_default=False)
    ] = None,
    wheelhouse: Annotated[
        Path | None,
        typer.Option("--wheelhouse", help="Look a requirement up here, not in the index.", show_default=False),
    ] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV, one row a host.")] = False,
    rows: RowsOption = 60,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Show which hosts of a run can load a native artefact, and what stands in the way on the others.

    Ends with 0 when all can, with 1 when one cannot or is not known to, with 2 when the artefact is not understood.
    Nothing is loaded, and no host is asked.

    For example: faiss-fleet check "numpy==2.5"
    """
    from ...options import default_cache
    from ...plan import artefact_check, artefact_sources
    from ...strategies.base import Options
    from .. import artefact_table, operations

    if csv_ and json_:
        raise typer.BadParameter("Name either --csv or --json.")
    if inventory and run != "latest":
        raise typer.BadParameter("Name either --run or --inventory.")
    extra = {"faiss_install__wheelhouse": str(wheelhouse)} if wheelhouse else {}
    options = Options(cache=default_cache(), extra=extra)
    with reading(reports, store) as (opened, _directory):
        name = operations.newest_of(opened, inventory) if inventory else operations.run_id(opened, run)
        found = artefact_sources.find(" ".join(artefact), lambda: opened.records(name), options)
        checker = artefact_check.Checker(found)
        answers = list(checker.answers(opened.records(name)))
    if json_:
        print_json(artefact_table.document(checker, answers, name))
    elif csv_:
        artefact_table.write_csv(answers, sys.stdout.buffer)
    else:
        artefact_table.show(checker, answers, name, rows)
    raise typer.Exit(0 if checker.totals["yes"] == len(answers) else 1)


def needs(
    path: Annotated[Path, typer.Argument(help="A shared object or .node file, a directory, or a wheel.")],
    host: Annotated[str | None, typer.Option("--host", help="Compare with this host's last record.")] = None,
    glibc: Annotated[str | None, typer.Option("--glibc", help="Compare with this glibc alone, such as 2.17.")] = None,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Show which symbol versions files need, and what a host has of them. Ends with 1 when the host lacks something.

    For example: faiss-fleet needs node_modules/faiss-node/build/Release/faiss-node.node --glibc 2.17
    """
    from .. import needs as chain
    from .. import show

    if host and glibc:
        raise typer.BadParameter("Name either --host or --glibc.")
    provides = chain.of_glibc(glibc) if glibc else None
    if host:
        with reading(reports, store) as (opened, _directory):
            line = lines_of_host(opened, host)[0]
            provides = chain.of_record(opened.record(line.run, host), host)
    found = chain.examine(path, provides)
    if json_:
        print_json(found)
    else:
        chain.show(found, show.console())
    raise typer.Exit(1 if found.get("reasons") else 0)


def explain(
    file: Annotated[
        Path | None, typer.Argument(help="The log; standard input without it, or with -.", show_default=False)
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="The host's package manager: yum, dnf, apt, apk or zypper.")
    ] = None,
    arch: Annotated[str | None, typer.Option(help="The host's machine name, such as aarch64.")] = None,
    json_: JsonOption = False,
) -> None:
    """Name the causes that a log shows, root first, and what to do. Ends with 1 when nothing is recognised.

    For example: npm install faiss-node 2>&1 | faiss-fleet explain
    """
    from ...causes import remedies
    from ...causes.explain import explain as explain_log

    if family is not None and family not in remedies.FAMILIES:
        raise typer.BadParameter(f"{family!r} is not a package manager. One of: {', '.join(remedies.FAMILIES)}.")
    raise typer.Exit(explain_log(file, json_, family, arch))
