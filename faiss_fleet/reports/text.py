# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Shows text that came from a host as what it is: nothing in it steers a terminal or turns the reading direction."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from ..demangle import demangle

# C0, C1, separators, direction marks and overrides, zero-width and tag characters: what is not seen but does something.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_QUOTED = re.compile(r"`([^`\n]*)`")
_BLANKS = re.compile(r"[\s\u0085]+")
_SYMBOL = re.compile(r"\b_Z\w+")
_SYMBOLS = re.compile(r"_Z\w+(?P<others>(?:, \w+)*)(?: and (?P<more>\d+) more)?")


def visible(text: str) -> str:
    """The text with every unseen character spelled out as ``<U+202E>``. Line breaks and tabs stay."""
    if text.isprintable():  # nearly all text is, and none of the unseen is
        return text
    return _UNSEEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Visible, and on one line."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return visible(_BLANKS.sub(" ", text)).strip()


def brief(text: str) -> str:
    """One line fit for a table's cell: of a list of C++ symbols, the first is named and the others are counted."""
    return _SYMBOLS.sub(_first_symbol, one_line(text))


def _first_symbol(found: re.Match[str]) -> str:
    first = demangle(found[0].partition(",")[0].partition(" ")[0])
    others = found["others"].count(",") + int(found["more"] or 0)
    return shorten(first, 48) + (f" and {others:,} more" if others else "")


def readable(text: str) -> str:
    """The text with every C++ symbol as people read it, where there is room for all of them."""
    return _SYMBOL.sub(lambda found: demangle(found[0]), text)


def unquoted(text: str) -> str:
    """The text without the backticks around commands and names, which a terminal does not render."""
    return _QUOTED.sub(r"\1", text)


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """The text by lines that are no wider, those after the first indented; no word is lost."""
    lines: list[str] = []
    for line in textwrap.wrap(text, max(columns, 8), subsequent_indent=indent, break_on_hyphens=False):
        while width(line) > max(columns, 8):  # letters of two columns
            cut = next(at for at in range(len(line), 0, -1) if width(line[:at]) <= columns)
            lines.append(line[:cut])
            line = line[cut:]
        lines.append(line)
    return lines


def width(text: str) -> int:
    """Columns that a terminal needs for visible text."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def shorten(text: str, columns: int) -> str:
    """At most that many columns, with an ellipsis where something was cut."""
    if width(text) <= columns:
        return text
    if columns < 1:
        return ""
    cut = text[: max(columns - 1, 0)]
    while width(cut) > columns - 1:
        cut = cut[:-1]
    return cut + "…"


def number(value: float | int | None, digits: int = 3) -> str:
    """A measurement with that many significant digits and no exponent; '' when there is none."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    magnitude = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{max(digits - magnitude, 0)}f}"
