# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is asked about a class of hosts: its C library, the releases that fit, and what each other way would take there.

Answers rest on the class's first host (``found.example``); hosts of a class have the same of all that is asked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..causes import for_host, remedies
from ..strategies.base import version_numbers
from ..strategies.container.wrapper import refuses_clone3
from ..strategies.node import host_build, recipe
from .assessment_steps import Commands, Step, block
from .findings import ClassFindings, middle
from .markdown import escape
from .prose import argument, code, count, fence, listed, sentence, table
from .text import brief, number, one_line

METHODS = ("loader", "confstr", "getconf", "ldd", "version_definitions")
RELEASES = 5  # of each verdict that are named
BUDGETS_MS = (10, 50, 100)
NEW_BASE, OLD_BASE = "python:3.12-slim-bookworm", "python:3.11-slim-bullseye"
ADDON = "faiss-node.node"
_BROUGHT = "which comes along"  # of what the host need not have

Facts = Mapping[str, Any]


def confirmed(found: ClassFindings) -> Iterator[str]:
    """Each method's own answer to which C library this is."""
    libc = found.example["facts"]["libc"]
    name = escape(one_line(found.example["host"]["name"]))
    by = f"as {code(str(libc['method']))} said on {name}" if libc.get("method") else f"no method told on {name}"
    yield f"**The C library: {escape(found.key.c_library)}**, {by}. Every answer, as it came:\n\n"
    answers = {answer["method"]: answer for answer in libc.get("answers") or []}
    rows = []
    for method in [*METHODS, *(name for name in answers if name not in METHODS)]:
        answer = answers.get(method)
        if answer is None:
            rows.append((code(method), "was not asked", ""))
            continue
        told = " ".join(str(part) for part in (answer.get("family"), answer.get("version")) if part)
        said = escape(one_line(told)) or f"nothing: {escape(one_line(str(answer.get('error') or 'no reason')))[:200]}"
        rows.append((code(method), said, _cell(answer.get("source"))))
    yield from table(("Method", "Answer", "Read from"), rows)
    if libc.get("disagreement"):
        yield f"{sentence(str(libc['disagreement']))}\n\n"


def _cell(text: object) -> str:
    plain = one_line(str(text or ""))
    return escape(plain) if "|" in plain or "`" in plain else code(plain)


def releases(found: ClassFindings) -> str:
    """Which releases of FAISS fit by the plan of the first host, and the first reason of those that do not."""
    plan = found.example["plan"]
    wheels = [one for one in plan if one["strategy"] == "wheel" and one["artefact"].get("version")]
    if not wheels:
        return "**FAISS releases.** No wheel was planned there, so none was compared with the host."
    fit = [_release(one) for one in wheels if one["verdict"] == "possible"]
    unfit = [
        f"{_release(one)} ({escape(brief(one['reasons'][0]['text']).rstrip('.'))})"
        for one in wheels
        if one["verdict"] != "possible" and one["reasons"]
    ]
    parts = [f"Fit by their tag and by what their files need: {listed(fit[:RELEASES])}." if fit else "None fits."]
    if unfit:
        left = len(unfit) - RELEASES
        more = f"; and {count(left, 'other')}" if left > 0 else ""
        parts.append(f"Do not: {'; '.join(unfit[:RELEASES])}{more}.")
    return f"**FAISS releases.** {' '.join(parts)}"


def _release(candidate: Mapping[str, Any]) -> str:
    artefact = candidate["artefact"]
    python = str(artefact.get("python") or "")
    return escape(one_line(f"{artefact['name']} {artefact['version']}" + (f" for Python {python}" if python else "")))


def ways(found: ClassFindings, place: int, commands: Commands, told: dict[str, int]) -> Iterator[str]:
    """Whether a devtoolset, static linking, a build from source or a container would help, and what each takes here.

    told: classes by what was said of them; what an earlier one has is not said twice.
    """
    facts = found.example["facts"]
    limit = commands.limit(found.hosts, found.groups, f"class-{place}.txt")
    text = (
        f"- Devtoolset: {_devtoolset(facts)}\n"
        f"- Static linking: {_static(facts)}\n"
        f"- A build from source: {_source(facts)}\n"
        f"- A container: {_container(facts)}\n\n"
    )
    before = told.setdefault(text, place)
    if before != place:
        yield f"**Other ways** take the same as for class {before}, with {code(f'--limit {limit}')}.\n\n"
        return
    yield f"**Other ways, and what each would take here.**\n\n{text}"
    yield from fence(block(_commands(facts, commands, limit)), "sh", lines=60)


def _commands(facts: Facts, commands: Commands, limit: str) -> Iterator[Step]:
    def audit(**values: Any) -> str:
        options = {f"faiss_install__{name}": value for name, value in values.items()}
        return commands.audit(limit, f"-e {argument(json.dumps(options))}")

    if facts["libc"].get("family") == "glibc" and _node(facts):
        yield "Static linking: the Node binding that the controller builds.", audit(
            strategies=["node"], node_build="controller")  # fmt: skip
        yield "A build from source, on the host itself.", audit(strategies=["node"], node_build="host")
    image = f"REGISTRY/library/{_base(facts)}"
    digest = f"skopeo inspect --format '{{{{.Digest}}}}' docker://{image}"
    yield "A container: the digest of its base, then the image that the controller makes of it.", digest
    base = {"image": f"{image}@sha256:DIGEST"}
    yield "", audit(strategies=["container"], container_source="build", container_base=base)


def _devtoolset(facts: Facts) -> str:
    if facts["libc"].get("family") != "glibc":
        return "no; it is for glibc systems."
    never = "it brings a compiler and no C library: it helps a build on this host, and no ready-made binary"
    sets = [one for one in facts["toolchains"].get("devtoolsets") or [] if one.get("path")]
    if sets:
        name = one_line(str(sets[0].get("name") or "devtoolset"))
        version = one_line(str(sets[0].get("version") or "of unknown version"))
        return f"{never}. Installed: {escape(name)} (gcc {escape(version)}), used by {code(f'scl enable {name} bash')}."
    family, arch = for_host.family_and_arch(facts)
    if family != "yum":
        own = facts["toolchains"].get("gcc") or {}
        have = f"its own gcc is {escape(one_line(str(own.get('version'))))}" if own.get("version") else "it has no gcc"
        return f"there is none for this system, and {have}. {never[0].upper()}{never[1:]}."
    return f"{never}. It takes: {remedies.text('compiler_too_old', family, arch)}"


def _static(facts: Facts) -> str:
    if facts["libc"].get("family") != "glibc":
        return "no; FAISS would have to be built for this C library, which this project does not do."
    text = (
        "glibc itself cannot be linked in, for the library shares the C library of its process. All else can: the "
        f"controller's build of {code(ADDON)} has libc++, FAISS and OpenBLAS inside and asks for GLIBC_{recipe.GLIBC} "
        "at most (strategy `node`)"
    )
    return f"{text}." if _node(facts) else f"{text}. It needs Node 16 or newer, which this host does not have."


def _node(facts: Facts) -> Mapping[str, Any] | None:
    for node in facts.get("nodes") or []:
        major = str(node.get("version") or "").partition(".")[0]
        if major.isdigit() and int(major) >= 16 and not node.get("error"):
            return dict(node)
    return None


def _source(facts: Facts) -> str:
    wanted = host_build.requirements({"libgomp": {"path": None}, **facts}, _BROUGHT, _BROUGHT)
    missing = [each for each in wanted if each.met is False]
    lines = "; ".join(escape(one_line(each.line())) for each in wanted if each.have != _BROUGHT)
    intro = "it helps where no ready-made file fits; for Python there are wheels, so the build is that of faiss-node"
    if not missing:
        return f"{intro}. On this host: {lines}. Nothing is missing."
    family, arch = for_host.family_and_arch(facts)
    steps = " ".join(remedies.text(cause, family, arch) for cause in dict.fromkeys(each.cause for each in missing))
    return f"{intro}. On this host: {lines}. What is missing: {steps}"


def _container(facts: Facts) -> str:
    engines = facts.get("engines") or []
    ready = next((one for one in engines if one.get("answers")), None)
    own = (
        f"it brings its own C library, and the host's does not matter. The controller adds FAISS to a base such as "
        f"{code(_base(facts))} (`faiss_install__container_image` names a finished image instead)"
    )
    if ready is not None:
        return f"{own}. {escape(one_line(str(ready['name'])))} is ready here."
    faults = [f"{one['name']}: {one_line(str(one.get('error')))}" for one in engines if one.get("error")]
    if faults:
        return f"{own}. There is an engine that does not answer ({escape('; '.join(faults)[:300])})."
    return f"{own}. {remedies.text('engine_missing', *for_host.family_and_arch(facts))}"


def _base(facts: Facts) -> str:
    """An image with a Python that the host's engine can run."""
    ready = [one for one in facts.get("engines") or [] if one.get("answers")]
    refuse = [refuses_clone3(one["name"], version_numbers(one["version"])) for one in ready]
    return OLD_BASE if ready and all(refuse) else NEW_BASE


def enough(found: ClassFindings) -> str:
    """Up to which corpus the fallback meets usual budgets, by its figures; '' where it has none."""
    p95 = middle(found.fallback["p95_ms"])
    if p95 is None or not found.workloads:
        return ""
    n, d = found.workloads.most_common(1)[0][0][:2]
    if not n or not d or p95 <= 0:
        return ""
    limits = listed([f"{budget} ms up to {_round(n * budget / p95):,} vectors" for budget in BUDGETS_MS])
    text = (
        f"**Native or JavaScript.** Exact search takes time in step with the number of vectors. By the p95 of "
        f"{number(p95)} ms for {n:,} vectors of {d} dimensions the JavaScript fallback stays within {limits}"
    )
    native = middle(found.native["p95_ms"])
    if native:
        text += f"; native FAISS, at {number(native)} ms, within {BUDGETS_MS[0]} ms up to {_round(n * 10 / native):,}"
    decision = found.example["decision"] or {}
    told = (decision.get("recommendation") or {}).get("text")
    asked = f" What the inventory asks for: {sentence(str(told))}" if told else ""
    return f"{text}. It is scaled from one size and not measured at each.{asked}"


def _round(value: float) -> int:
    """Two figures: more would claim what was not measured."""
    digits = max(len(str(int(value))) - 2, 0)
    return int(value // 10**digits) * int(10**digits)
