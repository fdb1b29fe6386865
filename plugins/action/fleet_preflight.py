# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Checks every host's variables before any host is touched, once for the whole play, on the controller alone.

Bad input stops the run with one line for each fault, which names the hosts that have it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import preflight

ARGUMENT_SPEC = {"files": {"type": "bool", "default": True}, "list_hosts": {"type": "bool", "default": False}}


class ActionModule(ActionBase):
    """See the file's first lines."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(ARGUMENT_SPEC)
        faults: dict[str, list[str]] = {}
        for host in task_vars["ansible_play_hosts_all"]:
            for fault in self._faults(host, task_vars["hostvars"][host], arguments["files"]):
                faults.setdefault(fault, []).append(host)
        if faults:
            result.update(failed=True, msg=preflight.message(faults))
        else:
            result["msg"] = f"{len(task_vars['ansible_play_hosts_all'])} host(s) can be audited"
            if arguments["list_hosts"]:
                names = task_vars["ansible_play_hosts_all"]
                result["hosts"] = {name: list(task_vars["hostvars"][name]["group_names"]) for name in names}
        return result

    def _faults(self, host: str, variables: Any, files: bool) -> list[str]:
        try:
            values = {name: variables[name] for name in variables if preflight.ours(name)}
        except AnsibleError as exc:
            return [f"A variable cannot be evaluated: {exc}. Correct the expression in the inventory."]
        return preflight.faults(host, values, files)
