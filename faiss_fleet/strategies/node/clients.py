# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks the ordinary clients for one file each: npm, pip, apt-get and git, as they are configured on the controller."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ...artefacts import cache
from ...errors import FleetError
from ..base import Options
from .runner import Runner

MIRROR = "faiss_install__debian_mirror"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Apt:
    """An apt configuration of our own under ``state``: the controller's sources are left as they are."""

    state: Path
    options: Options

    def arguments(self, suite: str, runner: Runner) -> list[str]:
        if not KEYRING.is_file():
            raise FleetError(
                f"{KEYRING} is missing, without which nothing of Debian's can be checked. Install "
                "debian-archive-keyring, or name a directory with the files in faiss_install__addon_inputs.",
                cause="command_missing",
                remedy="Install debian-archive-keyring.",
            )
        for part in ("lists/partial", "cache/archives/partial"):
            (self.state / part).mkdir(parents=True, exist_ok=True)
        sources = self.state / "sources.list"
        mirror = self._mirror(runner)
        lines = [f"{kind} [arch=amd64 signed-by={KEYRING}] {mirror} {suite} main\n" for kind in ("deb", "deb-src")]
        found = [
            f"-oDir::Etc::sourcelist={sources}",
            "-oDir::Etc::sourceparts=-",
            f"-oDir::State::lists={self.state}/lists",
            f"-oDir::Cache={self.state}/cache",
            "-oAPT::Architecture=amd64",
            # The cache lies in a home directory, which apt's own user cannot enter.
            "-oAPT::Sandbox::User=" + ("root" if os.geteuid() == 0 else ""),
        ]
        with cache.once(sources):
            text = "".join(lines)
            known = sources.is_file() and sources.read_text(encoding="utf-8") == text
            if not (known and any((self.state / "lists").glob("*Packages*"))):
                cache.write(sources, text.encode())
                runner.run(["apt-get", "--quiet", *found, "update"], cwd=self.state)
        return found

    def _mirror(self, runner: Runner) -> str:
        """The inventory's, or the one that this controller itself uses for Debian."""
        chosen = self.options.extra.get(MIRROR)
        if chosen:
            return str(chosen)
        wanted = "$(ORIGIN) $(CODENAME) $(REPO_URI)"
        listing = runner.run(["apt-get", "indextargets", "--format", wanted], cwd=self.state)
        words = [line.split() for line in listing.splitlines()]
        found = [line[2] for line in words if len(line) == 3 and line[0] == "Debian" and "-" not in line[1]]
        if not found:
            raise FleetError(
                f"This controller's apt has no Debian source to ask for FAISS and OpenBLAS. Set {MIRROR} to a mirror "
                "of Debian, or faiss_install__addon_inputs to a directory that holds the files.",
                cause="faiss_source_missing",
                remedy=f"Set {MIRROR} to a mirror of Debian.",
            )
        return found[0]


def npm(name: str, version: str, _place: str, work: Path, _apt: Apt, runner: Runner) -> None:
    runner.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=work)


def pypi(name: str, version: str, platform: str, work: Path, _apt: Apt, runner: Runner) -> None:
    arguments = ["download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--dest", str(work)]
    arguments += [f"--platform={platform}", "--implementation=py", "--abi=none", f"{name}=={version}"]
    runner.run([sys.executable, "-m", "pip", *arguments], cwd=work, env={"PIP_NO_INPUT": "1"})


def debian(name: str, version: str, suite: str, work: Path, apt: Apt, runner: Runner) -> None:
    runner.run(["apt-get", "--quiet", *apt.arguments(suite, runner), "download", f"{name}={version}"], cwd=work)


def debian_source(name: str, version: str, suite: str, work: Path, apt: Apt, runner: Runner) -> None:
    arguments = ["source", "--download-only", "--only-source", f"{name}={version}"]
    runner.run(["apt-get", "--quiet", *apt.arguments(suite, runner), *arguments], cwd=work)


def git(url: str, commit: str, archive: Path, work: Path, runner: Runner) -> None:
    """The tree of one commit as a tar. Git itself checks that what came has that name."""
    tree = work / "git"
    tree.mkdir()
    environment = {"GIT_TERMINAL_PROMPT": "0"}
    runner.run(["git", "init", "--quiet"], cwd=tree)
    runner.run(["git", "fetch", "--quiet", "--depth=1", "--", url, commit], cwd=tree, env=environment)
    arguments = ["archive", "--format=tar", f"--prefix=faiss-{commit[:12]}/", f"--output={archive}", commit]
    runner.run(["git", *arguments], cwd=tree)
