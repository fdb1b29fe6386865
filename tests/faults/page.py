#!/usr/bin/env python3
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference/faults.md from the table of faults.

python -m tests.faults.page            writes it
python -m tests.faults.page --check    says whether it is what the table says
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.fuzz_targets import TARGETS
from tests.faults.judge import CHECKS
from tests.faults.model import RECIPES, ControllerFault, Fault
from tests.faults.table import CONTROLLER_FAULTS, HOST_FAULTS, NOT_INJECTED

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/faults.md"
GROUPS = {
    "host": "Hosts: file systems, prefixes, configurations, limits, other users",
    "faiss": "FAISS: modules that crash, hang, lie and flood",
    "wire": "The line to a host",
    "content": "What a host says",
    "controller": "The controller",
    "input": "Archives, wheels and names of the inventory",
    "secrets": "Secrets",
}
INTRO = """\
# Faults

<!-- Made by `python -m tests.faults.page`. Change the tables in tests/faults, then run that. -->

`make faults` injects these faults into real hosts, reached by SSH, with glibc 2.17 and newer, into the line to them and into the
controller, and audits with the project as it is. One judge looks at each result. `make test` runs a sample of ten, chosen by a seed.

| check | what must hold |
| --- | --- |
"""


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("{{", "&#123;&#123;")


def either(values: str | tuple[str | None, ...] | None) -> str:
    found = values if isinstance(values, tuple) else (values,)
    return ", ".join(f"`{value}`" for value in found if value)


def right(fault: Fault) -> str:
    causes = either(fault.cause)
    text = " or ".join(f"`{state}`" for state in (fault.state if isinstance(fault.state, tuple) else (fault.state,)))
    return text + (f" ({causes})" if causes else "") + (f"; {fault.looks}" if fault.looks else "")


def runs(fault: Fault | ControllerFault, way: str) -> int:
    """How often a fault is injected on a way; as `python -m tests.faults` does it."""
    if isinstance(fault, Fault):
        return 1
    if not fault.both_ways:
        return fault.seeds if way == "batch" else 0
    return -(-fault.seeds // 2)


def counts() -> list[str]:
    lines = ["| group | faults | host by host | in a batch |", "| --- | ---: | ---: | ---: |"]
    all_of: list[Fault | ControllerFault] = [*HOST_FAULTS, *CONTROLLER_FAULTS]
    for group in (*GROUPS, "all"):
        found = [one for one in all_of if group in (one.group, "all")]
        ordinary, batch = (sum(runs(one, way) for one in found) for way in ("ordinary", "batch"))
        lines.append(f"| {group} | {len(found)} | {ordinary} | {batch} |")
    examples = sum(target.examples for target in TARGETS)
    return [*lines, "", f"Fuzzing adds {len(TARGETS)} targets with {examples} examples."]


def render() -> str:
    parts = [INTRO + "\n".join(f"| {name} | {cell(what)} |" for name, what in CHECKS.items())]
    parts.append("\n".join(counts()))
    hosts = "; ".join(f"{recipe}: {what}" for recipe, what in RECIPES.items())
    parts.append(
        "Ways: host by host (`fleet_batch=false`) and in a batch. A fault of the controller has two hosts. In a batch the one that is\n"
        "configured is done in its one call, and the new one, by the seed, in a process of the batch or through the roles; such a\n"
        "fault is injected host by host as well only where its row says so.\n\n"
        f"Hosts: {hosts}. Where several states or causes are named, each of them is right: what happens\n"
        "depends on the moment. After each fault the host is healed and audited again, and has to be native."
    )
    for group, title in GROUPS.items():
        lines = [f"## {title}", "", "| fault | what is done | right |", "| --- | --- | --- |"]
        for fault in HOST_FAULTS:
            if fault.group == group:
                lines.append(f"| {cell(fault.name)} | {cell(fault.what)} | {right(fault)} |")
        for own in CONTROLLER_FAULTS:
            if own.group == group:
                times = f" ({own.seeds} seeds)" if own.seeds > 1 else ""
                times += "; on both ways" if own.both_ways else ""
                lines.append(f"| {cell(own.name)} | {cell(own.what)}{times} | {cell(own.expects)} |")
        parts.append("\n".join(lines))
    lines = ["## Fuzzing", "", "By Hypothesis, the seed kept: no exception but the documented one, no example longer than two seconds of the",
             "processor, none that takes more than 200 MB.", "", "| target | what reads it | examples |", "| --- | --- | ---: |"]  # fmt: skip
    lines += [f"| {target.name} | {cell(target.what)} | {target.examples} |" for target in TARGETS]
    parts.append("\n".join(lines))
    lines = ["## What is not injected", ""]
    lines += [f"- **{name}**: {why}" for name, why in NOT_INJECTED]
    parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def main() -> int:
    text = render()
    if "--check" in sys.argv:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("" if same else f"{PAGE} is not what the tables say. Run: python -m tests.faults.page")
        return int(not same)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
