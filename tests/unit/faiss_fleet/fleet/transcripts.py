# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the shell probe is asked with in tests, and the facts of what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from faiss_fleet.fleet import raw_facts

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = json.loads((ROOT / "reports" / "host-record.schema.json").read_text(encoding="utf-8"))
OPTIONS = {"prefix": "/opt/faiss-fleet", "setting": "/etc/faiss-fleet/backend.json", "timeout": 5}
_FACTS = jsonschema.Draft202012Validator({"$ref": "#/$defs/facts", "$defs": SCHEMA["$defs"]})
LISTS: dict[str, list[str]] = {"interpreters": [], "search_paths": []}


def judged(text: str) -> dict[str, Any]:
    """Facts of a transcript, checked against the schema."""
    found = raw_facts.facts(text, "python: not found")
    _FACTS.validate(found)
    return found


def transcript(*lines: str) -> str:
    return "\n".join(["begin\tfaiss-fleet-probe", *lines, "end\tfaiss-fleet-probe", ""])
