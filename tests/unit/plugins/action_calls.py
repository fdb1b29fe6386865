# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""An action plugin without Ansible around it: what it asks of the host is noted, and answered by the test."""

from __future__ import annotations

import importlib.util
import posixpath
import shlex
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[3]


def plugin(kind: str, name: str) -> ModuleType:
    """The file of a plugin as a module, as Ansible loads it: by its path, as a part of no package."""
    spec = importlib.util.spec_from_file_location(f"plugin_{kind}_{name}", ROOT / "plugins" / kind / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Remote:
    """The host's side: answers of modules and of the shell in their order, an exception to be raised among them."""

    def __init__(self, *answers: dict[str, Any] | BaseException, said: Iterable[str] = ()) -> None:
        self.answers, self.said = list(answers), list(said)
        self.modules: list[dict[str, Any]] = []  # the arguments of each call of a module
        self.commands: list[str] = []
        self.untrusted = ""  # why the host's shell calls a program one that another user could replace

    def module(self, call: dict[str, Any]) -> dict[str, Any]:
        self.modules.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def shell(self, command: str) -> dict[str, Any]:
        self.commands.append(command)
        if "\ntrusted " in command:
            return {"rc": int(bool(self.untrusted)), "stdout": "", "stderr": self.untrusted}
        return {"rc": 0, "stdout": self.said.pop(0), "stderr": ""}

    def interpreters(self) -> list[Any]:
        """The Python that each call named, None where it named none."""
        return [call["task_vars"].get("ansible_python_interpreter") for call in self.modules]


def run(
    name: str,
    remote: Remote,
    arguments: dict[str, Any],
    task_vars: dict[str, Any] | None = None,
    check_mode: bool = False,
) -> dict[str, Any]:
    """What the action plugin of that name returns."""

    class Action(plugin("action", name).ActionModule):  # type: ignore[misc]
        def _execute_module(self, **call: Any) -> dict[str, Any]:
            return remote.module(call)

        def _low_level_execute_command(self, cmd: str, **_more: Any) -> dict[str, Any]:
            return remote.shell(cmd)

        def _compute_environment_string(self, *_: Any, **__: Any) -> str:
            return ""

    shell = SimpleNamespace(tmpdir="/tmp/ansible", quote=shlex.quote, join_path=posixpath.join)
    connection = SimpleNamespace(_shell=shell, transport="local", become=None)
    task = SimpleNamespace(args=arguments, action=name, async_val=0, check_mode=check_mode)
    loader = DataLoader()
    action = Action(task, connection, SimpleNamespace(), loader, Templar(loader=loader), None)
    action._load_name = name
    result: dict[str, Any] = action.run(None, task_vars or {})
    return result
