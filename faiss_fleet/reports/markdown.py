# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""summary.md: totals, causes and hosts, to be pasted into a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..records.build import STATES
from ..records.columns import BY_KEY, Cell
from ..store.diff import Line, age
from .summary import VERDICTS, Cause, Summary
from .text import brief, number, one_line, shorten

HOSTS = 500  # a ticket holds no more; summary.csv has all
AWAY = 50  # unreachable hosts that are listed with their last good result
_SHOWN = ("host", "state", "faiss", "provider", "p50_ms", "p95_ms", "libc", "because")
# Inside a word an underscore is no markup, and a name such as GLIBC_2.17 is read without backslashes too.
_INSIDE = re.compile(r"(?<=[A-Za-z0-9])((?:\\_)+)(?=[A-Za-z0-9])")
_MARKS = re.compile(r"([\\`*_{}\[\]#|~!$^])")


def render(summary: Summary, good: Mapping[str, Line] | None = None) -> Iterator[str]:
    """The summary by lines. good: of unreachable hosts, the newest earlier line that rests on an answer."""
    run = summary.run
    yield f"# FAISS backends, run {escape(run['id'])}\n\n"
    yield f"{summary.totals()}.\n\n"
    if run["check_mode"]:
        yield "**Check mode: nothing was tried or changed; verdicts are predictions.**\n\n"
    if summary.damaged:
        yield "**Some lines of this run's records were damaged and are left out.** "
        yield f"The file as it was: {escape(summary.damaged)}\n\n"
    yield (
        f"Started {escape(run['started'])}, last host finished {escape(summary.finished or 'never')}, "
        f"controller {escape(run['controller'])}, faiss-fleet {escape(run['version'])}, "
        f"inventory {escape(', '.join(run['inventory']))}.\n\n"
    )
    share = max(summary.machines, 1)
    yield from _table(
        ("State", "Hosts", "Share"),
        (
            (
                f"predicted {state}" if run["check_mode"] and state in VERDICTS else state,
                f"{summary.states[state]:,}",
                f"{summary.states[state] / share:.0%}",
            )
            for state in STATES
        ),
    )
    if summary.providers:
        yield "\n## By provider\n\nMedians over hosts, one query a call, flat index.\n\n"
        yield from _table(
            ("Strategy", "Hosts", "FAISS", "Queries/s", "p50 ms", "p95 ms"),
            (
                (
                    provider.name,
                    f"{provider.hosts:,}",
                    ", ".join(f"{version} ({count:,})" for version, count in provider.versions.most_common(6)),
                    number(provider.qps),
                    number(provider.p50),
                    number(provider.p95),
                )
                for provider in summary.providers
            ),
        )
    if summary.causes:
        yield "\n## What stands in the way\n\n"
        yield from _table(
            ("Cause", "Hosts", "For example", "What to do"),
            ((cause.name, _count(cause), cause.hosts[0], cause.remedy) for cause in summary.causes),
        )
    away = [cells for cells in summary.rows if cells["state"] == "unreachable"]
    if away:
        yield "\n## Not reached\n\n"
        yield from _table(
            ("Host", "Last good result"),
            (
                (str(cells["host"]), age((good or {}).get(str(cells["host"])), str(cells["finished"])))
                for cells in away[:AWAY]
            ),
        )
        if len(away) > AWAY:
            yield f"\n{len(away) - AWAY:,} more were not reached.\n"
    yield "\n## Hosts\n\n"
    shown = summary.rows if summary.hosts <= HOSTS else summary.by_need()[:HOSTS]
    yield from _table(
        [BY_KEY[key].title for key in _SHOWN], ([_cell(summary, cells, key) for key in _SHOWN] for cells in shown)
    )
    if summary.hosts > len(shown):
        left = summary.hosts - len(shown)
        yield f"\n{left:,} more hosts are not listed here, those in need first; summary.csv has every one.\n"


def _count(cause: Cause) -> str:
    return f"{len(cause.hosts):,}" + (f", {cause.waived:,} waived" if cause.waived else "")


def escape(text: str) -> str:
    """Text that stays text in Markdown: no markup, HTML, table cell, link or mention comes of it."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _INSIDE.sub(lambda found: found[1].replace("\\", ""), _MARKS.sub(r"\\\1", text))
    return text.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")


def _cell(summary: Summary, cells: dict[str, Cell], key: str) -> str:
    value = summary.shown_state(cells) if key == "state" else cells[key]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    text = "" if value is None else shorten(brief(str(value)), 300)
    if key == "because" and cells["remedy"]:
        text += f" → {shorten(brief(str(cells['remedy'])), 300)}"
    return text


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(titles)
    yield f"| {' | '.join(titles)} |\n| {' | '.join('---' for _title in titles)} |\n"
    for cells in rows:
        yield f"| {' | '.join(map(escape, cells))} |\n"
