# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The line on a terminal that says where a batch stands, renewed in place. Pure: counts and times in, text out."""

from __future__ import annotations

from collections.abc import Iterable

from ..redact import redact

EVERY = 0.5  # seconds
CLEAR = "\r\x1b[K"
ENOUGH = 3  # hosts that must be settled before a remaining time is shown
LONGEST_NAME = 30


def text(total: int, done: int, left: int, running: Iterable[tuple[str, float]], spent: float, columns: int) -> str:
    """Where a batch stands. running: name and seconds so far of each call."""
    calls = sorted(running, key=lambda each: -each[1])
    parts = [f"{done} of {total} done", f"{left} for the roles", f"{len(calls)} running"]
    if calls:
        name = "".join(letter if letter.isprintable() else "?" for letter in redact(calls[0][0]))[:LONGEST_NAME]
        parts.append(f"slowest {name} {calls[0][1]:.0f} s")
    settled = done + left
    if settled >= min(ENOUGH, total) and 0 < settled < total:
        parts.append(f"about {spent / settled * (total - settled):.0f} s left")
    return ", ".join(parts)[: max(10, columns - 1)]
