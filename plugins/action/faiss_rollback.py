# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the faiss_rollback module; on a host without a Python of its own, with the one that came along with FAISS."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import Any

from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import raw_facts

# What a shell returns when the interpreter of a module is not there, or is no program.
NO_PYTHON = (126, 127)
# The newest prefix that carries a Python; removing it while that Python runs is fine: what it needs is loaded.
PYTHON = "/python/bin/python3"
FIND = f"ls -t -d {{prefix}}/*/*{PYTHON} 2>/dev/null | head -n 1"


class ActionModule(ActionBase):
    """See the file's first line."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        outcome: dict[str, Any] = super().run(tmp, task_vars)
        answer = self._execute_module(task_vars=task_vars)
        if answer.get("failed") and answer.get("rc") in NO_PYTHON:
            prefix = str(self._task.args.get("prefix") or "/opt/faiss-fleet")
            said = self._low_level_execute_command(FIND.format(prefix=quote(prefix)))["stdout"].splitlines()
            # A terminal has what the host says besides around it.
            found = [line.strip() for line in said if line.startswith(f"{prefix}/") and line.strip().endswith(PYTHON)]
            if not found:
                return {**outcome, "changed": False, **_nothing(self._task.args.get("path"))}
            judged = self._low_level_execute_command(raw_facts.trust_check(found[0]), executable="/bin/sh")
            if judged["rc"] != 0:
                return {**outcome, "changed": False, **_untrusted(found[0], judged["stderr"])}
            answer = self._execute_module(task_vars={**task_vars, "ansible_python_interpreter": found[0]})
        return {**outcome, **answer}


def _untrusted(python: str, why: str) -> dict[str, Any]:
    remedy = "Look at what is there, give it to root (chown -R root:root), or remove it by hand, and roll back again."
    text = f"{python}, the only Python here, was not started as root, since {why.strip()}. Nothing was changed."
    return {"failed": True, "msg": f"{text} {remedy}", "cause": "permission_denied", "remedy": remedy}


def _nothing(path: object) -> dict[str, Any]:
    """Without a Python nothing of ours was ever written there."""
    did = "There is no Python here, neither the host's nor one of ours: nothing was ever installed or set."
    return {"did": [did], "removed": [], "kept": [], "before": None, "after": None, "path": path}
