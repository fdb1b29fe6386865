# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Follows a playbook of Ansible in its output: which tasks failed, and which of them the play got over."""

from __future__ import annotations

from .expressions import Expression

_RECAP = Expression("^([^ ]{1,253}) {0,80}: ok=\\d+ .*\\bunreachable=(\\d+) .*\\bfailed=(\\d+)")
_TASK_BEGINS = ("task [", "task: [", "running handler [")
_TASK_FAILED = Expression("(?:fatal|failed): \\[([^\\] ]{1,253})")


class Play:
    """Where a play stands: fed with one clean line after the other."""

    def __init__(self) -> None:
        self._begun = 0  # number of the line with the name of the last task
        self._failures: list[tuple[int, str]] = []  # (line number, host) of each task that failed and was not got over
        self._lost = False  # whether a host of the recap failed or was not reached
        self.recap = 0  # number of the last line of the recap

    @property
    def went_well(self) -> bool:
        """Whether the recap is there, and no host failed."""
        return bool(self.recap) and not self._lost and not self._failures

    def look(self, number: int, line: str) -> None:
        """Take the next line."""
        if line.startswith(_TASK_BEGINS):
            self._begun = number
            return
        failed = _TASK_FAILED.match(line)
        if failed:
            self._failures.append((number, failed.group(1)))

    def ignore(self) -> int:
        """Take back the last failure, which the playbook expects; return the number of the line its task began with."""
        number = self._failures.pop()[0] if self._failures else 0
        return self._begun or number

    def recapped(self, number: int, line: str) -> bool:
        """Whether a line is the outcome of the play for one host: what was rescued there did not fail."""
        recap = _RECAP.search(line)
        if recap is None:
            return False
        host, unreachable, failed = recap.groups()
        if int(unreachable) or int(failed):
            self._lost = True
        else:
            self._failures = [failure for failure in self._failures if failure[1] != host]
        self.recap = number
        return True
