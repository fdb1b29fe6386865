# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the addon is built from: inputs locked by version and sha256, found in a mirror directory or fetched once."""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...artefacts import cache
from ...errors import FleetError
from ..base import Options
from . import clients
from .runner import Runner

TABLE = Path(__file__).with_name("inputs.json")
MIRROR = "faiss_install__addon_inputs"
SOURCE = "faiss_install__faiss_source"
SHA256 = re.compile(r"^[0-9a-f]{64}$")
COMMIT = re.compile(r"^[0-9a-f]{40}$")
VERSION = re.compile(r"^1\.\d+\.\d+$")
ORIGINS = ("file", "url", "git")


@dataclass(frozen=True)
class Input:
    """One file to build from. sha256 is of the file; for a git source the commit stands in its place."""

    key: str
    origin: str
    name: str
    version: str
    file: str
    sha256: str
    place: str = ""

    @property
    def release(self) -> str:
        """Upstream's version: 1.7.3 of Debian's 1.7.3-2."""
        return self.version.split("-")[0]

    def locked(self) -> dict[str, str]:
        return {"name": self.name, "version": self.version, "file": self.file, "sha256": self.sha256}


def load(options: Options) -> dict[str, Input]:
    """The locked inputs by key, FAISS replaced by the inventory's own source where it names one."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    found = {
        key: Input(
            key,
            row["from"],
            row["name"],
            row["version"],
            row["file"],
            row["sha256"],
            row.get("suite") or row.get("platform", ""),
        )
        for key, row in table.items()
    }
    given = options.extra.get(SOURCE)
    if given:
        found["faiss"] = source_of(given)
    return found


def check(options: Options) -> None:
    """Raises FleetError for what the inventory says of the inputs and cannot be, before anything is built."""
    load(options)
    mirror = options.extra.get(MIRROR)
    if mirror and not Path(str(mirror)).expanduser().is_dir():
        raise FleetError(
            f"{MIRROR} is {mirror!r}, which is not a directory here. Create it and put the files in, or remove "
            "the variable to use npm, pip and apt-get.",
            cause="build_tool_missing",
            remedy=f"Create {mirror}, or remove {MIRROR}.",
        )


def source_of(given: object) -> Input:
    """FAISS from where the inventory says. Raises FleetError for an entry that does not pin what it names."""
    if not isinstance(given, Mapping) or len([name for name in ORIGINS if given.get(name)]) != 1:
        raise _unpinned(given, "it must name one of file, url and git")
    version = str(given.get("version", ""))
    if not VERSION.match(version):
        raise _unpinned(given, "it must give the version of FAISS, such as 1.7.3")
    origin = next(name for name in ORIGINS if given.get(name))
    place = str(given[origin])
    if origin == "git":
        commit = str(given.get("commit", "")).lower()
        if not COMMIT.match(commit) or place.startswith("-"):
            raise _unpinned(given, "a git source wants the whole commit, 40 hexadecimal digits: a tag can be moved")
        return Input("faiss", "git", "faiss", version, f"faiss-{commit}.tar", commit, place)
    sha256 = str(given.get("sha256", "")).lower()
    if not SHA256.match(sha256):
        raise _unpinned(given, "an archive wants its sha256, 64 hexadecimal digits")
    if origin == "url" and not place.startswith(("https://", "http://")):
        raise _unpinned(given, "url wants http or https")
    return Input("faiss", origin, "faiss", version, f"faiss-{sha256[:16]}.tar", sha256, place)


def _unpinned(given: object, why: str) -> FleetError:
    return FleetError(
        f"{SOURCE} is {given!r}, which cannot be used: {why}. Write {{file: /path, sha256: ..., version: 1.7.3}}, or "
        "url with sha256 and version, or git with commit and version.",
        cause="faiss_source_missing",
        remedy=f"Correct {SOURCE}.",
    )


def fetch_all(inputs: Mapping[str, Input], options: Options, runner: Runner) -> dict[str, Path]:
    """A path for each input, every one checked. Raises FleetError that names all that are missing, or the one that "
    "differs."""
    mirror = options.extra.get(MIRROR)
    if mirror:
        return _of_mirror(inputs, Path(str(mirror)).expanduser())
    return {key: _fetched(item, options, runner) for key, item in inputs.items()}


def _of_mirror(inputs: Mapping[str, Input], directory: Path) -> dict[str, Path]:
    found = {key: _local(item, directory) for key, item in inputs.items()}
    absent = [item for key, item in inputs.items() if not found[key].is_file()]
    if absent:
        listing = "\n".join(f"  {item.file}  sha256 {item.sha256}" for item in absent)
        raise FleetError(
            f"{directory}, which {MIRROR} names, lacks {len(absent)} of {len(inputs)} files:\n{listing}\nPut them "
            "there; a controller with network access keeps them under addon/inputs of its cache.",
            cause="faiss_source_missing" if any(item.key == "faiss" for item in absent) else "build_tool_missing",
            remedy=f"Put the missing files into {directory}.",
        )
    for key, item in inputs.items():
        _check(found[key], item)
    return found


def _local(item: Input, directory: Path) -> Path:
    return Path(item.place).expanduser() if item.origin == "file" else directory / item.file


def _fetched(item: Input, options: Options, runner: Runner) -> Path:
    if item.origin == "file":
        path = Path(item.place).expanduser()
        if not path.is_file():
            raise FleetError(
                f"{SOURCE} names {path}, which is not a file on this controller. Put it there.",
                cause="faiss_source_missing",
                remedy=f"Put the archive at {path}.",
            )
        _check(path, item)
        return path
    path = options.cache / "addon" / "inputs" / item.sha256[:16] / item.file
    with cache.once(path):
        # Checked when it came. A git archive's own bytes are not what is pinned.
        if path.is_file() and (item.origin == "git" or cache.sha256(path) == item.sha256):
            return path
        if options.offline:
            raise FleetError(
                f"faiss_install__offline is set, and the cache lacks {item.file}. Run once with network access, or "
                f"name a directory that holds it in {MIRROR}.",
                cause="unreachable",
                remedy=f"Name a directory that holds {item.file} in {MIRROR}.",
            )
        with cache.scratch(path.parent, "fetch") as place:
            found = _brought(item, place, options, runner)
            _check(found, item)
            os.replace(found, path)
    return path


def _brought(item: Input, work: Path, options: Options, runner: Runner) -> Path:
    if item.origin == "url":
        _download(item, work / item.file)
    elif item.origin == "git":
        clients.git(item.place, item.sha256, work / item.file, work, runner)
    else:
        fetch = {
            "npm": clients.npm,
            "pypi": clients.pypi,
            "debian": clients.debian,
            "debian-source": clients.debian_source,
        }[item.origin]
        state = options.cache / "addon" / "apt"
        fetch(item.name, item.version, item.place, work, clients.Apt(state, options), runner)
    found = work / item.file
    if not found.is_file():
        there = ", ".join(sorted(entry.name for entry in work.iterdir())) or "nothing"
        raise FleetError(
            f"{item.name} {item.version} brought {there}, not {item.file}. Its archive has changed: put the file "
            f"into a directory and name that in {MIRROR}.",
            cause="hash_mismatch",
            remedy=f"Name a directory that holds {item.file} in {MIRROR}.",
        )
    return found


def _download(item: Input, target: Path) -> None:
    try:
        with urllib.request.urlopen(item.place, timeout=60) as answer, target.open("wb") as out:
            shutil.copyfileobj(answer, out)
    except (urllib.error.URLError, OSError, ValueError) as exc:
        reason = getattr(exc, "reason", exc)
        raise FleetError(
            f"The FAISS source that {SOURCE} names could not be fetched: {reason}. Is it reachable from this "
            "controller? Else put the archive there and name it by file.",
            cause="unreachable",
            remedy="Put the archive onto the controller and name it by file.",
        ) from exc


def _check(path: Path, item: Input) -> None:
    if item.origin == "git":
        return
    found = cache.sha256(path)
    if found != item.sha256:
        raise FleetError(
            f"{path} has sha256 {found}, and {item.name} {item.version} is locked as {item.sha256}. It is not used. "
            "Find out where the file comes from before you trust it.",
            cause="hash_mismatch",
            remedy=f"Put the locked {item.file} in its place.",
        )
