# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The types of a record and its JSON Schema say the same: every part, every key, what is required, and each type."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from typing_extensions import NotRequired, ReadOnly, is_typeddict

from faiss_fleet import model
from faiss_fleet.records.schema import _schema

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def kinds(hint: Any) -> set[str]:
    """JSON types and values that a type allows."""
    while get_origin(hint) in (NotRequired, ReadOnly):
        (hint,) = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return set().union(*map(kinds, get_args(hint)))
    if get_origin(hint) is Literal:
        return {repr(value) for value in get_args(hint)}
    if is_typeddict(hint) or get_origin(hint) in (dict, Mapping):
        return {"object"}
    if get_origin(hint) in (list, Sequence):
        return {"array"}
    return {JSON_TYPES[hint]}


def allowed(schema: Mapping[str, Any]) -> set[str]:
    """The same of a schema."""
    if "$ref" in schema:
        return {"object"}
    if "anyOf" in schema:
        return set().union(*map(allowed, schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return {"null" if value is None else repr(value) for value in values}
    types_ = schema["type"]
    return {types_} if isinstance(types_, str) else set(types_)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object or the items that a schema is about."""
    for _step in range(4):
        if "$ref" in schema:
            schema = _schema()["$defs"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        elif "items" in schema:
            schema = schema["items"]
    return schema


def inner(hint: Any) -> Iterator[Any]:
    """The TypedDicts in a type."""
    if is_typeddict(hint):
        yield hint
    for argument in get_args(hint):
        yield from inner(argument)


def parts(hint: Any, schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    yield where, hint, schema
    for name, each in get_type_hints(hint, include_extras=True).items():
        for found in inner(each):
            yield from parts(found, resolved(schema["properties"][name]), f"{where}/{name}")


PARTS = list(parts(model.HostRecord, _schema(), "record"))


@pytest.mark.parametrize(("hint", "schema"), [each[1:] for each in PARTS], ids=[each[0] for each in PARTS])
def test_type_and_schema_agree(hint: Any, schema: Mapping[str, Any]) -> None:
    hints = get_type_hints(hint, include_extras=True)
    assert set(hints) == set(schema["properties"])
    assert {name for name, each in hints.items() if required(hint, each)} == set(schema.get("required", ()))
    for name, each in hints.items():
        assert kinds(each) == allowed(schema["properties"][name]), name


def required(typed: Any, hint: Any) -> bool:
    """Whether the key has to be there. Annotations are texts in that module, so Python itself does not know."""
    while get_origin(hint) is ReadOnly:
        (hint,) = get_args(hint)
    return bool(typed.__total__) and get_origin(hint) is not NotRequired


def test_every_part_of_a_record_is_compared() -> None:
    assert {"record/plan", "record/plan/reasons", "record/facts/libc/answers", "record/attempts/runtime"} <= {
        each[0] for each in PARTS
    }
