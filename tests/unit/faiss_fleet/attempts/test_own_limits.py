# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Limits of the inventory that no host could hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from faiss_fleet.attempts import own_limits

MEMORY = "faiss_install__container_memory_mb"


@pytest.mark.parametrize(
    "strategy, cause, options, found",
    [
        ("container", "out_of_memory", {MEMORY: 64}, True),
        ("container", "out_of_memory", {MEMORY: "64"}, True),
        ("container", "process_limit", {MEMORY: 64}, False),
        ("container", "process_limit", {"faiss_install__container_pids": 2}, True),
        ("container", "out_of_memory", {MEMORY: 4096}, False),
        ("container", "out_of_memory", {MEMORY: 0}, False),
        ("container", "out_of_memory", {}, False),
        ("wheel", "out_of_memory", {MEMORY: 64}, False),
    ],
)
def test_only_a_limit_below_the_default_is_the_inventorys(
    strategy: str, cause: str, options: dict[str, Any], found: bool
) -> None:
    assert bool(own_limits.remedy(strategy, cause, options)) is found


def test_the_usual_limits_are_the_defaults_of_the_role() -> None:
    text = (Path(__file__).parents[4] / "roles/faiss_install/defaults/main.yml").read_text(encoding="utf-8")
    defaults = yaml.safe_load(text)
    usual = {option: least for limits in own_limits.OF_STRATEGY.values() for option, least, _cause in limits}
    assert usual == {option: defaults[option] for option in usual} != {}


def test_an_attempt_that_may_take_less_than_its_test_is_told() -> None:
    options = {own_limits.TEST_SECONDS: 300}
    assert [own_limits.needed(seconds, options) for seconds in (20, 300, 900)] == [300, None, None]
    assert own_limits.needed(20, {}) is None
