# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Plans for one host from its facts, then tries the candidates on it until the policy is satisfied.

Everything but the attempt itself happens here on the controller. On a host where nothing has changed the only remote
call is the search test. In check mode the same code stops before the first change. What a batch has tried already is
not tried again.

Arguments: facts, strategies, policy, search_test, and the role's other variables under options.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import handed_over, interrupts, stages
from faiss_fleet.fleet.ansible_host import RemoteHost


class ActionModule(ActionBase):
    """See the file's first lines."""

    # A temporary directory is made where something is shipped: else it would be three remote calls more.
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        interrupts.end_children_first()
        arguments = self._task.args
        facts = arguments.get("facts") or task_vars.get("ansible_facts", {}).get("glibc_facts")
        if not facts:
            raise AnsibleActionFail("No facts of this host: run the role glibc_facts before faiss_install.")
        try:
            wanted = stages.Wanted.of(arguments)
        except FleetError as exc:
            return {**result, **stages.refused(exc)}
        name = str(task_vars.get("inventory_hostname"))
        kept = handed_over.take_install(Path(constants.DEFAULT_LOCAL_TMP), name, wanted)
        if kept is not None:
            return {**result, **wrap_var(kept)}
        host = RemoteHost.of(self, task_vars, wanted.search_test, facts)
        return {**result, **stages.install(facts, wanted, host, bool(self._task.check_mode))}
