# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From the inventory's variables to options that every later stage may trust."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import strategies
from .errors import FleetError
from .strategies.base import Options
from .target import errors as target_errors
from .target.prefix import manifest as target_prefix

POLICIES = ("first", "fastest", "fixed")
LIMITS = ("faiss_install__attempt_timeout", "faiss_install__max_size_mb")


def check_strategies(wanted: Iterable[str]) -> list[str]:
    """The same names, once each and in their order. Raises FleetError for a name that no strategy has."""
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise FleetError(
            f"faiss_install__strategies is {wanted!r}, which is not a list. Write a list, such as [existing, wheel]."
        )
    known = strategies.names()
    order = list(dict.fromkeys(wanted))
    unknown = [name for name in order if name not in known]
    if unknown:
        raise FleetError(
            f"faiss_install__strategies names {', '.join(map(repr, unknown))}, which this version does not have. "
            f"It has: {', '.join(known)}."
        )
    if not order:
        raise FleetError(f"faiss_install__strategies is empty. Name at least one of: {', '.join(known)}.")
    return order


def check_policy(policy: object) -> str:
    """The policy's name. Raises FleetError for one that does not exist."""
    if policy not in POLICIES:
        raise FleetError(f"faiss_install__policy is {policy!r}. It can be one of: {', '.join(POLICIES)}.")
    return str(policy)


def check_prefix(path: object) -> str:
    """The prefix, without a trailing slash. Raises FleetError when it is relative or belongs to the system."""
    try:
        return str(target_prefix.check(path))
    except target_errors.AuditError as exc:
        raise FleetError(f"faiss_install__prefix: {exc}", getattr(exc, "cause", None)) from None


def _check_limit(name: str, value: object) -> None:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise FleetError(f"{name} is {value!r}. Give a number above 0, such as 600, or 0 for no limit.")


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the controller keeps downloads, locks and packed prefixes: XDG_CACHE_HOME/faiss-fleet."""
    return Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "/root")) / ".cache") / "faiss-fleet"


def from_variables(values: Mapping[str, Any]) -> Options:
    """Options for one host from its ``faiss_install__*`` values. Raises FleetError; nothing has changed by then."""
    cache = values.get("faiss_install__cache")
    for name in LIMITS:
        _check_limit(name, values.get(name, 0))
    return Options(
        prefix=check_prefix(values.get("faiss_install__prefix", Options.prefix)),
        cache=Path(str(cache)).expanduser() if cache else default_cache(),
        offline=bool(values.get("faiss_install__offline", False)),
        extra={name: value for name, value in values.items() if name.startswith("faiss_install__")},
    )
