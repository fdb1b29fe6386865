# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Checks the wheels of a directory against the SHA256SUMS beside them."""

from __future__ import annotations

import re
from pathlib import Path

from ...artefacts import cache
from ...errors import FleetError


def read_sums(directory: Path) -> dict[str, str] | None:
    """{file: sha256} of the directory's SHA256SUMS; None when it has none. One that names nothing is an error."""
    path = directory / "SHA256SUMS"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise FleetError(f"{path} cannot be read: {exc}. Make it again: sha256sum *.whl > SHA256SUMS.") from exc
    sums = {}
    for number, line in enumerate(lines, 1):
        found = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:\./)?([^/]+)", line)
        if line.strip() and not found:
            raise FleetError(
                f"{path}, line {number} is not of the form that sha256sum writes. Make it again: sha256sum *.whl."
            )
        if found:
            sums[found[2]] = found[1].lower()
    if not sums:
        remedy = "Make it again (sha256sum *.whl > SHA256SUMS), or remove it if the wheels need no check."
        raise FleetError(f"{path} is empty, so nothing vouches for the wheels beside it. {remedy}", remedy=remedy)
    return sums


def check_sum(path: Path, sums: dict[str, str] | None) -> None:
    """Raises FleetError, cause hash_mismatch, for a file that is not what SHA256SUMS says, or that it does not name."""
    if sums is None:
        return
    remedy = f"Fetch {path.name} again from where it came, or make SHA256SUMS again if you trust the file."
    if path.name not in sums:
        raise FleetError(f"{path} is not named in SHA256SUMS beside it. {remedy}", cause="hash_mismatch", remedy=remedy)
    found = cache.sha256(path)
    if found != sums[path.name]:
        raise FleetError(
            f"{path} has sha256 {found}, and SHA256SUMS says {sums[path.name]}. {remedy}",
            cause="hash_mismatch",
            remedy=remedy,
        )
