# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Spreads the integration tests over workers: tests of a file share its hosts, files that take longest start first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files whose tests need nothing of each other: any worker takes the next one.
INDEPENDENT = {"test_bad_input", "test_callback_runs", "test_docs", "test_loaders", "test_search_real_faiss"}
# What takes longest, in the order in which it starts; what needs no stand-in comes before what waits for one.
FIRST = (
    "test_loaders",
    "test_search_real_faiss",
    "test_container_engines",
    "test_conda_standin",
    "test_node_addon",
    "test_attempts_hosts",
    "test_batch",
    "test_glibc_facts_ansible",
    "test_setting_playbook",
    "test_loader_node_packages",
    "test_slices",
    "test_docs",
    "test_container_rootless",
    "test_prediction_matrix",
    "test_check_matrix",
    "test_execution_environment",
    "test_standins",
    "test_wheel_deploy",
    "test_elf_against_real_objects",
    "test_wheel_resolve",
    "test_new_strategy",
)
# Single tests that any worker takes, so that all of them end together.
LAST = ("test_callback_runs", "test_bad_input")


@pytest.fixture(scope="module", autouse=True)
def formats(request: pytest.FixtureRequest) -> Iterator[None]:
    """Audits keep their records and no more, but for files of tests that read reports or store: READS_REPORTS."""
    with pytest.MonkeyPatch.context() as patched:
        if not getattr(request.module, "READS_REPORTS", False):
            patched.setenv("FAISS_FLEET_FORMATS", "")
        yield


class ByFile(LoadScopeScheduling):
    """One worker for the tests of a file, which share its hosts; any worker for the others."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return nodeid if Path(file).stem in INDEPENDENT else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = Path(str(item.path)).stem
        return FIRST.index(name) if name in FIRST else len(FIRST) + (name in LAST)

    items.sort(key=place)
