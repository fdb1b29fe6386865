# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the controller makes once for a class of hosts: one host's attempt makes it, the others' wait and take it.

Where it could not be made, that is the answer for the other hosts of the run as well. A thousand hosts do not ask a
channel that is down a thousand times, and a build that fails after minutes fails once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import Fault, FleetError
from ..run_id import current_run_id
from . import cache, packing
from . import limits as time_limit
from .artefact import Options

ANOTHER_HOST = "That was found for another host of this run; it is not tried again for each."


@contextlib.contextmanager
def once(path: Path, options: Options, timeout: float = 1800.0) -> Iterator[None]:
    """``cache.once``, and a FleetError of the block is raised again, at once, for later callers of this run.

    Raises what the block raised for the first caller with the same options. Another run, or a caller with other
    options, tries again. Outside of a run nothing is remembered.
    """
    run = current_run_id()
    note = path.with_name(path.name + ".refused.json")
    if run is None:
        with cache.once(path, timeout):
            yield
        return
    asked = {"run": run, "options": cache.digest([options.offline, dict(options.extra)])}
    with cache.once(path, timeout):
        kept = cache.read_json(note)
        if isinstance(kept, dict) and {name: kept.get(name) for name in asked} == asked:
            text = f"{kept['message']} {ANOTHER_HOST}"
            raise FleetError(text, kept["cause"], kept["remedy"], fault=kept.get("fault"))
        try:
            yield
        except FleetError as exc:
            _remember(note, asked, str(exc), exc.cause, exc.remedy, exc.fault)
            raise
        except time_limit.OutOfTime:
            text = f"The controller had not made {path.name} when the time of an attempt was over."
            remedy = "See what it waited for (network, index, compiler), or raise faiss_install__attempt_timeout."
            _remember(note, asked, f"{text} {remedy}", "timeout", remedy, "controller")
            raise
        note.unlink(missing_ok=True)


def packed(strategy: str, lock: dict[str, Any], options: Options, fill: Callable[[Path], None]) -> packing.Packed:
    """The archive of a lock, made at most once: ``fill`` makes ``tree`` in a directory of its own, and that is packed.

    Whatever fails on the way leaves no archive and no tree.
    """
    archives = options.cache / "archives"
    with once(archives / f"{strategy}-{packing.digest_of(lock)}", options):
        kept = packing.kept(archives, strategy, lock)
        if kept is not None:
            return kept
        with cache.scratch(options.cache, "stage") as place:
            fill(place)
            return packing.pack(place / "tree", lock, strategy, archives)


def _remember(
    note: Path, asked: dict[str, str], message: str, cause: str | None, remedy: str | None, fault: Fault
) -> None:
    # A disk that is full of the failure is not the news.
    with contextlib.suppress(FleetError):
        cache.write_json(note, {**asked, "message": message, "cause": cause, "remedy": remedy, "fault": fault})


def kept_lock(
    path: Path, layout: int, options: Options, now: float, max_age_hours: float, any_age: bool = False
) -> dict[str, Any] | None:
    """The lock that an earlier run kept; None where there is none, it is too old, or it is not one of this layout.

    One that is damaged, or was written by another version, is not used and not complained about: it is made again.
    """
    kept = cache.read_json(path)
    lock = kept.get("lock") if isinstance(kept, dict) else None
    if not isinstance(kept, dict) or not isinstance(lock, dict) or lock.get("layout") != layout:
        return None
    packages = lock.get("packages")
    if not isinstance(packages, list) or not packages or not all(map(_is_package, packages)):
        return None
    at = kept.get("resolved_at")
    fresh = isinstance(at, int | float) and 0 <= now - at < max_age_hours * 3600
    return lock if fresh or not max_age_hours or any_age or options.offline else None


def _is_package(found: object) -> bool:
    return isinstance(found, dict) and all(isinstance(found.get(name), str) for name in ("name", "version", "file"))
