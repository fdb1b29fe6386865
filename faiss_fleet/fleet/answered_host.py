# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host that was asked everything in one call: an attempt gets its answers, and whatever else it asks ends that.

So the code that tries candidates says by itself whether something is left to do on the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Runtime
from ..strategies.base import Artefact
from . import search_call


class HandOver(Exception):
    """What is at hand is not enough for this host: it needs more calls, or the roles. Not an error of anybody's."""


def brief(search_test: Mapping[str, Any]) -> search_call.Request:
    """The brief search test with these options of the inventory, as ``RemoteHost.verify`` asks for it."""
    workload = {**(search_test.get("workload") or {}), "figures": False}
    return search_call.Request.of({**search_test, "workload": workload})


class AnsweredHost:
    """What an attempt asks of a host, out of the answer that the host gave."""

    def __init__(self, test: Mapping[str, Any] | None, search_test: Mapping[str, Any]) -> None:
        """test: the evidence of the brief search test of what is configured."""
        self._test, self._search_test = test, search_test

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        test = self._test
        if figures:
            raise HandOver("its search test has to measure")
        if test is None or (test["candidate"], test["runtime"]) != (candidate, runtime):
            raise HandOver(f"{candidate} has to be tested")
        verification = {"runtime": runtime, **brief(self._search_test).judged([test])[0]}
        if verification["ok"] is not True:
            raise HandOver("the search test of what is configured did not pass")
        return verification

    def deploy(self, artefact: Artefact, prefix: str, seconds: float, doubted: bool = False) -> dict[str, Any]:
        raise HandOver("something has to be installed")

    def remove(self, prefix: str, keep: bool = False, cached: dict[str, Any] | None = None) -> dict[str, Any]:
        raise HandOver("something has to be removed")

    def measure(self, runtimes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if runtimes:
            raise HandOver("a fallback has to be measured")
        return []

    def reconnect(self) -> None:
        """Nothing is connected."""
