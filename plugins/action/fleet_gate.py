# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes the run fail when a host fell back to JavaScript and is not allowed to. One call for all hosts, none to a host.

Argument: fail_on_fallback, for hosts whose own variables do not say fleet_report__fail_on_fallback.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import argument_specs
from faiss_fleet.fleet import report_inputs
from faiss_fleet.reports import gate, recorder
from faiss_fleet.run_id import timestamp

RESULT = "_vector_backend__result"


class ActionModule(ActionBase):
    """See the file's first lines."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec({"fail_on_fallback": {"type": "bool", "default": False}})
        # Templates are not worked out, save the one that is wanted: to do so for all variables takes far longer.
        own = task_vars["hostvars"].raw_get
        # The argument was worked out for this one host; what is this host's own variable says nothing of the others.
        others = arguments["fail_on_fallback"] and gate.VARIABLE not in own(task_vars["inventory_hostname"])
        fallen: dict[str, Mapping[str, Any]] = {}
        kept = recorder.current()
        elsewhere = kept.decided if kept else {}  # hosts of a batch have no result of a task of their own
        waived: list[str] = []
        now = timestamp()
        for host in task_vars["ansible_play_hosts_all"]:
            variables = own(host)
            decided = variables.get(RESULT)
            if not (isinstance(decided, Mapping) and "decision" in decided):  # none, or that of a task that was skipped
                decided = {"decision": elsewhere.get(host)}
            if not (gate.is_fallback(decided) and self._held(variables, others)):
                continue
            if gate.waived(decided, self._waivers(host, variables), now):
                waived.append(host)
            else:
                fallen[host] = decided
        if waived:
            result.update(waived=sorted(waived), msg=f"Fell back for a cause that is waived: {len(waived)} host(s)")
        if fallen:
            result.update(failed=True, msg=gate.message(fallen), hosts=sorted(fallen))
        return result

    def _waivers(self, host: str, variables: Mapping[str, Any]) -> list[dict[str, str]]:
        """Those that name the host or a group of it; none where they cannot be read, so that the gate holds."""
        value = variables.get(report_inputs.WAIVERS) or ()
        try:
            templar = self._templar.copy_with_new_env(available_variables=variables)
            waivers, faults = argument_specs.check(report_inputs.WAIVERS, templar.template(value))
        except AnsibleError:
            return []
        return [] if faults else report_inputs.waivers_for(host, variables.get("group_names") or (), waivers or ())

    def _held(self, variables: Mapping[str, Any], otherwise: bool) -> bool:
        value = variables.get(gate.VARIABLE, otherwise)
        try:
            if isinstance(value, str):
                value = self._templar.copy_with_new_env(available_variables=variables).template(value)
            return boolean(value)
        except (AnsibleError, TypeError):
            return True  # said, though not in a way that can be read: the gate holds rather than opens
