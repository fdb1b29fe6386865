# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a batch does under --tags, and what it leaves behind, in files of Ansible's temporary directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACTION = "fleet_batch"
PROBED = "fleet-probed.jsonl"
AT_WORK = "FAISS_FLEET_AT_WORK"  # the environment's variable with the path where that is written down
AUDIT, FACTS, NOTHING = "audit", "facts", "nothing"
# Tags of the stages in audit.yml; a test holds them against it.
TAGS = (
    frozenset({"probe", "install", "backend"}),
    frozenset({"install", "backend"}),
    frozenset({"backend"}),
)

# Known in Ansible's main process alone: from core 2.19 on, a task's process has no terminal.
_terminal = False


def show_on_terminal(possible: bool) -> None:
    """Says whether standard output is a terminal on which a line can be renewed."""
    global _terminal
    _terminal = possible


def on_terminal() -> bool:
    """Whether a batch shows where it stands."""
    return _terminal


def extent(run: Iterable[str], skip: Iterable[str]) -> str:
    """The stages that these tags leave: all of them, the facts alone, or a mixture that only the roles do."""
    left = [_is_left(tags, set(run), set(skip)) for tags in TAGS]
    return AUDIT if all(left) else FACTS if left == [True, False, False] else NOTHING


def _is_left(tags: frozenset[str], run: set[str], skip: set[str]) -> bool:
    """As Ansible decides it for a task that has tags, and neither ``always`` nor ``never``."""
    wanted = not run or bool(run & {"all", "tagged"}) or bool(run & tags)
    return wanted and not (skip & {"all", "tagged"} or skip & tags)


@dataclass(frozen=True)
class Outcome:
    """By host: what is known of it where it is done, and why it is left to the roles where it is not."""

    done: dict[str, dict[str, Any]]
    left: dict[str, str]

    @classmethod
    def read(cls, path: str) -> Outcome:
        """From the file that the action's result names."""
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(found["done"], found["left"])


def note_at_work(path: Path, running: Iterable[tuple[str, float]]) -> None:
    """Writes down the hosts that are being worked on, with the seconds so far, for whoever shows it."""
    with suppress(OSError):
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(list(running)), encoding="utf-8")
        beside.rename(path)


def at_work(path: Path) -> list[tuple[str, float]]:
    """What was written down last; nothing before the batch begins."""
    try:
        return [(str(host), float(seconds)) for host, seconds in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []


def keep_probed(directory: Path, host: str, facts: Mapping[str, Any]) -> None:
    """Writes down the facts of a host, so that they outlive a batch that is ended early."""
    line = json.dumps({"host": host, "facts": facts}) + "\n"
    with (directory / PROBED).open("a", encoding="utf-8") as file:
        file.write(line)


def probed(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The hosts whose facts were written down, with these. A line that was cut short is left out."""
    with suppress(FileNotFoundError), (directory / PROBED).open("rb") as file:
        for line in file:
            with suppress(ValueError):
                found = json.loads(line)
                yield found["host"], found["facts"]


def forget_probed(directory: Path) -> None:
    """Before a playbook: what an earlier one of the same command probed is not its own."""
    (directory / PROBED).unlink(missing_ok=True)
