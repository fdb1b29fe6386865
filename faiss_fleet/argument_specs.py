# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The roles' argument specs: which variables there are, and what is wrong with a value.

``roles/*/meta/argument_specs.yml`` is the one description of an option. Ansible validates a role's arguments by it, one
host after another; here the same specs are held against an inventory before any host is touched, with the ranges of
``meta/ranges.yml``, and a fault says what was probably meant. A value comes back with its type, so that
``-e faiss_install__keep=false`` is false and not text.
"""

from __future__ import annotations

import datetime
import difflib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .errors import FleetError
from .redact import HIDDEN, redact

# Only a checkout has roles. An installed package has none, and no command of it needs them.
ROLES = Path(__file__).resolve().parents[1] / "roles"

CLOSE = 0.86  # difflib's ratio from which a name is taken for a misspelt one
WHOLE = re.compile(r"[+-]?\d+")
TRUE, FALSE = ("y", "yes", "on", "1", "true", "t"), ("n", "no", "off", "0", "false", "f")
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "a mapping of options",
}

Spec = Mapping[str, Any]

# Variables of the playbooks themselves, which are no role's.
PLAYS: dict[str, dict[str, Any]] = {"fleet_batch": {"type": "bool"}, "fleet_batch_timeout": {"type": "float"}}


@cache
def specs() -> dict[str, dict[str, Any]]:
    """Return the spec of every variable of every role, by the variable's name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            found.update(entry.get("options") or {})
    return found


def spec_of(variable: str) -> Spec | None:
    """Return the spec of a variable of a role or of the playbooks; None for any other."""
    return specs().get(variable) or PLAYS.get(variable)


@cache
def ranges() -> dict[str, dict[str, Any]]:
    """Return what a value must be besides its type, by the path of an option: ``variable.option.option``."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(ROLES.glob("*/meta/ranges.yml")):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return found


@cache
def roles() -> frozenset[str]:
    """Return the names of the roles."""
    return frozenset(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))


def suggestion(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `` Did you mean x?`` for the known name nearest to a misspelt one, or nothing when none is near."""
    by_form = {_form(each): each for each in known}
    found = difflib.get_close_matches(_form(name), by_form, 1, cutoff)
    return f" Did you mean {by_form[found[0]]}?" if found else ""


def _form(name: str) -> str:
    """Return a name without what is easily mistyped: case, and how many underscores or hyphens stand in a row."""
    return re.sub(r"[-_]+", "_", name.strip().lower())


@cache
def name_fault(variable: str) -> str | None:
    """Return what is wrong with the name of a variable; None for one of a role, and for one that is not ours at all."""
    if spec_of(variable) is not None or variable.startswith("_"):
        return None
    role, mark, _ = variable.partition("__")
    if mark and role in roles():
        of_role = [name.partition("__")[2] for name in specs() if name.startswith(f"{role}__")]
        near = suggestion(variable.partition("__")[2], of_role).replace("mean ", f"mean {role}__")
        more = near or f" docs/reference/roles.md lists the variables of {role}."
        return f"{variable} is not a variable of the role {role}.{more}"
    near = suggestion(variable, (*specs(), *PLAYS), CLOSE)
    return f"{variable} is not a variable of this project.{near}" if near else None


def check(variable: str, value: Any) -> tuple[Any, list[str]]:
    """Return the value with its type, and what is wrong with it, each fault with its remedy."""
    faults: list[str] = []
    return _checked(variable, specs().get(variable) or PLAYS[variable], value, faults), faults


def typed(variable: str, value: Any) -> Any:
    """Return the value with its type. Raises FleetError for one that the spec does not allow."""
    found, faults = check(variable, value)
    if faults:
        raise FleetError(" ".join(faults))
    return found


def _checked(path: str, spec: Spec, value: Any, faults: list[str]) -> Any:
    if value is None:
        return None
    kind = str(spec.get("type", "str"))
    secret = hasattr(value, "__ENCRYPTED__")  # of Ansible's vault, which decrypts what is read as text
    value = str(value) if secret else value
    shown = HIDDEN if secret else _shown(value)
    try:
        found = _TYPES[kind](value)
    except (ValueError, TypeError, OverflowError):
        faults.append(redact(f"{path} is {shown}, which is not {KINDS[kind]}.{_wanted(path, spec)}"))
        return value
    if kind == "dict" and "options" in spec:
        return _nested(path, spec, found, faults)
    if kind == "list":
        part = {**spec, "type": spec.get("elements", "str")}
        return [_checked(f"{path}[{place}]", part, each, faults) for place, each in enumerate(found)]
    choices = spec.get("choices")
    if choices and found not in choices:
        near = suggestion(str(found), map(str, choices))
        faults.append(redact(f"{path} is {HIDDEN if secret else _shown(found)}.{near or ''}{_wanted(path, spec)}"))
    elif not _within(path, found, value):
        faults.append(redact(f"{path} is {shown}.{_wanted(path, spec)}"))
    return found


def _nested(path: str, spec: Spec, given: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    options = spec["options"]
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in options:
            found[name] = _checked(f"{path}.{name}", options[name], value, faults)
        else:
            near = suggestion(str(name), options)
            faults.append(f"{path} has no option {name!r}.{near or ' Its options: ' + ', '.join(options) + '.'}")
    set_ = {name for name, value in found.items() if value not in (None, "")}
    for group in spec.get("mutually_exclusive", ()):
        if len(set_ & set(group)) > 1:
            faults.append(f"{path} has {' and '.join(sorted(set_ & set(group)))}. Give one of: {', '.join(group)}.")
    lacking: dict[str, list[str]] = {}
    for group in spec.get("required_together", ()):
        if set_ & set(group):
            for name in set(group) - set_:
                lacking.setdefault(name, []).extend(sorted(set_ & set(group)))
    for name, needed in spec.get("required_by", {}).items():
        for other in needed if name in set_ else ():
            if other not in set_:
                lacking.setdefault(other, []).append(name)
    for name, by in sorted(lacking.items()):
        form = ranges().get(f"{path}.{name}", {}).get("form")
        faults.append(f"{path} has {by[0]} without {name}. Add {name}{f': {form}' if form else ''}.")
    return found


def _within(path: str, found: Any, given: Any) -> bool:
    rule = ranges().get(re.sub(r"\[\d+\]$", "", path))
    if rule is None:
        return not (isinstance(found, float) and not math.isfinite(found))
    if "pattern" in rule:
        # YAML reads 0640 as the number 416: only text is what was written.
        return isinstance(given, str) and (given == "" or re.fullmatch(rule["pattern"], given) is not None)
    inside = rule.get("min", -math.inf) <= found <= rule.get("max", math.inf)
    return found in rule.get("also", ()) or (inside and math.isfinite(found))


def wanted(path: str, spec: Spec) -> str:
    """Return what an option may be, as words: its choices or its range; empty where any value of its type is good."""
    rule = ranges().get(re.sub(r"\[\d+\]$", "", path), {})
    if spec.get("choices"):
        return "one of: " + ", ".join(str(each) if each != "" else '""' for each in spec["choices"])
    if "form" in rule:
        return str(rule["form"])
    bounds = {"min": "at least {min}", "max": "at most {max}", "minmax": "{min} to {max}"}
    text = bounds.get("".join(key for key in ("min", "max") if key in rule), "").format(**rule)
    return " or ".join([*map(str, rule.get("also", ())), *([text] if text else [])])


def _wanted(path: str, spec: Spec) -> str:
    found = wanted(path, spec)
    return f" Give {found}." if found else ""


def _shown(value: Any) -> str:
    text = redact(repr(value))  # before it is cut: half a password is not recognised as one
    return text if len(text) <= 100 else text[:100] + "..."


def _int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    # Not int(): it takes 10_000, which an older Python on a host does not.
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        return int(value)
    raise ValueError


def _float(value: Any) -> float:
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        raise TypeError
    return float(value)


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in TRUE + FALSE:
        raise ValueError
    return text in TRUE


def _str(value: Any) -> str:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()  # YAML makes a date of 2026-12-31 without quotes
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError


def _list(value: Any) -> list[Any]:
    # As Ansible does: -e faiss_install__strategies=wheel,js is a list.
    if isinstance(value, str):
        return [each.strip() for each in value.split(",")] if value.strip() else []
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError


def _dict(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise TypeError
    return dict(found)


_TYPES: dict[str, Callable[[Any], Any]] = {
    "int": _int, "float": _float, "bool": _bool, "str": _str, "list": _list, "dict": _dict,
}  # fmt: skip
