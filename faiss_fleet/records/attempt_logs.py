# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts the log of a failed attempt beside the records, logs/<host>/<number>-<strategy>.log; the tail stays in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..redact import head, tail
from .clean import Cleaner

DIRECTORY = "logs"
MOST_CHARACTERS = 1 << 20
TAIL = 4000
LONGEST_NAME = 120
_PIECE = 16_000


def safe(name: str) -> str:
    """A host's name as one part of a path, another one for every name: what is no letter or digit is escaped."""
    escaped = re.sub(r"^\.", "%2E", quote(name, safe="", errors="replace")).replace("~", "%7E") or "%00"
    if len(escaped) <= LONGEST_NAME:
        return escaped
    return f"{escaped[:LONGEST_NAME]}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:12]}"


def put_down(directory: Path, host: str, attempts: Iterable[Any], cleaner: Cleaner) -> None:
    """Writes the log of each attempt that failed, leaves its tail in the attempt and names the file there.

    The log is cleaned like the record. Where it cannot be written the tail is all there is, as for the record itself.
    """
    for number, attempt in enumerate(attempts, 1):
        log = attempt.get("log") if isinstance(attempt, dict) else None
        if not isinstance(log, str) or not log.strip() or attempt.get("ok") is not False or attempt.get("log_file"):
            continue
        place = f"{DIRECTORY}/{safe(host)}/{number:02d}-{safe(str(attempt.get('strategy')))}.log"
        whole = "".join(_cleaned(_bounded(log), cleaner))
        path = directory / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(whole, encoding="utf-8")
            attempt["log_file"] = place
        except OSError as exc:
            note = f"(Its log could not be written: {exc.strerror}.)"
            attempt["message"] = f"{attempt.get('message') or ''} {note}".strip()
        attempt["log"] = _tail(whole)


def _bounded(log: str) -> str:
    left_out = len(log) - MOST_CHARACTERS
    if left_out <= 0:
        return log
    half = MOST_CHARACTERS // 2
    return f"{head(log, half)}\n[... {left_out} characters left out ...]\n{tail(log, half)}"


def _cleaned(log: str, cleaner: Cleaner) -> Iterator[str]:
    """In pieces of whole lines, as the cleaner shortens what is long."""
    piece: list[str] = []
    size = 0
    for line in log.splitlines(keepends=True):
        if size + len(line) > _PIECE and piece:
            yield cleaner.text("".join(piece))
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    yield cleaner.text("".join(piece))


def _tail(text: str) -> str:
    return text if len(text) <= TAIL else text[-TAIL:].partition("\n")[2] or text[-TAIL:]
