# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Brings runs from disk into the store, and one of the store back to disk. The records on disk stay the truth."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import FleetError
from ..records.build import Run
from ..records.journal import RECORDS, RUN, read_records, write_atomically
from ..run_id import RUN_ID
from .queries import Store


def take_in(store: Store, reports: Path, warn: Callable[[str], None] = lambda _text: None) -> dict[str, int]:
    """Adds the runs under ``reports`` that are new or have changed since. Returns how many records each had.

    warn gets what is to be said of lines that are no records, as a damaged file has them: they are left out.
    """
    taken: dict[str, int] = {}
    for directory in sorted(reports.glob("*")) if reports.is_dir() else []:
        if not RUN_ID.fullmatch(directory.name) or directory.is_symlink():
            continue
        try:
            # Before reading: what is written meanwhile makes it another one the next time.
            now = (directory / RECORDS).stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(directory / RECORDS, error) from error
        seen, key = (now.st_size, str(now.st_mtime_ns)), f"{platform.node()}:{directory.resolve()}"
        if store.source(key) == seen:
            continue
        try:
            damaged: list[int] = []
            taken[directory.name] = store.add_records(read_records(directory, damaged))
        except OSError as error:
            raise _unreadable(directory / RECORDS, error) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise FleetError(
                f"{directory / RECORDS} cannot be taken into the store: {type(error).__name__} {error}. Restore it, or "
                "move the run's directory out of the reports."
            ) from error
        if damaged:
            shown = ", ".join(map(str, damaged[:5])) + (" and others" if len(damaged) > 5 else "")
            warn(
                f"{directory / RECORDS} is damaged: {len(damaged):,} of its lines are no records and are left out "
                f"(line {shown}). Restore the file, or audit those hosts again."
            )
        store.set_source(key, directory.name, *seen)
    return taken


def _unreadable(path: Path, error: OSError) -> FleetError:
    return FleetError(
        f"{path} cannot be read: {error.strerror or error}. Make it readable for this user, or move the run's "
        "directory out of the reports."
    )


def put_back(store: Store, run: str, reports: Path) -> Path:
    """Writes a run of the store as a directory of reports, for rendering; one that is on disk is left as it is."""
    directory = reports / run
    if (directory / RECORDS).exists():
        return directory
    found = next((each for each in store.runs() if each.id == run), None)
    if found is None:
        raise FleetError(f"There is no run {run} under {reports} or in {store.name}. `faiss-fleet runs` lists them.")
    hosts: dict[str, list[str]] = {}
    about: dict[str, Any] = {}

    def lines() -> Iterator[str]:
        for record in store.records(run):
            hosts[record["host"]["name"]] = record["host"]["groups"]
            about.update(record["run"])
            yield json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n"

    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(directory / RECORDS, lines())
    run_info = asdict(Run.from_dict(about))
    write_atomically(directory / RUN, [json.dumps({"schema": 1, "run": run_info, "hosts": hosts}, indent=1) + "\n"])
    return directory
