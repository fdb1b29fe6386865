# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A search test on this machine as an audit has it: the files packed, the test run, its evidence judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from faiss_fleet.fleet.search_call import Request
from faiss_fleet.target.search import run as search_test
from faiss_fleet.target.search import shipped


def run(
    name: str,
    runtime: Mapping[str, Any],
    workload: Mapping[str, Any],
    timeout: int,
    memory_limit_mb: int,
    min_recall: Mapping[str, float] | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The verification of one runtime."""
    workload = {"loader": False, **workload}
    request = Request.of({"workload": workload, "timeout": timeout, "min_recall": min_recall})
    files = shipped.unpack(request.arguments([runtime]).get("files"))
    found = search_test.run(name, runtime, workload, timeout, memory_limit_mb, environ, files)
    (result,) = request.judged([json.loads(json.dumps(found))])
    return result
