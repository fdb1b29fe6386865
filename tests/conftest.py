# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts the project's root on the path: `from tests import needs`, `from faiss_fleet import ...`; times each test."""
from __future__ import absolute_import, division, print_function

import os
import sys

import pytest

if sys.version_info[0] > 2:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _cpu_seconds():
    """Of this process and of every process that it has waited for."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.cpu_started = _cpu_seconds()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    """Leaves a test's processor seconds, with those of its fixtures, in the JUnit file: `tests/run` prints them."""
    if hasattr(item, "cpu_started"):
        item.user_properties.append(("cpu", "{:.2f}".format(_cpu_seconds() - item.cpu_started)))
