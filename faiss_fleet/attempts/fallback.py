# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which runtimes the search test gets beside a candidate's, so that fallbacks are figures on that host too. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..strategies.base import Facts, Options, Runtime
from ..strategies.js import strategy as js

OPTION = "faiss_install__measure_fallback"
OLDEST_PYTHON = (3, 6)  # that the loader for Python runs on


def to_measure(facts: Facts, options: Options, verification: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """[{"id", "runtime"}] as faiss_search_test takes it: JavaScript where there is a Node, numpy where a Python has it.

    Nothing where the option is off, and nothing that is among what was tested already.
    """
    if not options.extra.get(OPTION, True):
        return []
    tests = list(verification)
    (candidate,) = js.STRATEGY.plan(facts, options)
    script = candidate.get("runtime") if candidate["verdict"] == "possible" else None
    found = [{"id": candidate["id"], "runtime": script}] if script else []
    numpy = numpy_runtime(facts, tests)
    if numpy is not None:
        found.append({"id": f"numpy:NumpyVectorStorage:{numpy['argv'][0]}", "runtime": numpy})
    tested = {test["candidate"] for test in tests}
    return [entry for entry in found if entry["id"] not in tested]


def numpy_runtime(facts: Facts, tests: Iterable[Mapping[str, Any]]) -> Runtime | None:
    """A Python with numpy: the one whose FAISS passed, for comparison, or else one of the host's; None without any."""
    for test in tests:
        runtime = test.get("runtime") or {}
        if test.get("ok") is True and runtime.get("kind") == "python" and _new_enough(test.get("python_version")):
            return Runtime(kind="numpy", argv=runtime["argv"], env=runtime["env"], prefix=runtime["prefix"])
    for python in facts.get("pythons") or []:
        if python.get("numpy") and not python.get("error") and _new_enough(python.get("version")):
            return Runtime(kind="numpy", argv=[python["path"]], env={}, prefix=None)
    return None


def _new_enough(version: object) -> bool:
    found = re.match(r"(\d+)\.(\d+)", str(version or ""))
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_PYTHON
