# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Whether the setting could be written on a host, asked of its facts before anything is installed there."""

from __future__ import annotations

from ..errors import FleetError
from ..strategies.base import Facts


def check(facts: Facts) -> None:
    """Raises FleetError when the setting's directory is known to be closed. What is not known, the writing tells."""
    for found in facts["filesystems"]:
        if found["purpose"] != "setting":
            continue
        place = f"{found['path']} (on {found.get('mount') or found.get('existing_path') or found['path']})"
        if found.get("in_the_way"):
            remedy = f"Move {found['in_the_way']} away, or set vector_backend__path to another place."
            raise FleetError(
                f"{found['in_the_way']} is not a directory, so nothing can be written. Nothing was changed. {remedy}",
                cause="not_a_directory",
                remedy=remedy,
            )
        if found.get("read_only"):
            remedy = "Remount it writable, or set vector_backend__path to a directory that is."
            raise FleetError(
                f"The configuration cannot be written: {place} is mounted read-only. Nothing was changed. {remedy}",
                cause="read_only",
                remedy=remedy,
            )
        if found.get("writable") is False:
            remedy = "Set ansible_become: true, or set vector_backend__path to a directory of this user."
            raise FleetError(
                f"The configuration cannot be written: {facts.get('user') or 'this user'} has no right to write to "
                f"{place}. Nothing was changed. {remedy}",
                cause="permission_denied",
                remedy=remedy,
            )
