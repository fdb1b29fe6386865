# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Remedies in the commands of one host, chosen by its facts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, MutableMapping
from typing import Any

from . import diagnose as causes
from . import remedies


def family_and_arch(facts: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """(distribution family, machine name) of a host's facts; None for what they do not say."""
    facts = facts or {}
    system = facts.get("os") or {}
    family = remedies.family_of(system.get("id"), system.get("id_like"), system.get("version"))
    return (None if family is None else str(family)), (str(facts.get("arch") or "") or None)


def localized(record: MutableMapping[str, Any]) -> None:
    """Puts the remedies of a host record into the host's commands, in place; a strategy's or a module's own stay."""
    facts = record.get("facts")
    for candidate in record["plan"]:
        reason: Mapping[str, Any] = next(iter(candidate["reasons"]), {})
        _localize(candidate, reason.get("cause"), facts, reason.get("text"))
    for part in ("attempts", "verification", "errors"):
        for entry in record[part]:
            _localize(entry, entry.get("cause"), facts, entry.get("message"))
    if record["decision"]:
        _localize(record["decision"], record["decision"].get("cause"), facts, record["decision"].get("message"))


def _localize(entry: MutableMapping[str, Any], cause: str | None, facts: Any, line: str | None) -> None:
    remedy = entry.get("remedy")
    if remedy and cause and cause in causes.CAUSES and remedy in (_for_any(cause), _for_any(cause, line)):
        entry["remedy"] = remedy_for(cause, facts, line)


@functools.lru_cache(4096)
def _for_any(cause: str, line: str | None = None) -> str:
    return str(causes.remedy(cause, line=line))


def remedy_for(cause: str, facts: Mapping[str, Any] | None, line: str | None = None) -> str:
    """The next step for a cause on the host with these facts; line: the line that shows the cause."""
    family, arch = family_and_arch(facts)
    return str(causes.remedy(cause, family, arch, line))
