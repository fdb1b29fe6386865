# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The details of the page's hosts: their records, deflated together with their neighbours', and what is said of them.

A part's last line has, of its hosts: the answers, each different one once; the earlier runs; what waivers do; C++
symbols as people read them.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import Any

from ..demangle import demangle
from ..plan.answers import Answer
from ..records.journal import write_atomically
from ..store.diff import Line, words
from .answered import pooled

PART = 250  # hosts whose details are unpacked at once, in some ten milliseconds
ASKED = 5_000  # hosts whose history is asked for at once
# In JSON, where a line's end is a letter behind a backslash. It begins with what a search finds fast.
_SYMBOL = re.compile(r"_Z(?:(?<=\b_Z)|(?<=\\[nrt]_Z))\w+")

Histories = Callable[[Sequence[str]], Mapping[str, Sequence[Line]]]


def packed(
    lines: Iterable[str],
    answers: Sequence[Sequence[Answer]],
    hosts: Sequence[str],
    histories: Histories,
    standing: Sequence[tuple[str, ...]],
) -> Iterator[str]:
    """The records by parts, a line each, deflated: hosts of one class have most of theirs in common.

    standing: what each waiver of a host does for it.
    """
    lines = iter(lines)
    known: Mapping[str, Sequence[Line]] = {}
    for start in count(0, PART):
        part = list(islice(lines, PART))
        if not part:
            return
        if start % ASKED == 0:
            known = histories(hosts[start : start + ASKED])
        own = hosts[start : start + PART]
        said = {
            **pooled(answers[start : start + PART]),
            "past": [[_past(line) for line in known.get(host, ())] for host in own],
            "standing": standing[start : start + PART],
            "symbols": _symbols(part),
        }
        part.append(json.dumps(said, ensure_ascii=True, separators=(",", ":")))
        yield base64.b64encode(zlib.compress("\n".join(part).encode("utf-8", "replace"), 6)).decode("ascii")


def write(directory: Path, pieces: Iterable[str], key: Any) -> None:
    """One script a part, since a page from disk may load nothing else. Removes those of an earlier rendering."""
    last = 0
    for last, part in enumerate(pieces, 1):
        key.update(part.encode())
        write_atomically(directory / f"part-{last:04}.js", [f'faissFleetPart({last - 1},"{part}")\n'])
    for old in directory.glob("part-*.js"):
        if int(re.sub(r"\D", "", old.name) or 0) > last:
            old.unlink()


def _past(line: Line) -> list[Any]:
    """When, the state, in words, and the p95 of a host in an earlier run."""
    return [line.finished, line.state, words(line), None if line.p95_ms is None else round(line.p95_ms, 4)]


def _symbols(lines: Iterable[str]) -> dict[str, str]:
    """The names of C++ in the records that are read otherwise, with how."""
    names = {name for line in lines for name in _SYMBOL.findall(line)}
    return {name: read for name in sorted(names) if (read := _read(name)) != name}


@lru_cache(maxsize=10_000)
def _read(name: str) -> str:
    return demangle(name)
