# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes what a host's Python reads from its standard input: the code of ``inspection`` and its questions.

The code is packed once for all hosts. Nothing is written on the host: its modules are imported out of memory.
"""

from __future__ import annotations

import functools
import json
import re
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import search_files

SOURCES = Path(__file__).resolve().parents[2] / "module_utils" / "faiss_fleet"
ENTRY, CHECK, LOADER = "faiss_fleet.one_call.inspection", "faiss_fleet.one_call.brief_check", "one_call/from_memory.py"
# A relative import; names may go on in brackets over lines. To parse the modules for it takes longer than all the rest.
IMPORT = re.compile(r"^[ ]*from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
# A text or a comment, so that a mark of the one inside of the other is none.
TOKEN = re.compile(
    r'''("""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|[ ]*\#[^\n]*''', re.ASCII
)
# The command of a host's Python. No module of the directory in which it starts takes the place of one of its own.
BOOT = (
    "import sys;sys.path=[p for p in sys.path if p];import zlib;z=zlib.decompressobj();"
    'exec(z.decompress(getattr(sys.stdin,"buffer",sys.stdin).read()));run(z.unused_data)'
)


@functools.cache
def sources(facts_only: bool) -> bytes:
    """What is the same for all hosts, deflated: the loader, and JSON of the modules and files that it needs."""
    loader = bare((SOURCES / LOADER).read_text("utf-8"))
    found = needed(facts_only).items()
    modules = {name: [path.name == "__init__.py", bare(path.read_text("utf-8"))] for name, path in found}
    # Which kind is configured shows on the host; of all kinds, the brief test of Node alone needs files.
    names = set() if facts_only else search_files.needed("node", figures=False, loader=False)
    files = {name: search_files.content(name).decode("ascii") for name in names}
    texts = json.dumps({"modules": modules, "files": files}, sort_keys=True)
    return b"".join(zlib.compress(text.encode(), 9) for text in (loader, texts))


def bare(code: str) -> str:
    """Python code without comments and docstrings, which no host reads. Each line keeps its number."""

    def shorter(found: re.Match[str]) -> str:
        text = found[1] or ""
        if not text.startswith('"""'):
            return text
        line = code[code.rfind("\n", 0, found.start()) + 1 : found.start()]
        alone = not line.strip() and code[found.end() : found.end() + 1] in ("\n", "")
        return '""' + "\n" * text.count("\n") if alone else text

    return TOKEN.sub(shorter, code)


def text(questions: Mapping[str, Any]) -> tuple[bytes, str]:
    """What goes to a host's standard input, and the mark that its answer stands behind."""
    mark = f"FAISS_FLEET_ANSWER {secrets.token_hex(16)} "
    asked = json.dumps({"questions": questions, "mark": mark})
    return sources("configuration" not in questions) + asked.encode("ascii"), mark


def answer(output: str, mark: str) -> dict[str, Any] | None:
    """The answer in a host's standard output, whatever else was printed there; None when there is none."""
    _before, found, rest = output.partition(mark)
    try:
        said = json.loads(rest.partition("\n")[0]) if found else None
    except ValueError:
        return None
    return said if isinstance(said, dict) and isinstance(said.get("facts"), dict) else None


def needed(facts_only: bool) -> dict[str, Path]:
    """By name, every module that ``inspection`` imports, and those that these import; of the brief test where asked."""
    found: dict[str, Path] = {}
    queue = [ENTRY]
    while queue:
        name = queue.pop()
        path = _path(name)
        if not name or name in found or path is None or (facts_only and name == CHECK):
            continue
        found[name] = path
        queue += [name.rpartition(".")[0], *_imports(name, path)]
    return found


def _path(name: str) -> Path | None:
    place = SOURCES.joinpath(*name.split(".")[1:])
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


def _imports(name: str, path: Path) -> list[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = []
    for dots, module, names in IMPORT.findall(path.read_text("utf-8")):
        base = [*package[: len(package) - len(dots) + 1], *module.split(".")]
        place = ".".join(part for part in base if part)
        found += [place, *(f"{place}.{name}" for name in re.findall(r"\w+", names))]
    return found
