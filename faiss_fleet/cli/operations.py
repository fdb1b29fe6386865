# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the commands do with runs: find them by name, compare, export, remove."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

from ..argument_specs import suggestion
from ..artefacts import cache
from ..errors import FleetError
from ..records.build import Run
from ..records.journal import written_whole
from ..reports.formats import FORMATS, Material
from ..run_id import RUN_ID
from ..store import database
from ..store.diff import Diff, compare
from ..store.history import STORE, Earlier
from ..store.intake import take_in
from ..store.queries import Store

UNITS = {"d": "days", "w": "weeks", "h": "hours", "m": "minutes"}


@contextmanager
def opened(
    store: str, reports: Path, create: bool = True, warn: Callable[[str], None] = lambda _text: None
) -> Iterator[Store]:
    """The store by path or URL, with the runs on disk that it did not have yet.

    Without create, a store that is not there, or that this user may not write to, stays as it is: the runs are read
    into a copy that goes with the block. warn gets what is to be said of damaged lines.
    """
    url = database.parse(store)
    if create or database.writable(url):
        with Store.open(store) as found:
            take_in(found, reports, warn)
            yield found
        return
    with cache.temporary("store") as directory:
        made = directory / STORE
        database.copy(url, made)
        with Store.open(made) as found:
            found.name = database.shown(url)
            take_in(found, reports, warn)
            yield found


def run_id(store: Store, name: str) -> str:
    """The id behind a name: 'latest', 'previous' or an id, which may be shortened to its beginning."""
    newest = store.latest_run()
    if newest is None:
        raise no_run(store)
    if name == "latest":
        return newest
    if name == "previous":
        before = store.latest_run(before=newest)
        if before is None:
            raise FleetError(
                f"There is no run before {newest} in {store.name}, so nothing can be compared with it yet."
            )
        return before
    ids = [run.id for run in store.runs()]
    found = [each for each in ids if each == name] or [each for each in ids if name and each.startswith(name)]
    if len(found) != 1:
        what = "more than one run" if found else "no run"
        near = "" if found else suggestion(name, ["latest", "previous", *ids])
        newest_ones = ", ".join((found or ids)[:5])
        raise FleetError(f"There is {what} {name!r} in {store.name}.{near} The newest: {newest_ones}.")
    return found[0]


def no_run(store: Store) -> FleetError:
    """What to say where nothing was audited yet."""
    return FleetError(f"{store.name} holds no run yet. Audit first: faiss-fleet run -i inventory/local")


def newest_of(store: Store, inventory: str) -> str:
    """The id of the newest run of an inventory, which may be named by the end of its path."""
    wanted = inventory.rstrip("/")
    known: dict[str, str] = {}
    for run in store.runs():
        for source in run.inventory:
            known.setdefault(source.rstrip("/"), run.id)
    for source, found in known.items():
        if source == wanted or source.endswith("/" + wanted) or wanted.endswith("/" + source):
            return found
    near = suggestion(wanted, known)
    raise FleetError(f"{store.name} has no run of the inventory {inventory!r}.{near} It has: {', '.join(known)}.")


def diff(store: Store, before: str, after: str) -> Diff:
    """What changed from one run to another, each by any of its names. Both must be of one inventory.

    'previous' is the newest run before ``after`` that it can be compared with.
    """
    second = run_id(store, after)
    first = _comparable(store, second) if before == "previous" else run_id(store, before)
    inventories = {run.id: run.inventory for run in store.runs()}
    if inventories[first] != inventories[second]:
        raise FleetError(
            f"{first} is a run of {', '.join(inventories[first])}, {second} one of {', '.join(inventories[second])}: "
            "their hosts are not the same. Name two runs of one inventory; `faiss-fleet runs` lists them."
        )
    return compare(first, store.lines(first), second, store.lines(second), store.last_good(second))


def _comparable(store: Store, run: str) -> str:
    found = store.comparable_run(run)
    if found is None:
        raise FleetError(
            f"There is no run before {run} in {store.name} that it can be compared with: one of the same inventory, "
            "with some of its hosts, in check mode or not as this one."
        )
    return found


def material(store: Store, name: str, reports: Path, wanted: Iterable[str] | None = None) -> Material:
    """What a run of the store is exported from."""
    found = run_id(store, name)
    about = asdict(Run.from_dict(next(store.records(found))["run"]))
    return Material.of(about, partial(store.records, found), str(reports / found), Earlier.of(store, found), wanted)


def export(store: Store, format_: str, name: str, reports: Path, file: Path) -> bool:
    """Writes a run in one format to a file, whole or not at all. Returns whether its content is now another one."""
    made = material(store, name, reports, [format_])
    try:
        return written_whole(file, partial(FORMATS[format_].write, made))
    except OSError as error:
        raise FleetError(f"{file} cannot be written: {error.strerror or error}. Name another file.") from error


def age(text: str) -> timedelta:
    """'90d', '12w', '36h' or '30m'. FleetError for anything else."""
    match = re.fullmatch(r"(\d{1,5})([dwhm])", text)
    if match is None:
        raise FleetError(f"{text!r}: give a number and a unit, such as 90d, 12w or 36h.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def prune(store: Store, reports: Path, keep: int | None, older: timedelta | None, files: bool, dry: bool) -> list[str]:
    """Removes runs from the store, and with files their directories. Returns their ids; with dry nothing is removed."""
    gone = store.prune(keep=keep, older_than=older, dry=dry)
    if files and not dry:
        _remove_directories(reports, gone)
    return gone


def _remove_directories(reports: Path, runs: Iterable[str]) -> None:
    """Removes these runs' directories, and nothing whose name is no run's."""
    for run in runs:
        directory = reports / run
        if RUN_ID.fullmatch(run) and directory.is_dir() and not directory.is_symlink():
            try:
                shutil.rmtree(directory)
            except OSError as error:
                raise FleetError(
                    f"{directory} cannot be removed: {error.strerror or error}. Remove it by hand."
                ) from error
