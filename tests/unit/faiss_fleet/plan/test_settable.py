# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.plan import settable


def facts(**setting: Any) -> dict[str, Any]:
    prefix = {"purpose": "prefix", "path": "/opt/faiss-fleet", "read_only": True, "writable": False}
    return {"user": "deploy", "filesystems": [prefix, {"purpose": "setting", "path": "/etc/faiss-fleet", **setting}]}


@pytest.mark.parametrize("state", [{"read_only": False, "writable": True}, {"read_only": None, "writable": None}, {}])
def test_a_setting_that_can_be_written_or_may_be_passes(state: dict[str, Any]) -> None:
    settable.check(facts(**state))


@pytest.mark.parametrize(
    ("state", "cause", "told"),
    [
        ({"read_only": True, "mount": "/etc"}, "read_only", "Remount"),
        ({"read_only": False, "writable": False}, "permission_denied", "deploy has no right"),
        ({"writable": True, "in_the_way": "/etc/faiss-fleet"}, "not_a_directory", "faiss-fleet is not a directory"),
    ],
)
def test_a_closed_folder_is_told_before_anything_is_installed(state: dict[str, Any], cause: str, told: str) -> None:
    with pytest.raises(FleetError, match=told) as caught:
        settable.check(facts(**state))
    assert caught.value.cause == cause
    assert "Nothing was changed" in str(caught.value)
