# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""``faiss-fleet run``: the playbook, its progress, and its table at the end."""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text

from .. import reports as renderers
from ..artefacts import cache
from ..errors import FleetError
from ..fleet import batch
from ..records.follow import Follower
from ..records.journal import RECORDS, read_run, refuse_unwritable
from ..records.schema import Record
from ..reports.text import visible
from ..run_id import new_run_id
from ..store.history import Earlier
from . import launch, show
from .live import Display
from .progress import Progress
from .slices.audit import Sliced

INTERRUPTED = 130


def audit(
    reports: Path,
    store: str,
    inventories: Sequence[str],
    limit: str | None,
    check: bool,
    diff: bool,
    extra: Sequence[str],
    rest: Sequence[str],
    slices: int = 1,
    scheduler: str | None = None,
) -> int:
    """Runs audit.yml, which keeps the run in that store. Returns its status, or 130 when it was broken off.

    slices: into how many jobs the hosts are divided; scheduler: address of the Dask cluster that runs them, this
    machine where there is none.
    """
    launch.check_inventories(inventories, Path.cwd())
    refuse_unwritable(reports)
    console = show.console()
    run_id = new_run_id()
    directory = reports / run_id
    command_line = launch.arguments(inventories, limit, check, diff, extra, rest, Path.cwd())
    passwords = launch.asked_passwords(rest, getpass.getpass)
    progress = Progress(time.monotonic())
    display = Display(console, progress)
    follower = Follower(directory)
    counted = [0.0]

    def on_event(event: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if not progress.due or now >= counted[0]:
            counted[0] = now + 2
            progress.due = max(progress.due, _due(directory))
        verdict = progress.see(event, now)
        if verdict is not None:
            display.verdict(verdict)
        for record in follower.new():
            on_record(record)
        display.tick()

    def on_record(record: Record) -> None:
        verdict = progress.recorded(record, time.monotonic())
        if verdict is not None:
            display.verdict(verdict)

    environment = launch.environment(run_id, reports, store)
    with cache.temporary("shown") as place, display.shown():
        environment[batch.AT_WORK] = str(place / "at-work.json")
        progress.in_batch = partial(batch.at_work, place / "at-work.json")
        if slices == 1 and scheduler is None:
            ended = launch.playbook("audit.yml", command_line, environment, on_event, passwords)
        else:
            sliced = Sliced(reports, run_id, command_line, passwords, check, inventories)
            ended = sliced.audit(slices, scheduler, store, progress, on_record, display.tick)
    if (directory / RECORDS).exists():
        # The callback has rendered unless it was killed; the same records give the same files.
        earlier = Earlier.at(store, run_id, lambda text: progress.errors.append(text))
        summary, _changed = renderers.render(directory, latest=True, earlier=earlier)
        show.summary(summary, console)
        names = renderers.files(renderers.FORMATS)
        show.files([directory / name for name in names if (directory / name).exists()], console)
    elif not progress.errors:
        console.print(Text(visible(ended.tail)), soft_wrap=True)
    for line in (line for text in progress.errors for line in visible(text).splitlines()):
        show.sentence(console, line, "red")
    return INTERRUPTED if ended.broken_off else ended.status


def _due(directory: Path) -> int:
    """Hosts of the run, 0 while that is not written down."""
    try:
        return len(read_run(directory)[1])
    except FleetError:
        return 0
