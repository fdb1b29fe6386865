# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The table of all faults, and what cannot be injected."""

from __future__ import annotations

from tests.faults import content_table, controller_table, faiss_table, host_table, wire_table
from tests.faults.model import Fault

HOST_FAULTS: tuple[Fault, ...] = (
    *host_table.FAULTS,
    *faiss_table.FAULTS,
    *wire_table.FAULTS,
    *content_table.FAULTS,
)
CONTROLLER_FAULTS = controller_table.FAULTS
GROUPS = tuple(dict.fromkeys(fault.group for fault in (*HOST_FAULTS, *CONTROLLER_FAULTS)))
NOT_INJECTED = (
    ("SELinux denials", "to load a policy would concern the whole machine; the causes are tested with recorded messages "
     "and labels."),
    ("a kernel that crashes, a disk that fails", "a host is a root file system with its own mounts and sshd, not a machine."),
    ("loss and delay of packets", "the hosts are reached over loopback; lines that stall and are cut take their place."),
)  # fmt: skip
