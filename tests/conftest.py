# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts the project's root on the path: `from tests import needs`, `from faiss_fleet import ...`."""
from __future__ import absolute_import, division, print_function

import os
import sys

if sys.version_info[0] > 2:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
