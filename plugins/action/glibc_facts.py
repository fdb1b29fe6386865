# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the glibc_facts module, and where no Python of the host can run it, the shell probe, so that no host is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.artefacts import limits
from faiss_fleet.errors import FleetError
from faiss_fleet.fleet import handed_over, raw_facts
from faiss_fleet.redact import tail

# The module's own, with paths as text: ~ is the host's, not the controller's. A test keeps the two alike.
ARGUMENT_SPEC = {
    "prefix": {"type": "str", "default": "/opt/faiss-fleet"},
    "setting": {"type": "str", "default": "/etc/faiss-fleet/backend.json"},
    "interpreters": {"type": "list", "elements": "str", "default": []},
    "search_paths": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 5},
}


# Seconds for the module, and again for the shell probe: a Python, a shell or a connection that hangs must not hold up
# the run. Beside it, each command on the host has its own limit, of which a slow host may spend several.
CALL = 60
COMMANDS_IN_A_ROW = 12
# Ansible calls these a lost connection too: a home that is full or read-only, which has no room for a module, and a
# command that ended before the module was sent, as that of a Python does that is not there. The shell needs neither.
NO_ROOM, ENDED_EARLY = "temporary directory", "Data could not be sent to remote host"


class ActionModule(ActionBase):
    """See the file's first line. A host that cannot be reached stays unreachable."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        outcome: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        host = str((task_vars or {}).get("inventory_hostname"))
        kept = handed_over.take_facts(Path(constants.DEFAULT_LOCAL_TMP), host, options)
        if kept is not None:
            return {**outcome, "changed": False, "ansible_facts": wrap_var(kept)}
        try:
            with limits.within(seconds(options), limits.MOST_READ):
                answer = self._execute_module(task_vars=task_vars)
        except limits.TooMuch:
            answer = {"failed": True, "msg": f"It printed {limits.TOO_MUCH} and was ended."}
        except limits.OutOfTime:
            answer = {"failed": True, "msg": f"It did not end within {seconds(options):g} s and was ended."}
        except AnsibleError as exc:
            lost = isinstance(exc, AnsibleConnectionFailure) and NO_ROOM not in str(exc)
            if lost and ENDED_EARLY not in str(exc):
                raise
            answer = {"failed": True, "msg": str(exc)}
            if lost:
                found = self._raw(options, why(answer))
                facts = found.get("ansible_facts", {}).get("glibc_facts", {})
                if found.get("failed") or any(python["version"] for python in facts["pythons"]):
                    raise  # there is a Python: it was the line
                return {**outcome, **found}
        if not answer.get("failed") or answer.get("unreachable"):
            return {**outcome, **answer}
        return {**outcome, **self._raw(options, why(answer))}

    def _raw(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        command = f"{self._compute_environment_string()} {raw_facts.command(options)}".strip()
        try:
            with limits.within(seconds(options), limits.MOST_READ):
                said = self._low_level_execute_command(command)
        except limits.TooMuch:
            from faiss_fleet.causes import evidence  # a large table, which no other answer needs

            remedy = evidence.remedy("garbage_output")
            message = f"The shell probe printed {limits.TOO_MUCH} and was ended. {reason} {remedy}"
            return {"failed": True, "msg": message, "cause": "garbage_output", "remedy": remedy}
        except limits.OutOfTime:
            remedy = "Find out what hangs on the host: log in and start `/bin/sh -c true` and `python3 --version`."
            message = f"The shell probe did not end within {seconds(options):g} s and was ended. {reason} {remedy}"
            return {"failed": True, "msg": message, "cause": "timeout", "remedy": remedy}
        try:
            facts = raw_facts.facts(said["stdout"], reason)
        except FleetError as exc:
            message = f"The module could not run: {reason} {exc} {tail(said['stderr'].strip(), 300)}"
            return {"failed": True, "msg": message, "cause": exc.cause, "remedy": exc.remedy}
        # Like a module's answer, a host's text is marked as nothing that Ansible may template.
        return {"changed": False, "ansible_facts": wrap_var({"glibc_facts": facts})}


def seconds(options: dict[str, Any]) -> float:
    """The limit on one call to the host."""
    return float(CALL + COMMANDS_IN_A_ROW * int(options["timeout"]))


def why(answer: dict[str, Any]) -> str:
    """One sentence of what a failed module left behind; the last line tells most."""
    for key in ("module_stderr", "module_stdout", "msg"):
        lines = [line for line in str(answer.get(key) or "").splitlines() if line.strip()]
        # ssh's own words stand among the module's.
        lines = [line for line in lines if not line.startswith("Shared connection")]
        if lines:
            return f"The module did not run on this host's Python: {lines[-1].strip()[:300]}"
    return "The module did not run on this host's Python and said nothing."
