# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""

from __future__ import annotations

import pytest

from tests.unit.faiss_fleet.strategies.container.images import image, layer


@pytest.fixture
def made(tmp_path):
    return image(tmp_path, layer(tmp_path, "one.tar", {"a": b"1"}), layer(tmp_path, "two.tar", {"b": b"2"}))
