# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a batch does on a host where something has to be done: install, test, decide and configure, as the roles do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ..errors import FleetError
from . import stages
from .ansible_host import RemoteHost
from .host_options import HostOptions


@dataclass(frozen=True)
class Changed:
    """Results of the stages after the facts. Without ``backend`` the host is the roles', which say why.

    They are told of ``install``, so that nothing is tried twice; facts they gather again, as the host has changed.
    """

    install: dict[str, Any]
    backend: dict[str, Any] | None = None
    why: str = ""


def make(
    action: Any, variables: Mapping[str, Any], facts: Mapping[str, Any], options: HostOptions, check_mode: bool
) -> Changed:
    """Does everything on one host. action: a plugin that runs modules there, with these variables of the host."""
    task_vars = dict(variables)
    host = RemoteHost.of(action, task_vars, options.install.search_test, facts)
    install = stages.install(facts, options.install, host, check_mode)
    if install.get("failed"):
        return Changed(install, why=str(install["msg"]))
    try:
        wanted = stages.Configuration.of(arguments(install, options), facts, check_mode)
    except FleetError as exc:
        return Changed(install, why=str(exc))
    try:
        done = action._execute_module(module_name="vector_backend", module_args=wanted.module_args, task_vars=task_vars)
    except AnsibleConnectionFailure as exc:
        return Changed(install, why=str(exc))
    if done.get("failed"):
        return Changed(install, why=str(done.get("msg")))
    return Changed(install, wanted.result(done))


def arguments(install: Mapping[str, Any], options: HostOptions) -> dict[str, Any]:
    """Of the stage that decides and configures, from what the stage before it found."""
    names = (*stages.FOUND, "policy", "strategies", "if_lost")
    return {**options.backend, **{name: install[name] for name in names}}
