# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The command ``faiss-fleet``: its commands and the options that stand before them. Nothing heavy is imported here."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from .. import __version__
from ..errors import FleetError
from .commands import artefacts, audits, history, keeping
from .options import JsonOption, ReportsOption, StoreOption, warn

USAGE = 2  # exit status for what a person can fix
WITHOUT_JSON = {
    "run": "it shows progress. `faiss-fleet report --json` prints its result.",
    "export": "its format is its argument, such as `faiss-fleet export json`.",
}


class Commands(TyperGroup):
    """Shows a FleetError as its text: it names the thing, the cause and the next step."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # The version may be asked for behind a command, too. Behind `run` the option is ansible-playbook's.
        asked = "--version" in args and "run" not in args
        return super().parse_args(ctx, ["--version"] if asked else args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FleetError as error:
            warn(str(error))
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


@app.callback()
def common(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version.", callback=_show_version, is_eager=True),
    reports: ReportsOption = None,
    store: StoreOption = None,
    json_: JsonOption = False,
) -> None:
    command = context.invoked_subcommand
    if json_ and command in WITHOUT_JSON:
        raise typer.BadParameter(f"`{command}` has no --json: {WITHOUT_JSON[command]}")
    context.obj = {"reports": reports, "store": store, "json_": json_}


# In the order of --help.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(audits.run)
app.command()(audits.report)
app.command()(history.runs)
app.command()(history.hosts)
app.command()(history.host)
app.command()(history.diff)
app.command()(artefacts.check)
app.command()(artefacts.needs)
app.command()(artefacts.explain)
app.command()(keeping.export)
app.command(name="import")(keeping.import_)
app.command()(keeping.prune)
