# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds what is wrong with an inventory before any host is touched: names, options and files on the controller."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import Version

from .. import argument_specs, options
from ..artefacts.named_file import NamedFile
from ..errors import FleetError
from ..plan import decide
from ..strategies.base import Options
from ..strategies.conda import options as conda_options
from ..strategies.container import options as container_options
from ..strategies.node import inputs as addon_inputs
from ..strategies.node import prebuilt
from ..strategies.wheel import catalogue, portable_python
from ..target import errors as target_errors
from ..target.backend import config as target_config
from ..target.prefix import manifest as target_prefix
from ..target.search import run as search_test
from . import report_inputs, search_call

# A name that could leave a directory, start an option or break a line of a report. Ansible allows all of them.
UNSAFE_NAME = re.compile(r"^[.-]|[/\\\x00-\x1f\x7f]|\.\.")
# A name that no line of a file for --limit can be: Ansible takes "!web" there for all hosts but web, and strips blanks.
PATTERN_NAME = re.compile(r"^[!&\s]|\s$")
# A check that finds fault with the value of one variable, and that variable.
Check = tuple[str, Callable[[Mapping[str, Any]], object]]


def ours(variable: str) -> bool:
    """Return whether a variable is of this project, or has a name so near to one that it must be meant."""
    return argument_specs.spec_of(variable) is not None or argument_specs.name_fault(variable) is not None


def _name_faults(host: str) -> list[str]:
    if UNSAFE_NAME.search(host):
        return [
            f"The inventory host name {host!r} holds a path separator, '..', a control character, or begins with '.' "
            "or '-'. Give the host a plain name and put its address into ansible_host."
        ]
    if PATTERN_NAME.search(host):
        return [
            f"The inventory host name {host!r} begins with '!', '&' or a blank, or ends in a blank: to --limit, that "
            "is a pattern for other hosts. Give the host a plain name and put its address into ansible_host."
        ]
    return []


def _value_faults(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the values that are good, with their types, and what is wrong with the others."""
    good: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in sorted(values.items()):
        fault = argument_specs.name_fault(name)
        if fault is not None:
            faults.append(fault)
            continue
        if argument_specs.spec_of(name) is None:
            continue  # not ours
        typed, found = argument_specs.check(name, value)
        faults += found
        if not found and typed is not None:
            good[name] = typed
    return good, faults


def _option_faults(values: Mapping[str, Any], files: bool) -> list[str]:
    """Return what types cannot tell: paths, names of strategies, and files on the controller."""
    checks: tuple[Check, ...] = (
        ("faiss_install__strategies", lambda found: options.check_strategies(found["faiss_install__strategies"])),
        ("faiss_install__search_test", lambda found: _check_search_test(found["faiss_install__search_test"])),
        ("vector_backend__path", lambda found: _check_setting(found["vector_backend__path"])),
        ("vector_backend__socket", lambda found: decide.socket_from_variable(found["vector_backend__socket"])),
        ("faiss_install__prefix", lambda found: options.check_prefix(found["faiss_install__prefix"])),
    )
    if files:
        checks += (
            ("", lambda found: _check_files(options.from_variables({**found, "faiss_install__prefix": None}))),
            ("", conda_options.from_variables),
        )
    faults = []
    for variable, check in checks:
        if variable and variable not in values:
            continue  # the default is good
        try:
            check(values)
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
    try:
        target_config.check_path(path)
    except target_errors.AuditError as exc:
        raise FleetError(str(exc)) from None


def _check_search_test(given: Mapping[str, Any]) -> None:
    """Ask the test itself whether it can be run with these options: some are wrong only together."""
    workload = {**search_test.WORKLOAD, "indexes": search_test.INDEXES}
    workload |= {name: value for name, value in (given.get("workload") or {}).items() if value is not None}
    timeout, memory = given.get("timeout") or search_call.TIMEOUT, given.get("memory_limit_mb") or 0
    try:
        search_test.check_workload(workload, timeout, memory, given.get("min_recall") or {})
    except target_errors.AuditError as exc:
        raise FleetError(f"faiss_install__search_test: {exc}") from None


@cache
def _check_wheelhouse(directory: str, cache_directory: Path, version: Version | None) -> None:
    extra = {"faiss_install__wheelhouse": directory, catalogue.VERSION: version}
    catalogue.pinned(catalogue.for_options(Options(cache=cache_directory, extra=extra)), Options(extra=extra))


def _check_files(chosen: Options) -> None:
    """Read the files on the controller that the options name: a wrong hash or a corrupt archive is found here, once."""
    wheelhouse, version = chosen.extra.get("faiss_install__wheelhouse"), catalogue.wanted_version(chosen)
    if wheelhouse:
        _check_wheelhouse(str(wheelhouse), chosen.cache, version)
    portable_python.from_options(chosen)
    addon_inputs.check(chosen)
    prebuilt.from_options(chosen)
    containers = container_options.from_options(chosen)
    for named in (containers.archive, containers.base):
        if isinstance(named, NamedFile):
            _check_image(named)


@cache
def _check_image(named: NamedFile) -> None:
    named.check()


def faults(
    host: str,
    values: Mapping[str, Any],
    files: bool = True,
    inventory: report_inputs.Inventory | None = None,
    raw: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return everything wrong with one host's name and role variables, each with its remedy; empty when all is well.

    files: whether files on the controller that the values name are read as well. inventory: the names that waivers and
    columns may use. raw: the host's variables as they are written, to which columns refer.
    """
    good, wrong = _value_faults(values)
    found = [*_name_faults(host), *wrong, *_option_faults(good, files)]
    if inventory is not None:
        found += report_inputs.waiver_faults(good.get(report_inputs.WAIVERS) or (), inventory)
        found += report_inputs.column_faults(good.get(report_inputs.COLUMNS) or (), raw or {}, inventory)
    found += filter(None, map(report_inputs.artefact_fault, good.get(report_inputs.ARTEFACTS) or ()))
    return found


def message(found: Mapping[str, Sequence[str]]) -> str:
    """Return one text for the terminal: each fault with the hosts that have it, at most five named."""
    lines = ["Nothing was changed. Correct the inventory first:"]
    for fault, hosts in sorted(found.items()):
        named = ", ".join(repr(host) if UNSAFE_NAME.search(host) else host for host in hosts[:5])
        more = f" and {len(hosts) - 5} more" if len(hosts) > 5 else ""
        lines.append(f"- {fault} ({named}{more})")
    return "\n".join(lines)
