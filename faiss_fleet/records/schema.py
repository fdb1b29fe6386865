# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Holds a host record against its JSON Schema. What does not fit is taken out and named; the record itself is kept."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, meta

Record = dict[str, Any]  # model.HostRecord, as it is read from a file or a host

# An installed package carries a copy beside this file.
_PACKAGED = Path(__file__).with_name("host-record.schema.json")
SCHEMA = _PACKAGED if _PACKAGED.exists() else Path(__file__).resolve().parents[2] / "reports" / _PACKAGED.name
_LISTS = ("strategies", "plan", "attempts", "verification", "unmeasured", "errors")
_OBJECTS = ("facts", "decision", "setting", "cause", "remedy")


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    meta.validate(schema)
    return schema


@cache
def validator() -> Draft202012Validator:
    """The compiled schema; one for the whole process, as making it costs more than using it."""
    return Draft202012Validator(_schema())


def faults(record: Record) -> list[str]:
    """One sentence per fault, [] for a valid record."""
    return [_sentence(error) for error in validator().iter_errors(record)]


def repair(record: Record) -> list[str]:
    """Takes out of the record, in place, the parts that do not fit: single entries of lists, whole objects.

    Returns what was wrong, one sentence each. The rest of the record is as it was; a record without ``host`` or ``run``
    cannot be repaired and stays invalid.
    """
    found: list[str] = []
    for part in [key for key in record if key not in _schema()["properties"]]:
        found.append(f"{part}: not a part of a host record")
        del record[part]
    for part in [part for part in _LISTS if part in record or part in _schema()["required"]]:
        entries = record.get(part, [])
        if not isinstance(entries, list):
            found.append(f"{part}: {_short(entries)} is not a list")
            record[part] = []
            continue
        record[part] = []
        for place, entry in enumerate(entries):
            wrong = _part_faults(part, [entry], place)
            found += wrong
            if not wrong:
                record[part].append(entry)
    for part in _OBJECTS:
        if part in _schema()["required"]:
            record.setdefault(part, None)
        wrong = _part_faults(part, record.get(part))
        if wrong:
            found += wrong
            record[part] = None
    if not isinstance(record.get("because"), str):
        record["because"] = ""
    return found


@cache
def _part_validator(part: str) -> Draft202012Validator:
    return Draft202012Validator({**_schema()["properties"][part], "$defs": _schema()["$defs"]})


def _part_faults(part: str, value: Any, place: int | None = None) -> list[str]:
    return [_sentence(error, part, place) for error in _part_validator(part).iter_errors(value)]


def _sentence(error: ValidationError, part: str = "", place: int | None = None) -> str:
    # "anyOf null or object" says nothing; what is wrong inside the object does.
    while branches := getattr(error.kind, "context", None):
        error = max((inner for branch in branches for inner in branch), key=lambda inner: len(inner.instance_path))
    path = [str(step) for step in error.instance_path]
    if place is not None and path:
        path[0] = str(place)
    return f"{'/'.join(filter(None, [part, *path])) or 'record'}: {_short(error.message)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else f"{text[:200]} ... {text[-90:]}"
