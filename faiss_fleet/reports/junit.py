# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""JUnit XML, for CI: one case a host. Native passes, a fallback is a failure, a host without verdict an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from ..records.columns import Cell
from .summary import Summary
from .text import visible

# What XML 1.0 cannot hold even escaped and ``visible`` leaves alone.
_FORBIDDEN = re.compile("[\ufffe\uffff]")


def render(summary: Summary) -> Iterator[str]:
    """The document by lines."""
    states = summary.states
    errors = states["failed"] + states["unreachable"]
    counts = f'tests="{summary.hosts}" failures="{states["fallback"]}" errors="{errors}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="faiss-fleet" {counts}>\n'
    started = quoteattr(_plain(summary.run["started"]).removesuffix("Z"))
    yield f'<testsuite name={_attribute(summary.run["id"])} {counts} skipped="0" time="0" timestamp={started}>\n'
    for cells in summary.rows:
        yield _case(cells)
    yield "</testsuite>\n</testsuites>\n"


def _case(cells: dict[str, Cell]) -> str:
    head = f'<testcase name={_attribute(cells["host"])} classname={_attribute(cells["groups"] or "ungrouped")} time="0"'
    says = "\n".join(str(cells[key]) for key in ("because", "remedy") if cells[key])
    if cells["state"] == "native":
        return f"{head}><system-out>{xml_escape(_plain(says))}</system-out></testcase>\n"
    tag = "failure" if cells["state"] == "fallback" else "error"
    kind = f"type={_attribute(cells['cause'] or cells['state'])} message={_attribute(cells['because'])}"
    return f"{head}><{tag} {kind}>{xml_escape(_plain(says))}</{tag}></testcase>\n"


def _attribute(value: Cell) -> str:
    return quoteattr(_plain("" if value is None else str(value)), {"\n": " ", "\t": " "})


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", visible(text))
