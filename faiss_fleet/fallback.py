# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which runtime the search test gets beside a candidate's, so that the fallback is a figure on that host too. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .strategies import js
from .strategies.base import Facts, Options

OPTION = "faiss_install__measure_fallback"


def to_measure(facts: Facts, options: Options, tested: Iterable[str] = ()) -> list[dict[str, Any]]:
    """[{"id", "runtime"}] as faiss_search_test takes it: the fallback, or nothing.

    Nothing where the host has no Node for it, where the option is off, and where it is among those ``tested`` already.
    """
    if not options.extra.get(OPTION, True):
        return []
    (candidate,) = js.STRATEGY.plan(facts, options)
    runtime = candidate.get("runtime")
    if candidate["verdict"] != "possible" or runtime is None or candidate["id"] in set(tested):
        return []
    return [{"id": candidate["id"], "runtime": runtime}]
