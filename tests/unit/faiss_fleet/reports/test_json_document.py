# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The whole run as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from referencing import Registry, Resource

from faiss_fleet.reports import json_document
from tests.unit.faiss_fleet.reports.exported import fleet, text_of

ROOT = Path(__file__).resolve().parents[4]


def test_json_document_is_valid_and_whole() -> None:
    hosts = fleet()
    document = json.loads(text_of(json_document.render, hosts))
    schemas = [json.loads((ROOT / "reports" / f"{name}.schema.json").read_text()) for name in ("run", "host-record")]
    registry = Registry().with_resource(schemas[1]["$id"], Resource.from_contents(schemas[1]))
    jsonschema.Draft202012Validator(schemas[0], registry=registry).validate(document)
    assert document["hosts"] == hosts
    assert [json.loads(line) for line in text_of(json_document.lines, hosts).splitlines()] == hosts
    assert json.loads(text_of(json_document.render, []))["hosts"] == []
