# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Sentences and blocks of Markdown out of counts and host-supplied text. Nothing that a host said becomes markup."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .markdown import escape
from .text import one_line, shorten, visible

_TICKS = re.compile("`+")
_LONGEST, _LINES = 2_000, 12  # of a message that is quoted; records.jsonl has the rest
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


def count(number: int, noun: str) -> str:
    """'1 host', '2,000 hosts', '3 classes'."""
    plural = noun if number == 1 else f"{noun}es" if noun.endswith(("s", "x", "ch")) else f"{noun}s"
    return f"{number:,} {plural}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """'a, b and c'."""
    return f" {last} ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def some(names: Sequence[str], most: int = 3) -> str:
    """'a, b, c and 19 more', as text of Markdown."""
    shown = [escape(shorten(one_line(name), 80)) for name in names[:most]]
    left = len(names) - len(shown)
    return ", ".join(shown) + f" and {left:,} more" if left else listed(shown)


def shares(counter: Counter[str], most: int = 4, of: int | None = None) -> str:
    """'3.10.0 (20), 4.18.0 (2)'; without figures when there is one only or all have all, '' when there is none.

    of: how many hosts there are, where one may have several.
    """
    common = counter.most_common(most)
    others = f" and {len(counter) - most:,} others" if len(counter) > most else ""
    if len(counter) == 1 or (of is not None and all(times == of for times in counter.values())):
        names = [escape(shorten(one_line(name), 120)) for name, _times in common]
        return ", ".join(names) + others if others else listed(names)
    text = ", ".join(f"{escape(shorten(one_line(name), 120))} ({times:,})" for name, times in common)
    return text + others


def code(text: str) -> str:
    """A span of code that ends where it should, whatever is in it."""
    text = shorten(one_line(text), 300)
    ticks = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{edge}{text}{edge}{ticks}" if text else ""


def fence(text: str, language: str = "text", lines: int = _LINES) -> Iterator[str]:
    """A block that holds the text verbatim: unseen characters spelled out, the fence longer than any inside."""
    text = visible(text).strip("\n")
    if len(text) > _LONGEST and language == "text":
        text = f"{text[: _LONGEST // 2]}\n[...]\n{text[-_LONGEST // 2 :]}"
    shown = text.split("\n")
    if len(shown) > lines:
        shown = [*shown[: lines // 2], f"[... {len(shown) - lines} lines ...]", *shown[-lines // 2 :]]
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    yield f"{ticks}{language}\n"
    yield from (f"{line}\n" for line in shown)
    yield f"{ticks}\n\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; its cells are text of Markdown already."""
    yield f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}\n"
    for cells in rows:
        yield f"| {' | '.join(cells)} |\n"
    yield "\n"


def sentence(text: str) -> str:
    """Text of Markdown with a capital and a full stop; '' stays ''."""
    text = escape(shorten(one_line(text), 1_000))
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def plain_name(name: str) -> bool:
    """Whether a name can stand in a command as it is, and in --limit as nothing but a name."""
    return _SAFE_NAME.fullmatch(name) is not None


def argument(text: str) -> str:
    """One word of a shell command, on one line."""
    return shlex.quote(one_line(text))
