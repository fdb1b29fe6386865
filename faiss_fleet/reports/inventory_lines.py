# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the line of an inventory file that names a host, so that a reader of code scanning is led there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = ("", ".yml", ".yaml", ".ini", ".toml", ".json", ".cfg")
NOT_HOSTS = ("group_vars", "host_vars")
MOST_FILES, MOST_BYTES, MOST_OF_A_RANGE = 100, 20_000_000, 1_000_000
_WORD = re.compile(r"[^\s:=,'\"{}#;\[\]]+(?:\[[^\]\s]*\][^\s:=,'\"{}#;\[\]]*)*")


class Place(NamedTuple):
    """A file relative to the project, as a URI, and a line in it, counted from 1."""

    uri: str
    line: int = 1


class InventoryLines:
    """The places of hosts in the inventories of a run. A host that no file names is at the beginning of the first."""

    def __init__(self, sources: Iterable[str], hosts: Iterable[str], root: Path = ROOT) -> None:
        self._places: dict[str, Place] = {}
        self._first: Place | None = None
        wanted, named = set(hosts), ""
        for source in sources:
            if source.endswith(","):  # a list of hosts, no file
                continue
            path = (root / source).resolve()
            if not path.is_relative_to(root.resolve()):
                continue
            named = named or path.relative_to(root.resolve()).as_posix()
            for file in _files(path):
                self._read(file, quote(file.relative_to(root.resolve()).as_posix()), wanted)
        self._first = self._first or Place(quote(named) or "inventory")

    def of(self, host: str) -> Place:
        """Where a host is named."""
        assert self._first is not None
        return self._places.get(host, self._first)

    def _read(self, file: Path, uri: str, wanted: set[str]) -> None:
        self._first = self._first or Place(uri)
        try:
            if file.stat().st_size > MOST_BYTES:
                return
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("["):  # the name of a group
                continue
            for word in _WORD.findall(line.split("#")[0]):
                for name in _expanded(word):
                    if name in wanted:
                        self._places.setdefault(name, Place(uri, number))


def _files(path: Path) -> Iterator[Path]:
    """Files of an inventory that may name hosts."""
    if path.is_file():
        yield path
    elif path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
        parts = [(each, each.relative_to(path).parts) for each in found]
        yield from [
            each
            for each, names in parts
            if not any(name in NOT_HOSTS or name.startswith(".") or name.endswith("~") for name in names)
        ][:MOST_FILES]


def _expanded(word: str) -> Iterable[str]:
    """The names of a range such as ``web[01:50]``, by Ansible's own rules; else the word itself."""
    if "[" not in word:
        return (word,)
    from ansible.errors import AnsibleError
    from ansible.plugins.inventory import expand_hostname_range

    bounds = re.findall(r"\[(\d+):(\d+)", word)
    if any(int(end) - int(start) > MOST_OF_A_RANGE for start, end in bounds):
        return ()
    try:
        found: list[str] = expand_hostname_range(word)
    except (AnsibleError, ValueError):
        return ()
    return found
