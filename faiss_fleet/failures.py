# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What failed on a host before, and whether it would fail again: then it is not shipped and tried once more. Pure.

The memory is a small file on the host beside the prefix's place, which the probe brings back with the facts. So it
holds for every controller, and goes with the rest when the host is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import __version__, cache
from .strategies.base import Artefact, Candidate, Facts, Options
from .target import search_test

OPTION = "faiss_install__retry_failed"
# What a build and a host do to each other, however often they are brought together. Whatever is not here (a full disk,
# a time limit, memory, a signal from outside, the unknown) may end otherwise next time, and is tried again.
LASTING = frozenset(
    [
        "musl", "arch_mismatch", "glibc_too_old", "glibc_mixed", "glibcxx_too_old", "cxxabi_too_old",
        "libgomp_version", "libgcc_too_old", "cpu_isa", "static_tls", "cxx11_abi_mismatch", "numpy_too_old",
        "numpy2_abi", "node_abi", "missing_shared_lib", "node_too_old", "python_version", "wheel_tag",
        "pickle_isa", "loader_missing_module", "kernel_too_old", "segfault", "abort", "wrong_answer",
        "low_recall",
    ]
)
MESSAGE = 300


def fingerprint(candidate: Candidate, facts: Facts, options: Options) -> str:
    """A digest of all that has a say in how a search test ends, but for the artefact itself."""
    runtime = candidate.get("runtime")
    programs = {*runtime["argv"][:1]} if runtime else set()
    named = [
        one
        for kind in ("pythons", "nodes", "engines")
        for one in facts.get(kind) or []
        if one["path"] in programs or kind == "engines"
    ]
    libraries = {name: (facts.get(name) or {}).get("versions") for name in ("libstdcxx", "libgomp", "libgcc")}
    cpu = facts.get("cpu") or {}
    workload = {**search_test.WORKLOAD, **(options.extra.get("faiss_install__workload") or {})}
    libc = facts.get("libc") or {}
    return cache.digest(
        [
            __version__,
            [facts.get(name) for name in ("arch", "kernel", "os", "selinux", "libraries")],
            [libc.get("family"), libc.get("version"), libraries],
            [cpu.get("isa_level"), sorted(cpu.get("flags") or [])],
            [[one.get("noexec")] for one in facts.get("filesystems") or [] if one["purpose"] == "prefix"],
            named,
            workload,
        ]
    )


def memo(
    candidate: Candidate, cause: str | None, message: str | None, facts: Facts, relevant: str, at: str
) -> dict[str, Any] | None:
    """What is to be remembered of a search test that failed; None when the next run is to try again.

    relevant: the fingerprint, taken before anything was tried.
    """
    if cause not in LASTING or (cause == "missing_shared_lib" and facts.get("libraries") is None):
        return None
    return {
        "schema": 1,
        "candidate": candidate["id"],
        "cause": cause,
        "message": (message or "")[:MESSAGE],
        "at": at,
        "facts": relevant,
    }


def earlier(
    candidate: Candidate, artefact: Artefact, facts: Facts, options: Options, relevant: str
) -> dict[str, Any] | None:
    """The memo of this artefact's failure on this host where nothing has changed since; None when it is to be tried.

    What is set is always tried: the application uses it.
    """
    setting = facts.get("setting")
    if options.extra.get(OPTION) or (isinstance(setting, Mapping) and setting.get("candidate") == candidate["id"]):
        return None
    found = noted(candidate, artefact, facts)
    if found is None or found.get("cause") not in LASTING or found.get("candidate") != candidate["id"]:
        return None
    return found if found.get("facts") == relevant else None


def noted(candidate: Candidate, artefact: Artefact, facts: Facts) -> dict[str, Any] | None:
    """The memo that lies on the host for this artefact, whether it still holds or not."""
    for found in facts.get("failures") or []:
        if (found.get("strategy"), found.get("digest")) == (candidate["strategy"], artefact.digest):
            return dict(found)
    return None


def told(found: Mapping[str, Any]) -> str:
    """The message of an attempt that was not made."""
    said = f": {found['message']}" if found.get("message") else ""
    return (
        f"Not tried again: it failed here on {found.get('at')} with {found['cause']}, and neither it nor what matters "
        f"of this host has changed. {OPTION}=true tries it{said}"
    )
