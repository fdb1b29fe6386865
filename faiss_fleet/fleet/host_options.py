# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One host's options out of its variables and the roles' defaults, as the roles' tasks hand them to their actions.

Hosts with the same values share one answer: to work out forty options for each of a thousand hosts takes longer than
all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import argument_specs
from . import stages

ROLES = ("glibc_facts", "faiss_install", "vector_backend")
# What the role's task hands over beside the options.
APART = ("strategies", "policy", "search_test")
# Of the role, and of another playbook.
ELSEWHERE = ("vector_backend__rollback_to",)
# Works out a value with these variables.
Template = Callable[[Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class HostOptions:
    """Arguments of the stages for one host."""

    facts: dict[str, Any]
    install: stages.Wanted
    backend: dict[str, Any]


class Resolver:
    """Options of hosts. defaults: those of all three roles, not worked out."""

    def __init__(self, defaults: Mapping[str, Any], template: Template) -> None:
        self._defaults, self._template = defaults, template
        self._known: dict[str, HostOptions] = {}

    def of(self, variables: Mapping[str, Any]) -> HostOptions:
        """A host's options. Raises FleetError for a value that its spec does not allow."""
        own = {name: variables[name] for name in self._defaults if name in variables}
        if not all(map(is_plain, own.values())):
            # Such a value may depend on any other variable of the host.
            return self._resolved({**self._defaults, **own}, {**self._defaults, **variables})
        key = repr(sorted(own.items()))
        if key not in self._known:
            values = {**self._defaults, **own}
            self._known[key] = self._resolved(values, values)
        return self._known[key]

    def _resolved(self, raw: Mapping[str, Any], variables: Mapping[str, Any]) -> HostOptions:
        values: dict[str, Any] = {}
        for name, value in raw.items():
            found = value if is_plain(value) else self._template(value, variables)
            values[name] = argument_specs.typed(name, found)
        facts, install, backend = (_of_role(role, values) for role in ROLES)
        arguments = {name: install.pop(name) for name in APART}
        return HostOptions(facts, stages.Wanted.of({**arguments, "options": install}), backend)


def _of_role(role: str, values: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{role}__"
    return {
        name.removeprefix(start): value
        for name, value in values.items()
        if name.startswith(start) and name not in ELSEWHERE
    }


def is_plain(value: Any) -> bool:
    """Whether a value is what it says: no template, and nothing that has to be decrypted."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value and "{#" not in value
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and is_plain(entry) for name, entry in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float)
