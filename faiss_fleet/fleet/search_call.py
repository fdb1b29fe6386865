# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A call of the module faiss_search_test: what is sent with it, how long it may take, and what its evidence means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..causes import search_test
from . import search_files, search_limits

MODULE = "faiss_search_test"
INDEXES = ("flat", "ivf", "hnsw")
TIMEOUT = 120


@dataclass(frozen=True)
class Request:
    """The module's options as the inventory gives them; absent ones have the module's defaults."""

    options: Mapping[str, Any]
    timeout: int
    indexes: Sequence[str]
    min_recall: Mapping[str, float]
    figures: bool
    loader: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Request:
        workload = options.get("workload") or {}
        return cls(
            options=options,
            timeout=int(options.get("timeout") or TIMEOUT),
            indexes=list(workload.get("indexes") or INDEXES),
            min_recall=options.get("min_recall") or {},
            figures=_true(workload.get("figures", True)),
            loader=_true(workload.get("loader", True)),
        )

    def arguments(self, runtimes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """The module's arguments beside the runtimes themselves, with the files that these need."""
        files = search_files.packed(runtimes, self.figures, self.loader)
        return {**self.options, **({"files": files} if files else {})}

    def seconds(self, runtimes: int) -> float:
        """The longest time that the module takes by itself: FAISS and the loader each have the time limit."""
        return runtimes * self.timeout * (2 if self.figures and self.loader else 1)

    def judged(self, results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One verification for each result of the module."""
        how = (self.timeout, list(self.indexes), self.min_recall)
        return [search_limits.blamed(search_test.verification(found, *how), self.options) for found in results]


def _true(value: object) -> bool:
    """Ansible's booleans, which an inventory may give as text."""
    return value if isinstance(value, bool) else str(value).lower() not in ("no", "false", "0", "off", "n", "f", "0.0")
