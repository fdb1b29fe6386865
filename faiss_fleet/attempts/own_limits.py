# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Limits that an inventory sets below what any host needs: what comes of them says nothing of a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the search test alone may take, by its own limit.
TEST_SECONDS = "faiss_install__test_seconds"
# By strategy: options that limit what runs, what they are by default, and what a lower one brings about on any host.
OF_STRATEGY = {
    "container": (
        ("faiss_install__container_memory_mb", 4096, "out_of_memory"),
        ("faiss_install__container_pids", 256, "process_limit"),
    )
}


def remedy(strategy: str, cause: Any, options: Mapping[str, Any]) -> str | None:
    """What to do about a test that failed for an option that gives it less than there is by default."""
    for option, usual, brings in OF_STRATEGY.get(strategy, ()):
        limit = float(options.get(option) or 0)
        if cause == brings and 0 < limit < usual:
            return f"Raise {option} (it is {limit:g}, by default {usual}), or leave it out."
    return None


def needed(seconds: float, options: Mapping[str, Any]) -> float | None:
    """The seconds that the search test alone may take, where an attempt as a whole may not take as many."""
    least = float(options.get(TEST_SECONDS) or 0)
    return least if seconds < least else None
