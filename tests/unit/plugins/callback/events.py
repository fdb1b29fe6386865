# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Playbooks and results as Ansible gives them to a callback plugin, as far as those of this project look at them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import callback_loader

from tests.unit.plugins.action_calls import ROOT


def callback(name: str) -> tuple[Any, list[str]]:
    """The plugin as Ansible loads it, and the lines that it shows, warnings and errors among them."""
    callback_loader.add_directory(str(ROOT / "plugins" / "callback"))
    plugin, shown = callback_loader.get(name), []
    plugin.set_options()

    def show(text: Any, *_: Any, **__: Any) -> None:
        shown.append(str(text))

    plugin._display = SimpleNamespace(display=show, warning=show, error=show, verbosity=0, v=show, vv=show, vvv=show)
    return plugin, shown


def task(action: str, *tags: str) -> Any:
    def evaluate(only: Any, skip: Any, all_vars: Any) -> bool:
        return ("all" in only or bool(set(only) & set(tags))) and not set(skip) & set(tags)

    return SimpleNamespace(action=action, _role=None, evaluate_tags=evaluate, get_name=lambda: f"run {action}")


class Inventory:
    """Hosts of one group, and the variables that each of them has."""

    def __init__(self, variables: dict[str, Any], *names: str) -> None:
        self._inventory = self
        self.variables = variables
        group = SimpleNamespace(name="web")
        self.hosts = [self.host(name, group) for name in names]

    @staticmethod
    def host(name: str, *groups: Any) -> Any:
        return SimpleNamespace(name=name, get_name=lambda: name, get_groups=lambda: list(groups))

    def get_hosts(self, _pattern: Any = "all", **_: Any) -> list[Any]:
        return self.hosts

    def get_host(self, name: str) -> Any:
        return next((host for host in self.hosts if host.name == name), self.host(name))

    def get_vars(self, **_: Any) -> dict[str, Any]:
        return dict(self.variables)


def play(inventory: Inventory, *tasks: Any, only: tuple[str, ...] = ("all",), skip: tuple[str, ...] = ()) -> Any:
    block = SimpleNamespace(block=list(tasks), rescue=[], always=[])
    return SimpleNamespace(
        _uuid=str(id(block)), hosts="all", only_tags=only, skip_tags=skip, compile=lambda: [block],
        get_variable_manager=lambda: inventory, get_loader=DataLoader,
    )  # fmt: skip


def playbook(*plays: Any) -> Any:
    return SimpleNamespace(get_plays=lambda: list(plays))


def result(host: str, action: str, **found: Any) -> Any:
    return SimpleNamespace(_host=Inventory.host(host), _task=task(action), _result=found)
