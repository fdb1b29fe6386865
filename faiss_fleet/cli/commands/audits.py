# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands that audit hosts and write reports: run, report."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ...errors import FleetError
from .. import places
from ..options import JsonOption, ReportsOption, RunArgument, StoreOption, known_places, print_json, warn, writing


def run(
    context: typer.Context,
    inventory: Annotated[
        list[str] | None, typer.Option("-i", "--inventory", help="Inventory file, directory or 'host,' list.")
    ] = None,
    limit: Annotated[str | None, typer.Option("-l", "--limit", help="Only these hosts or groups.")] = None,
    check: Annotated[bool, typer.Option("-C", "--check", help="Predict; change no host.")] = False,
    diff_: Annotated[bool, typer.Option("-D", "--diff", help="Show what changes in files on the hosts.")] = False,
    extra_vars: Annotated[list[str] | None, typer.Option("-e", "--extra-vars", help="name=value or @file.")] = None,
    slices: Annotated[int, typer.Option(min=1, help="Divide the hosts into so many jobs.")] = 1,
    executor: Annotated[str, typer.Option(help="What runs the jobs: local or dask.")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="Address of the Dask scheduler: tcp://host:8786.")] = None,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Audit hosts, with live progress. Ends with the exit status of ansible-playbook.

    Options that are not listed here go to ansible-playbook: -f 40, -K, --tags probe.
    """
    from ..audit import audit
    from ..slices.executors import chosen

    address = chosen(executor, scheduler)
    directory, kept = places.of(reports, store)
    hosts = (inventory or [], limit)
    status = audit(directory, kept, *hosts, check, diff_, extra_vars or [], context.args, slices, address)
    try:
        with writing(directory, kept):
            pass
    except FleetError as error:
        # The audit is done and on disk, and its status is what a job waits for; the next command takes it in.
        warn(f"not in the store yet. {error}")
    raise typer.Exit(status)


def report(
    run: RunArgument = "latest",
    formats: Annotated[
        str,
        typer.Option(
            "-f",
            "--formats",
            help="What to write, with commas: html, markdown, assessment, csv, json, parquet, junit, sarif, "
            "prometheus, or all.",
        ),
    ] = "html,markdown,assessment,csv",
    prometheus_file: Annotated[
        Path | None,
        typer.Option("--prometheus-file", help="Write metrics there too, for node_exporter.", show_default=False),
    ] = None,
    json_: JsonOption = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Write a run's reports again, and show its table. A run that is only in the store gets its directory back.

    For example: faiss-fleet report latest -f html,junit
    """
    from ... import reports as renderers
    from ...store.history import Earlier
    from .. import operations, show

    output = renderers.Output.of(formats, prometheus_file)
    directory, kept = known_places(reports, store)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(writing(directory, kept))
        except FleetError as error:
            written, earlier = _on_disk(directory, run, error), Earlier.none()
            warn(f"The reports of this run know nothing of earlier ones. {error}")
        else:
            from ...store.intake import put_back

            try:
                written = put_back(opened, operations.run_id(opened, run), directory)
            except FleetError as error:
                written = _on_disk(directory, run, error)  # a run that died before its first host is in no store
            earlier = Earlier.of(opened, written.name, warn)
        summary, _changed = renderers.render(written, output=output, earlier=earlier)
    files = [written / name for name in renderers.files(output.formats)]
    if json_:
        print_json(
            {
                "schema": 1,
                "run": written.name,
                "hosts": summary.hosts,
                "states": dict(summary.states),
                "left": summary.left,
                "damaged": summary.damaged or None,
                "files": [str(file) for file in files],
            }
        )
        return
    show.summary(summary)
    show.unreachable(summary.good, summary)
    show.files(files)


def _on_disk(reports: Path, name: str, error: FleetError) -> Path:
    """The directory of a run that the store does not give; the store's error where there is none."""
    from ...records import journal as runs

    try:
        return runs.find(reports, name)
    except FleetError:
        raise error from None
