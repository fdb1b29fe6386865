# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A fleet with hostile hosts, and what a format makes of it."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict
from typing import Any

from faiss_fleet.reports.summary import Summary
from tests.sample_records import RUN, records

HOSTILE = '"]]></x>\x1b[31m\x00\x7f\x9b\u202e\ufffe & <script>alert(1)</script> \\" {a="b"}\nnext'


def fleet(hostile: bool = False) -> list[dict[str, Any]]:
    hosts = list(records(60))
    if hostile:
        for host in hosts:
            host["host"]["name"] += HOSTILE
            host["because"] = host["remedy"] = HOSTILE
            host["host"]["groups"] = [HOSTILE]
    return hosts


def waived(cause: str, until: str) -> dict[str, str]:
    return {"group": "all", "cause": cause, "reason": "replaced in January", "owner": "storage team", "until": until}


def text_of(renderer: Any, hosts: list[dict[str, Any]]) -> str:
    run = {**asdict(RUN), "inventory": list(RUN.inventory)}
    given = {"summary": Summary(run, hosts), "records": map(json.dumps, hosts), "good": {}}
    return "".join(renderer(*(given[name] for name in inspect.signature(renderer).parameters)))
