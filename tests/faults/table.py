# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table of all faults."""

from __future__ import annotations

from tests.faults import host_table
from tests.faults.model import Fault

HOST_FAULTS: tuple[Fault, ...] = (*host_table.FAULTS,)
GROUPS = tuple(dict.fromkeys(fault.group for fault in HOST_FAULTS))
