# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is wrong with an inventory, told before any host is touched: names, options and files on the controller."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .. import options
from ..errors import FleetError
from ..strategies.base import Options
from ..strategies.conda import options as conda_options
from ..strategies.container import options as container_options
from ..strategies.node import inputs as addon_inputs
from ..strategies.node import prebuilt
from ..strategies.wheel import catalogue, portable_python
from ..target import errors as target_errors
from ..target.prefix import manifest as target_prefix

ROLES = Path(__file__).resolve().parents[2] / "roles"

# A name that could leave a folder, start an option or break a line of a report. Ansible allows all of them.
UNSAFE_NAME = re.compile(r"^[.-]|[/\\\x00-\x1f\x7f]|\.\.")


def ours(variable: str) -> bool:
    """Whether a variable belongs to a role of this project: ``<role>__<what>``."""
    role, mark, _ = variable.partition("__")
    return bool(mark) and role in _roles()


@cache
def _roles() -> frozenset[str]:
    return frozenset(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))


@cache
def argument_specs() -> dict[str, dict[str, Any]]:
    """Every role variable's specification, by the variable's name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"].get("options", {}))
    return found


def _name_faults(host: str) -> list[str]:
    if UNSAFE_NAME.search(host):
        return [
            f"The inventory host name {host!r} holds a path separator, '..', a control character, or begins with '.' "
            "or '-'. Give the host a plain name and put its address into ansible_host."
        ]
    return []


def _unknown_faults(values: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    faults = []
    for name in sorted(set(values) - set(known)):
        role = name.partition("__")[0]
        choices = ", ".join(option for option in sorted(known) if option.startswith(role + "__"))
        faults.append(f"{name} is no option of the role {role}. Its options: {choices}.")
    return faults


def _specification_faults(values: Mapping[str, Any], specs: Mapping[str, Any]) -> list[str]:
    # Ansible's own validator, so that a role used alone and the audit say the same.
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator  # type: ignore[import-untyped]

    spec = {name: {**specs[name], "required": False} for name in values if name in specs}
    result = ArgumentSpecValidator(spec).validate({name: values[name] for name in spec})
    return [f"{message}. Mend it in the inventory." for message in result.error_messages]


def _option_faults(values: Mapping[str, Any]) -> list[str]:
    faults = []
    checks = (
        lambda: options.check_strategies(values["faiss_install__strategies"]),
        lambda: options.check_policy(values["faiss_install__policy"]),
        lambda: _check_files(options.from_variables(values)),
        lambda: _check_setting(values["vector_backend__path"]),
        lambda: conda_options.from_variables(values),
    )
    for check in checks:
        try:
            check()
        except KeyError:
            continue  # not set: the default is good
        except FleetError as exc:
            faults.append(str(exc))
    return faults


def _check_setting(path: object) -> None:
    if not isinstance(path, str) or not os.path.isabs(path) or os.path.normpath(path) != path:
        example = "/etc/faiss-fleet/backend.json"
        raise FleetError(f"vector_backend__path is {path!r}. Give an absolute path, such as {example}.")
    try:
        target_prefix.check(os.path.dirname(path) + "/x", allow_etc=True)
    except target_errors.AuditError as exc:
        raise FleetError(f"vector_backend__path: {exc}") from None


@cache
def _check_wheelhouse(folder: str, cache_folder: Path) -> None:
    catalogue.for_options(Options(cache=cache_folder, extra={"faiss_install__wheelhouse": folder}))


def _check_files(chosen: Options) -> None:
    """Reads the files on the controller that the options name: a wrong hash or a corrupt archive is told here, once."""
    wheelhouse = chosen.extra.get("faiss_install__wheelhouse")
    if wheelhouse:
        _check_wheelhouse(str(wheelhouse), chosen.cache)
    portable_python.from_options(chosen)
    addon_inputs.check(chosen)
    prebuilt.from_options(chosen)
    containers = container_options.from_options(chosen)
    for named in (containers.archive, containers.base):
        if isinstance(named, container_options.File):
            _check_image(named)


@cache
def _check_image(named: container_options.File) -> None:
    named.check()


def faults(host: str, values: Mapping[str, Any]) -> list[str]:
    """Everything wrong with one host's name and role variables, each with its remedy; empty when all is well."""
    specs = argument_specs()
    return [
        *_name_faults(host),
        *_unknown_faults(values, list(specs)),
        *_specification_faults(values, specs),
        *_option_faults(values),
    ]


def message(found: Mapping[str, Sequence[str]]) -> str:
    """One text for the terminal: each fault with the hosts that have it, at most five named."""
    lines = ["Nothing was changed. The inventory has to be mended first:"]
    for fault, hosts in sorted(found.items()):
        named = ", ".join(repr(host) if UNSAFE_NAME.search(host) else host for host in hosts[:5])
        more = f" and {len(hosts) - 5} more" if len(hosts) > 5 else ""
        lines.append(f"- {fault} ({named}{more})")
    return "\n".join(lines)
