# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads the commands out of a page, and runs them in a checkout of their own, in the page's order.

What a page may hold:

    ```sh                              commands; each block is run by bash, and has to end with 0
    <!-- exits with 1 -->              before a block: how it ends instead
    <!-- run by tests/x/test_y.py -->  before a block: it is run there, which has to name the block's programs
    <!-- without a network -->         before a block: it is run where only the hosts can be reached
    ```yaml, first line # file: PATH   is written to PATH; other yaml, json, text, toml and ini is not touched
    ```js, ```python                   programs, run with what the page has installed before
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, SHOWN = ("sh", "js", "python"), ("yaml", "json", "text", "toml", "ini", "diff")
_FENCE = re.compile(r"^ {0,3}```(\S*)[ \t]*\n(.*?)^ {0,3}```[ \t]*$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (exits with|run by|without) (.+) -->\s*\Z")
_FILE = re.compile(r"# file: (\S+)\n")
# What begins a line of commands; indented code that looks so would be shown and never run.
_COMMAND = re.compile(
    r"^ {4,}(?:\$ |(?:sudo |\. )?(?:make|ansible[a-z-]*|tools/|images/|pip3?|npm|podman|docker|python3?|curl|sha256sum|"
    r"git|molecule|pytest|tests/|faiss-fleet)\b)"
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    exits: int = 0
    elsewhere: str | None = None
    offline: bool = False

    @property
    def file(self) -> str | None:
        """Where the block is to be written, when it says so."""
        found = _FILE.match(self.text)
        return found[1] if found else None

    @property
    def programs(self) -> set[str]:
        """First words of its lines."""
        lines = self.text.replace("\\\n", " ").splitlines()
        words = [shlex.split(line, comments=True) for line in lines]
        return {os.path.basename(line[0]) for line in words if line and "=" not in line[0]}


def pages() -> list[str]:
    """Every page for people, by its path in the project."""
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")]
    found += [ROOT / "images" / "README.md", ROOT / "reports" / "README.md"]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def blocks(page: str) -> list[Block]:
    """The page's fenced blocks. ValueError for one without a known language, or with a note that says nothing."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        line, language, body = text[: match.start()].count("\n") + 1, match[1], textwrap.dedent(match[2])
        if language not in (*RUN, *SHOWN):
            raise ValueError(
                f"{page}:{line}: a block of {language or 'no language'}; it can be: {', '.join(RUN + SHOWN)}"
            )
        note = _NOTE.search(text[: match.start()])
        exits = int(note[2]) if note and note[1] == "exits with" else 0
        elsewhere = note[2] if note and note[1] == "run by" else None
        offline = bool(note and note[1] == "without")
        found.append(Block(page, line, language, body, exits, elsewhere, offline))
    return found


def stray(page: str) -> Iterator[str]:
    """Lines of indented code that look like commands."""
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), (ROOT / page).read_text(encoding="utf-8"))
    for number, line in enumerate(text.splitlines(), 1):
        if _COMMAND.match(line):
            yield f"{page}:{number}: {line.strip()}"


@dataclass
class Walk:
    """Runs the blocks of one page in ``directory``, a checkout."""

    directory: Path
    environment: Mapping[str, str]
    # Names of the page's examples, and what they are here.
    replace: Mapping[str, str] = field(default_factory=dict)
    # In front of a command that is to have no network but that of the hosts.
    prefix: Sequence[str] = ()

    def run(self, block: Block) -> str | None:
        """None when the block did what it says, else what went wrong."""
        text = block.text
        for name, here in self.replace.items():
            text = text.replace(name, here)
        if block.file:
            place = self.directory / block.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            return None
        if block.language not in RUN:
            return None
        argv = {
            "sh": ["bash", "-euo", "pipefail", "-c", text],
            "js": ["node", "-e", f"(async () => {{\n{text}\n}})()"],
            "python": ["python3", "-c", text],
        }[block.language]
        if block.language == "js" and re.search(r"^import ", text, re.MULTILINE):
            argv = ["node", "--input-type=module", "-e", text]
        done = subprocess.run(
            [*(self.prefix if block.offline else ()), *argv],
            cwd=self.directory,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        if done.returncode == block.exits:
            return None
        return f"{block.page}:{block.line} ended with {done.returncode}:\n{text}\n{done.stdout[-6000:]}"
