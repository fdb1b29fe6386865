# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Plans for one host from its facts, then tries the candidates on it until the policy is content.

Everything but the trial itself happens here on the controller. On a host where nothing has changed the only remote call
is the search test. Arguments: facts, strategies, policy, search_test, and the role's other variables under options.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet import options
from faiss_fleet.attempts import fallback
from faiss_fleet.attempts import run as ladder
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet.ansible_host import RemoteHost
from faiss_fleet.plan import planner as planning
from faiss_fleet.plan import settable


class ActionModule(ActionBase):
    """See the file's first lines."""

    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        arguments = self._task.args
        facts = arguments.get("facts") or task_vars.get("ansible_facts", {}).get("glibc_facts")
        if not facts:
            raise AnsibleActionFail("No facts of this host: run the role glibc_facts before faiss_install.")
        try:
            order = options.check_strategies(arguments["strategies"])
            policy = options.check_policy(arguments["policy"])
            search_test = options.check_search_test(arguments.get("search_test"))
            chosen = options.from_variables(
                {f"faiss_install__{name}": value for name, value in arguments["options"].items()}
            )
            settable.check(facts)
            # Which policy and which workload decide whether what was measured before still counts.
            chosen.extra["faiss_install__workload"] = search_test.get("workload")
            if policy == "fastest":
                chosen.extra["faiss_install__measure"] = "always"
            candidates = planning.plan(facts, chosen, order)
        except FleetError as exc:
            # Not raised: Ansible would speak of a traceback where there is something to mend.
            return {**result, "failed": True, "msg": str(exc), "cause": exc.cause, "remedy": exc.remedy}

        if self._task.check_mode:
            climbed = ladder.predict(candidates, facts, chosen, policy, order)
        else:
            named = ((facts.get("setting") or {}).get("runtime") or {}).get("prefix")
            bare = facts["method"] == "raw"
            host = RemoteHost(self, task_vars, search_test, bare, [named])
            climbed = ladder.climb(candidates, policy, facts, chosen, host, order)
            if all(test.get("figures", True) for test in climbed.verification):
                # Something was measured, or nothing passed: what the fallbacks would do here is worth a figure.
                climbed.verification += host.measure(fallback.to_measure(facts, chosen, climbed.verification))
        result.update(
            changed=climbed.changed,
            plan=candidates,
            attempts=climbed.attempts,
            verification=climbed.verification,
            if_lost=climbed.if_lost,
            policy=policy,
            strategies=order,
        )
        return result
