# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Decides for one host which backend it gets, then has the module of the same name write it: one remote call.

What passed and is not what was set goes with the same call. Arguments: plan, attempts, verification, policy, strategies
and if_lost as faiss_install returned them, margin_percent, socket, run, and the module's own options path, mode, owner,
group, user, backup, backups_kept, lock_timeout. Returns decision and setting as the host record has them, and the
attempts of which there is more to say.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.attempts import measured
from faiss_fleet.errors import FleetError
from faiss_fleet.plan import decide, recommend
from faiss_fleet.run_id import current_run_id, timestamp

FOUND = ("plan", "attempts", "verification")
PASSED_ON = ("path", "mode", "owner", "group", "user", "backup", "backups_kept", "lock_timeout")
NEED = ("latency_budget_ms", "corpus_size", "dimension")
OWN = (*FOUND, *NEED, "if_lost", "policy", "strategies", "margin_percent", "run", "socket")
DEFAULT_PATH = "/etc/faiss-fleet/backend.json"
# Without a Python on the host no module runs there. The loaders take an absent setting for the fallback.
UNWRITTEN = "No setting was written: a host without a usable Python runs no module, and without a setting it has js."


class ActionModule(ActionBase):
    """See the file's first lines."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        missing = [name for name in (*FOUND, "policy") if name not in arguments]
        odd = sorted(set(arguments) - {*OWN, *PASSED_ON})
        if missing or odd:
            raise AnsibleActionFail(
                f"vector_backend lacks: {', '.join(missing) or 'nothing'}; unknown: {', '.join(odd) or 'nothing'}. "
                "Run the role faiss_install before vector_backend; its result says what was tested."
            )
        try:
            margin = decide.margin_from_percent(arguments.get("margin_percent", decide.MARGIN * 100))
            need = recommend.need_from_variables(*(arguments.get(name) for name in NEED))
            socket = decide.socket_from_variable(arguments.get("socket"))
        except FleetError as exc:
            return {**result, "failed": True, "msg": str(exc), "cause": exc.cause, "remedy": exc.remedy}
        found = [arguments[name] or [] for name in FOUND]
        how = (arguments["policy"], arguments.get("strategies"))
        check_mode = bool(self._task.check_mode)
        path = arguments.get("path") or DEFAULT_PATH

        facts = task_vars.get("ansible_facts", {}).get("glibc_facts") or {}
        decision = decide.decide(*found, *how, facts.get("setting"), check_mode, margin)
        own_python = _own_python(decision, found[2]) if facts.get("method") == "raw" else None
        if facts.get("method") == "raw" and own_python is None:
            setting = {"path": path, "before": None, "after": None, "changed": False, "backup": None}
            result.update(changed=False, decision=decision, setting=setting, msg=UNWRITTEN)
            return result

        if own_python:
            # No Python on the host: the one that FAISS came with runs the module.
            task_vars = {**task_vars, "ansible_python_interpreter": own_python}
        times = _p95(found[0], found[2])
        stamp = {"run": arguments.get("run") or current_run_id(), "at": timestamp()}
        fallbacks = measured.kept_fallbacks(found[2], **stamp)
        module_args = {
            **{name: arguments[name] for name in PASSED_ON if arguments.get(name) not in (None, "")},
            "setting": decide.with_socket(
                decide.setting_for(decision, found[1], found[2], **stamp, fallbacks=fallbacks), socket
            ),
            "passed": [
                {**_proof(test), "p95_ms": times.get(test["candidate"])} for test in found[2] if test.get("ok") is True
            ],
            "predicted": decision["predicted"],
            "lost": arguments.get("if_lost") or {},
        }
        done = self._execute_module(module_name="vector_backend", module_args=module_args, task_vars=task_vars)
        result.update(done)
        if not done.get("failed"):
            result["setting"] = {name: done[name] for name in ("path", "before", "after", "changed")}
            result["setting"]["backup"] = done["backup_file"]
            result["attempts"] = [_settled(one, found[1], times, decision["candidate"]) for one in done["lost"]]
        result["decision"] = {**decision, **_recommendation(need, decision, found[2])}
        return result


def _recommendation(
    need: recommend.Need | None, decision: dict[str, Any], verification: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the figures say of the fallbacks on this host; nothing where the inventory states no need."""
    native = next((test for test in verification if test["candidate"] == decision["candidate"]), None)
    tests = [recommend.fallback_test(verification, kind) for kind in ("js", "numpy")]
    found = recommend.recommend(need, tests[0], native, tests[1]) if need else None
    return {"recommendation": found} if found else {}


def _own_python(decision: dict[str, Any], verification: list[dict[str, Any]]) -> str | None:
    """The Python in the prefix of the winner, as the search test started it; None when nothing passed."""
    test = next((one for one in verification if one["candidate"] == decision["candidate"] and one.get("ok")), {})
    runtime = test.get("runtime") or {}
    return runtime["argv"][0] if runtime.get("kind") == "python" and runtime.get("prefix") else None


def _proof(test: dict[str, Any]) -> dict[str, Any]:
    return {name: test.get(name) for name in ("candidate", "ok", "runtime")}


def _p95(plan: list[dict[str, Any]], verification: list[dict[str, Any]]) -> dict[str, float | None]:
    """By candidate that passed, the figure by which they were compared; None where it was not measured."""
    planned = {candidate["id"] for candidate in plan}
    found = decide.times([test for test in verification if test.get("ok") is True and test["candidate"] in planned])
    return {candidate: value if math.isfinite(value) else None for candidate, value in found.items()}


def _settled(
    lost: dict[str, Any], attempts: list[dict[str, Any]], times: dict[str, float | None], winner: str | None
) -> dict[str, Any]:
    """The attempt of one that passed and is not set, with what became of its prefix."""
    attempt = next(one for one in attempts if one["candidate"] == lost["candidate"])
    own, others = (times.get(str(name)) for name in (lost["candidate"], winner))
    figures = f" (p95 {own:.3g} ms against {others:.3g} ms)" if own is not None and others is not None else ""
    ending = "is removed" if lost["removed"] else "stays"
    why = f": {lost['message']}" if lost["message"] else ""
    text = f"It passed, and {winner} is set{figures}. {lost['prefix']} {ending}{why}".rstrip(".") + "."
    return {**attempt, "removed": lost["removed"], "message": text}
