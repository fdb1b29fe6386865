# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Spreads the integration tests over workers: tests of a file share its hosts, files that take longest start first."""

from __future__ import annotations

from pathlib import Path

import pytest

# Files whose tests need nothing of each other: any worker takes the next one.
INDEPENDENT = {"test_bad_input", "test_callback_runs", "test_docs", "test_loaders", "test_search_real_faiss"}
# What takes longest, in the order in which it starts; what needs no stand-in comes before what waits for one.
FIRST = (
    "test_node_addon",
    "test_search_real_faiss",
    "test_bad_input",
    "test_node_host_build",
    "test_container_engines",
    "test_conda_standin",
    "test_container_rootless",
    "test_ladder_hosts",
    "test_docs",
    "test_loaders",
    "test_prediction_matrix",
    "test_execution_environment",
    "test_controllers",
)


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = Path(str(item.path)).stem
        return FIRST.index(name) if name in FIRST else len(FIRST)

    items.sort(key=place)
    for item in items:
        name = Path(str(item.path)).stem
        if name not in INDEPENDENT:
            item.add_marker(pytest.mark.xdist_group(name))
