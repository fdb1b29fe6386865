# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Looks at every host's variables before any host is touched, once for the whole play.

It runs on the controller alone: bad input stops the run with one message for each fault, naming the hosts that have it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import preflight


class ActionModule(ActionBase):
    """See the file's first lines."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        faults: dict[str, list[str]] = {}
        for host in task_vars["ansible_play_hosts_all"]:
            for fault in self._faults(host, task_vars["hostvars"][host]):
                faults.setdefault(fault, []).append(host)
        if faults:
            result.update(failed=True, msg=preflight.message(faults), faults=faults)
        else:
            result["msg"] = f"{len(task_vars['ansible_play_hosts_all'])} host(s) can be audited"
        return result

    def _faults(self, host: str, variables: Any) -> list[str]:
        try:
            values = {name: variables[name] for name in variables if preflight.ours(name)}
        except AnsibleError as exc:
            return [f"A variable cannot be worked out: {exc}. Mend the expression in the inventory."]
        return preflight.faults(host, values)
