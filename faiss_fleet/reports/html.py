# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""index.html: one file that fetches nothing, for people. What a host said is text in it, and does nothing.

The table's cells are in the page, column by column. A host's details are its record, deflated together with its
neighbours': in the page too, or past INLINE hosts in a directory beside the run's own page, from which a part is loaded
when it is opened. Its style, its scripts and its template are files of page/, and are put into the page when it is
rendered.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..records import waivers
from ..records.build import STATES
from ..records.columns import BY_KEY
from ..records.journal import RECORDS, write_atomically
from ..store.diff import Diff, Line
from ..store.history import RunTotals
from . import overview, page_parts, page_table
from .answered import Answered
from .artefacts import Judged, told
from .assessment_steps import LIMITS, Commands
from .charts import charts
from .findings import Findings
from .page_parts import PART, Histories
from .page_table import NUMERIC, cell_text
from .releases import Releases
from .summary import Summary
from .text import number, one_line, shorten, visible

INLINE = 5_000  # hosts whose details are in the page itself: some three megabytes of it
STATIC = 1_000  # rows for who has no JavaScript; a browser that has it does not even parse them
DATA = "index-data"
PAGE = Path(__file__).with_name("page")
# The page's own script, in the order in which its parts are read.
SCRIPTS = ("elements", "hosts", "views", "table", "downloads", "details", "host", "panel", "start")
FILTERS = (
    ("state", "State"), ("provider", "Strategy"), ("faiss", "FAISS"), ("cause", "Cause"), ("glibc", "glibc"),
    ("groups", "Group"), ("changed", "Changed"), ("waiver", "Waiver"),
)  # fmt: skip
_REMEDY = 1_000


def write(
    summary: Summary,
    lines: Iterable[str],
    good: Mapping[str, Line],
    past: Sequence[RunTotals],
    answered: Answered,
    beside: Sequence[str],
    findings: Findings,
    releases: Releases,
    changes: tuple[Diff, str] | None,
    histories: Histories,
    artefacts: Sequence[Judged],
    where: str,
    file: BinaryIO,
) -> None:
    """Writes the page to a file; past INLINE hosts, the run's own page has its parts in a directory beside.

    A page that is exported is one file with all that belongs to it: what lies beside that is not ours.

    past: totals of earlier runs; beside: names of the files that lie beside the page; changes: since the last
    comparable run, with its start; where: the run's directory, as a reader of the page has it.
    """
    directory = _own_directory(summary.run["id"], file)
    parts = None
    if directory and summary.hosts > INLINE:
        parts = directory / DATA
        parts.mkdir(exist_ok=True)
    elif directory:
        shutil.rmtree(directory / DATA, ignore_errors=True)
    commands = Commands(summary.run, where or f"reports/{summary.run['id']}", overview.group_counts(summary))
    pieces = render(
        summary, lines, good, past, parts, answered, beside,
        findings=findings, releases=releases, changes=changes, histories=histories, commands=commands,
        artefacts=artefacts,
    )  # fmt: skip
    for piece in pieces:
        file.write(piece.encode("utf-8", "replace"))
    if directory:
        _write_limits(directory / LIMITS, commands.files)


def _own_directory(run: str, file: BinaryIO) -> Path | None:
    """The directory of the run, where the file becomes its index.html; None for any other."""
    path = Path(str(getattr(file, "name", "")))
    own = path.parent.name == run and path.name.removeprefix(".").startswith("index.html")
    return path.parent if own and (path.parent / RECORDS).exists() else None


def _write_limits(directory: Path, wanted: Mapping[str, Sequence[str]]) -> None:
    """The files that the page's commands name: a host a line, for --limit. Those of an earlier rendering go."""
    if wanted:
        directory.mkdir(exist_ok=True)
    for name, hosts in wanted.items():
        write_atomically(directory / name, [f"{host}\n" for host in hosts])
    for old in directory.glob("cause-*.txt"):
        if old.name not in wanted:
            old.unlink()


def render(
    summary: Summary,
    lines: Iterable[str],
    good: Mapping[str, Line] | None = None,
    past: Sequence[RunTotals] = (),
    parts: Path | None = None,
    answered: Answered | None = None,
    beside: Sequence[str] = (),
    *,
    findings: Findings | None = None,
    releases: Releases | None = None,
    changes: tuple[Diff, str] | None = None,
    histories: Histories = lambda _hosts: {},
    commands: Commands | None = None,
    artefacts: Sequence[Judged] = (),
) -> Iterator[str]:
    """The page by pieces. lines: the records as JSON, in the summary's order. parts: the directory for details."""
    commands = commands or Commands(summary.run, f"reports/{summary.run['id']}", overview.group_counts(summary))
    hosts = [str(row["host"]) for row in summary.rows]
    packed = page_parts.packed(lines, answered.by_host if answered else [], hosts, histories, summary.standing)
    inside: list[str] = []
    key = hashlib.sha256(summary.run["id"].encode())
    if parts is None:
        inside = list(packed)
    else:
        page_parts.write(parts, packed, key)
    # Of what the page loads only what carries this word runs. It rests on all records: no single host can predict it.
    nonce = base64.urlsafe_b64encode(key.digest()).decode().rstrip("=")
    diff = changes[0] if changes else None
    data = {
        **page_table.table(summary, good or {}, diff, artefacts),
        **{"run": summary.run["id"], "inventory": commands.inventory, "part": PART, "nonce": nonce},
        "beside": None if parts is None else f"{parts.name}/",
    }
    style = Markup(_file("page.css"))
    scripts = [Markup(_data_tables()), Markup(own_script())]
    ways, more_ways = overview.ways(releases or Releases())
    keys = {column["key"] for column in data["columns"]}
    yield from (
        _environment()
        .get_template("page.html.j2")
        .generate(
            summary=summary,
            run=summary.run,
            headline=overview.headline(summary),
            bar=list(overview.bar(summary)),
            tiles=[overview.tile(summary, state) for state in STATES],
            ways=ways,
            more_ways=more_ways,
            obstacles=list(overview.obstacles(summary, findings or Findings(), commands)),
            changes=overview.changes(changes, summary.run["started"]),
            waivers=overview.accepted(summary),
            options=overview.options(summary),
            charts=charts(summary, past),
            columns=[BY_KEY[each] for each in page_table.SHOWN],
            filters=[
                *((each, title) for each, title in FILTERS if each in keys),
                *((each["key"], each["title"]) for each in data["columns"] if each["key"].startswith(page_table.OWN)),
                *((f"{page_table.LOADS}{place}", f"Loads {each.name}") for place, each in enumerate(artefacts)),
            ],
            artefacts=told(artefacts, summary.rows),
            numeric=NUMERIC,
            rows=summary.by_need()[:STATIC],
            data=script_json(data),
            inside=inside,
            beside=beside,
            directory=parts.name if parts else None,
            style=style,
            scripts=scripts,
            policy=_policy(style, scripts, nonce if parts else None),
        )
    )


@cache
def own_script() -> str:
    """The page's own script: its parts share one scope, which nothing outside sees."""
    return '"use strict";\n(() => {\n' + "\n".join(_file(f"{name}.js") for name in SCRIPTS) + "})();\n"


def _policy(style: str, scripts: Iterable[str], nonce: str | None) -> str:
    """Nothing is fetched or sent, and no script runs but this file's own, even where escaping had failed."""
    allowed = " ".join([*map(_hash, scripts), *([f"'nonce-{nonce}'"] if nonce else [])])
    return f"default-src 'none'; style-src {_hash(style)}; script-src {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _data_tables() -> str:
    """DataTables as the package has it, a module, made a script: a page from disk may import nothing."""
    # Found without an import: that would load numpy and pandas, where there are some.
    package = find_spec("itables")
    if package is None or package.origin is None:
        raise AssertionError("itables, which has the page's table, is not installed")
    text = Path(package.origin).with_name("html").joinpath("dt_bundle.js").read_text(encoding="utf-8")
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


def _remedy(text: str) -> str:
    return shorten(one_line(text), _REMEDY)


def _hash(text: str) -> str:
    # The browser hashes what it read, where line ends are \n.
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


def _file(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=visible, one_line=one_line, number=number, moment=_moment, cell=cell_text, remedy=_remedy,
        waiver=waivers.text, reason=overview.reason,
    )  # fmt: skip
    return environment
