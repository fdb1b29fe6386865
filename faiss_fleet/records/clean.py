# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Turns whatever a host or a plugin returned into plain JSON: bounded, encodable, without secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from ..redact import HIDDEN, head, redact, tail

TEXT_LIMIT = 32_768  # a log's tail is 20 kB at most; what is longer is a host gone wild
LIST_LIMIT = 4_000
DEPTH_LIMIT = 24

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_MEMO_TEXT, _MEMO_SIZE = 200, 20_000


class Cleaner:
    """Cleans the values of one host. Hosts with the same secrets share one, and with it what it remembers."""

    def __init__(self, secrets: Iterable[str] = (), mask: Callable[[str], str] = redact) -> None:
        """secrets are masked letter by letter, wherever they stand, also where a URL has them quoted."""
        words = {word for secret in secrets for word in (secret, quote(secret, safe="")) if word}
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if words else None
        self._mask = mask
        self._seen: dict[str, str] = {}
        self.notes: list[str] = []

    def clean(self, value: Any, where: str = "record", depth: int = 0) -> Any:
        """The value as plain JSON. ``notes`` gets what had to be cut."""
        if isinstance(value, str):
            return self.text(value, where)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if depth >= DEPTH_LIMIT:
            self.notes.append(f"{where} is nested deeper than {DEPTH_LIMIT} levels; the rest was left out")
            return None
        if isinstance(value, dict):
            pairs = self._first(list(value.items()), where)
            return {self.text(str(key), where): self.clean(item, f"{where}/{key}", depth + 1) for key, item in pairs}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.clean(item, where, depth + 1) for item in self._first(list(value), where)]
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"), where)
        return self.text(str(value), where)

    def text(self, text: str, where: str = "record") -> str:
        """One string, masked and encodable. Long ones keep their head and their tail, where errors stand."""
        known = self._seen.get(text)
        if known is not None:
            return known
        cleaned = _LONE_SURROGATES.sub("\ufffd", str(text))
        if self._secrets is not None:
            cleaned = self._secrets.sub(HIDDEN, cleaned)
        left_out = len(cleaned) - TEXT_LIMIT
        if left_out > 0:
            half = TEXT_LIMIT // 2
            self.notes.append(f"{where}: {left_out} characters were left out of a text of {len(cleaned)}")
            cleaned = f"{head(cleaned, half)}\n[... {left_out} characters left out ...]\n{tail(cleaned, half)}"
        cleaned = self._mask(cleaned)
        if len(text) <= _MEMO_TEXT and len(self._seen) < _MEMO_SIZE:
            self._seen[str(text)] = cleaned
        return cleaned

    def _first(self, items: list[Any], where: str) -> list[Any]:
        if len(items) > LIST_LIMIT:
            self.notes.append(f"{where}: {len(items) - LIST_LIMIT} of {len(items)} entries were left out")
        return items[:LIST_LIMIT]
