# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the inventory says for reports: waivers, columns, and the options that differ from their defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from .. import argument_specs
from ..causes.diagnose import CAUSES
from ..errors import FleetError
from ..plan import artefact_sources
from ..redact import HIDDEN, redact, secret_name

WAIVERS, COLUMNS, ARTEFACTS = "fleet_report__waivers", "fleet_report__columns", "fleet_report__artefacts"
GROUP = "group:"  # what begins so among the columns is a group
VAULTED = ("AnsibleVaultEncryptedUnicode", "EncryptedString")  # Ansible's types of one vaulted value, by version
LONGEST = 300  # characters of a value
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Template = Callable[[Any], Any]  # Ansible's way from an expression to its value


@dataclass(frozen=True)
class Inventory:
    """The names that waivers and columns may use."""

    hosts: frozenset[str]
    groups: frozenset[str]


def waiver_faults(waivers: Iterable[Mapping[str, Any]], inventory: Inventory) -> list[str]:
    """Return what is wrong with waivers whose types are right, each fault with what was probably meant."""
    key = json.dumps(list(waivers), sort_keys=True, default=str)
    return list(_waiver_faults(key, inventory))  # hosts share one list as a rule


@lru_cache(maxsize=64)
def _waiver_faults(waivers: str, inventory: Inventory) -> tuple[str, ...]:
    faults = []
    for place, waiver in enumerate(json.loads(waivers)):
        path = f"{WAIVERS}[{place}]"
        lacking = [name for name in ("cause", "reason", "owner", "until") if not str(waiver.get(name) or "").strip()]
        if lacking:
            faults.append(f"{path} has no {lacking[0]}. It needs cause, reason, owner, until, and a host or a group.")
            continue
        if waiver["cause"] not in CAUSES:
            near = argument_specs.suggestion(waiver["cause"], CAUSES) or " docs/reference/causes.md lists them."
            faults.append(f"{path}.cause is {waiver['cause']!r}, which is not a cause.{near}")
        if day(waiver["until"]) is None:
            faults.append(f"{path}.until is {waiver['until']!r}, which is not a date. Give one such as 2026-12-31.")
        named = [name for name in ("host", "group") if waiver.get(name)]
        if len(named) != 1:
            has = "both a host and a group" if named else "neither a host nor a group"
            faults.append(f"{path} has {has}. Give one of them.")
        for name in named:
            known = inventory.hosts if name == "host" else inventory.groups
            if waiver[name] not in known:
                near = argument_specs.suggestion(waiver[name], known) or " `ansible-inventory --graph` lists them."
                faults.append(f"{path}.{name} is {waiver[name]!r}, which the inventory does not have.{near}")
    return tuple(faults)


def day(text: str) -> date | None:
    """Return the day that a text such as 2026-12-31 is, None where it is none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def waivers_for(host: str, groups: Collection[str], waivers: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the waivers that name this host or one of its groups, as a record has them."""
    own = []
    for waiver in waivers:
        if waiver.get("host") == host or waiver.get("group") in {*groups, "all"}:
            names = ("cause", "reason", "owner", "until", "host", "group")
            own.append({name: str(waiver[name]) for name in names if waiver.get(name)})
    return own


def column_faults(columns: Iterable[str], raw: Mapping[str, Any], inventory: Inventory) -> list[str]:
    """Return which columns are refused on a host: secrets, and groups that do not exist.

    raw: its variables as they are written, before expressions are worked out.
    """
    faults = []
    for name in columns:
        if name.startswith(GROUP):
            group = name.removeprefix(GROUP)
            if group not in inventory.groups:
                near = argument_specs.suggestion(group, inventory.groups)
                faults.append(f"{COLUMNS} names the group {group!r}, which the inventory does not have.{near}")
        elif secret_name(name):
            faults.append(f"{COLUMNS} names {name}, whose name is a secret's. Reports show no secrets: leave it out.")
        elif _from_vault(name, raw):
            faults.append(f"{COLUMNS} names {name}, whose value is vaulted. Reports show no secrets: leave it out.")
    return faults


def unknown_columns(columns: Iterable[str], known: Collection[str]) -> list[str]:
    """Return a fault for each column that is a variable of no host. known: the variables of all hosts."""
    return [
        f"{COLUMNS} names {name}, which is a variable of no host.{argument_specs.suggestion(name, known)} A group is "
        f"written {GROUP}NAME."
        for name in columns
        if not name.startswith(GROUP) and not secret_name(name) and name not in known
    ]


@cache
def artefact_fault(text: str) -> str | None:
    """Return what is wrong with the name of an artefact, as far as it is known without looking it up."""
    try:
        artefact_sources.check(text)
    except FleetError as exc:
        return f"{ARTEFACTS}: {exc}"
    return None


def vaulted(value: Any) -> bool:
    """Return whether a raw value, or a part of it, is vaulted, by itself or with the file that it was read from."""
    if isinstance(value, Mapping):
        return any(map(vaulted, value.values()))
    if isinstance(value, list | tuple):
        return any(map(vaulted, value))
    if type(value).__name__ in VAULTED:
        return True
    return _in_vault_file(value)


def _from_vault(name: str, raw: Mapping[str, Any]) -> bool:
    """Whether a variable is vaulted. A number does not know the file it is from; the key that leads to it does."""
    value = raw.get(name)
    plain = value is not None and not isinstance(value, str | list | tuple | Mapping)
    return vaulted(value) or (plain and any(_in_vault_file(key) for key in raw if key == name))


def _in_vault_file(value: Any) -> bool:
    position = getattr(value, "ansible_pos", None)
    return bool(position and position[0] and _vault_file(str(position[0])))


@cache
def _vault_file(name: str) -> bool:
    try:
        with Path(name).open("rb") as file:
            return file.read(14) == b"$ANSIBLE_VAULT"
    except OSError:
        return False


def columns_of(
    columns: Iterable[str], raw: Mapping[str, Any], groups: Collection[str], template: Template
) -> dict[str, str]:
    """Return a host's cells: the values of variables as text, ``yes`` for a group that it is in. None is a secret."""
    cells = {}
    for name in columns:
        if name.startswith(GROUP):
            if name.removeprefix(GROUP) in groups:
                cells[name] = "yes"
        elif name in raw and not secret_name(name) and not _from_vault(name, raw):
            cells[name] = _text(template(raw[name]))
    return cells


def differing(raw: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """Return the variables of the roles that differ from their defaults; what is shown elsewhere is left out."""
    found = {}
    defaults = _defaults()
    for name in sorted(argument_specs.specs().keys() & raw.keys()):
        if name in (WAIVERS, COLUMNS, ARTEFACTS) or raw[name] == defaults.get(name):
            continue
        value, faults = argument_specs.check(name, template(raw[name]))
        if not faults and value != defaults.get(name):
            found[name] = HIDDEN if secret_name(name) or vaulted(raw[name]) else _text(value)
    return found


@cache
def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in argument_specs.ROLES.glob("*/defaults/main.yml"):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return found


def _text(value: Any) -> str:
    plain = value if isinstance(value, str) else json.dumps(_hidden(value), ensure_ascii=False, default=str)
    text = redact(plain)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _hidden(value: Any) -> Any:
    """The value with what a secret's name leads to masked."""
    if isinstance(value, Mapping):
        return {str(key): HIDDEN if secret_name(str(key)) else _hidden(each) for key, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list | tuple) else value
