# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.fleet.search_call import Request

PYTHON: Any = {"kind": "python", "argv": ["/x"], "env": {}, "prefix": None}


@pytest.mark.parametrize(
    "workload, sent, seconds",
    [
        ({}, True, 480),
        ({"loader": False}, True, 240),
        ({"figures": "no"}, False, 240),
        ({"figures": False}, False, 240),
    ],
)
def test_time_and_files_follow_the_workload(workload: Any, sent: bool, seconds: float) -> None:
    request = Request.of({"workload": workload})
    assert request.seconds(2) == seconds
    assert ("files" in request.arguments([PYTHON])) is sent


def test_the_inventorys_options_are_passed_on_as_they_are() -> None:
    options = {"timeout": 7, "workload": {"figures": False}, "min_recall": {"ivf": 0.5}}
    assert Request.of(options).arguments([PYTHON]) == options
    assert Request.of(options).seconds(1) == 7
