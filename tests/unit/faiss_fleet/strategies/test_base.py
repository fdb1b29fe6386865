# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What attempts are told of what making an artefact would take, and the parts that strategies share."""

from __future__ import annotations

import pytest

from faiss_fleet.strategies.base import Forecast, version_numbers


@pytest.mark.parametrize(
    "forecast, text",
    [
        (Forecast(), "the controller would make it"),
        (
            Forecast(download=30_400_000, ship=20_000_000, seconds=300.0, how="compile it"),
            "the controller would compile it, download about 30 MB, which takes about 5 minutes once for this class of "
            "hosts, ship about 20 MB",
        ),
        (Forecast(seconds=89), "the controller would make it, which takes about 89 s once for this class of hosts"),
    ],
)
def test_a_forecast_says_what_is_known(forecast: Forecast, text: str) -> None:
    assert forecast.text() == text


@pytest.mark.parametrize(
    "version, numbers",
    [("3.13.0rc1", (3, 13, 0)), ("v16.20.2", (16, 20, 2)), ("20.10.5+dfsg1", (20, 10, 5)), ("4", (4,)), (None, ())],
)
def test_versions_are_compared_by_their_first_three_numbers(version: str | None, numbers: tuple[int, ...]) -> None:
    assert version_numbers(version) == numbers
