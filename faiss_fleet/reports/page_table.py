# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The cells of the page's table, column by column; a text that many hosts have is held once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..records.columns import BY_KEY
from ..store.diff import Diff, Line, age
from .artefacts import Judged
from .summary import VERDICTS, Summary
from .text import brief, one_line, shorten

# Columns of the table; those of the second line are shown when asked for.
SHOWN = ("host", "state", "faiss", "provider", "p50_ms", "p95_ms", "qps", "libc", "os", "because")
OFFERED = ("groups", "cause", "remedy", "glibc", "glibcxx", "arch", "isa_level", "kernel", "pythons", "recall",
           "js_qps", "js_p95_ms", "js_kernel", "finished")  # fmt: skip
NUMERIC = ("p50_ms", "p95_ms", "qps", "recall", "js_qps", "js_p95_ms")
LOADS, WHY = "loads:", "why:"  # of an artefact: the verdict, and what stands in the way
OWN = "own:"  # what a key of a column begins with that the inventory names
_CELL = 300
_DIGITS = 4  # of a number that mean something: figures of a busy host scatter by a percent and more
# Of places: a character each, where that is enough.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def table(
    summary: Summary, good: Mapping[str, Line], diff: Diff | None, artefacts: Sequence[Judged] = ()
) -> dict[str, Any]:
    """Every cell of the table, as the page's script reads it."""
    columns: list[dict[str, Any]] = []
    for key in (*SHOWN, *OFFERED):
        entry: dict[str, Any] = {"key": key, "title": BY_KEY[key].title, "shown": key in SHOWN}
        cells = [row[key] for row in summary.rows]
        if key == "groups":
            entry.update(_several(summary.groups))
        elif key in NUMERIC:
            entry["numbers"] = [_short(cell) if isinstance(cell, (int, float)) else None for cell in cells]
        else:
            entry["texts"], entry["places"] = _coded(cells, one_line if key == "host" else cell_text)
        columns.append(entry)
    columns += _computed(summary, good, diff)
    for name in dict.fromkeys(name for each in summary.columns for name in each):
        title = name.partition(":")[2] or name
        columns.append(_texts(OWN + name, title, [each.get(name, "") for each in summary.columns], shown=True))
    for place, judged in enumerate(artefacts):
        answers = [judged.answer(str(row["host"])) for row in summary.rows]
        columns.append(_texts(f"{LOADS}{place}", f"Loads {judged.name}", [verdict for verdict, _says in answers]))
        columns.append(_texts(f"{WHY}{place}", f"Why not {judged.name}", [says for _verdict, says in answers]))
    predicted = list(VERDICTS) if summary.run["check_mode"] else []
    return {"columns": columns, "total": summary.hosts, "predicted": predicted}


def _computed(summary: Summary, good: Mapping[str, Line], diff: Diff | None) -> list[dict[str, Any]]:
    """Columns that are in no single record: earlier results, waivers, machines with several names, changes."""
    found = [_texts("last_good", "Last good result", [_age(row, good) for row in summary.rows])]
    if any(row["waived"] for row in summary.rows):
        found.append(_texts("waiver", BY_KEY["waiver"].title, [str(row["waiver"] or "") for row in summary.rows]))
    if any(summary.same_as):
        found.append(_texts("same_as", "Same machine as", [each or "" for each in summary.same_as]))
    if diff is not None and not diff.empty:
        kinds = changed_kinds(diff)
        changes = [tuple(kinds.get(str(row["host"]), ())) for row in summary.rows]
        found.append({"key": "changed", "title": "Changed", "shown": False, **_several(changes)})
    return found


def changed_kinds(diff: Diff) -> dict[str, list[str]]:
    """By host the kinds of its changes. A host that was not reached the time before either has none of it."""
    kinds: dict[str, list[str]] = {}
    for title, changes in diff.kinds():
        for change in changes if changes is not diff.unreachable else diff.away:
            kinds.setdefault(change.host, []).append(title)
    return kinds


def cell_text(text: str) -> str:
    """What a host said, as one cell."""
    return shorten(brief(text), _CELL)


def _texts(key: str, title: str, cells: Iterable[str], shown: bool = False) -> dict[str, Any]:
    texts, places = _coded(cells, cell_text)
    return {"key": key, "title": cell_text(title), "shown": shown, "texts": texts, "places": places}


def _several(cells: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """The different lists of names: as text, and as places among the names, which the filter offers one by one."""
    names: dict[str, int] = {}
    found: dict[tuple[str, ...], int] = {}
    places = [found.setdefault(each, len(found)) for each in cells]
    members = [[names.setdefault(name, len(names)) for name in each] for each in found]
    shown = [cell_text(name) for name in names]
    texts = [", ".join(shown[place] for place in each) for each in members]
    return {"texts": texts, "places": _packed(places, len(texts)), "members": members, "names": shown}


def _coded(cells: Iterable[Any], shown: Any) -> tuple[list[str], list[int] | str | None]:
    """The different texts, '' for none, and each cell's place among them."""
    found: dict[Any, int] = {}
    places = [found.setdefault("" if cell is None else cell, len(found)) for cell in cells]
    return [shown(str(cell)) for cell in found], _packed(places, len(found))


def _packed(places: list[int], different: int) -> list[int] | str | None:
    """As few bytes as are plain to read: None where each cell has a text of its own, a letter each for few texts."""
    if different == len(places):
        return None
    return "".join([_LETTERS[place] for place in places]) if different <= len(_LETTERS) else places


def _short(number: float) -> float | int:
    """With as many digits as mean something, and no more."""
    rounded = float(f"{number:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def _age(row: Mapping[str, Any], good: Mapping[str, Line]) -> str:
    if row["state"] != "unreachable":
        return ""
    return age(good.get(str(row["host"])), str(row["finished"]))
