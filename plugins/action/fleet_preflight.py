# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Checks every host's variables before any host is touched, once for the whole play, on the controller alone.

Bad input stops the run with one line for each fault, which names the hosts that have it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
            raw = hostvars.raw_get(host)  # as they are written; to ask for them again takes as long as the rest
            for fault in self._faults(host, arguments["files"], inventory, raw):
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
            result["msg"] = f"{len(hosts)} host(s) can be audited"
            if arguments["list_hosts"]:
                result["hosts"] = {host: list(hostvars[host]["group_names"]) for host in hosts}
        return result

    def _faults(self, host: str, files: bool, inventory: report_inputs.Inventory, raw: Mapping[str, Any]) -> list[str]:
        templar = self._templar.copy_with_new_env(available_variables=raw)
        ours = filter(preflight.ours, raw)
        try:
            values = {name: templar.template(raw[name], fail_on_undefined=False) for name in ours}
        except Exception as exc:  # whatever an expression, or a plugin that it asks, does
            return [f"A variable cannot be evaluated: {exc}. Correct the expression in the inventory."]
        return preflight.faults(host, values, files, inventory, raw)
