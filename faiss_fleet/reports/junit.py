# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""JUnit XML, for CI: a case for each host's backend and one for each of its checks.

Native passes, a fallback is a failure, a host without verdict an error. What check mode predicts is skipped, as nothing
was tried. A check that blocks a host's native FAISS is a failure; one that was not read is skipped. Where the host's
cause is waived, its verdict and the checks that block it are skipped.

The times of a host's cases add up to what it took. A case whose time is not known has none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from ..records import waivers
from ..records.checks import BLOCKED_BY
from ..records.checks import KEYS as CHECK_KEYS
from ..records.columns import Cell
from ..records.times import VERDICT
from ..records.waivers import EXPIRED, Waiver
from .summary import Summary
from .text import visible

# What XML 1.0 cannot hold even escaped and ``visible`` leaves alone.
_FORBIDDEN = re.compile("[\ufffe\uffff]")
_CHECKS = {key: key.removeprefix("check_") for key in CHECK_KEYS if key != BLOCKED_BY}
_FIRST = next(iter(_CHECKS))
_SEEN = (*_CHECKS, BLOCKED_BY, "waived", "waiver")  # the cells that the cases of checks are made of
# The host's name takes its place in cases that hosts share. No text of a host has this character: XML forbids it.
_NAME = "\0"
BACKEND = VERDICT  # the case of the verdict itself
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}  # elements, and what counts them


class Outcome(NamedTuple):
    """How a case ended: '' where it passed, else the element that says how; with its type, message and text."""

    tag: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def render(summary: Summary) -> Iterator[str]:
    """The document by lines."""
    counts = _counts(summary)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="faiss-fleet" {counts}>\n'
    started = quoteattr(_plain(summary.run["started"]).removesuffix("Z"))
    yield f"<testsuite name={_attribute(summary.run['id'])} {counts} timestamp={started}>\n"
    mode = "predicted" if summary.run["check_mode"] else "verified"
    yield f'<properties><property name="verdicts" value="{mode}"/></properties>\n'
    for cells, spent, lapsed in zip(summary.rows, summary.spent, summary.lapsed, strict=True):
        host = _attribute(cells["host"])
        yield _case(BACKEND, host, spent, _verdict(summary, cells, lapsed))
        on_checks = tuple(item for item in spent.items() if item[0] != BACKEND)
        yield _cases(tuple([cells[key] for key in _SEEN]), on_checks).replace(_NAME, host)
    yield "</testsuite>\n</testsuites>\n"


def _counts(summary: Summary) -> str:
    tests = summary.hosts * (1 + len(_CHECKS))
    found: Counter[str] = Counter()
    for cells, lapsed in zip(summary.rows, summary.lapsed, strict=True):
        found[_verdict(summary, cells, lapsed).tag] += 1
        if not _all_passed(cells):
            found.update(_tag(cells, key) for key in _CHECKS)
    counted = " ".join(f'{name}="{found[tag]}"' for tag, name in _COUNTED.items())
    return f'tests="{tests}" {counted} time="{sum(sum(each.values()) for each in summary.spent):.3f}"'


def _verdict(summary: Summary, cells: Mapping[str, Cell], lapsed: Waiver | None) -> Outcome:
    because = str(cells["because"] or "")
    says = "\n".join(str(cells[key]) for key in ("because", "remedy") if cells[key])
    if cells["waived"]:
        return Outcome("skipped", message=f"{summary.shown_state(cells)}, waived {cells['waiver']}", text=says)
    if summary.is_predicted(cells):
        return Outcome("skipped", message=f"{summary.shown_state(cells)}: check mode tried nothing. {because}")
    if cells["state"] == "native":
        return Outcome(text=says)
    if lapsed:
        says += "\n" + EXPIRED.format(waivers.text(lapsed))
    tag = "failure" if cells["state"] == "fallback" else "error"
    return Outcome(tag, str(cells["cause"] or cells["state"]), because, says)


@lru_cache(maxsize=4_000)  # hosts of one class are blocked by the same checks, in the same words
def _cases(seen: tuple[Cell, ...], spent: tuple[tuple[str, float], ...]) -> str:
    outcomes = _checks(dict(zip(_SEEN, seen, strict=True)))
    return "".join(_case(name, _NAME, dict(spent), outcome) for name, outcome in outcomes)


def _checks(cells: Mapping[str, Cell]) -> Iterator[tuple[str, Outcome]]:
    by = dict(part.partition(": ")[::2] for part in str(cells[BLOCKED_BY] or "").split("; "))
    for key, name in _CHECKS.items():
        tag, said = _tag(cells, key), by.get(name, "blocked")
        if tag == "failure":
            yield name, Outcome(tag, name, said)
        elif tag == "skipped" and cells[key] == "blocked":
            yield name, Outcome(tag, message=f"waived {cells['waiver']}", text=said)
        else:
            yield name, Outcome(tag, message="not read on this host" if tag else "")


def _all_passed(cells: Mapping[str, Cell]) -> bool:
    """Whether no check of a host blocks it, and all were read: those of a host without a plan are unknown together."""
    return not cells[BLOCKED_BY] and cells[_FIRST] == "pass"


def _tag(cells: Mapping[str, Cell], key: str) -> str:
    if cells[key] == "unknown":
        return "skipped"
    if cells[key] != "blocked":
        return ""
    return "skipped" if cells["waived"] else "failure"


def _case(name: str, host: str, spent: Mapping[str, float], outcome: Outcome) -> str:
    time = f' time="{spent[name]:.3f}"' if name in spent else ""
    head = f'<testcase name="{name}" classname={host}{time}'
    text = xml_escape(_plain(outcome.text))
    if not outcome.tag:
        return f"{head}><system-out>{text}</system-out></testcase>\n" if text else f"{head}/>\n"
    kind = f" type={_attribute(outcome.kind)}" if outcome.kind else ""
    inside = f">{text}</{outcome.tag}>" if text else "/>"
    return f"{head}><{outcome.tag}{kind} message={_attribute(outcome.message)}{inside}</testcase>\n"


def _attribute(value: Cell) -> str:
    return quoteattr(_plain("" if value is None else str(value)), {"\n": " ", "\t": " "})


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", visible(text))
