# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The registry of strategies."""

from __future__ import annotations

from pathlib import Path

from faiss_fleet import strategies


def test_each_directory_of_a_strategy_is_registered_under_its_name() -> None:
    directories = {path.parent.name for path in Path(strategies.__file__).parent.glob("*/strategy.py")}
    assert set(strategies.names()) == directories
    assert [strategy.name for strategy in strategies.all_strategies()] == strategies.names()


def test_a_strategy_is_found_by_its_name_and_no_other() -> None:
    found = strategies.named("wheel")
    assert found is not None and found.name == "wheel"
    assert strategies.named("Wheel") is None and strategies.named("") is None


def test_what_is_no_faiss_comes_last_and_an_unknown_name_counts_as_native() -> None:
    assert [strategy.name for strategy in strategies.fallbacks()] == ["js"] == strategies.names()[-1:]
    assert strategies.is_native("conda") and not strategies.is_native("js")
    assert strategies.is_native("of another version")
