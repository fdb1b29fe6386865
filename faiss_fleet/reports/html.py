# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html: one file that fetches nothing, for people. What a host said is text in it, and does nothing.

The table's cells are in the page, column by column. A host's details are its record, deflated together with its
neighbours': in the page too, or past INLINE hosts in a folder beside it, from which a part is loaded when it is opened.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import count, islice
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..plan.answers import Answer
from ..records.build import STATES, meaning_of
from ..records.columns import BY_KEY
from ..records.journal import write_atomically
from ..store.diff import Line, age
from ..store.history import RunTotals
from .answered import Answered, pooled
from .charts import charts
from .summary import VERDICTS, Summary
from .text import brief, number, one_line, shorten, visible

INLINE = 5_000  # hosts whose details are in the page itself: some three megabytes of it
PART = 250  # hosts whose details are unpacked at once, in some ten milliseconds
STATIC = 1_000  # rows for who has no JavaScript; a browser that has it does not even parse them
DATA = "index-data"

# Columns of the table; those of the second line are shown when asked for.
_SHOWN = ("host", "state", "faiss", "provider", "p50_ms", "p95_ms", "qps", "libc", "os", "because")
_OFFERED = ("groups", "cause", "remedy", "glibc", "glibcxx", "arch", "isa_level", "kernel", "pythons", "recall",
            "js_qps", "js_p95_ms", "js_kernel", "finished")  # fmt: skip
_NUMERIC = ("p50_ms", "p95_ms", "qps", "recall", "js_qps", "js_p95_ms")
_CELL, _REMEDY = 300, 1_000
_HELP = {
    "native": "FAISS runs here, verified",
    "fallback": "the JavaScript store is used",
    "failed": "no verdict: the audit failed",
    "unreachable": "no verdict: no connection",
}
_PREDICTED = {"native": "FAISS is predicted to run here, not verified", "fallback": "the JavaScript store is predicted"}


def write(
    summary: Summary,
    lines: Iterable[str],
    good: Mapping[str, Line],
    past: Sequence[RunTotals],
    answered: Answered,
    beside: Sequence[str],
    file: BinaryIO,
) -> None:
    """Writes the page to a file, and past INLINE hosts the parts that belong to it into a folder beside.

    past: totals of earlier runs; beside: names of the files that lie beside the page.
    """
    folder = Path(file.name).parent
    parts = None
    if summary.hosts > INLINE:
        (folder / DATA).mkdir(exist_ok=True)
        parts = folder / DATA
    else:
        shutil.rmtree(folder / DATA, ignore_errors=True)
    for piece in render(summary, lines, good, past, parts, answered, beside):
        file.write(piece.encode("utf-8", "replace"))


def render(
    summary: Summary,
    lines: Iterable[str],
    good: Mapping[str, Line] | None = None,
    past: Sequence[RunTotals] = (),
    parts: Path | None = None,
    answered: Answered | None = None,
    beside: Sequence[str] = (),
) -> Iterator[str]:
    """The page by pieces. lines: the records as JSON, in the summary's order. parts: the folder for details, if any."""
    packed = _packed(lines, answered.by_host if answered else [])
    inside: list[str] = []
    key = hashlib.sha256(summary.run["id"].encode())
    if parts is None:
        inside = list(packed)
    else:
        _write_parts(parts, packed, key)
    # Of what the page loads only what carries this word runs. It rests on all records: no single host can foretell it.
    nonce = base64.urlsafe_b64encode(key.digest()).decode().rstrip("=")
    style = Markup(_file("page.css"))
    scripts = [Markup(_data_tables()), Markup(_file("page.js"))]
    first = summary.by_need()[:STATIC]
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
            charts=charts(summary, past),
            columns=[BY_KEY[each] for each in _SHOWN],
            numeric=_NUMERIC,
            rows=first,
            data=script_json(_table(summary, good or {}, None if parts is None else f"{parts.name}/", nonce)),
            inside=inside,
            beside=beside,
            folder=parts.name if parts else None,
            style=style,
            scripts=scripts,
            policy=_policy(style, scripts, nonce if parts else None),
        )
    )


def _packed(lines: Iterable[str], answers: Sequence[Sequence[Answer]]) -> Iterator[str]:
    """The records by parts, a line each, deflated: hosts of one class have most of theirs in common.

    A part's last line has the answers of its hosts, each different one once.
    """
    lines = iter(lines)
    for start in count(0, PART):
        part = list(islice(lines, PART))
        if not part:
            return
        part.append(json.dumps(pooled(answers[start : start + PART]), ensure_ascii=True, separators=(",", ":")))
        yield base64.b64encode(zlib.compress("\n".join(part).encode("utf-8", "replace"), 6)).decode("ascii")


def _write_parts(folder: Path, packed: Iterable[str], key: Any) -> None:
    """One script a part, since a page from disk may load nothing else. Removes those of an earlier rendering."""
    last = 0
    for last, part in enumerate(packed, 1):
        key.update(part.encode())
        write_atomically(folder / f"part-{last:04}.js", [f'faissFleetPart({last - 1},"{part}")\n'])
    for old in folder.glob("part-*.js"):
        if int(re.sub(r"\D", "", old.name) or 0) > last:
            old.unlink()


def _table(summary: Summary, good: Mapping[str, Line], beside: str | None, nonce: str) -> dict[str, Any]:
    """Every cell of the table, column by column; a text that many hosts have is held once."""
    columns: list[dict[str, Any]] = []
    for key in (*_SHOWN, *_OFFERED):
        entry: dict[str, Any] = {"key": key, "title": BY_KEY[key].title, "shown": key in _SHOWN}
        cells = [row[key] for row in summary.rows]
        if key == "groups":
            entry.update(_grouped(summary.groups))
        elif key in _NUMERIC:
            entry["numbers"] = [round(cell, 4) if isinstance(cell, (int, float)) else None for cell in cells]
        else:
            entry["texts"], entry["places"] = _coded(cells, one_line if key == "host" else _cell)
        columns.append(entry)
    texts, places = _coded([_age(row, good) for row in summary.rows], str)
    columns.append({"key": "last_good", "title": "Last good result", "shown": False, "texts": texts, "places": places})
    predicted = list(VERDICTS) if summary.run["check_mode"] else []
    about = {"total": summary.hosts, "part": PART, "beside": beside, "nonce": nonce, "predicted": predicted}
    return {"columns": columns, **about}


def _grouped(groups: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """The different lists of groups: as text, and as places among the names, which the filter offers one by one."""
    names: dict[str, int] = {}
    found: dict[tuple[str, ...], int] = {}
    places = [found.setdefault(each, len(found)) for each in groups]
    members = [[names.setdefault(name, len(names)) for name in each] for each in found]
    shown = [_cell(name) for name in names]
    texts = [", ".join(shown[place] for place in each) for each in members]
    return {"texts": texts, "places": places, "members": members, "names": shown}


def _coded(cells: Iterable[Any], shown: Any) -> tuple[list[str], list[int]]:
    """The different texts, '' for none, and each cell's place among them."""
    found: dict[Any, int] = {}
    places = [found.setdefault("" if cell is None else cell, len(found)) for cell in cells]
    return [shown(str(cell)) for cell in found], places


def _age(row: Mapping[str, Any], good: Mapping[str, Line]) -> str:
    if row["state"] != "unreachable":
        return ""
    return age(good.get(str(row["host"])), str(row["finished"]))


def _policy(style: str, scripts: Iterable[str], nonce: str | None) -> str:
    """Nothing is fetched or sent, and no script runs but this file's own, even where escaping had failed."""
    allowed = " ".join([*map(_hash, scripts), *([f"'nonce-{nonce}'"] if nonce else [])])
    return f"default-src 'none'; style-src {_hash(style)}; script-src {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _data_tables() -> str:
    """DataTables as the package has it, a module, made a script: a page from disk may import nothing."""
    text = (files("itables") / "html" / "dt_bundle.js").read_text(encoding="utf-8")
    found = re.search(r"export\s*\{([^}]*)\}\s*;?", text)
    name = found and re.search(r"([\w$]+) as jQuery\b", found[1])
    if not found or not name or "</script" in text.lower():
        raise AssertionError("itables has its bundle in another form now: see _data_tables in reports/html.py")
    script = f'"use strict";(()=>{{{text[: found.start()]};globalThis.jQuery={name[1]};{text[found.end() :]}\n}})();'
    # These are in strings and patterns of it. "<!--" before "<script" would hide the end of the element from a browser.
    return script.replace("<!--", "\\x3C!--").replace("<script", "\\x3Cscript")


def script_json(value: Any) -> Markup:
    """JSON that cannot leave a script element: ASCII, and no angle bracket or ampersand in it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _cell(text: str) -> str:
    return shorten(brief(text), _CELL)


def _remedy(text: str) -> str:
    return shorten(one_line(text), _REMEDY)


def _headline(summary: Summary) -> str:
    native, hosts = summary.states["native"], summary.hosts
    not_run = "would not run" if summary.run["check_mode"] else "does not run"
    run, runs = ("would run", "would run") if summary.run["check_mode"] else ("run", "runs")
    if not hosts:
        return "This run had no hosts"
    if hosts == 1:
        return f"The host {runs} FAISS natively" if native else f"The host {not_run} FAISS natively"
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
    predicted = bool(summary.run["check_mode"]) and state in VERDICTS
    return {"state": state, "predicted": predicted, "count": count, "share": share, "help": _help(summary, state)}


def _help(summary: Summary, state: str) -> str:
    return (summary.run["check_mode"] and _PREDICTED.get(state)) or _HELP[state]


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
