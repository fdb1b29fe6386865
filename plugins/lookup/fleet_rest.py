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
  - Where some are left, one that is done is among them, so that the run goes on where all the others fail.
options:
  this_host:
    description:
      - Whether to say, in place of the pattern, if the task's own host is left. Its name is not a term, as Ansible
        evaluates a name that holds a template.
    type: bool
    default: false
"""

EXAMPLES = """
- name: Audit the other hosts
  hosts: "{{ query('fleet_rest') }}"
  tasks:
    - name: Gather host facts
      ansible.builtin.import_role:
        name: glibc_facts
      when: query('fleet_rest', this_host=true) | length > 0
"""

RETURN = """
_list:
  description: Patterns of hosts, or the task's host where it is left.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    """See the file's first line."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        if not kwargs.get("this_host"):
            return handed_over.pattern()
        host = (variables or {})["inventory_hostname"]
        return [host] if handed_over.is_left(host) else []
