# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""JUnit XML, for CI: a case for each host's backend and one for each of its checks.

Native passes, a fallback is a failure, a host without verdict an error. What check mode predicts is skipped, as nothing
was tried. A check that blocks a host's native FAISS is a failure; one that was not read is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from ..records.checks import BLOCKED_BY
from ..records.checks import KEYS as CHECK_KEYS
from ..records.columns import Cell
from .summary import Summary
from .text import visible

# What XML 1.0 cannot hold even escaped and ``visible`` leaves alone.
_FORBIDDEN = re.compile("[\ufffe\uffff]")
_CHECKS = {key: key.removeprefix("check_") for key in CHECK_KEYS if key != BLOCKED_BY}
BACKEND = "backend"  # the case of the verdict itself


def render(summary: Summary) -> Iterator[str]:
    """The document by lines."""
    counts = _counts(summary)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="faiss-fleet" {counts}>\n'
    started = quoteattr(_plain(summary.run["started"]).removesuffix("Z"))
    yield f"<testsuite name={_attribute(summary.run['id'])} {counts} timestamp={started}>\n"
    mode = "predicted" if summary.run["check_mode"] else "verified"
    yield f'<properties><property name="verdicts" value="{mode}"/></properties>\n'
    for cells, seconds in zip(summary.rows, summary.seconds, strict=True):
        yield _case(summary, cells, seconds)
        yield _checks(cells)
    yield "</testsuite>\n</testsuites>\n"


def _counts(summary: Summary) -> str:
    tests = summary.hosts * (1 + len(_CHECKS))
    failures = errors = skipped = 0
    for cells in summary.rows:
        if summary.is_predicted(cells):
            skipped += 1
        else:
            failures += cells["state"] == "fallback"
            errors += cells["state"] in ("failed", "unreachable")
        states = [_check_state(cells, key) for key in _CHECKS]
        failures += states.count("blocked")
        skipped += states.count("unknown")
    time = f"{sum(summary.seconds):.3f}"
    return f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{time}"'


def _case(summary: Summary, cells: dict[str, Cell], seconds: float) -> str:
    head = f'<testcase name="{BACKEND}" classname={_attribute(cells["host"])} time="{seconds:.3f}"'
    says = "\n".join(str(cells[key]) for key in ("because", "remedy") if cells[key])
    if summary.is_predicted(cells):
        text = f"{summary.shown_state(cells)}: check mode tried nothing. {cells['because'] or ''}"
        return f"{head}><skipped message={_attribute(text)}/></testcase>\n"
    if cells["state"] == "native":
        return f"{head}><system-out>{xml_escape(_plain(says))}</system-out></testcase>\n"
    tag = "failure" if cells["state"] == "fallback" else "error"
    kind = f"type={_attribute(cells['cause'] or cells['state'])} message={_attribute(cells['because'])}"
    return f"{head}><{tag} {kind}>{xml_escape(_plain(says))}</{tag}></testcase>\n"


def _checks(cells: dict[str, Cell]) -> str:
    host = _attribute(cells["host"])
    by = dict(part.partition(": ")[::2] for part in str(cells[BLOCKED_BY] or "").split("; "))
    lines = []
    for key, name in _CHECKS.items():
        head, state = f'<testcase name="{name}" classname={host} time="0"', _check_state(cells, key)
        if state == "blocked":
            lines.append(f'{head}><failure type="{name}" message={_attribute(by.get(name, state))}/></testcase>\n')
        elif state == "unknown":
            lines.append(f'{head}><skipped message="not read on this host"/></testcase>\n')
        else:
            lines.append(f"{head}/>\n")
    return "".join(lines)


def _check_state(cells: dict[str, Cell], key: str) -> str:
    """As the column says; what blocked other candidates of a native host is not in its way."""
    return "pass" if cells["state"] == "native" and cells[key] == "blocked" else str(cells[key])


def _attribute(value: Cell) -> str:
    return quoteattr(_plain("" if value is None else str(value)), {"\n": " ", "\t": " "})


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", visible(text))
