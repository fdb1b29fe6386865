# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Ansible's doorway to ``faiss_fleet.fleet.handed_over``: the hosts of a play that follows a batch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import handed_over

DOCUMENTATION = """
name: fleet_rest
short_description: The hosts that a batch has left for the roles
description:
  - For C(hosts) of a play after one with C(fleet_batch). All hosts where no batch was at work.
options: {}
"""

EXAMPLES = """
- name: Audit the other hosts
  hosts: "{{ query('fleet_rest') }}"
"""

RETURN = """
_list:
  description: Patterns of hosts.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    """See the file's first line."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        return handed_over.pattern()
