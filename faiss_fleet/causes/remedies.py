# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Chooses the next step for a cause, in the commands of the host's distribution family and architecture."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import remedy_table
from .remedy_table import REMEDIES

# yum is CentOS, RHEL and Oracle Linux 7 and Amazon Linux 2; dnf what came after them.
FAMILIES = ("yum", "dnf", "apt", "apk", "zypper")
_RPM = ("rhel", "centos", "fedora", "rocky", "almalinux", "ol", "amzn", "scientific", "eurolinux", "cloudlinux")
_DEB = ("debian", "ubuntu", "raspbian", "linuxmint", "pop", "kali", "devuan")
_SUSE = ("suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles", "sled", "sle_hpc")

# A text for every host, or texts by family, or by family and architecture.
Part = str | dict[str, str]


def family_of(os_id: str | None, id_like: str | Sequence[str] | None = (), version: str | None = None) -> str | None:
    """The distribution family for ID, ID_LIKE and VERSION_ID of os-release; None where it is not known."""
    likes = id_like.split() if isinstance(id_like, str) else list(id_like or ())
    for name in [os_id, *likes]:
        name = (name or "").lower()
        if name in _DEB:
            return "apt"
        if name == "alpine":
            return "apk"
        if name in _SUSE:
            return "zypper"
        if name in _RPM:
            major = re.match(r"\d+", str(version or ""))
            old = major is not None and (int(major.group()) == 2 if os_id == "amzn" else int(major.group()) < 8)
            return "yum" if old and os_id != "fedora" else "dnf"
    return None


def text(cause: str, family: str | None = None, arch: str | None = None, line: str | None = None) -> str:
    """The next step for a cause. Without a family it names the command of each; KeyError for an unknown cause."""
    parts: tuple[Part, ...] = REMEDIES[cause]
    if cause == "missing_shared_lib":
        parts = _for_library(line) + parts
    if cause == "no_matching_distribution" and line and remedy_table.NO_PACKAGE_LINE.search(line):
        parts = remedy_table.NO_PACKAGE
    if cause == "package_conflict" and line:
        parts = next((those for form, those in remedy_table.CONFLICTS if form.search(line)), parts)
    said = ""
    for part in parts:
        chosen = _chosen(part, family, arch)
        # Only between parts is a space too many before a full stop; in "-B build ." it is not.
        said += chosen if not said or re.match(r"[,.;)]+(?:\s|$)", chosen) else f" {chosen}" if chosen else ""
    return said.strip()


def _chosen(part: Part, family: str | None, arch: str | None) -> str:
    """What a part says to a host: a text is for all, a dictionary is by family, or by family and architecture."""
    if not isinstance(part, dict):
        return part
    if family is not None:
        return part.get(f"{family}/{arch}", part.get(family, ""))
    known = [(name, part[name]) for name in FAMILIES if part.get(name)]
    if not known:
        return ""
    seen: set[str] = set()
    said: list[tuple[str, str]] = []
    for name, command in known:
        if name == "dnf" and command.replace("dnf", "yum") == part.get("yum"):
            continue
        if command not in seen:
            seen.add(command)
            said.append((name, command))
    first = said[0][1]
    return first + (" ({})".format("; ".join("{}: {}".format(*each) for each in said[1:])) if len(said) > 1 else "")


def _for_library(line: str | None) -> tuple[Part, ...]:
    for form, names in remedy_table.LIBRARIES:
        if line and form.search(line):
            return ("Install the package that holds it:", names, ".")
    if line and re.search(r"libmkl|mkl_", line):
        return ('MKL in conda: `conda install "mkl=2021"`, or the openblas build of faiss-cpu.',)
    if line and re.search(r"libcu(?:da|blas|dart)|libnv", line):
        return ("That is a library of CUDA: install faiss-cpu in place of faiss-gpu.",)
    return ("Find the package that holds it:", remedy_table.ANY_LIBRARY, ".")
