# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Plans for one host from its facts, then tries the candidates on it until the policy is satisfied.

Everything but the attempt itself happens here on the controller. On a host where nothing has changed the only remote
call is the search test. In check mode the same code stops before the first change.

Arguments: facts, strategies, policy, search_test, and the role's other variables under options.
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
from faiss_fleet.attempts import run as attempts
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet.ansible_host import RemoteHost
from faiss_fleet.plan import blockers, planner, settable


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
            plan = planner.plan(facts, chosen, order)
        except FleetError as exc:
            # Not raised: Ansible would speak of a traceback where there is something to fix.
            return {**result, "failed": True, "msg": str(exc), "cause": exc.cause, "remedy": exc.remedy}

        named = ((facts.get("setting") or {}).get("runtime") or {}).get("prefix")
        host = RemoteHost(self, task_vars, search_test, facts["method"] == "raw", [named])
        dry_run = bool(self._task.check_mode)
        done = attempts.run(plan, policy, facts, chosen, host, order, dry_run=dry_run)
        fallbacks = fallback.of_host(facts, chosen, done.verification)
        measured = [] if dry_run else host.measure(fallbacks.to_measure)
        result.update(
            changed=done.changed,
            plan=plan,
            attempts=done.attempts,
            verification=[*done.verification, *fallbacks.earlier, *measured],
            unmeasured=[*fallbacks.unmeasured, *fallback.not_measured(fallbacks.to_measure, measured, dry_run)],
            if_lost=done.if_unselected,
            policy=policy,
            strategies=order,
        )
        answer = done.undecided(plan)
        if answer is not None:
            result.update(failed=True, msg=_undecided(answer, facts), cause=answer.cause, remedy=answer.remedy)
        return result


def _undecided(answer: blockers.Answer, facts: dict[str, Any]) -> str:
    """The message of a host about which nothing was learnt, because of a fault that is not its own."""
    now = (facts.get("setting") or {}).get("candidate")
    stays = f"{now} stays configured" if now else "its configuration was not changed"
    where = "this controller" if answer.fault == "controller" else "the inventory"
    known = f"Not known whether this host can run FAISS, by a fault of {where}; {stays}."
    text = f"{known} {answer.title}: {answer.message}"
    return text if not answer.remedy or answer.remedy in text else f"{text} {answer.remedy}"
