# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Ids of runs."""

from __future__ import annotations

import pytest

from faiss_fleet.run_id import current_run_id, new_run_id


def test_a_run_id_from_outside_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAISS_FLEET_RUN_ID", "../../etc/x")
    assert current_run_id() is None
    made = new_run_id()
    monkeypatch.setenv("FAISS_FLEET_RUN_ID", made)
    assert current_run_id() == made
