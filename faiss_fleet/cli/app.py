# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The commands: options, help, and which function does it. What they print is made in ``show`` and ``live``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .. import __version__
from ..argument_specs import suggestion
from ..errors import FleetError
from . import places

if TYPE_CHECKING:
    from ..store.queries import Store

EXPORTS = (
    "json", "jsonl", "csv", "parquet", "junit", "sarif", "prometheus", "markdown", "assessment", "html",
)  # fmt: skip
USAGE = 2  # exit status for what a person can mend


class Commands(TyperGroup):
    """Shows a FleetError as its text: it names the thing, the cause and the next step."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FleetError as error:
            from ..reports.text import visible

            typer.echo(f"faiss-fleet: {visible(str(error))}", err=True)
            raise typer.Exit(USAGE) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which hosts can run FAISS natively, by which way, how fast, and if not, why not.\n\n"
    "A first audit, of this machine alone: faiss-fleet run -i inventory/local --check",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faiss-fleet {__version__}")
        raise typer.Exit


def _runs_for_completion(incomplete: str) -> list[str]:
    folder = places.reports_folder()
    names = [entry.name for entry in folder.glob("2*") if (entry / "records.jsonl").exists()]
    return [name for name in ["latest", *sorted(names, reverse=True)] if name.startswith(incomplete)]


def _or_before(context: typer.Context, option: typer.CallbackParam, value: Any) -> Any:
    """Return an option's value, or else the one that was given before the command."""
    return (context.obj or {}).get(option.name) if value is None else value


ReportsOption = Annotated[
    Path | None,
    typer.Option(
        "--reports",
        help="Folder of all runs. Default: FAISS_FLEET_REPORTS, ansible.cfg, or reports/.",
        show_default=False,
        callback=_or_before,
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Path of an SQLite file, or postgresql://user:password@host/database. "
        "Default: FAISS_FLEET_STORE, ansible.cfg, or history.sqlite in the reports folder.",
        show_default=False,
        callback=_or_before,
    ),
]
VersionOption = Annotated[
    bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
]
RunArgument = Annotated[
    str, typer.Argument(help="Id of a run, 'latest' or 'previous'.", autocompletion=_runs_for_completion)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
def common(
    context: typer.Context, version: VersionOption = False, reports: ReportsOption = None, store: StoreOption = None
) -> None:
    context.obj = {"reports": reports, "store": store}


def _places(reports: Path | None, store: str | None) -> tuple[Path, str]:
    """Return the directory of runs, and the store's path or URL."""
    folder = places.reports_folder(reports)
    return folder, places.store_name(store, folder)


def _known_places(reports: Path | None, store: str | None) -> tuple[Path, str]:
    """Return the same for a command that reads. Raises FleetError for a directory that does not exist."""
    folder, name = _places(reports, store)
    places.check_reports(folder)
    return folder, name


@contextmanager
def _store(name: str, reports: Path) -> Iterator[Store]:
    """The store, with the runs on disk that it did not have yet."""
    from . import operations

    with operations.opened(name, reports) as found:
        yield found


def _run_id(store: Store, name: str) -> str:
    from . import operations

    return operations.run_id(store, name)


def _warn(text: str) -> None:
    from ..reports.text import visible

    typer.echo(f"faiss-fleet: {visible(text)}", err=True)


def _on_disk(reports: Path, name: str, error: FleetError) -> Path:
    """The folder of a run where the store does not answer, which is told; the store's error where there is none."""
    from ..records import journal as runs

    try:
        folder = runs.find(reports, name)
    except FleetError:
        raise error from None
    _warn(f"The reports of this run know nothing of earlier ones. {error}")
    return folder


def _print(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=True))


def _age(text: str) -> timedelta:
    from .operations import age

    try:
        return age(text)
    except FleetError as error:
        raise typer.BadParameter(str(error)) from error


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    inventory: Annotated[
        list[str] | None, typer.Option("-i", "--inventory", help="Inventory file, folder or 'host,' list.")
    ] = None,
    limit: Annotated[str | None, typer.Option("-l", "--limit", help="Only these hosts or groups.")] = None,
    check: Annotated[bool, typer.Option("-C", "--check", help="Predict; touch no host.")] = False,
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
    from .audit import audit
    from .slices.executors import chosen

    address = chosen(executor, scheduler)
    folder, kept = _places(reports, store)
    status = audit(folder, kept, inventory or [], limit, check, diff_, extra_vars or [], context.args, slices, address)
    try:
        with _store(kept, folder):
            pass
    except FleetError as error:
        # The audit is done and on disk, and its status is what a job waits for; the next command takes it in.
        typer.echo(f"faiss-fleet: not in the store yet. {error}", err=True)
    raise typer.Exit(status)


@app.command()
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
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Write a run's reports again, and show its table. A run that is only in the store gets its folder back."""
    from .. import reports as renderers
    from ..store.history import Earlier
    from . import show

    output = renderers.Output.of(formats, prometheus_file)
    folder, kept = _known_places(reports, store)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(_store(kept, folder))
        except FleetError as error:
            written, earlier = _on_disk(folder, run, error), Earlier.none()
        else:
            from ..store.intake import put_back

            written = put_back(opened, _run_id(opened, run), folder)
            earlier = Earlier.of(opened, written.name, _warn)
        summary, _changed = renderers.render(written, output=output, earlier=earlier)
    show.summary(summary)
    show.unreachable(summary.good, summary)
    show.files([written / name for name in renderers.files(output.formats)])


@app.command()
def diff(
    before: RunArgument = "previous",
    after: RunArgument = "latest",
    json_: JsonOption = False,
    rows: Annotated[int, typer.Option(help="Hosts shown of each kind of change.")] = 20,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """What changed from one run to another: verdicts, ways, latencies, causes, hosts. Ends with 1 if anything did."""
    from . import operations, show

    folder, kept = _known_places(reports, store)
    with _store(kept, folder) as opened:
        found = operations.diff(opened, before, after)
    if json_:
        _print(found.as_dict())
    else:
        show.diff(found, rows)
    raise typer.Exit(0 if found.empty else 1)


@app.command()
def runs(json_: JsonOption = False, reports: ReportsOption = None, store: StoreOption = None) -> None:
    """List all runs, newest first, with their hosts by state."""
    from dataclasses import asdict

    from . import show

    folder, kept = _known_places(reports, store)
    with _store(kept, folder) as opened:
        found = opened.runs()
        if json_:
            _print([asdict(each) for each in found])
        else:
            show.runs(found, opened.name)


@app.command()
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

    from . import show

    folder, kept = _known_places(reports, store)
    with _store(kept, folder) as opened:
        history = opened.host_history(name)
        if not history:
            newest = opened.latest_run()
            near = suggestion(name, [line.host for line in opened.lines(newest)] if newest else [])
            raise FleetError(
                f"No run in {opened.name} has a host named {name!r}.{near} `faiss-fleet export csv` lists the hosts."
            )
        record = opened.record(history[0].run, name)
    if json_:
        _print({"schema": 1, "host": name, "history": [asdict(line) for line in history], "record": record})
    else:
        show.host(history, record, answers)


@app.command()
def explain(
    file: Annotated[
        Path | None, typer.Argument(help="The log; standard input without it, or with -.", show_default=False)
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Name the causes that a log shows, root first, and what to do. Ends with 1 when nothing is recognised.

    For example: npm install faiss-node 2>&1 | faiss-fleet explain
    """
    from ..causes.explain import main as explain_log

    raise typer.Exit(explain_log([*(["--json"] if json_ else []), *([str(file)] if file else [])]))


@app.command()
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
    from . import needs as chain
    from . import show

    if host and glibc:
        raise typer.BadParameter("Name either --host or --glibc.")
    provides = chain.of_glibc(glibc) if glibc else None
    if host:
        folder, name = _known_places(reports, store)
        with _store(name, folder) as opened:
            history = opened.host_history(host)
            if not history:
                raise FleetError(
                    f"No run in {opened.name} has a host named {host!r}. `faiss-fleet export csv` lists the hosts."
                )
            provides = chain.of_record(opened.record(history[0].run, host), host)
    found = chain.examine(path, provides)
    if json_:
        _print(found)
    else:
        chain.show(found, show.console())
    raise typer.Exit(1 if found.get("reasons") else 0)


@app.command()
def prune(
    keep: Annotated[int | None, typer.Option(min=1, help="Keep this many newest runs.", show_default=False)] = None,
    older_than: Annotated[
        timedelta | None,
        typer.Option(
            parser=_age, metavar="AGE", help="Remove runs older than this: 90d, 12w, 36h.", show_default=False
        ),
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="Remove the runs' folders under the reports as well.")] = False,
    check: Annotated[bool, typer.Option("-C", "--check", help="Only list what would be removed.")] = False,
    reports: ReportsOption = None,
    store: StoreOption = None,
) -> None:
    """Remove old runs from the store, and their folders with --files. The newest run always stays."""
    from . import operations

    if keep is None and older_than is None:
        raise typer.BadParameter("Say what may go: --keep 30, --older-than 90d, or both.")
    folder, kept = _known_places(reports, store)
    with _store(kept, folder) as opened:
        gone = operations.prune(opened, folder, keep, older_than, files, check)
    for run_id in gone:
        typer.echo(run_id)
    typer.echo(f"{len(gone)} run{'' if len(gone) == 1 else 's'} {'would be ' if check else ''}removed.", err=True)


@app.command(name="import")
def import_(reports: ReportsOption = None, store: StoreOption = None) -> None:
    """Import runs on disk into the store. Every command does this by itself; alone it suits a timer."""
    from ..store.intake import take_in
    from ..store.queries import Store

    folder, kept = _known_places(reports, store)
    with Store.open(kept) as opened:
        taken = take_in(opened, folder)
        for run_id, count in taken.items():
            typer.echo(f"{run_id}  {count:,} records")
        typer.echo(f"{len(taken)} new or changed under {folder}, now in {opened.name}", err=True)


@app.command()
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
    from ..reports.formats import FORMATS
    from . import operations

    if format_ not in FORMATS:
        raise typer.BadParameter(
            f"{format_!r} is no format.{suggestion(format_, FORMATS)} One of: {', '.join(FORMATS)}."
        )
    if output is None and format_ == "parquet" and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is binary: name a file with -o, or redirect.")
    folder, kept = _known_places(reports, store)
    with _store(kept, folder) as opened:
        if output is None:
            FORMATS[format_].write(operations.material(opened, run, folder, [format_]), sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            operations.export(opened, format_, run, folder, output)
