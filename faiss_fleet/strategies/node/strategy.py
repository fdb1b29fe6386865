# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``node``: FAISS inside Node by faiss-node: a prebuilt, a build of the controller, or one of the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ...causes import diagnose as causes
from ...errors import FleetError
from ...target.elf import needs
from ..base import (
    INVENTORY,
    Artefact,
    Candidate,
    Facts,
    Forecast,
    Options,
    Reason,
    Runtime,
    make_reason,
    version_numbers,
)
from ..host_python import python_on_host
from ..wheel import judge as wheel_judge
from . import build, host_build, host_source, prebuilt, recipe
from . import inputs as addon_inputs
from .prebuilt import Prebuilt
from .recipe import Variant

NAME = "node"
PROJECT = "faiss-node"
HOST_BUILD = "host-build"
WHERE = "faiss_install__node_build"
OLDEST_NODE = 16
# The addon with its JavaScript, unpacked.
UNPACKED_BYTES = 40_000_000
# Rough, for check mode: packed, what a build fetches, and its time on one core.
ADDON_BYTES = 10_000_000
INPUT_BYTES = 110_000_000
SOURCE_BYTES = 2_000_000
BUILD_CORE_SECONDS = 300.0
HOST_BUILD_CORE_SECONDS = 500.0
# What build.check holds every build to, as needs of a file.
PROMISED: list[dict[str, Any]] = [
    {"file": recipe.BINARY, "library": None, "symbol_version": None, "symbols": [], "machine": "x86_64"},
    {"file": recipe.BINARY, "library": "libc.so.6", "symbol_version": None, "symbols": []},
    {"file": recipe.BINARY, "library": "libc.so.6", "symbol_version": f"GLIBC_{recipe.GLIBC}", "symbols": []},
]


class NodeStrategy:
    """See the module."""

    name = NAME
    native = True
    remover = None

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """The prebuilt if it fits, the builds of the controller, the host's own, then what is blocked and why."""
        given = prebuilt.from_options(options)
        return plan(facts, options, addon_inputs.load(options), given)

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """The packed addon, built once for all hosts of its CPU level."""
        kind = candidate["id"].split(":", 3)[2]
        runtime = candidate.get("runtime")
        if runtime is None:
            raise FleetError(f"{candidate['id']} has no Node. Run again.", cause="command_missing")
        if kind == "prebuilt":
            named = prebuilt.from_options(options)
            if named is None:
                raise FleetError(f"{prebuilt.VARIABLE} names nothing any more.", cause="prebuild_missing")
            packed, lock = prebuilt.artefact(named, options)
        elif kind == HOST_BUILD:
            return host_source.artefact(runtime, facts, options)
        else:
            variant = next(each for each in recipe.VARIANTS if each.level == kind)
            packed, lock = build.artefact(variant, options)
        return packed.artefact(runtime, lock)

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """What was built before, else what the build would take: nothing is compiled and nothing fetched."""
        kind = candidate["id"].split(":", 3)[2]
        if kind == HOST_BUILD:
            seconds = HOST_BUILD_CORE_SECONDS / (facts["cpu"].get("count") or 1)
            how = "pack the sources, from which the host would build it"
            return Forecast(how=how, ship=SOURCE_BYTES, seconds=seconds)
        if kind == "prebuilt":
            return Forecast(artefact=self.resolve(candidate, facts, options))
        variant = next(each for each in recipe.VARIANTS if each.level == kind)
        kept = build.kept(variant, options)
        runtime = candidate.get("runtime")
        if kept is not None and runtime is not None:
            return Forecast(artefact=kept[0].artefact(runtime, kept[1]))
        build.check_controller()
        seconds = BUILD_CORE_SECONDS / (os.cpu_count() or 1)
        return Forecast(
            how=f"compile FAISS for {variant.level}",
            download=INPUT_BYTES,
            ship=ADDON_BYTES,
            unpacked=UNPACKED_BYTES,
            seconds=seconds,
        )


def plan(
    facts: Facts, options: Options, inputs: dict[str, addon_inputs.Input], given: Prebuilt | None
) -> list[Candidate]:
    """Pure: from facts to candidates."""
    where = str(options.extra.get(WHERE) or "both")
    node, without = chosen_node(facts, options)
    without = [*without, *python_on_host(facts)]
    place = wheel_judge.file_system(facts, options, UNPACKED_BYTES, NAME)
    candidates = []
    host: list[Reason] = list(needs.judge(PROMISED, needs.provided_per_facts(facts)))
    variants: Sequence[Variant] = recipe.VARIANTS
    if without or host:
        # One is enough to say why there is none.
        variants = recipe.VARIANTS[-1:]
    for variant in variants if where != "host" else ():
        cpu = wheel_judge.cpu(variant.level, facts, f"this build of {PROJECT}")
        candidates.append(_built(variant, node, [*without, *host, *cpu, *place], facts, inputs))
    published = _prebuilt(given, node, without, facts, place, inputs)
    # One that nobody named is the last thing to say about a host.
    candidates.insert(0 if given else len(candidates), published)
    candidates.append(_host_build(where, node, without, facts, options, inputs))
    return sorted(candidates, key=lambda candidate: candidate["verdict"] != "possible")


def chosen_node(facts: Facts, options: Options) -> tuple[dict[str, Any] | None, list[Reason]]:
    """The newest Node that can load the addon, or the inventory's own; else None with the reason."""
    named = options.extra.get("faiss_install__node")
    nodes = [node for node in facts["nodes"] if not named or named in _names(node)]
    usable = [node for node in nodes if not node.get("error") and _major(node) >= OLDEST_NODE and _napi(node)]
    if usable:
        return max(usable, key=lambda node: version_numbers(node["version"])), []
    need = f"Node {OLDEST_NODE} or newer with Node-API {recipe.NAPI}"
    if not nodes:
        found = f"the host has no Node at {named}" if named else "no Node was found on this host"
        return None, [make_reason("node", "command_missing", need, None, found)]
    have = ", ".join(f"{node['version'] or 'one of unknown version'} ({node['path']})" for node in nodes)
    broken = [node for node in nodes if node.get("error")]
    if len(broken) == len(nodes):
        diagnosed = causes.diagnose(broken[0]["error"])
        cause = diagnosed[0]["cause"] if diagnosed else "unknown"
        text = f"{broken[0]['path']} cannot be used: {broken[0]['error']}"
        return None, [make_reason("node", cause, need, have, text)]
    return None, [make_reason("node", "node_too_old", need, have, f"{PROJECT} needs {need}, and the host has {have}")]


def _names(node: dict[str, Any]) -> list[str]:
    return [node["path"], node.get("realpath"), *node.get("aliases", [])]


def _major(node: dict[str, Any]) -> int:
    return (version_numbers(node["version"]) or (0,))[0]


def _napi(node: dict[str, Any]) -> bool:
    """Unknown counts as enough: every Node since 14 has it, and the search test tells."""
    return node.get("napi") is None or int(node["napi"]) >= recipe.NAPI


def runtime(node: dict[str, Any] | None) -> Runtime | None:
    """How the addon is started; {prefix} stands for the prefix."""
    if node is None:
        return None
    return Runtime(kind="node", argv=[node["path"]], env={"NODE_PATH": "{prefix}/node_modules"}, prefix=None)


def _built(
    variant: Variant,
    node: dict[str, Any] | None,
    reasons: Sequence[Reason],
    facts: Facts,
    inputs: dict[str, addon_inputs.Input],
) -> Candidate:
    note = f"FAISS {inputs['faiss'].release}, built on the controller for glibc {recipe.GLIBC} and {variant.level}."
    if facts["cpu"]["isa_level"] is None and not reasons:
        note += " The CPU level of this host is not known; the search test tells."
    return _candidate(variant.level, node, reasons, inputs, note, {})


def _prebuilt(
    given: Prebuilt | None,
    node: dict[str, Any] | None,
    without: Sequence[Reason],
    facts: Facts,
    place: Sequence[Reason],
    inputs: dict[str, addon_inputs.Input],
) -> Candidate:
    if given is None:
        text = (
            f"no archive of a prebuilt {PROJECT} is named in {prebuilt.VARIABLE}, so what its files need is not "
            "known; the installer of npm looks at the family of the C library only, and is not used"
        )
        unread = make_reason(INVENTORY, "prebuild_missing", "an archive with its sha256", None, text)
        return _candidate("prebuilt", node, [*without, unread], inputs, None, {})
    found = needs.judge(list(given.needs), needs.provided_per_facts(facts), given.bundled)
    extra = {"file": given.archive.name, "sha256": given.sha256}
    note = "The CPU level that it needs was not measured; the search test tells."
    return _candidate("prebuilt", node, [*without, *found, *place], inputs, note, extra)


def _host_build(
    where: str,
    node: dict[str, Any] | None,
    without: Sequence[Reason],
    facts: Facts,
    options: Options,
    inputs: dict[str, addon_inputs.Input],
) -> Candidate:
    """Shown with what it needs wherever it is to be done; where all is met it comes after the controller's builds."""
    faiss, headers = inputs["faiss"], inputs["node-api-headers"]
    source = f"{faiss.name} {faiss.version} ({faiss.origin})"
    found = host_build.requirements(facts, f"{headers.name} {headers.version}, which comes along", source)
    reasons = [*without, *(each.reason() for each in found if each.met is False)]
    if where == "controller":
        text = f"{WHERE} is controller: one build there serves all hosts, for glibc {recipe.GLIBC}"
        reasons.append(make_reason("host_build", "prediction", "both or host", where, text))
    reasons += wheel_judge.file_system(facts, options, host_source.NEEDS_BYTES, NAME)
    note = "; ".join(each.line() for each in found)
    return _candidate(HOST_BUILD, node, reasons, inputs, note, {})


def _candidate(
    kind: str,
    node: dict[str, Any] | None,
    reasons: Sequence[Reason],
    inputs: dict[str, addon_inputs.Input],
    note: str | None,
    extra: dict[str, Any],
) -> Candidate:
    version = inputs[PROJECT].version
    about = {"node": node["version"] if node else None, "variant": kind}
    artefact = {"name": PROJECT, "version": version, **about, **extra}
    return Candidate(
        id=f"{NAME}:{PROJECT}-{version}:{kind}:{node['path'] if node else 'none'}",
        strategy=NAME,
        artefact=artefact,
        verdict="blocked" if reasons else "possible",
        reasons=list(reasons),
        remedy=_remedy(reasons[0]) if reasons else None,
        runtime=runtime(node),
        note=note,
    )


def _remedy(reason: Reason) -> str:
    """Whatever is the matter with the host's Nodes, the remedy is one that works there."""
    if reason["check"] == INVENTORY:
        return f"Name an archive of a release in {prebuilt.VARIABLE}, or let the controller build the addon ({WHERE})."
    return str(causes.remedy("node_too_old" if reason["check"] == "node" else reason["cause"]))


STRATEGY = NodeStrategy()
