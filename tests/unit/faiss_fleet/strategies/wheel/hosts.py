# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Hosts for the tests of this strategy."""

from faiss_fleet.strategies.base import Options
from faiss_fleet.strategies.wheel import catalogue
from faiss_fleet.strategies.wheel import strategy as wheel
from faiss_fleet.strategies.wheel.catalogue import Catalogue

TABLE = Catalogue(tuple(each for each in catalogue.table()))


CENTOS7 = {"GLIBC": "2.17", "GLIBCXX": "3.4.19", "CXXABI": "1.3.7", "GCC": "4.8.0"}


DEBIAN11 = {"GLIBC": "2.31", "GLIBCXX": "3.4.28", "CXXABI": "1.3.12", "GCC": "10.0.0"}


DEBIAN12 = {"GLIBC": "2.36", "GLIBCXX": "3.4.30", "CXXABI": "1.3.13", "GCC": "12.0.0"}


FINE = {
    "purpose": "prefix",
    "path": "/opt/faiss-fleet",
    "mount": "/",
    "free_bytes": 10**10,
    "noexec": False,
    "read_only": False,
    "writable": True,
}


def python(version, **more):
    path = "/usr/bin/python" + ".".join(version.split(".")[:2])
    return {"path": path, "realpath": path, "version": version, "implementation": "cpython", "bits": 64, **more}


def facts(provides, *pythons, isa="x86-64-v3", family="glibc", disk=FINE, arch="x86_64", **more):
    library = {"path": "/lib64/x", "error": None}
    return {
        "libc": {"family": family, "version": provides.get("GLIBC")},
        "libstdcxx": {**library, "versions": {key: provides.get(key) for key in ("GLIBCXX", "CXXABI")}},
        "libgcc": {**library, "versions": {"GCC": provides.get("GCC")}},
        "libgomp": {"path": None, "versions": {}, "error": None},
        "arch": arch,
        "cpu": {"isa_level": isa, "flags": [], "count": 2, "model": None},
        "pythons": [each if isinstance(each, dict) else python(each) for each in pythons],
        "filesystems": [disk],
        "prefixes": [],
        "user": "root",
        **more,
    }


def plan(found, **extra):
    return wheel.STRATEGY.plan(found, Options(extra={"_catalogue": TABLE, **extra}))


def best(found):
    """(version, Python's path) of what would be tried first; None when nothing would."""
    possible = [candidate for candidate in plan(found) if candidate["verdict"] == "possible"]
    return (possible[0]["artefact"]["version"], possible[0]["id"].split(":", 3)[3]) if possible else None


def _only(version):
    return Catalogue(tuple(each for each in TABLE.wheels if str(each.version) == version))
