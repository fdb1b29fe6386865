# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From the inventory's variables to options that every later stage may trust."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import argument_specs, strategies
from .errors import FleetError
from .strategies.base import Options
from .target import errors as target_errors
from .target.prefix import manifest as target_prefix


def check_strategies(wanted: Iterable[str]) -> list[str]:
    """Return the same names, once each and in their order. Raises FleetError for a name that no strategy has."""
    known = strategies.names()
    order: list[str] = list(dict.fromkeys(argument_specs.typed("faiss_install__strategies", wanted) or []))
    unknown = [name for name in order if name not in known]
    if unknown:
        near = argument_specs.suggestion(unknown[0], known)
        raise FleetError(
            f"faiss_install__strategies names {', '.join(map(repr, unknown))}, which this version does not have.{near} "
            f"It has: {', '.join(known)}."
        )
    if not order:
        raise FleetError(f"faiss_install__strategies is empty. Name at least one of: {', '.join(known)}.")
    return order


def check_prefix(path: object) -> str:
    """Return the prefix without a trailing slash. Raises FleetError when it is relative or belongs to the system."""
    try:
        return str(target_prefix.check(path))
    except target_errors.AuditError as exc:
        raise FleetError(f"faiss_install__prefix: {exc}", getattr(exc, "cause", None)) from None


def default_cache() -> Path:
    """Return where the controller keeps downloads, locks and packed prefixes: XDG_CACHE_HOME/faiss-fleet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/root")) / ".cache") / "faiss-fleet"


def from_variables(values: Mapping[str, Any]) -> Options:
    """Return one host's options from its ``faiss_install__*`` values, each with its type. Raises FleetError."""
    known = argument_specs.specs()
    found = {
        name: argument_specs.typed(name, value) if name in known else value
        for name, value in values.items()
        if name.startswith("faiss_install__") and value is not None
    }
    cache = found.get("faiss_install__cache")
    return Options(
        prefix=check_prefix(found.get("faiss_install__prefix", Options.prefix)),
        cache=Path(str(cache)).expanduser() if cache else default_cache(),
        offline=found.get("faiss_install__offline", False),
        extra=found,
    )
