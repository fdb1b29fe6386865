# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts of this run the roles still have to see after a batch, and the facts that it has read of them already.

What a batch left is known in Ansible's main process alone, where the next play asks for its hosts; facts are in files
of the run's own temporary directory, where the task of that host finds them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stages import Wanted

ALL = ["all"]
NOBODY = ["all", "!all"]
# Facts older than this are read again.
FRESH_SECONDS = 900.0
FACTS, INSTALL = "fleet-facts", "fleet-install"

_left: set[str] | None = None
_sound: str | None = None  # a host that is done


def forget() -> None:
    """A playbook begins: no batch has been at work yet."""
    global _left, _sound
    _left = _sound = None


def note(left: Iterable[str], done: Iterable[str] = ()) -> None:
    """A batch is over, with hosts that it leaves and hosts that are done."""
    global _left, _sound
    _left = (_left or set()) | set(left)
    _sound = next(iter(done), _sound)


def is_left(host: str) -> bool:
    """Whether the roles still have to see a host."""
    return _left is None or host in _left


def pattern() -> list[str]:
    """What a play's ``hosts`` is, so that it has those that are left; all where no batch was at work.

    It has one that is done as well, for which the play does nothing: where all hosts of a play fail, Ansible ends the
    run, and neither the gate nor what a user's playbook does afterwards would have its turn with the others.
    """
    if _left is None:
        return ALL
    if not _left:
        return NOBODY
    names = sorted({*_left, *([_sound] if _sound else ())})
    # One expression: each pattern costs a look at the whole inventory. A group of the same name only adds hosts.
    return [f"~^({'|'.join(map(_literal, names))})$"]


def _literal(name: str) -> str:
    """The name in an expression without the characters that mean something to Ansible in a pattern."""
    return re.sub(r"[^A-Za-z0-9_]", lambda found: f"\\U{ord(found[0]):08x}", name)


def _file(host: str) -> str:
    return f"{hashlib.sha256(host.encode(errors='replace')).hexdigest()}.json"


def keep_facts(directory: Path, host: str, options: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Leaves a host's facts for its role. Where that does not work, they are read again."""
    found = {"glibc_facts": answer["facts"]}
    if answer.get("python"):
        # What Ansible would look for again.
        found["discovered_interpreter_python"] = answer["python"]
    _keep(directory / FACTS, host, options, found)


def take_facts(
    directory: Path, host: str, options: Mapping[str, Any], seconds: float = FRESH_SECONDS
) -> dict[str, Any] | None:
    """The facts that a batch has just read with the same options, by their names in Ansible; None where it has not.

    seconds: how old they may be. They are given out once: whoever asks again wants them read again.
    """
    return _take(directory / FACTS, host, options, seconds)


def keep_install(directory: Path, host: str, wanted: Wanted, result: Mapping[str, Any]) -> None:
    """Leaves the result of faiss_install for the role of a host, whose task then tries nothing again."""
    _keep(directory / INSTALL, host, _text(wanted), result)


def take_install(directory: Path, host: str, wanted: Wanted) -> dict[str, Any] | None:
    """That result, once, where it is of the same options; None where there is none. However long the batch took."""
    return _take(directory / INSTALL, host, _text(wanted), math.inf)


def _text(wanted: Wanted) -> str:
    return json.dumps(asdict(wanted), sort_keys=True, default=str)


def _keep(path: Path, host: str, options: object, found: Mapping[str, Any]) -> None:
    with suppress(OSError):
        path.mkdir(mode=0o700, exist_ok=True)
        text = json.dumps({"options": options, "found": found})
        (path / _file(host)).write_text(text, encoding="utf-8")


def _take(path: Path, host: str, options: object, seconds: float) -> dict[str, Any] | None:
    path = path / _file(host)
    try:
        fresh = time.time() - path.stat().st_mtime < seconds
        kept = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
    except (OSError, ValueError):
        return None
    return dict(kept["found"]) if fresh and kept["options"] == options else None
