# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes the rows of the table ready for use, and finds those that a line may fit by the words in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property

from . import lines
from . import table as causes_table
from .expressions import Forms

_RANK = dict((name, rank) for name, rank, _meaning in causes_table.CAUSES)

# What logs are full of when nothing is wrong: rows are sought by other words, as far as they have any.
_EVERYWHERE = frozenset(
    """
    and bdist bin bit build building cc cmake conda copying core cxx data debug dev devel dir done download
    downloading el error extension faiss fetch file files for found from gcc get git github gnu gyp home http
    https impl in include index info install installed installing is lib lib64 libc libs linux local log main
    make manylinux module modules name node not npm numpy object of on opt out package packages pip process py
    pypi python read registry release repo root run running server setup share so source src start std std_
    system target temp test the this tmp to type using usr value var verbose version warn warning wheel whl with
    x86
    """.split()
)


class Row:
    """One row of the table, ready for use.

    phrase: its parts must follow each other in a line. after: phrases of which one must stand in the line or shortly
    before it. unless: phrases of which none may. regex: also has to be found. rank: in place of the cause's own.
    wraps: the line is a wrapper's, and the error that it passes on counts in its place. shared: the cause that the line
    shows where the log is not conda's.
    """

    def __init__(
        self,
        cause: str,
        phrase: str,
        after: Iterable[str] = (),
        unless: Iterable[str] = (),
        regex: str | None = None,
        rank: int | None = None,
        wraps: bool = False,
        shared: str | None = None,
    ) -> None:
        self.cause = cause
        self.phrase = phrase
        self.parts = tuple(phrase.split(" ~ "))
        self.tokens = frozenset(lines.TOKEN.findall(phrase))
        self.whole = frozenset(
            match.group()
            for part in self.parts
            for match in lines.TOKEN.finditer(part)
            if match.start() > 0 and match.end() < len(part)
        )
        self.after = tuple(tuple(other.split(" ~ ")) for other in after)
        self.unless = tuple(tuple(other.split(" ~ ")) for other in unless)
        if regex is None and phrase.isalnum():
            regex = "(?<![a-z0-9])" + phrase  # ENOTFOUND is no part of ModuleNotFoundError
        self._pattern = regex
        self.anchored = regex is not None and "^" in regex.replace("[^", "")
        self.rank = _RANK[cause] if rank is None else rank
        self.mention = phrase in causes_table.MENTIONED
        self.wraps = wraps
        self.shared = shared

    @cached_property
    def regex(self) -> re.Pattern[str] | None:
        return re.compile(self._pattern) if self._pattern else None

    def anchor(self, weight: Mapping[str, int]) -> tuple[str, str]:
        """(kind, word): the rarest word of the phrase, and how it stands in a line.

        A word at the edge of a part may be the end ('suffix') or the beginning ('prefix') of a longer one; the only
        word of a part may be anywhere in it ('inner'). Numbers are whole ('exact').
        """
        found = []
        for part in self.parts:
            for match in lines.TOKEN.finditer(part):
                word, at_start, at_end = match.group(), match.start() == 0, match.end() == len(part)
                kind = (
                    "exact"
                    if word.isdigit()
                    else "inner"
                    if at_start and at_end
                    else "suffix"
                    if at_start
                    else "prefix"
                    if at_end
                    else "exact"
                )
                # Words that may be a part of others are found more often, the shorter the more.
                common = 0 if kind == "exact" else 10
                if word in _EVERYWHERE:
                    common += 300
                if len(word) < 4 and (len(word) < 3 or kind != "exact"):
                    common += 600 - 150 * len(word)
                found.append((weight[word] + common - 2 * min(len(word), 8), kind, word))
        _weight, kind, word = min(found)
        return kind, word

    def fits(self, line: str, before: Callable[[], str]) -> bool:
        """Whether a clean line shows this row's cause; before: function to the clean lines before it, as one text."""
        if not in_order(self.parts, line):
            return False
        if self.regex is not None and not self._found(self.regex, line):
            return False
        if any(in_order(parts, line) for parts in self.unless):
            return False
        if self.mention and not lines.FAILING.search(line):
            return False
        if self.after:
            context = before() + "\n" + line
            return any(in_order(parts, context) for parts in self.after)
        return True

    def _found(self, regex: re.Pattern[str], line: str) -> bool:
        """Whether the regex is found; what a line begins with may stand behind the prefix of another tool."""
        return bool(regex.search(line) or (self.anchored and regex.search(lines.without_prefix(line))))


def in_order(parts: Sequence[str], line: str) -> bool:
    """Whether the parts follow each other in a line."""
    at = 0
    for part in parts:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


HARMLESS = tuple(tuple(phrase.split(" ~ ")) for phrase in causes_table.HARMLESS)
HARMLESS_LINES = Forms(causes_table.HARMLESS_BEGINNINGS, causes_table.HARMLESS_ANYWHERE)
RESOLVED = tuple(
    (tuple(phrase.split(" ~ ")), frozenset(resolved))
    for phrases, resolved in causes_table.RESOLVED
    for phrase in phrases
)
FIRST_LETTERS = frozenset(parts[0][0] for parts, _causes in RESOLVED)


# (number of a row, its words that stand whole, its words, its first part).
Called = tuple[int, frozenset[str], frozenset[str], str]


class Index:
    """The rows of the table, and which of them a word in a line calls for.

    What it says of a word is kept, as the words of a log are few.
    """

    KEPT = 50000

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        weight: dict[str, int] = {}
        for row in rows:
            for word in row.tokens:
                weight[word] = weight.get(word, 0) + 1
        self.kinds: dict[str, dict[str, list[int]]] = {"exact": {}, "prefix": {}, "suffix": {}, "inner": {}}
        for number, row in enumerate(rows):
            kind, word = row.anchor(weight)
            self.kinds[kind].setdefault(word, []).append(number)
        self.longest = max(len(word) for words in self.kinds.values() for word in words)
        self.seen: dict[str, tuple[Called, ...]] = {}

    def of(self, word: str) -> tuple[Called, ...]:
        """(number, whole, tokens, first part) of the rows that a line with this word may fit."""
        rows = self.seen.get(word)
        if rows is None:
            if len(self.seen) >= self.KEPT:
                self.seen.clear()
            found = [(number, self.rows[number]) for number in self._find(word)]
            rows = self.seen[word] = tuple((number, row.whole, row.tokens, row.parts[0]) for number, row in found)
        return rows

    def _find(self, word: str) -> tuple[int, ...]:
        rows = list(self.kinds["exact"].get(word, ()))
        short = word[:64]
        for end in range(1, min(len(short), self.longest) + 1):
            rows.extend(self.kinds["prefix"].get(word[:end], ()))
            rows.extend(self.kinds["suffix"].get(word[-end:], ()))
        inner = set(
            short[start : start + size]
            for size in range(1, min(len(short), self.longest) + 1)
            for start in range(len(short) - size + 1)
        )
        for part in inner:
            rows.extend(self.kinds["inner"].get(part, ()))
        return tuple(sorted(set(rows)))


@cache
def index() -> Index:
    """Made when the first log is read: an audit in which nothing fails reads none."""
    return Index(
        [Row(cause, phrase, **options) for cause, phrases, options in causes_table.rows() for phrase in phrases]
    )
