# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The strategies, one a file, found by name and kept in their order. Nothing else lists them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .base import Strategy


@cache
def all_strategies() -> tuple[Strategy, ...]:
    """Every strategy of this package, in the order in which ``first`` tries them."""
    found = []
    for entry in pkgutil.iter_modules(__path__):
        strategy = getattr(importlib.import_module(f"{__name__}.{entry.name}"), "STRATEGY", None)
        if strategy is not None:
            found.append(strategy)
    return tuple(sorted(found, key=lambda strategy: strategy.order))


def names() -> list[str]:
    """Names in order: what ``faiss_install__strategies`` may hold."""
    return [strategy.name for strategy in all_strategies()]
