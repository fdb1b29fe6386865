# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The lookup says of a task's own host, whatever its name is, if a batch has left it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

from faiss_fleet.fleet import handed_over
from tests.unit.plugins.action_calls import ROOT

NAME = "x {{ 7919 * 7907 }} =cmd"


@pytest.fixture(autouse=True)
def nothing_noted() -> Iterator[None]:
    yield
    handed_over.forget()


def rest(host: str, **options: bool) -> list[str]:
    lookup_loader.add_directory(str(ROOT / "plugins" / "lookup"))
    variables = {"inventory_hostname": host}
    found: list[str] = lookup_loader.get("fleet_rest", templar=Templar(None, variables)).run([], variables, **options)
    return found


def test_a_host_is_left_or_not_by_its_own_name_though_that_is_a_template() -> None:
    handed_over.note([NAME], ["web1"])
    assert rest(NAME, this_host=True) == [NAME] and rest("web1", this_host=True) == []


def test_without_a_batch_every_host_is_left() -> None:
    handed_over.forget()
    assert rest("web1", this_host=True) == ["web1"] and rest("web1") == ["all"]


def test_a_pattern_is_for_the_play() -> None:
    handed_over.note([], ["web1"])
    assert rest("web1") == handed_over.NOBODY
