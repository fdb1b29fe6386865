# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Channels: the address that is asked, which may hold a secret, and the one that may stand in a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

SUBDIR_FILES = ("repodata.json", "repodata.json.zst")
# How conda channels carry a token: https://host/t/<token>/channel
TOKEN = re.compile(r"^/t/[^/]+(?=/|$)")


def public(url: str) -> str:
    """The URL without user, password, token, query and fragment. A plain name (conda-forge) stays as it is."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], TOKEN.sub("", parts.path), "", ""))


def local_path(url: str) -> Path | None:
    """The file or directory of a file:// URL; None for any other."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def address(channel: str) -> str:
    """A directory as its file:// URL, anything else as it was given."""
    if channel.startswith(("/", "~/")):
        return "file://" + quote(str(Path(channel).expanduser()))
    return channel


@dataclass(frozen=True)
class Channels:
    """In order of priority, as the inventory names them."""

    given: tuple[str, ...]

    @property
    def real(self) -> tuple[str, ...]:
        return tuple(address(channel) for channel in self.given)

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(public(channel) for channel in self.real)

    @property
    def local(self) -> bool:
        """True when all are directories of this controller."""
        return all(local_path(channel) is not None for channel in self.real)

    def secrets(self) -> dict[str, str]:
        """{real: public} of those that have a secret."""
        return {real: shown for real, shown in zip(self.real, self.shown, strict=True) if real != shown}

    def with_secret(self, url: str) -> str:
        """The address to ask for a package that a lock names by its public URL."""
        for real, shown in self.secrets().items():
            if url.startswith(shown.rstrip("/") + "/"):
                return real.rstrip("/") + url[len(shown.rstrip("/")) :]
        return url

    def stamps(self, subdirs: Sequence[str]) -> list[tuple[str, int, int]]:
        """What changes when a channel in a directory is indexed again: its lock is then not used again."""
        found = []
        for channel in self.real:
            directory = local_path(channel)
            for path in [directory / subdir / name for subdir in subdirs for name in SUBDIR_FILES] if directory else []:
                if path.is_file():
                    found.append((str(path), path.stat().st_size, path.stat().st_mtime_ns))
        return found
