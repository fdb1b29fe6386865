# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the controller makes once for a class of hosts: one host's attempt makes it, the others' wait and take it.

Where it could not be made, that is the answer for the other hosts of the run as well. A thousand hosts do not ask a
channel that is down a thousand times, and a build that fails after minutes fails once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import FleetError
from ..run_id import current_run_id
from ..strategies.base import Options
from . import cache
from . import limits as time_limit

TOLD = "That was found for another host of this run; it is not tried again for each."


@contextlib.contextmanager
def once(path: Path, options: Options, timeout: float = 1800.0) -> Iterator[None]:
    """``cache.once``, and a FleetError of the block is raised again, at once, for later callers of this run.

    Raises what the block raised for the first caller with the same options. Another run, or a caller with other
    options, tries anew. Outside of a run nothing is remembered.
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
            raise FleetError(f"{kept['message']} {TOLD}", kept["cause"], kept["remedy"])
        try:
            yield
        except FleetError as exc:
            _remember(note, asked, str(exc), exc.cause, exc.remedy)
            raise
        except time_limit.OutOfTime:
            text = f"The controller had not made {path.name} when the time of an attempt was over."
            remedy = "See what it waited for (network, index, compiler), or raise faiss_install__attempt_timeout."
            _remember(note, asked, f"{text} {remedy}", "timeout", remedy)
            raise
        note.unlink(missing_ok=True)


def _remember(note: Path, asked: dict[str, str], message: str, cause: str | None, remedy: str | None) -> None:
    # A disk that is full of the failure is not the news.
    with contextlib.suppress(FleetError):
        cache.write_json(note, {**asked, "message": message, "cause": cause, "remedy": remedy})
