# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Variables of the inventory become options, or are refused by their name."""

from __future__ import annotations

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.options import from_variables


@pytest.mark.parametrize("value", [-1, "soon", float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["attempt_timeout", "max_size_mb"])
def test_limits_that_are_none_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(FleetError, match=f"faiss_install__{name} is"):
        from_variables({f"faiss_install__{name}": value})
