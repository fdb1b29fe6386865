# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Sends what the module of the same name needs, and turns its evidence into verifications with cause and remedy.

On a host without a Python that can run the module, the Python that the backend configuration names runs it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faiss_fleet.fleet import raw_facts
from faiss_fleet.fleet.ansible_host import RemoteHost

# The content of a file that is the user's own and that nobody else may write: what it names is started. A terminal has
# what the host says besides in front of it.
BEGIN = "-- the configuration follows --"
OWN_FILE = f"""
[ -O {{path}} ] || exit 1
case $(ls -ldL {{path}}) in ?????w*|????????w*) exit 1 ;; esac
echo; echo '{BEGIN}'
cat {{path}}
"""


class ActionModule(ActionBase):
    """See the file's first lines."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        outcome: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        host = RemoteHost(self, task_vars or {}, arguments, bare=False)
        runtimes = [entry.get("runtime") or {} for entry in _dicts(arguments.get("runtimes"))]
        configured = self._configured(arguments["setting"]) if arguments.get("setting") else None
        if configured:
            runtimes = [configured]
        answer = host.search_test(arguments, runtimes)
        own = configured["argv"][0] if configured and configured["kind"] == "python" else None
        if own and answer.get("failed") and answer.get("rc") and self._trusted(own):
            # Not the module's own failure: no Python ran it.
            host.use_python(own)
            answer = host.search_test(arguments, runtimes)
        return {**outcome, **answer}

    def _trusted(self, path: str) -> bool:
        """Whether the user who is connected may start it: root starts nothing that another user could replace."""
        return bool(self._low_level_execute_command(raw_facts.trust_check(path), executable="/bin/sh")["rc"] == 0)

    def _configured(self, path: str) -> dict[str, Any] | None:
        """The runtime that a backend configuration names, as far as a shell can read it. The module checks it again."""
        script = OWN_FILE.format(path=self._connection._shell.quote(path))
        # By a shell of its own: Ansible puts commands behind the text, which must not begin a line.
        said = self._low_level_execute_command(script, executable="/bin/sh")
        try:
            runtime = json.loads(said["stdout"].partition(BEGIN)[2])["runtime"]
            return {**runtime, "kind": str(runtime["kind"]), "argv": [str(part) for part in runtime["argv"]]}
        except (ValueError, KeyError, TypeError):
            return None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
