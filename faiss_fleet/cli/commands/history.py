# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands that read runs and create nothing: runs, hosts, host, diff."""

from __future__ import annotations

from typing import Annotated

import typer

from ...argument_specs import suggestion
from ..options import (
    JsonOption,
    ReportsOption,
    RowsOption,
    RunArgument,
    StoreOption,
    lines_of_host,
    print_json,
    reading,
    warn,
)


def runs(json_: JsonOption = False, reports: ReportsOption = None, store: StoreOption = None) -> None:
    """List all runs, newest first, with their hosts by state."""
    from dataclasses import asdict

    from .. import show

    with reading(reports, store) as (opened, _directory):
        found = opened.runs()
        if json_:
            print_json([asdict(each) for each in found])
        else:
            show.runs(found, opened.name)


def hosts(
    run: RunArgument = "latest",
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only hosts in this state. May be given more than once.", show_default=False),
    ] = None,
    cause: Annotated[str | None, typer.Option(help="Only hosts with this cause.", show_default=False)] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Names alone, one a line, as --limit @file wants them.")
    ] = False,
    rows: RowsOption = 100,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """List the hosts of a run with their states.

    For example: faiss-fleet hosts --state fallback --names > fallback.txt

    With --names it ends with 1 when no host matches: an empty file for --limit means all hosts to Ansible.
    """
    from dataclasses import asdict

    from ...causes.diagnose import CAUSES
    from ...records.build import STATES
    from .. import operations, show

    for each in state or ():
        if each not in STATES:
            raise typer.BadParameter(f"{each!r} is not a state.{suggestion(each, STATES)} One of: {', '.join(STATES)}.")
    with reading(reports, store) as (opened, _directory):
        chosen = operations.run_id(opened, run)
        found = list(opened.lines(chosen))
        waivers = {} if names else opened.waivers(chosen)
    causes = sorted({line.cause for line in found if line.cause})
    if cause is not None and cause not in causes and cause not in CAUSES:
        known = f"The run has: {', '.join(causes)}." if causes else "No host of the run has one."
        raise typer.BadParameter(f"{cause!r} is not a cause.{suggestion(cause, [*causes, *CAUSES])} {known}")
    found = [line for line in found if line.state in (state or STATES) and cause in (None, line.cause)]
    if json_:
        print_json([{**asdict(line), "waiver": waivers.get(line.host)} for line in found])
    elif names:
        for line in found:
            typer.echo(line.host)
        if not found:
            warn("No host of the run matches. To Ansible, a file for --limit without a name means all hosts.")
            raise typer.Exit(1)
    else:
        show.hosts(found, rows, waivers)


def host(
    name: Annotated[str, typer.Argument(help="The host's name in the inventory.")],
    answers: Annotated[
        bool, typer.Option("--answers", help="Answer what people ask first, for a native host too.")
    ] = False,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """One host: its history, what stands in its way, and answers to what people ask then."""
    from dataclasses import asdict

    from .. import show

    with reading(reports, store) as (opened, _directory):
        history = lines_of_host(opened, name)
        record = opened.record(history[0].run, name)
    if json_:
        print_json({"schema": 1, "host": name, "history": [asdict(line) for line in history], "record": record})
    else:
        show.host(history, record, answers)


def diff(
    before: RunArgument = "previous",
    after: RunArgument = "latest",
    worse: Annotated[bool, typer.Option("--worse", help="What got worse alone, for a gate.")] = False,
    json_: JsonOption = False,
    rows: Annotated[int, typer.Option(min=1, help="Hosts shown of each kind of change.")] = 20,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """What changed from one run to another: verdicts, ways, latencies, causes, hosts. Ends with 1 if anything did."""
    from .. import operations, show

    with reading(reports, store) as (opened, _directory):
        found = operations.diff(opened, before, after)
    found = found.worse() if worse else found
    if json_:
        print_json(found.as_dict())
    else:
        show.diff(found, rows, worse)
    raise typer.Exit(0 if found.empty else 1)
