# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""SARIF 2.1.0, for code scanning: one rule a cause, one result a host that is not native, at its inventory line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ..records import waivers
from ..records.build import meaning_of, remedy_for
from ..records.columns import Cell
from ..records.waivers import EXPIRED, Waiver
from .inventory_lines import InventoryLines
from .summary import Summary
from .text import one_line, visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# The project has no public address: a package URL names it and its version wherever it is kept.
INFORMATION = "pkg:generic/faiss-fleet@%s"
LEVELS = {"fallback": "warning", "failed": "error", "unreachable": "error"}
CHOSEN = "chosen_fallback"  # the rule of hosts that fell back without an obstacle


def render(summary: Summary) -> Iterator[str]:
    """The document, one result a line."""
    used = {_cause(cells) for cells in summary.rows if cells["state"] != "native"}
    causes = [*(cause.name for cause in summary.causes if cause.name in used), *([CHOSEN] if CHOSEN in used else [])]
    place = {name: number for number, name in enumerate(causes)}
    driver = {
        "name": "faiss-fleet",
        "version": summary.run["version"],
        "informationUri": INFORMATION % quote(summary.run["version"]),
        "rules": [_rule(name) for name in causes],
    }
    named = (str(cells["host"]) for cells in summary.rows if cells["state"] != "native")
    where = InventoryLines(summary.run["inventory"], named)
    yield f'{{"$schema": {_json(SCHEMA)}, "version": "2.1.0", "runs": [{{\n"tool": {_json({"driver": driver})},\n'
    yield f'"automationDetails": {_json({"id": "faiss-fleet/" + summary.run["id"]})},\n"results": ['
    separator = "\n"
    for cells, lapsed in zip(summary.rows, summary.lapsed, strict=True):
        if cells["state"] != "native":
            yield separator + _json(_result(summary, cells, lapsed, place, where))
            separator = ",\n"
    yield "\n]}]}\n"


def _rule(cause: str) -> dict[str, Any]:
    text = (
        "Native FAISS was possible, and the policy chose JavaScript." if cause == CHOSEN else meaning_of(cause) or cause
    )
    rule: dict[str, Any] = {"id": cause, "shortDescription": {"text": one_line(text)}}
    remedy = remedy_for(cause)
    if remedy:
        rule["help"] = {"text": remedy}
    return rule


def _cause(cells: dict[str, Cell]) -> str:
    return str(cells["cause"] or CHOSEN)


def _result(
    summary: Summary, cells: dict[str, Cell], lapsed: Waiver | None, place: dict[str, int], where: InventoryLines
) -> dict[str, Any]:
    host, state, predicted = visible(str(cells["host"])), str(cells["state"]), summary.is_predicted(cells)
    cause = _cause(cells)
    found = where.of(str(cells["host"]))
    said = " ".join(one_line(str(cells[key])) for key in ("because", "remedy") if cells[key])
    if lapsed:
        said += f" {one_line(EXPIRED.format(waivers.text(lapsed)))}"
    return {
        "ruleId": cause,
        "ruleIndex": place[cause],
        "level": "note" if predicted else LEVELS[state],
        "message": {"text": f"{host}: {summary.shown_state(cells)}. {said}"},
        "properties": {"predicted": predicted},
        # All results of a run have the list or none has it: without it, a reader would not know what is suppressed.
        "suppressions": [_suppression(str(cells["waiver"]))] if cells["waived"] else [],
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": found.uri}, "region": {"startLine": found.line}},
                "logicalLocations": [{"name": host, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"hostAndCause/v1": f"{host}/{cause}"},
    }


def _suppression(waiver: str) -> dict[str, str]:
    return {"kind": "external", "status": "accepted", "justification": one_line(f"Waived {waiver}")}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
