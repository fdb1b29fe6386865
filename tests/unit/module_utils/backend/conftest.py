# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Fixtures that tests of several sources share."""
from __future__ import absolute_import, division, print_function

import pytest


@pytest.fixture
def path(tmpdir):
    return tmpdir.join("etc", "faiss-fleet", "backend.json")
