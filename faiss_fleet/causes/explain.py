# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names what a log shows to have gone wrong, root first, with the lines that show it and what to do about it.

``python -m faiss_fleet.causes.explain [--json] [FILE]`` reads FILE, or standard input without one. It ends
with 0 when a cause is named, 1 when nothing is recognised and 2 when the input cannot be read. A failure that no cause
fits is shown as ``unknown`` with the line that says most of it, and ends with 1 as well.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import BinaryIO, TypedDict

from . import diagnose as causes
from . import remedies

WIDTH = 100

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


class Explanation(TypedDict):
    """What --json prints of a finding."""

    cause: str
    line: str
    remedy: str


def find(stream: BinaryIO, family: str | None = None, arch: str | None = None) -> list[Finding]:
    """Causes found in a log of any size and any bytes, root first; remedies are for hosts of a distribution family."""
    return [
        Finding(cause=found["cause"], line=found["line"], remedy=found["remedy"], line_number=found["line_number"])
        for found in causes.diagnose(stream, family, arch, unknown=True)
    ]


def as_json(findings: Sequence[Finding]) -> str:
    """A list of {cause, line, remedy}; empty when nothing is recognised."""
    plain = [
        Explanation(cause=finding["cause"], line=finding["line"], remedy=finding["remedy"]) for finding in findings
    ]
    return json.dumps(plain, indent=2, ensure_ascii=False)


def as_text(findings: Sequence[Finding], name: str = "the log", nothing: str = NOTHING_KNOWN) -> str:
    """The same for a reader: the root under its own heading, then what followed from it or stands beside it."""
    if not findings:
        return nothing.format(name=name).strip()
    root, others = findings[0], findings[1:]
    if root["cause"] == "unknown":
        told = f"The line that says most of it is line {root['line_number']}:\n  {root['line']}"
        return nothing.format(name=name).strip().replace("\n", f"\n{told}\n", 1)
    heading = "Harmless" if root["cause"] == "loader_benign" else "Root cause"
    parts = [_paragraph(heading, root)]
    if others:
        parts.append("Also in the log, and likely fixed with it or after it:")
        parts.extend(_paragraph(str(number), finding) for number, finding in enumerate(others, 2))
    return "\n\n".join(parts)


def _paragraph(heading: str, finding: Finding) -> str:
    meaning = str(causes.meaning(finding["cause"]))
    return "\n".join(
        [
            f"{heading}: {finding['cause']}",
            textwrap.indent(textwrap.fill(meaning, WIDTH - 2), "  "),
            f"  line {finding['line_number']}: {finding['line']}",
            textwrap.indent(_filled("Do: " + finding["remedy"]), "  "),
        ]
    )


def _filled(text: str) -> str:
    """Wrapped, and each command in backticks on one line, as it is meant to be copied."""
    joined = re.sub("`[^`]*`", lambda found: found.group().replace(" ", "\0"), text)
    filled = textwrap.fill(joined, WIDTH - 2, break_on_hyphens=False, break_long_words=False)
    return filled.replace("\0", " ")


def explain(
    stream: BinaryIO, name: str, json_wanted: bool, family: str | None = None, arch: str | None = None
) -> tuple[str, int]:
    """(what to print, exit code) for one log."""
    nothing = _nothing(stream)
    findings = find(stream, family, arch)
    text = as_json(findings) if json_wanted else as_text(findings, name, nothing)
    return text, 0 if findings and findings[0]["cause"] != "unknown" else 1


def _nothing(stream: BinaryIO) -> str:
    """What to say when nothing is found, by how the input begins."""
    if not isinstance(stream, io.BufferedReader):
        return NOTHING_KNOWN
    head = stream.peek(4096)
    if not head:
        return EMPTY
    return NOT_TEXT if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")) else NOTHING_KNOWN


def main(argv: Sequence[str] | None = None) -> int:
    """The command; exit codes as the module says."""
    parser = argparse.ArgumentParser(
        prog="faiss-fleet explain", description="Name the causes that a log shows, root first, and what to do."
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="the log; standard input without it, or with -")
    parser.add_argument("--json", action="store_true", help="print a list of {cause, line, remedy}")
    parser.add_argument(
        "--family", choices=remedies.FAMILIES, help="the package manager of the host; remedies name its commands only"
    )
    parser.add_argument("--arch", help="the host's machine name, such as aarch64")
    options = parser.parse_args(argv)
    from_stdin = options.file in (None, "-")
    name = "standard input" if from_stdin else options.file
    try:
        if from_stdin:
            if sys.stdin.isatty():
                print("Reading the log from the terminal. End it with Ctrl-D.", file=sys.stderr)
            text, code = explain(sys.stdin.buffer, name, options.json, options.family, options.arch)
        else:
            with open(options.file, "rb") as stream:
                text, code = explain(stream, name, options.json, options.family, options.arch)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        print(f"faiss-fleet: Cannot read {name}: {reason}. Name a log file, or pipe the log in.", file=sys.stderr)
        return 2
    _print(text)
    return code


def _print(text: str) -> None:
    """To standard output, whatever encoding it has; a reader that went away is no error."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    sys.exit(main())
