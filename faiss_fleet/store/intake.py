# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Brings runs from disk into the store, and one of the store back to disk. The records on disk stay the truth."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import FleetError
from ..records import schema
from ..records.build import Run
from ..records.journal import RECORDS, RUN, read_records, write_atomically
from ..records.schema import Record
from ..run_id import RUN_ID
from .queries import Store


def take_in(store: Store, reports: Path, warn: Callable[[str], None] = lambda _text: None) -> dict[str, int]:
    """Adds the runs under ``reports`` that are new or have changed since. Returns how many records each had.

    warn gets what is to be said of what is left out: lines that are no records, parts that no record has, runs that
    cannot be read.
    """
    taken: dict[str, int] = {}
    for directory in sorted(reports.glob("*")) if reports.is_dir() else []:
        if not RUN_ID.fullmatch(directory.name) or directory.is_symlink():
            continue
        file = directory / RECORDS
        try:
            # Before reading: what is written meanwhile makes it another one the next time.
            now = file.stat()
            seen, key = (now.st_size, str(now.st_mtime_ns)), f"{platform.node()}:{directory.resolve()}"
            if store.source(key) == seen:
                continue
            taken[directory.name] = _taken(store, directory, warn)
        except FileNotFoundError:
            continue
        except OSError as error:
            text = f"{file} cannot be read: {error.strerror or error}. Make it readable for this user"
            warn(f"{text}, or move the run's directory out of the reports.")
            continue
        except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            text = f"{file} cannot be taken into the store: {type(error).__name__} {error}. Restore it"
            warn(f"{text}, or move the run's directory out of the reports.")
            continue
        store.set_source(key, directory.name, *seen)
    return taken


def _taken(store: Store, directory: Path, warn: Callable[[str], None]) -> int:
    """Adds the records of one run. Returns how many there were."""
    damaged: list[int] = []
    unfit: list[str] = []
    count = store.add_records(_fitting(read_records(directory, damaged), unfit))
    file = directory / RECORDS
    if damaged:
        warn(
            f"{file} is damaged: {len(damaged):,} of its lines are no records and are left out "
            f"(line {_listed(map(str, damaged))}). Restore the file, or audit those hosts again."
        )
    if unfit:
        warn(
            f"{file} has {len(unfit):,} records that are not as the schema says; what does not fit is left out "
            f"({_listed(unfit, 2)}). Restore the file, or audit those hosts again."
        )
    return count


def _fitting(records: Iterable[Record], unfit: list[str]) -> Iterator[Record]:
    """The records, without what does not fit the schema; unfit gets a sentence for each that had such a part."""
    for record in records:
        if not schema.validator().is_valid(record):
            unfit.append(f"{record['host']['name']}: {schema.faults(record)[0]}")
            schema.repair(record)
            if schema.faults(record):
                continue
        yield record


def _listed(texts: Iterable[str], most: int = 5) -> str:
    found = list(texts)
    return ", ".join(found[:most]) + (" and others" if len(found) > most else "")


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
