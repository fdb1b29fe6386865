# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Leaves out, on old Pythons, the tests of programs of Node: the controller's code judges what these say."""
from __future__ import absolute_import, division, print_function

import sys

collect_ignore = ["test_node_test.py"] if sys.version_info < (3, 10) else []
