# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The registry of strategies: a new strategy is a directory here, with a ``strategy.py``, and one entry in NAMES."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .base import Strategy

# In the order in which the policy ``first`` tries them.
NAMES = ("existing", "wheel", "conda", "container", "node", "js")


@cache
def all_strategies() -> tuple[Strategy, ...]:
    """Every registered strategy, in the order in which ``first`` tries them."""
    return tuple(import_module(f"{__name__}.{name}.strategy").STRATEGY for name in NAMES)


def named(name: str) -> Strategy | None:
    """The strategy of that name, None when there is none."""
    return next((strategy for strategy in all_strategies() if strategy.name == name), None)


def names() -> list[str]:
    """Names in order: what ``faiss_install__strategies`` may hold."""
    return list(NAMES)


def is_native(name: str) -> bool:
    """Whether what passes by this strategy is FAISS. A strategy of another version of this project counts as native."""
    found = named(name)
    return found is None or found.native


def fallbacks() -> list[Strategy]:
    """Strategies that are no FAISS, which are measured beside it."""
    return [strategy for strategy in all_strategies() if not strategy.native]
