# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers from one host's facts and plan what people ask first when FAISS does not load there.

Nothing is assumed: each answer carries the facts that it rests on, and says so where a fact could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from packaging.version import InvalidVersion, Version

from ..strategies.base import Candidate, Facts, Reason, version_numbers
from ..strategies.container.wrapper import KERNEL_OF_ENGINES, refuses_clone3
from .blockers import BY_ID

if TYPE_CHECKING:
    from ..strategies.wheel.measure import Wheel

# A glibc from 2.26 on asks for Linux 3.2, which is below what any container engine runs on.
KERNEL_OF_GLIBC = (3, 2)
CPP17, CMAKE = (7,), (3, 17)  # what the sources of faiss-node and of the FAISS in it want
IMAGE = (
    " Its image is named by faiss_install__container_source: registry with faiss_install__container_image, archive "
    "with faiss_install__container_archive, or build with faiss_install__container_base; then audit with "
    "faiss_install__strategies: [existing, container]."
)


class Answer(TypedDict):
    """One question, its answer in a sentence or two, and the facts behind it."""

    question: str
    answer: str
    evidence: list[str]


@dataclass(frozen=True)
class Case:
    """What the answers are derived from. wheels: the catalogue, where at hand.

    A candidate of the plan that failed its search test has the verdict 'failed', and the cause.
    """

    facts: Facts
    plan: Sequence[Candidate] = ()
    wheels: Sequence[Wheel] = ()

    @property
    def family(self) -> str | None:
        """'glibc', 'musl', 'other', or None where it could not be read."""
        family: str | None = self.facts["libc"].get("family")
        return family

    @property
    def libc(self) -> str:
        """The C library for a sentence."""
        version = self.facts["libc"].get("version")
        return f"{self.family or 'the C library'} {version}" if version else f"{self.family or 'C library'} (not read)"

    @property
    def glibc(self) -> tuple[int, ...] | None:
        """(2, 17), or None where the host has another libc or it could not be read."""
        return _numbers(self.facts["libc"].get("version")) if self.family == "glibc" else None

    def wheels_of_plan(self, verdict: str) -> list[Candidate]:
        """The plan's wheels with a verdict, newest first."""
        those = [entry for entry in self.plan if entry["strategy"] == "wheel" and entry["verdict"] == verdict]
        return sorted(those, key=_release, reverse=True)


def answers(facts: Facts, plan: Sequence[Candidate] = (), wheels: Iterable[Wheel] = ()) -> list[Answer]:
    """Every question with its answer, in the order in which people ask them."""
    case = Case(facts, plan, tuple(wheels))
    return [answer(case) for answer in QUESTIONS]


def devtoolset(case: Case) -> Answer:
    """Whether a devtoolset brings a newer C library. It never does."""
    question = "Does devtoolset give this host a newer glibc?"
    sets = case.facts["toolchains"].get("devtoolsets") or []
    evidence = [
        f"{entry.get('name') or 'gcc'}: gcc {entry.get('version') or 'of unknown version'} at {entry['path']}"
        for entry in sets
    ] or ["no devtoolset is installed under /opt/rh"]
    evidence.append(_libc_evidence(case.facts))
    evidence.extend(_libstdcxx_evidence(case.facts))
    if case.family == "musl":
        return _answer(question, "No: devtoolset is for glibc systems, and this host has musl.", evidence)
    answer = (
        "No. A devtoolset is a newer compiler alone: what it builds is linked with the system's own C library, here "
        f"{case.libc}, and it adds what a newer libstdc++ has into each binary. So it helps to build on this host "
        "(C++17), and does not make a ready-made binary run that asks for a newer glibc."
    )
    return _answer(question, answer, evidence)


def release(case: Case) -> Answer:
    """Whether any release of FAISS is made for this C library."""
    question = f"Is there a FAISS release for {case.libc} here?"
    possible, blocked = case.wheels_of_plan("possible"), case.wheels_of_plan("blocked")
    failed = case.wheels_of_plan("failed")
    if possible:
        best = possible[0]
        evidence = [*(_title(entry) for entry in possible[:3]), *map(_failed, failed[:3]), *_newest_blocked(blocked)]
        return _answer(question, f"Yes: {_title(best)}.", evidence)
    if failed:
        answer = f"Yes, by its tag and needs: {_title(failed[0])}. But here it failed the search test."
        return _answer(question, answer, [*map(_failed, failed[:3]), *_newest_blocked(blocked)])
    tagged = _newest_for(case)
    evidence = [_libc_evidence(case.facts), *_newest_blocked(blocked)]
    if tagged is not None:
        python = "for another Python than this host has" if blocked else "where its Python fits"
        evidence.append(f"the newest wheel whose tag allows {case.libc} on {case.facts['arch']} is faiss-cpu {tagged}")
        return _answer(question, f"Yes, faiss-cpu {tagged}, {python}: faiss-fleet can ship a Python with it.", evidence)
    if blocked:
        return _answer(question, f"No wheel of the plan fits: {_why(blocked[0])}", evidence)
    if case.family is None or case.facts["libc"].get("version") is None:
        return _answer(question, "Not known: the host's C library could not be read.", evidence)
    if case.wheels:
        return _answer(question, f"No wheel of the catalogue is tagged for {case.libc}.", evidence)
    return _answer(question, "Not known: there is no plan and no catalogue to judge by.", evidence)


def static_linking(case: Case) -> Answer:
    """What static linking can solve, and what it cannot."""
    question = "Would static linking help?"
    newest = case.wheels_of_plan("blocked")[:1]
    reasons = newest[0]["reasons"] if newest else []
    evidence = [reason["text"] for reason in reasons[:4]] or ["the plan names nothing that is blocked by a library"]
    glibc = any(reason["check"] == "glibc" for reason in reasons)
    # libstdc++ has the versions of both its names.
    found = {"libstdcxx" if reason["check"] == "cxxabi" else reason["check"] for reason in reasons}
    linkable = " and ".join(BY_ID[name].title for name in ("libstdcxx", "libgomp", "libgcc") if name in found)
    if glibc and linkable:
        answer = (
            f"In part: {linkable} can be linked into the library, and that need would be gone; glibc "
            "cannot, for a library loaded by Python or Node shares the C library of that process."
        )
    elif glibc:
        answer = (
            "No: a library loaded by Python or Node shares the C library of that process, so glibc cannot be linked "
            "into it. Building it for an older glibc does help (on this host, or on the controller with such a target)."
        )
    elif linkable:
        answer = f"Yes: nothing but {linkable} is too old, which can be linked into the library itself."
    else:
        answer = (
            "It is not needed: nothing is blocked by a library that could be linked in. It never helps against glibc "
            "itself, which a library shares with the process that loads it."
        )
    return _answer(question, answer, evidence)


def older_release(case: Case) -> Answer:
    """Whether going back helps, and to where."""
    question = "Would an older release of FAISS help?"
    possible, blocked = case.wheels_of_plan("possible"), case.wheels_of_plan("blocked")
    failed = case.wheels_of_plan("failed")
    newest = _newest_of([*possible, *blocked])
    if failed:
        evidence = [*map(_failed, failed[:3]), *_newest_blocked(blocked)]
        older = [entry for entry in possible if _release(entry) < _release(failed[-1])]
        if older:
            return _answer(question, f"Perhaps: {_title(older[0])} fits by its needs, and was not tested.", evidence)
        return _answer(question, f"Not by what was tested, down to {_title(failed[-1])}.", evidence)
    if possible and newest is not None and _release(possible[0]) < newest:
        evidence = [_title(possible[0]), *_newest_blocked(blocked)]
        return _answer(question, f"Yes: {_title(possible[0])} fits; {newest} and the like do not.", evidence)
    if possible:
        return _answer(question, "It is not needed: the newest release fits.", [_title(possible[0])])
    tagged = _newest_for(case)
    if tagged is not None:
        evidence = [f"faiss-cpu {tagged} has a wheel tagged for {case.libc} or older", *_newest_blocked(blocked)]
        return _answer(
            question, f"Yes, {tagged}, in a Python that has a wheel of it; not in those found on the host.", evidence
        )
    if blocked:
        return _answer(question, "No: every release of the plan is blocked.", [_why(entry) for entry in blocked[-3:]])
    return _answer(question, "Not known: there is no plan to judge by.", [_libc_evidence(case.facts)])


def container(case: Case) -> Answer:
    """What a container would need on this host, and whether it is there."""
    question = "What would a container need here?"
    kernel, engines = case.facts.get("kernel"), case.facts.get("engines") or []
    evidence = [f"kernel {kernel}" if kernel else "the kernel could not be read"]
    evidence.extend(_engine_evidence(entry) for entry in engines)
    if not engines:
        evidence.append("neither podman nor docker was found")
    wants = [*_kernel_wants(kernel), *_engine_wants(engines)]
    own = "A container brings its own C library, so the host's does not matter"
    if wants:
        return _answer(question, f"{own}. It needs: {'; '.join(wants)}.{IMAGE}", evidence)
    ready = next(entry for entry in engines if entry.get("answers"))
    answer = f"Nothing more on the host: {own[0].lower()}{own[1:]}, and {ready['name']} is ready."
    return _answer(question, answer + IMAGE, evidence)


def source_build(case: Case) -> Answer:
    """Whether FAISS can be built from its sources for this host, on the controller or there."""
    question = "Can FAISS be built from source for this host?"
    tools = case.facts["toolchains"]
    compilers = [entry for entry in [tools.get("gcc"), *(tools.get("devtoolsets") or [])] if entry]
    cmake = tools.get("cmake")
    evidence = [f"gcc {one.get('version') or '?'} at {one.get('path')}" for one in compilers] or ["no gcc was found"]
    evidence.append(f"CMake {cmake.get('version') or '?'} at {cmake.get('path')}" if cmake else "no CMake was found")
    evidence.append(_libc_evidence(case.facts))
    newest = max((_numbers(entry.get("version")) or () for entry in compilers), default=())
    lacks = ["a compiler for C++17 (gcc 7 or newer, as a devtoolset has)"] if newest < CPP17 else []
    if not cmake or (_numbers(cmake.get("version")) or ()) < CMAKE:
        lacks.append("CMake 3.17 or newer")
    there = f"on the host it lacks {' and '.join(lacks)}" if lacks else "on the host compiler and CMake are there"
    there += "; a build there also needs a BLAS and OpenMP (faiss_install__node_build: host)"
    answer = f"Only by its own tools, as the controller builds for x86_64 and glibc 2.17 or newer: {there}."
    if case.family == "glibc" and case.facts["arch"] == "x86_64" and (case.glibc or ()) >= (2, 17):
        answer = (
            "Yes, and the host needs no compiler: the strategy node builds faiss-node on the controller for glibc "
            f"2.17, with a BLAS in it. As for a build by itself, {there}."
        )
    return _answer(question, answer, evidence)


QUESTIONS = (devtoolset, release, static_linking, older_release, source_build, container)


def _answer(question: str, answer: str, evidence: Iterable[str]) -> Answer:
    return Answer(question=question, answer=answer, evidence=list(evidence))


def _numbers(text: str | None) -> tuple[int, ...] | None:
    """The leading numbers of a version; None when there are none."""
    found = re.match(r"\d{1,9}(?:\.\d{1,9})*", text or "")
    return tuple(int(part) for part in found.group().split(".")) if found else None


def _version(text: object) -> Version:
    try:
        return Version(str(text))
    except InvalidVersion:
        return Version("0")


def _release(candidate: Candidate) -> Version:
    return _version(candidate["artefact"].get("version"))


def _newest_of(candidates: Iterable[Candidate]) -> Version | None:
    return max((_release(candidate) for candidate in candidates), default=None)


def _newest_for(case: Case) -> Version | None:
    """The newest release of the catalogue whose tag allows this host's C library and processor."""
    glibc = case.glibc
    if glibc is None:
        return None
    fits = [
        wheel.version
        for wheel in case.wheels
        if any(
            kind == "glibc" and needed <= glibc and arch == case.facts["arch"]
            for kind, needed, arch in wheel.libc_tags()
        )
    ]
    return max(fits, default=None)


def _title(candidate: Candidate) -> str:
    artefact = candidate["artefact"]
    python = artefact.get("python")
    if python and str(python)[0].isdigit():
        python = f"Python {python}"
    return f"{artefact.get('name')} {artefact.get('version')}" + (f" for {python}" if python else "")


def _failed(candidate: Any) -> str:  # one of a record, with the cause beside what a plan has
    return f"{_title(candidate)} failed the search test: {candidate['cause']}"


def _why(candidate: Candidate) -> str:
    reasons: Sequence[Reason] = candidate["reasons"]
    return f"{_title(candidate)}: {reasons[0]['text'] if reasons else 'no reason is recorded'}"


def _newest_blocked(blocked: Sequence[Candidate]) -> list[str]:
    return ["blocked: " + _why(blocked[0])] if blocked else []


def _libc_evidence(facts: Facts) -> str:
    libc = facts["libc"]
    if not libc.get("version"):
        return "the C library's version could not be read"
    place = libc.get("path") or "an unknown path"
    return f"{libc['family']} {libc['version']} at {place}, asked by {libc.get('method')}"


def _libstdcxx_evidence(facts: Facts) -> list[str]:
    library = facts.get("libstdcxx") or {}
    newest = (library.get("versions") or {}).get("GLIBCXX")
    return [f"the system's {library.get('path') or 'libstdc++'} has GLIBCXX_{newest}"] if newest else []


def _engine_evidence(engine: dict[str, object]) -> str:
    state = "ready" if engine.get("answers") else f"not ready: {engine.get('error') or 'no reason given'}"
    return f"{engine['name']} {engine.get('version') or 'of unknown version'} at {engine.get('path')}, {state}"


def _kernel_wants(kernel: str | None) -> list[str]:
    numbers = _numbers(kernel)
    if numbers is None:
        return ["a kernel that can be read (uname -r)"]
    needed = max(KERNEL_OF_GLIBC, KERNEL_OF_ENGINES)
    return [] if numbers >= needed else [f"Linux {needed[0]}.{needed[1]} or later, here is {kernel}"]


def _engine_wants(engines: Sequence[dict[str, object]]) -> list[str]:
    if not engines:
        return ["podman (CentOS 7: extras on vault.centos.org) or docker"]
    ready = [engine for engine in engines if engine.get("answers")]
    if not ready:
        return [f"{engine['name']} made ready: {engine.get('error') or 'it does not answer'}" for engine in engines]
    if all(_refuses_clone3(engine) for engine in ready):
        return [
            "docker 20.10.10 or later with a current libseccomp, or an image whose glibc is before 2.34 "
            "(Debian 11, Rocky 8)"
        ]
    return []


def _refuses_clone3(engine: dict[str, object]) -> bool:
    return refuses_clone3(str(engine["name"]), version_numbers(str(engine.get("version") or "")))
