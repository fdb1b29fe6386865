# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Records of each kind of host, and the assessment of them."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from faiss_fleet.reports.assessment import Assessment
from faiss_fleet.reports.findings import Findings
from faiss_fleet.reports.summary import Summary
from tests.sample_records import KINDS, RUN, records

SECTIONS = [
    "Summary",
    "Recommendation",
    "The glibc dependency chain",
    "Classes of hosts",
    "Hosts without an answer",
    "Questions that come up",
    "Loading FAISS only where it works",
    "Risks",
    "What this assessment does not know",
]


FLEET = list(records(400))


OF_KIND = dict(zip((kind[0] for kind in KINDS), FLEET, strict=False))  # the first hosts are one of each kind


def assessed(made: Iterable[dict[str, Any]], check: bool = False, **more: Any) -> Assessment:
    made = list(made)
    run = {**asdict(RUN), "inventory": list(RUN.inventory), "check_mode": check}
    return Assessment(Summary(run, made), Findings(made), **more)


def text(*made: dict[str, Any], **more: Any) -> str:
    return "".join(assessed(made, **more).render())


def section(rendered: str, title: str) -> str:
    return re.split(r"^## ", rendered.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def kind(name: str, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(OF_KIND[name]), **changes}


def commands(rendered: str) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", rendered, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    return [shlex.split(line) for line in lines]
