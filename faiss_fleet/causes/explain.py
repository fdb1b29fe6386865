# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names what a log shows to have gone wrong, root first, with the lines that show it and what to do about it.

A failure that no cause fits is shown as ``unknown``, with the line that says most of it.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, TypedDict

from . import diagnose as causes

WIDTH = 100  # columns at most: longer lines are hard to read

NOTHING_KNOWN = (
    "No cause is recognised in {name}.\n"
    "Look for the first line that says error, and give more of the log: the whole output of the step that failed, not "
    "its end alone (npm: --foreground-scripts --verbose; pip: --verbose; ansible-playbook: -vvv)."
)


EMPTY = "{name} is empty. Send errors along as well: command 2>&1 | faiss-fleet explain\n"
NOT_TEXT = "{name} is not text: it has zero bytes at its beginning. Unpack it first, or name the log itself."


class Finding(TypedDict):
    """One cause and what shows it."""

    cause: str
    line: str
    remedy: str
    line_number: int


def find(stream: BinaryIO, family: str | None = None, arch: str | None = None) -> list[Finding]:
    """Causes found in a log of any size and any bytes, root first; remedies are for hosts of a distribution family."""
    return [
        Finding(cause=found["cause"], line=found["line"], remedy=found["remedy"], line_number=found["line_number"])
        for found in causes.diagnose(stream, family, arch, unknown=True)
    ]


def as_json(findings: Sequence[Finding]) -> str:
    """A list of {cause, line, remedy}; empty when nothing is recognised."""
    plain = [{name: finding[name] for name in ("cause", "line", "remedy")} for finding in findings]
    return json.dumps(plain, indent=2, ensure_ascii=False)


def as_text(
    findings: Sequence[Finding], name: str = "the log", nothing: str = NOTHING_KNOWN, width: int = WIDTH
) -> str:
    """The same for a reader: the root under its own heading, then what followed from it or stands beside it."""
    if not findings:
        return nothing.format(name=name).strip()
    root, others = findings[0], findings[1:]
    if root["cause"] == "unknown":
        told = f"The line that says most of it is line {root['line_number']}:\n  {root['line']}"
        return nothing.format(name=name).strip().replace("\n", f"\n{told}\n", 1)
    heading = "Harmless" if root["cause"] == "loader_benign" else "Root cause"
    parts = [_paragraph(heading, root, width)]
    if others:
        parts.append("Also in the log, and likely fixed with it or after it:")
        parts.extend(_paragraph(str(number), finding, width) for number, finding in enumerate(others, 2))
    return "\n\n".join(parts)


def _paragraph(heading: str, finding: Finding, width: int) -> str:
    meaning = str(causes.meaning(finding["cause"]))
    return "\n".join(
        [
            f"{heading}: {finding['cause']}",
            textwrap.indent(textwrap.fill(meaning, width - 2), "  "),
            f"  line {finding['line_number']}: {finding['line']}",
            textwrap.indent(_filled("Do: " + finding["remedy"], width), "  "),
        ]
    )


def _filled(text: str, width: int) -> str:
    """Wrapped, and each command in backticks on one line, as it is meant to be copied."""
    joined = re.sub("`[^`]*`", lambda found: found.group().replace(" ", "\0"), text)
    filled = textwrap.fill(joined, width - 2, break_on_hyphens=False, break_long_words=False)
    return filled.replace("\0", " ")


def _nothing(stream: BinaryIO) -> str:
    """What to say when nothing is found, by how the input begins."""
    if not isinstance(stream, io.BufferedReader):
        return NOTHING_KNOWN
    head = stream.peek(4096)
    if not head:
        return EMPTY
    return NOT_TEXT if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")) else NOTHING_KNOWN


def explain(file: Path | None, json_wanted: bool, family: str | None, arch: str | None) -> int:
    """Prints what a log shows; standard input is read without a file, or for ``-``.

    Returns 0 when a cause is named, 1 when nothing is recognised, 2 when the input cannot be read.
    """
    from_stdin = file is None or str(file) == "-"
    name = "standard input" if from_stdin else str(file)
    try:
        if from_stdin and sys.stdin.isatty():
            print("Reading the log from the terminal. End it with Ctrl-D.", file=sys.stderr)
        with nullcontext(sys.stdin.buffer) if from_stdin else open(name, "rb") as stream:
            nothing = _nothing(stream)
            findings = find(stream, family, arch)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        print(f"faiss-fleet: Cannot read {name}: {reason}. Name a log file, or pipe the log in.", file=sys.stderr)
        return 2
    width = max(24, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))
    _print(as_json(findings) if json_wanted else as_text(findings, name, nothing, width))
    return 0 if findings and findings[0]["cause"] != "unknown" else 1


def _print(text: str) -> None:
    """To standard output, whatever encoding it has; a reader that went away is no error."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:
        sys.stderr.close()
