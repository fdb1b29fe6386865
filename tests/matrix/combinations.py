# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which FAISS releases are tried on which Pythons and which userlands. A new one is a new row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

from faiss_fleet.strategies.wheel import catalogue
from faiss_fleet.strategies.wheel.measure import Wheel
from faiss_fleet.strategies.wheel.pip_resolver import Target

# Of each Python the releases that are tried on it: those that brought a new tag, a new need or a new way to import.
RELEASES = {
    "3.6": ("1.5.3", "1.6.5", "1.7.1.post3", "1.7.2"),
    "3.8": ("1.6.1", "1.6.4", "1.7.4", "1.8.0.post1"),
    "3.9": ("1.7.3", "1.9.0.post1", "1.11.0.post1", "1.12.0", "1.13.0"),
    "3.10": ("1.10.0", "1.13.2", "1.14.2", "1.14.3", "1.15.0", "1.15.1"),
    "3.11": ("1.8.0.post1", "1.12.0", "1.13.2", "1.14.2", "1.14.3", "1.15.0", "1.15.1"),
    "3.12": ("1.11.0", "1.13.2", "1.14.2", "1.14.3", "1.15.0", "1.15.1"),
    "3.13": (
        "1.9.0.post1", "1.10.0", "1.11.0.post1", "1.12.0", "1.13.2", "1.14.2", "1.14.3", "1.15.0", "1.15.1",
    ),
}  # fmt: skip
# Wheels that pip would refuse by their tag, unpacked all the same: (Python, file).
FORCED = (
    ("3.13", "faiss_cpu-1.7.2-cp36-cp36m-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
    ("3.9", "faiss_cpu-1.8.0.post1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
    ("3.8", "faiss_cpu-1.15.1-cp310-abi3-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"),
    ("3.13", "faiss_cpu-1.15.1-cp310-abi3-musllinux_1_2_x86_64.whl"),
)
# On hosts that lack something, the releases that tell it apart.
ODD = (("3.9", "1.7.3"), ("3.6", "1.7.2"), ("3.13", "1.9.0.post1"), ("3.13", "1.15.1"))
# Under an emulated CPU, with Debian's own Python: the relocatable ones are built for newer CPUs themselves.
CPU = (("3.11", "1.12.0"), ("3.11", "1.13.2"), ("3.11", "1.14.2"), ("3.11", "1.14.3"), ("3.11", "1.15.1"))

LIBRARIES = "/usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Userland:
    """A stand-in, and what is done to it before anything is tried; cpu: qemu's name of the CPU that it is to have."""

    name: str
    standin: str
    says: str
    prepare: str = ":"
    # The distribution's own Python, taken in place of the relocatable one of that version.
    own: str | None = None
    cpu: str | None = None
    isa_level: str | None = None


GLIBCS = (
    Userland("glibc 2.17", "centos7-nopython", "CentOS 7"),
    Userland("glibc 2.31", "debian11", "Debian 11", own="3.9"),
    Userland("glibc 2.36", "debian12", "Debian 12", own="3.11"),
    Userland("glibc 2.41", "debian13", "Debian 13", own="3.13"),
)
LACKING = (
    Userland(
        "old libstdc++",
        "debian12",
        "Debian 12 with the libstdc++ of CentOS 7",
        f"cp /matrix/libstdc++.so.6.0.19 {LIBRARIES}/ && rm {LIBRARIES}/libstdc++.so.6.0.3* && ldconfig",
    ),
    Userland("no libstdc++", "debian12", "Debian 12 without libstdc++", f"rm {LIBRARIES}/libstdc++.so.6* && ldconfig"),
    Userland("no libz", "debian12", "Debian 12 without zlib", "rm /lib/x86_64-linux-gnu/libz.so.1* && ldconfig"),
)
EMULATED = (
    Userland("x86-64-v1", "debian12", "Debian 12 on a Core 2", own="3.11", cpu="core2duo", isa_level="x86-64-v1"),
    Userland(
        "x86-64-v2", "debian12", "Debian 12 on a Sandy Bridge", own="3.11", cpu="SandyBridge", isa_level="x86-64-v2"
    ),
)
USERLANDS = (*GLIBCS, *LACKING, *EMULATED)


@dataclass(frozen=True)
class Combination:
    userland: Userland
    python: str
    wheel: Wheel

    @property
    def key(self) -> str:
        return f"{self.userland.name} / Python {self.python} / {self.wheel.file}"


def wheel_of(release: str, python: str) -> Wheel:
    """The wheel for glibc that pip would take for that Python: of several, the one for the newest glibc."""
    major, minor = python.split(".")
    target = Target((int(major), int(minor)), "x86_64", "glibc", (2, 41))
    fitting = [
        (max(version for _, version, _ in wheel.libc_tags()), wheel.file, wheel)
        for wheel in catalogue.table()
        if wheel.version == Version(release)
        and wheel.fits_python(target)
        and any(family == "glibc" and arch == "x86_64" for family, _, arch in wheel.libc_tags())
    ]
    return max(fitting)[2]


def of_userland(userland: Userland) -> Iterator[Combination]:
    """What is tried there, in the order of the page."""
    if userland in GLIBCS:
        pairs = [(python, release) for python, releases in RELEASES.items() for release in releases]
    else:
        pairs = list(ODD if userland in LACKING else CPU)
    for python, release in pairs:
        yield Combination(userland, python, wheel_of(release, python))
    if userland in GLIBCS:
        files = {wheel.file: wheel for wheel in catalogue.table()}
        for python, file in FORCED:
            yield Combination(userland, python, files[file])


def every() -> list[Combination]:
    return [combination for userland in USERLANDS for combination in of_userland(userland)]
