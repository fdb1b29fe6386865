# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Remedies in the commands of one host, chosen by its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import diagnose as causes
from . import remedies


def family_and_arch(facts: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """(distribution family, machine name) of a host's facts; None for what they do not say."""
    facts = facts or {}
    system = facts.get("os") or {}
    family = remedies.family_of(system.get("id"), system.get("id_like"), system.get("version"))
    return (None if family is None else str(family)), (str(facts.get("arch") or "") or None)


def remedy_for(cause: str, facts: Mapping[str, Any] | None, line: str | None = None) -> str:
    """The next step for a cause on the host with these facts; line: the line that shows the cause."""
    family, arch = family_and_arch(facts)
    return str(causes.remedy(cause, family, arch, line))
