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

from faiss_fleet import ladder, options, planning
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Runtime


class RemoteHost:
    """The ladder's host: every method is one module call through Ansible's connection."""

    def __init__(self, action: ActionModule, task_vars: dict[str, Any], search_test: dict[str, Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self._search_test = search_test

    def _module(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self._action._execute_module(module_name=name, module_args=arguments, task_vars=self._task_vars)

    def deploy(self, artefact: Artefact, prefix: str) -> dict[str, Any]:
        action = self._action
        shell = action._connection._shell
        temporary = action._make_tmp_path()
        try:
            archive = shell.join_path(temporary, "prefix.tar.gz")
            action._transfer_file(str(artefact.archive), archive)
            action._fixup_perms2((temporary, archive))
            result = self._module(
                "faiss_deploy",
                prefix=prefix,
                archive=archive,
                sha256=artefact.sha256,
                digest=artefact.digest,
                min_free_bytes=artefact.unpacked_bytes,
            )
        finally:
            action._remove_tmp_path(temporary)
        failed = bool(result.get("failed"))
        return {
            "ok": not failed,
            "changed": bool(result.get("changed")),
            "cause": (result.get("cause") or "unknown") if failed else None,
            "message": result.get("msg"),
            "remedy": result.get("remedy"),
            "log": result.get("module_stderr") if failed else None,
        }

    def remove(self, prefix: str) -> dict[str, Any]:
        return self._module("faiss_deploy", state="absent", prefix=prefix)

    def verify(self, candidate: str, runtime: Runtime) -> dict[str, Any]:
        result = self._module(
            "faiss_search_test", runtimes=[{"id": candidate, "runtime": runtime}], **self._search_test
        )
        if result.get("failed"):
            # The module itself could not run: what it printed is the finding, whatever FAISS would have done.
            message = result.get("msg") or result.get("module_stderr") or "the search test did not answer"
            return {"candidate": candidate, "ok": False, "cause": "unknown", "message": message, "runtime": runtime}
        return {"runtime": runtime, **result["results"][0]}


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
            chosen = options.from_variables(
                {f"faiss_install__{name}": value for name, value in arguments["options"].items()}
            )
            candidates = planning.plan(facts, chosen, order)
        except FleetError as exc:
            raise AnsibleActionFail(str(exc), result={"cause": exc.cause, "remedy": exc.remedy}) from exc

        if self._task.check_mode:
            climbed = ladder.predict(candidates)
        elif facts["method"] == "raw":
            # Modules need a Python on the host; the plan says so, and nothing is tried behind its back.
            climbed = ladder.Climb()
        else:
            host = RemoteHost(self, task_vars, arguments.get("search_test") or {})
            climbed = ladder.climb(candidates, policy, facts, chosen, host)
        result.update(
            changed=climbed.changed,
            plan=candidates,
            attempts=climbed.attempts,
            verification=climbed.verification,
            policy=policy,
            strategies=order,
        )
        return result
