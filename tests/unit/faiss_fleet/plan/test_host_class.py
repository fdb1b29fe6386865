# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts are alike."""

from __future__ import annotations

import copy

from faiss_fleet.plan import host_class
from tests.unit.faiss_fleet.reports.assessed import OF_KIND


def test_versions_are_numbers() -> None:
    facts = copy.deepcopy(OF_KIND["alpine"]["facts"])
    tags = ("cp310", "cp39", None, "cp36", "cp313")
    facts["pythons"] = [{"tag": tag, "version": "2.7.5"} for tag in tags]
    assert host_class.of(facts).pythons == ("2.7.5", "cp36", "cp39", "cp310", "cp313")
