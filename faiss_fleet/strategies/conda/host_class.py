# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a host is to conda: its platform, and the virtual packages that a solver would find on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import FleetError
from ...target.elf import versions as glibc
from ..base import Facts, Reason, make_reason
from ..wheel import judge as wheel_judge

SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}


@dataclass(frozen=True)
class HostClass:
    """Hosts that are alike here get the same environment. virtual: (("__glibc", "2.17=0"), ...), version=build each."""

    subdir: str
    virtual: tuple[tuple[str, str], ...]

    def have(self, name: str) -> str | None:
        """The host's version of a virtual package ("2.17"), for __archspec its name; None when it has none."""
        for found, text in self.virtual:
            if found == name:
                version, _, build = text.partition("=")
                return build if name == "__archspec" else version
        return None

    def __str__(self) -> str:
        return ", ".join([self.subdir, *(f"{name} {self.have(name)}" for name, _ in self.virtual if name != "__unix")])


def reasons(facts: Facts) -> list[Reason]:
    """Why no conda environment can be made for a host; [] when one may be."""
    found = []
    arch, libc = facts["arch"], wheel_judge.libc_of(facts)
    family = facts["libc"]["family"]
    if arch not in SUBDIRS:
        need = " or ".join(SUBDIRS)
        text = f"conda environments are made for {need}, and this host is {arch}"
        found.append(make_reason("arch", "arch_mismatch", need, arch, text))
    if family == "musl":
        text = "conda's Linux packages are made for glibc, and the C library of this host is musl"
        found.append(make_reason("libc", "musl", "glibc", "musl", text))
    elif libc is None or family != "glibc":
        text = "the version of this host's C library is not known, so no environment can be solved for it"
        found.append(make_reason("libc", "unknown", "glibc", family, text))
    return found


def of_facts(facts: Facts) -> HostClass:
    """The class of a host. Nothing is assumed: what was not measured is left out or is the least there is."""
    found = reasons(facts)
    if found:
        raise FleetError(f"No conda environment can be made for this host: {found[0]['text']}.", found[0]["cause"])
    libc = wheel_judge.libc_of(facts)
    version = glibc.text(libc[1]) if libc else ""
    virtual = {"__unix": "0=0", "__glibc": f"{version}=0", "__archspec": f"1={_archspec(facts)}"}
    kernel = re.match(r"\d+(?:\.\d+){1,3}", facts.get("kernel") or "")
    virtual["__linux"] = f"{kernel[0] if kernel else 0}=0"
    return HostClass(SUBDIRS[facts["arch"]], tuple(sorted(virtual.items())))


def _archspec(facts: Facts) -> str:
    """archspec's name of the CPU level: x86-64-v3 is x86_64_v3; a level that was not measured counts as the first."""
    if facts["arch"] != "x86_64":
        return str(facts["arch"])
    level = (facts["cpu"]["isa_level"] or "x86-64-v1").rpartition("-v")[2]
    return "x86_64" if level == "1" else f"x86_64_v{level}"
