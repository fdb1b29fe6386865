# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Decides for one host which backend it gets, then has the module of the same name write it: one remote call.

What passed and is not what was set goes with the same call. Arguments: plan, attempts, verification, policy, strategies
and if_lost as faiss_install returned them, margin_percent, socket, run, and the module's own options path, mode, owner,
group, user, backup, backups_kept, lock_timeout. Returns decision and setting as the host record has them, and the
attempts of which there is more to say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import stages

OWN = (*stages.FOUND, *stages.NEED, "if_lost", "policy", "strategies", "margin_percent", "run", "socket")


class ActionModule(ActionBase):
    """See the file's first lines."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        missing = [name for name in (*stages.FOUND, "policy") if name not in arguments]
        odd = sorted(set(arguments) - {*OWN, *stages.PASSED_ON})
        if missing or odd:
            raise AnsibleActionFail(
                f"vector_backend lacks: {', '.join(missing) or 'nothing'}; unknown: {', '.join(odd) or 'nothing'}. "
                "Run the role faiss_install before vector_backend; its result says what was tested."
            )
        facts = task_vars.get("ansible_facts", {}).get("glibc_facts") or {}
        try:
            wanted = stages.Configuration.of(arguments, facts, bool(self._task.check_mode))
        except FleetError as exc:
            return {**result, **stages.refused(exc)}
        if facts.get("method") == "raw":
            if wanted.own_python is None:
                return {**result, **wanted.unwritten(arguments.get("path") or stages.DEFAULT_PATH)}
            # No Python on the host: the one that FAISS came with runs the module.
            task_vars = {**task_vars, "ansible_python_interpreter": wanted.own_python}
        done = self._execute_module(module_name="vector_backend", module_args=wanted.module_args, task_vars=task_vars)
        return {**result, **wanted.result(done)}
