# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""promtool of Debian's prometheus package, unpacked and not installed: the package would start a server."""

from __future__ import annotations

from pathlib import Path

from images.standins import cache
from images.standins.errors import StandInError
from images.standins.inputs import fetch, load
from images.standins.shell import run
from tests import needs


def path() -> str:
    """Where promtool is; fetched once, checked by its locked hash. Ends the test where it cannot be fetched."""
    try:
        return _unpacked()
    except StandInError as exc:
        return str(needs.missing(str(exc)))


def _unpacked() -> str:
    directory = cache.directory("tools") / f"promtool-{load()['promtool'].sha256[:16]}"
    with cache.lock("promtool"):
        if not directory.exists():
            package = fetch("promtool")
            with cache.scratch() as work:
                run(["dpkg-deb", "-x", package, work / "tree"])
                found = Path(work / "tree/usr/bin/promtool")
                (work / "made").mkdir()
                found.rename(work / "made/promtool")
                (work / "made").rename(directory)
    return str(directory / "promtool")
