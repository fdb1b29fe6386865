# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says whether a host's cause is accepted: by a waiver that names the host or a group of it, until its last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .schema import Record

Waiver = Mapping[str, Any]
EXPIRED = "The waiver has expired: {}."  # what reports say where one no longer holds


def in_force(waivers: Iterable[Waiver], cause: str | None, moment: str) -> Waiver | None:
    """Return the waiver of a cause that holds at a moment as records have it, the one that holds longest."""
    holding = [each for each in waivers if each["cause"] == cause and not expired(each, moment)]
    return max(holding, key=lambda each: str(each["until"]), default=None)


def lapsed(waivers: Iterable[Waiver], cause: str | None, moment: str) -> Waiver | None:
    """Return the waiver of a cause that ended last, where none holds any more."""
    waivers = list(waivers)
    if in_force(waivers, cause, moment) is not None:
        return None
    ended = [each for each in waivers if each["cause"] == cause]
    return max(ended, key=lambda each: str(each["until"]), default=None)


def expired(waiver: Waiver, moment: str) -> bool:
    """Return whether its last day is over. Days are those of UTC, and both texts sort by time."""
    return moment[:10] > str(waiver["until"])


def of_record(record: Record) -> tuple[Waiver | None, Waiver | None]:
    """Return the waiver that holds for a host that is not native, and the one that no longer does."""
    found: Sequence[Waiver] = record["host"].get("waivers") or ()
    if not found or record["state"] == "native":
        return None, None
    cause, moment = record["cause"], record["run"]["finished"]
    return in_force(found, cause, moment), lapsed(found, cause, moment)


def standing(record: Record) -> tuple[str, ...]:
    """Return what each waiver that names the host does for it now: 'expired', 'waived' or 'not needed'."""
    cause, moment = record["cause"], record["run"]["finished"]
    return tuple(
        "expired" if expired(each, moment) else "waived" if each["cause"] == cause else "not needed"
        for each in record["host"].get("waivers") or ()
    )


def text(waiver: Waiver) -> str:
    """Return 'until 2026-12-31, storage team: replaced in January'."""
    return f"until {waiver['until']}, {waiver['owner']}: {waiver['reason']}"
