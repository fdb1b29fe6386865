# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks py-rattler, which runs in a process of its own (solver_child.py says why)."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from ...artefacts import cache
from ...errors import FleetError
from ...redact import redact
from ...target import child_process

CHILD = Path(__file__).with_name("solver_child.py")
LIBRARY = "rattler"
TIME_LIMIT = 1800.0
# Of one request of the network, in seconds: a list of packages, and a package over a slow line.
REQUEST_LIMITS = {"solve": 120, "fetch": 900}
TAIL = 1500


def call(operation: str, time_limit: float = TIME_LIMIT, **arguments: Any) -> dict[str, Any]:
    """The process's answer, ok or not. Raises FleetError when it gave none."""
    if importlib.util.find_spec(LIBRARY) is None:
        remedy = "Install what requirements/controller.txt names (make venv)."
        raise FleetError(f"py-rattler is not installed for {sys.executable}. {remedy}", "not_installed", remedy)
    said: list[bytes] = []
    request = {"operation": operation, "timeout": REQUEST_LIMITS.get(operation), **arguments}
    with cache.temporary("conda") as place:
        # Isolated: the child's directory, which is this package, must not become the place where it looks for modules.
        argv = [sys.executable, "-I", str(CHILD)]
        end = child_process.run(argv, json.dumps(request), _environment(), str(place), time_limit, said.append)
    if end.timed_out:
        remedy = "See whether the channels answer, or name a mirror or a file:// copy in faiss_install__conda_channels."
        text = f"conda's solver did not end its {operation} within {time_limit:.0f} s. {remedy}"
        raise FleetError(text, "timeout", remedy)
    try:
        answer: dict[str, Any] = json.loads(b"".join(said))
    except ValueError:
        how = end.signal or (f"status {end.exit_code}" if end.start_error is None else str(end.start_error))
        log = redact(end.log.strip())[-TAIL:]
        text = f"conda's solver died ({how}) in its {operation}: {log or '(it said nothing)'}"
        raise FleetError(text, "unknown", log=redact(end.log.strip())) from None
    return answer


def _environment() -> dict[str, str]:
    """The user's own (proxies, certificates, RATTLER_AUTH_FILE), without what changes Python or claims another host."""
    out = ("PYTHON", "CONDA_OVERRIDE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(out)}
    return {**environment, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
