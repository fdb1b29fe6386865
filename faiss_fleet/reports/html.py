# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html: one file that fetches nothing, for people. What a host said is text in it, and does nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..record_schema import Record
from ..records import STATES, meaning_of
from .columns import BY_KEY
from .summary import Summary
from .text import brief, number, one_line, shorten, visible

HOSTS = 5_000  # more and a browser takes longer than a second to open the page
_TEXT = 8_000  # of one log or message; records.jsonl has the rest
_SHOWN = ("host", "state", "faiss", "provider", "p50_ms", "p95_ms", "qps", "libc", "os", "because")
_CELL, _REMEDY, _SEARCHABLE = 300, 1_000, 2_000
_NUMERIC = ("p50_ms", "p95_ms", "qps")
_SEARCHED = ("groups", "libc", "os", "kernel", "arch", "isa_level", "pythons", "cause", "provider")
_HELP = {
    "native": "FAISS runs here, verified",
    "fallback": "the JavaScript store is used",
    "failed": "no verdict: the audit failed",
    "unreachable": "no verdict: no connection",
}


def render(summary: Summary, records: Iterable[Record]) -> Iterator[str]:
    """The page by pieces. Past HOSTS hosts the table holds those in need first and says how many it leaves out."""
    rows, records = summary.rows, iter(records)
    listed = list(range(len(rows)))
    if len(rows) > HOSTS:
        order = {id(cells): place for place, cells in enumerate(rows)}
        listed = sorted(order[id(cells)] for cells in summary.by_need()[:HOSTS])
    wanted = set(listed)
    pool = _Pool()
    hosts = [pool.host(record) for place, record in enumerate(records) if place in wanted]
    data = {"total": len(rows), "pool": pool.values, "hosts": hosts}
    style, script = (Markup(_file(name)) for name in ("page.css", "page.js"))
    yield from (
        _environment()
        .get_template("page.html.j2")
        .generate(
            summary=summary,
            run=summary.run,
            headline=_headline(summary),
            bar=list(_bar(summary)),
            tiles=[_tile(summary, state) for state in STATES],
            causes=[{"of": cause, "meaning": meaning_of(cause.name)} for cause in summary.causes],
            columns=[BY_KEY[key] for key in _SHOWN],
            numeric=_NUMERIC,
            rows=[{"cells": rows[place], "search": _search(rows[place])} for place in listed],
            left_out=len(rows) - len(hosts),
            data=script_json(data),
            style=style,
            script=script,
            policy=_policy(style, script),
        )
    )


def _policy(style: str, script: str) -> str:
    """Nothing is fetched or sent, and no script runs but this file's own, even where escaping had failed."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def script_json(value: Any) -> Markup:
    """JSON that cannot leave a script element: ASCII, and no angle bracket or ampersand in it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


class _Pool:
    """Holds equal parts of records once: hosts of one class share their plan, and most of their facts."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str, int] = {}

    def host(self, record: Record) -> dict[str, Any]:
        """What the page needs of a record, its parts replaced by their places in the pool."""
        facts, parts = record["facts"], ("plan", "attempts", "verification", "errors")
        return {
            "name": one_line(record["host"]["name"]),
            "groups": self._place(record["host"]["groups"]),
            **{key: _shown(record[key]) for key in ("state", "because", "cause", "remedy")},
            "finished": record["run"]["finished"],
            "facts": {key: self._place(value) for key, value in facts.items()} if facts else None,
            **{part: [self._place(entry) for entry in record.get(part, [])] for part in parts},
            "decision": self._place(record["decision"]),
            "setting": self._place(record["setting"]),
        }

    def _place(self, value: Any) -> int:
        value = _shown(value)
        key = json.dumps(value, sort_keys=True)
        place = self._places.setdefault(key, len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > _TEXT:
            half = _TEXT // 2
            value = f"{value[:half]}\n[... {len(value) - _TEXT} characters more in records.jsonl ...]\n{value[-half:]}"
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value


def _cell(text: str) -> str:
    return shorten(brief(text), _CELL)


def _remedy(text: str) -> str:
    return shorten(one_line(text), _REMEDY)


def _search(cells: dict[str, Any]) -> str:
    return one_line(" ".join(str(cells[key])[:_SEARCHABLE] for key in _SEARCHED if cells[key]))[:_SEARCHABLE]


def _headline(summary: Summary) -> str:
    native, hosts = summary.states["native"], summary.hosts
    run, runs = ("would run", "would run") if summary.run["check_mode"] else ("run", "runs")
    if not hosts:
        return "This run had no hosts"
    if hosts == 1:
        return f"The host {runs} FAISS natively" if native else "The host does not run FAISS natively"
    return f"{'All ' if native == hosts else f'{native:,} of '}{hosts:,} hosts {run} FAISS natively"


def _bar(summary: Summary) -> Iterator[dict[str, Any]]:
    start = 0.0
    for state in STATES:
        share = 100 * summary.states[state] / max(summary.hosts, 1)
        if share:
            yield {"state": state, "x": round(start, 3), "width": round(share, 3)}
        start += share


def _tile(summary: Summary, state: str) -> dict[str, Any]:
    count = summary.states[state]
    share = f"{count / summary.hosts:.0%}" if summary.hosts else ""
    if summary.hosts and count and share == "0%":
        share = "<1%"
    return {"state": state, "count": count, "share": share, "help": _HELP[state]}


def _hash(text: str) -> str:
    # The browser hashes what it read, where line ends are \n.
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=visible, one_line=one_line, number=number, moment=_moment, cell=_cell, remedy=_remedy
    )
    return environment
