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

from faiss_fleet.fleet import preflight, report_inputs

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
        hosts, hostvars = task_vars["ansible_play_hosts_all"], task_vars["hostvars"]
        groups = task_vars.get("groups") or {}
        inventory = report_inputs.Inventory(frozenset(groups.get("all") or hosts), frozenset(groups))
        columns: dict[str, list[str]] = {}
        known: set[str] = set()
        for host in hosts:
            variables = hostvars[host]
            raw = variables._vars  # as they are written; to ask for them again takes as long as the rest
            for fault in self._faults(host, variables, arguments["files"], inventory, raw):
                faults.setdefault(fault, []).append(host)
            wanted = raw.get(report_inputs.COLUMNS)
            for name in wanted if isinstance(wanted, list) else ():
                columns.setdefault(str(name), []).append(host)
            known.update(raw)
        if report_inputs.unknown_columns(columns, known):
            for host in groups.get("all") or ():  # a variable of a host that --limit leaves out is one all the same
                known.update(hostvars.raw_get(host))
        for name, of in columns.items():
            for fault in report_inputs.unknown_columns([name], known):
                faults[fault] = of
        if faults:
            result.update(failed=True, msg=preflight.message(faults))
        else:
            result["msg"] = f"{len(task_vars['ansible_play_hosts_all'])} host(s) can be audited"
            if arguments["list_hosts"]:
                names = task_vars["ansible_play_hosts_all"]
                result["hosts"] = {name: list(task_vars["hostvars"][name]["group_names"]) for name in names}
        return result

    def _faults(
        self, host: str, variables: Any, files: bool, inventory: report_inputs.Inventory, raw: Any
    ) -> list[str]:
        try:
            values = {name: variables[name] for name in variables if preflight.ours(name)}
        except AnsibleError as exc:
            return [f"A variable cannot be evaluated: {exc}. Correct the expression in the inventory."]
        return preflight.faults(host, values, files, inventory, raw)
