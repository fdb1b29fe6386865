# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What was tried on a host before, and whether it would end the same: then it is not shipped and tried once more. Pure.

Cached is what failed its search test, and, with the policy ``fastest``, what passed and was not selected. The cache is
small files on the host, each beside the place of its prefix, which come back with the facts. So it holds for every
controller, and goes with the rest when the host is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import __version__
from ..artefacts import cache
from ..strategies.base import Artefact, Candidate, Facts, Options
from . import measured

OPTION = "faiss_install__retry"
FIGURES = ("recall_at_k", "qps", "p50_ms", "p95_ms")
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
)  # fmt: skip
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
    workload = measured.workload(options)
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
            options.extra.get("faiss_install__asked"),
        ]
    )


def failure(
    candidate: Candidate, cause: str | None, message: str | None, facts: Facts, relevant: str, at: str
) -> dict[str, Any] | None:
    """What is to be cached of a search test that failed; None when the next run is to try again.

    relevant: the fingerprint, taken before anything was tried.
    """
    if cause not in LASTING or (cause == "missing_shared_lib" and facts.get("libraries") is None):
        return None
    return {**_entry(candidate, relevant, at), "cause": cause, "message": (message or "")[:MESSAGE]}


def unselected(candidate: Candidate, verification: Mapping[str, Any], relevant: str, at: str) -> dict[str, Any]:
    """What is to be cached of a search test that passed, if another one is selected; the host adds which one."""
    indexes = verification.get("indexes") or []
    flat: Mapping[str, Any] = next((index for index in indexes if index.get("index") == "flat"), {})
    return {**_entry(candidate, relevant, at), "figures": {name: flat.get(name) for name in FIGURES}}


def _entry(candidate: Candidate, relevant: str, at: str) -> dict[str, Any]:
    return {"schema": 1, "candidate": candidate["id"], "at": at, "facts": relevant}


def failed_before(
    candidate: Candidate, artefact: Artefact, facts: Facts, options: Options, relevant: str
) -> dict[str, Any] | None:
    """The cached failure of this artefact on this host where nothing has changed since; None when it is to be tried."""
    found = _holding(candidate, artefact, facts, options, relevant)
    return found if found and found.get("cause") in LASTING else None


def unselected_before(
    candidate: Candidate, artefact: Artefact, facts: Facts, options: Options, relevant: str
) -> dict[str, Any] | None:
    """How this artefact passed here and was not selected, where nothing has changed since; None where that is not so.

    It holds as long as what was selected is there and passes: see ``still_unselected``.
    """
    found = _holding(candidate, artefact, facts, options, relevant)
    return found if found and found.get("against") and found["against"].get("candidate") else None


def _holding(
    candidate: Candidate, artefact: Artefact, facts: Facts, options: Options, relevant: str
) -> dict[str, Any] | None:
    """What is configured is always tried: the application uses it."""
    setting = facts.get("setting")
    if options.extra.get(OPTION) or (isinstance(setting, Mapping) and setting.get("candidate") == candidate["id"]):
        return None
    found = noted(candidate, artefact, facts)
    return found if found and found.get("facts") == relevant else None


def noted(candidate: Candidate, artefact: Artefact, facts: Facts) -> dict[str, Any] | None:
    """What is cached on the host for this candidate and artefact, whether it still holds or not."""
    wanted = (candidate["strategy"], artefact.digest, candidate["id"])
    for found in facts.get("tried") or []:
        if (found.get("strategy"), found.get("digest"), found.get("candidate")) == wanted:
            return dict(found)
    return None


Place = tuple[str, str | None]


def still_unselected(passed: Iterable[Place], before: Mapping[Place, Mapping[str, Any]]) -> set[Place]:
    """Of what was not selected before, by (candidate, prefix), that which need not be tried again.

    That is what was slower than one that passes now, or than one that is itself slower than such a one. Figures of two
    runs are not compared, as a host is busier at one time than at another. What was faster side by side is taken to be
    so, until something of the two changes.
    """
    there = set(passed)
    slower: set[Place] = set()
    while True:
        more = {
            place
            for place, found in before.items()
            if place not in slower and (found["against"]["candidate"], found["against"].get("prefix")) in there
        }
        if not more:
            return slower
        slower |= more
        there |= more


def text(found: Mapping[str, Any]) -> str:
    """The message of an attempt that was not made."""
    unchanged = f"Neither it nor what matters of this host has changed. {OPTION}=true tries it"
    if found.get("against"):
        own, others = _milliseconds(found.get("figures")), _milliseconds(found["against"])
        other = f"{found['against']['candidate']} was selected with {others}"
        return f"Not tried again: it passed here on {found.get('at')} with {own}; {other}. {unchanged}."
    said = f": {found['message']}" if found.get("message") else ""
    return f"Not tried again: it failed here on {found.get('at')} with {found['cause']}. {unchanged}{said}"


def _milliseconds(figures: Mapping[str, Any] | None) -> str:
    value = (figures or {}).get("p95_ms")
    return f"p95 {value:.3g} ms" if isinstance(value, int | float) else "a p95 that was not measured"
