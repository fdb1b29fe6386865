# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Options that commands share, and what they open: the directory of runs and the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import places

if TYPE_CHECKING:
    from ..store.queries import HostLine, Store


def runs_for_completion(incomplete: str) -> list[str]:
    directory = places.reports_directory()
    names = [entry.name for entry in directory.glob("2*") if (entry / "records.jsonl").exists()]
    return [name for name in ["latest", *sorted(names, reverse=True)] if name.startswith(incomplete)]


def _or_before(context: typer.Context, option: typer.CallbackParam, value: Any) -> Any:
    """Return an option's value, or else the one that was given before the command."""
    return value or (context.obj or {}).get(option.name)


ReportsOption = Annotated[
    Path | None,
    typer.Option(
        "--reports",
        help="Directory of all runs. Default: FAISS_FLEET_REPORTS, ansible.cfg, or reports/.",
        show_default=False,
        callback=_or_before,
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Path of an SQLite file, or postgresql://user@host/database. "
        "Default: FAISS_FLEET_STORE, ansible.cfg, or history.sqlite in the directory of runs.",
        show_default=False,
        callback=_or_before,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.", callback=_or_before)]
RunArgument = Annotated[
    str, typer.Argument(help="Id of a run, 'latest' or 'previous'.", autocompletion=runs_for_completion)
]
RowsOption = Annotated[int, typer.Option("--rows", min=1, help="Hosts shown at most.")]


def known_places(reports: Path | None, store: str | None) -> tuple[Path, str]:
    """Return the directory of runs, and the store's path or URL. FleetError for a directory that does not exist."""
    directory, name = places.of(reports, store)
    places.check_reports(directory)
    return directory, name


@contextmanager
def reading(reports: Path | None, store: str | None) -> Iterator[tuple[Store, Path]]:
    """The store with the runs on disk, and the directory of runs, for a command that creates nothing."""
    from . import operations

    directory, name = known_places(reports, store)
    with operations.opened(name, directory, create=False, warn=warn) as found:
        yield found, directory


@contextmanager
def writing(reports: Path, store: str) -> Iterator[Store]:
    """The store with the runs on disk that it did not have yet; it is made where there is none."""
    from . import operations

    with operations.opened(store, reports, warn=warn) as found:
        yield found


def lines_of_host(store: Store, host: str) -> list[HostLine]:
    """Lines of a host in every run that had it, newest first. FleetError, with what was meant, for an unknown one."""
    from ..argument_specs import suggestion
    from ..errors import FleetError
    from . import operations

    history = store.host_history(host)
    if not history:
        newest = store.latest_run()
        if newest is None:
            raise operations.no_run(store)
        names = [line.host for line in store.lines(newest)]
        near = _beginning_with(host, names) or suggestion(host, names)
        raise FleetError(f"No run in {store.name} has a host named {host!r}.{near} `faiss-fleet hosts` lists them.")
    return history


def _beginning_with(short: str, names: list[str]) -> str:
    """Of a name without its domain, or of a part of one, what was meant; nothing where no name begins so."""
    found = [name for name in names if short and name.startswith(short)]
    if len(found) < 2:
        return f" Did you mean {found[0]}?" if found else ""
    more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
    return f" {len(found):,} names begin so: {', '.join(found[:3])}{more}."


def warn(text: str) -> None:
    """Tell a person something on standard error; what a program reads stays as it is."""
    from ..reports.text import visible

    typer.echo(f"faiss-fleet: {visible(text)}", err=True)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=True))
