# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Shows a run's progress: a panel that renews itself on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..records.build import STATES
from ..reports.text import one_line, shorten
from .progress import Progress, Verdict, clock

STYLES = {"native": "green", "fallback": "yellow", "failed": "red", "unreachable": "magenta"}
EACH = 200  # fleets up to this size get a plain line for every host, larger ones for hosts in need
PAUSE = 10.0  # seconds between plain lines on the whole


def _left(seconds: float | None) -> str:
    return "time left not known yet" if seconds is None else f"{clock(seconds)} left"


class Panel:
    """What Live asks for, a few times a second."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich__(self) -> Group:
        progress, now = self._progress, time.monotonic()
        done, total = progress.done, progress.total
        head = Text.assemble(
            (f"{done:,} of {total:,} hosts", "bold"),
            f"   {clock(now - progress.started)} so far, {_left(progress.remaining(now))}",
        )
        stages = Text("   ").join(Text(f"{name} {count:,}") for name, count in progress.stages().items())
        verdicts = Text("   ").join(
            Text(f"{state} {progress.verdicts[state]:,}", STYLES[state] if progress.verdicts[state] else "dim")
            for state in STATES
        )
        slow = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for host, stage, seconds in progress.slowest(now):
            slow.add_row(Text(shorten(one_line(host), 50)), stage, clock(seconds))
        bar = Table.grid()  # which ends its line, as a bar alone does not
        bar.add_row(ProgressBar(total=max(total, 1), completed=done, width=60))
        parts: list[Text | Table] = [head, bar, stages, verdicts]
        if slow.row_count:
            parts += [Text("Longest at work:", "dim"), slow]
        return Group(*parts)


class Display:
    """Takes verdicts as they come."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console, self._progress = console, progress
        self._live = console.is_terminal
        self._last = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The panel, while the block runs."""
        if not self._live:
            yield
            return
        with Live(Panel(self._progress), console=self._console, refresh_per_second=4, transient=True):
            yield

    def verdict(self, verdict: Verdict) -> None:
        """A host is done."""
        in_need = verdict.state in ("failed", "unreachable")
        if in_need or (not self._live and self._progress.total <= EACH):
            width = max(self._console.width, 80) if self._live else 300
            text = f"{verdict.state:<12}{one_line(verdict.host)}  {clock(verdict.seconds)}  {one_line(verdict.text)}"
            self._print(shorten(text, width), STYLES[verdict.state])

    def tick(self) -> None:
        """Called now and then: the plain line on the whole."""
        now = time.monotonic()
        if not self._live and self._progress.total and now - self._last >= PAUSE:
            self._last = now
            counts = ", ".join(f"{self._progress.verdicts[state]:,} {state}" for state in STATES)
            left = _left(self._progress.remaining(now))
            self._print(f"{self._progress.done:,} of {self._progress.total:,} hosts: {counts}; {left}", None)

    def _print(self, text: str, style: str | None) -> None:
        self._console.print(Text(text, style or ""), soft_wrap=True)
