# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The @EXPLICIT spelling of a lock: one address and sha256 a line, which conda, mamba and micromamba read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from ...errors import FleetError
from .channels import public

# Such a name becomes a path of the controller's cache.
FILE = re.compile(
    r"^(?P<name>[A-Za-z0-9_][A-Za-z0-9_.+!-]*?)-(?P<version>[^-/]+)-(?P<build>[^-/]+)\.(?:conda|tar\.bz2)$"
)
SHA256 = re.compile(r"^(?:sha256:)?(?P<hex>[0-9a-f]{64})$")

Package = dict[str, Any]


def text(lock: dict[str, Any], shown: str) -> str:
    """The lock as a list that conda, mamba and micromamba can create an environment from."""
    lines = [f"# made by faiss-fleet for {shown}", f"# platform: {lock['platform']}", "@EXPLICIT"]
    lines += [f"{package['url']}#sha256:{package['sha256']}" for package in lock["packages"]]
    return "\n".join(lines) + "\n"


def parse(text: str, name: str) -> list[Package]:
    """Packages of an @EXPLICIT list. Raises FleetError for a line without a sha256: nothing is installed unchecked."""
    packages = []
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines, 1):
        if not line or line.startswith(("#", "@")):
            continue
        url, _, mark = line.partition("#")
        found = SHA256.match(mark)
        if not found:
            remedy = "Make the list with sha256 sums: conda list --explicit --sha256."
            said = f"{name}, line {number}: {public(url)} has no sha256 behind it. {remedy}"
            raise FleetError(said, "hash_mismatch", remedy)
        directory, _, file = unquote(urlsplit(url).path).rpartition("/")
        parts = FILE.match(file)
        if not parts:
            said = f"{name}, line {number}: {public(url)} is not the address of a conda package."
            raise FleetError(said, "corrupt_artefact")
        packages.append(
            {**parts.groupdict(), "subdir": directory.rpartition("/")[2], "file": file, "url": public(url)}
            | {"sha256": found["hex"]}
        )
    if not packages:
        raise FleetError(f"{name} lists no package.", "corrupt_artefact")
    return sorted(packages, key=lambda package: str(package["name"]))
