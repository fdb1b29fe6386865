# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Downloads what the stand-ins are made of, each file locked by version and sha256 in inputs.json."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .errors import StandInError
from .shell import command, run, say

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Input:
    key: str
    origin: str
    name: str
    version: str
    file: str
    sha256: str


def load() -> dict[str, Input]:
    """The locked inputs by key."""
    table = json.loads((cache.IMAGES / "inputs.json").read_text(encoding="utf-8"))
    return {
        key: Input(key, row["from"], row["name"], row["version"], row["file"], row["sha256"])
        for key, row in table.items()
    }


def fetch(key: str) -> Path:
    """Path of a locked input, downloaded when the cache lacks it. A file with another sha256 is never used."""
    return obtain(load()[key])


def obtain(item: Input) -> Path:
    """The same for an input that is locked elsewhere."""
    path = cache.directory("inputs", item.sha256[:16]) / item.file
    if path.exists():
        return path
    with cache.lock("input-" + item.sha256[:16]), cache.scratch() as work:
        if path.exists():
            return path
        say(f"  fetch {item.name} {item.version} ({item.origin})")
        FETCHERS[item.origin](item, work)
        found = work / item.file
        if not found.exists():
            there = ", ".join(sorted(entry.name for entry in work.iterdir())) or "nothing"
            raise StandInError(f"{item.name} {item.version} brought {there}, not {item.file}. Renew inputs.json.")
        actual = cache.sha256(found)
        if actual != item.sha256:
            raise StandInError(
                f"{item.file} has sha256 {actual}, images/inputs.json says {item.sha256}. It is not used. If the "
                f"archive renewed {item.name} {item.version} on purpose, put the new sha256 into images/inputs.json."
            )
        partial = path.with_name(path.name + ".partial")
        shutil.copyfile(found, partial)
        partial.rename(path)
    return path


def _npm(item: Input, work: Path) -> None:
    run(["npm", "pack", "--silent", f"{item.name}@{item.version}"], cwd=work, remedy=_remedy(item))


def _pypi(item: Input, work: Path) -> None:
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:"]
    # The stand-ins are x86_64, whatever builds them.
    argv += ["--platform=manylinux2014_x86_64", "--platform=any", "--implementation=py", "--abi=none"]
    run([*argv, "--dest", work, f"{item.name}=={item.version}"], env={"PIP_FIND_LINKS": ""}, remedy=_remedy(item))


def _debian(item: Input, work: Path) -> None:
    options = _apt()
    run(["apt-get", *options, "download", f"{item.name}={item.version}"], cwd=work, remedy=_remedy(item))


def _debian_source(item: Input, work: Path) -> None:
    argv = ["apt-get", *_apt(), "source", "--quiet", "--download-only", "--only-source", f"{item.name}={item.version}"]
    run(argv, cwd=work, remedy=_remedy(item))


FETCHERS: dict[str, Callable[[Input, Path], None]] = {
    "npm": _npm,
    "pypi": _pypi,
    "debian": _debian,
    "debian-source": _debian_source,
}


def _remedy(item: Input) -> str:
    return (
        f"\n{item.name} {item.version} could not be fetched. Is its archive reachable, and does it still hold this "
        "version? If it does not, lock a newer one in images/inputs.json (version, file, sha256)."
    )


def mirror() -> str:
    """The Debian mirror: FAISS_FLEET_DEBIAN_MIRROR, or the one that mmdebstrap itself would take."""
    chosen = os.environ.get("FAISS_FLEET_DEBIAN_MIRROR")
    if chosen:
        return chosen
    script = Path(command("mmdebstrap")).read_text(encoding="utf-8")
    found = re.search(r"^\s*my \$mirror\s*=\s*'([^']+)'", script, re.MULTILINE)
    if not found:
        raise StandInError("mmdebstrap names no mirror of its own. Set FAISS_FLEET_DEBIAN_MIRROR to one's URL.")
    return found.group(1)


def keyring() -> Path:
    if not KEYRING.exists():
        raise StandInError(f"{KEYRING} is missing. Install it: apt-get install debian-archive-keyring")
    return KEYRING


def _apt() -> list[str]:
    """Options that give apt-get a configuration of its own: the machine's sources may be those of another system."""
    state = cache.directory("apt")
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    sources = state / "sources.list"
    text = "".join(
        f"{kind} [arch=amd64 signed-by={keyring()}] {mirror()} {suite} main\n"
        for kind, suite in (("deb", "bookworm"), ("deb-src", "bullseye"))
    )
    options = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::State::lists={state}/lists",
        f"-oDir::Cache={state}/cache",
        "-oAPT::Architecture=amd64",
        # The cache lies in a home directory, which apt's own user cannot enter.
        "-oAPT::Sandbox::User=" + ("root" if os.geteuid() == 0 else ""),
    ]
    with cache.lock("apt"):
        known = sources.exists() and sources.read_text(encoding="utf-8") == text
        if not known or not any(state.glob("lists/*Packages*")):
            say("  read the Debian package lists")
            sources.write_text(text, encoding="utf-8")
            run(["apt-get", "--quiet", *options, "update"])
    return options
