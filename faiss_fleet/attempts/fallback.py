# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which fallbacks the search test measures beside a candidate, which figures of them still hold, and why one has none.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import strategies
from ..model import Facts, Json, Runtime, Unmeasured
from ..strategies.base import Options
from . import measured

OPTION = "faiss_install__measure_fallback"
OLDEST_PYTHON = (3, 6)  # that the loader for Python runs on
NUMPY = "numpy"


@dataclass
class Fallbacks:
    """to_measure: [{"id", "runtime"}] as faiss_search_test takes it; earlier: verifications with figures that hold."""

    to_measure: list[Json] = field(default_factory=list)
    earlier: list[Json] = field(default_factory=list)
    unmeasured: list[Unmeasured] = field(default_factory=list)


def of_host(facts: Facts, options: Options, verification: Iterable[Mapping[str, Any]] = ()) -> Fallbacks:
    """The fallbacks of a host. What was tested among the candidates is not measured again.

    Where the test of what is configured was the brief one, nothing is measured: figures that the configuration keeps
    are taken over with their date, and where it has none, that is the reason.
    """
    tests = list(verification)
    found = Fallbacks()
    tested = {test["candidate"] for test in tests}
    brief = not all(test.get("figures", True) for test in tests)
    for what, name, runtime, reason in (*_scripts(facts, options), _numpy(facts, tests)):
        if name in tested:
            continue
        if runtime is None:
            found.unmeasured.append({"what": what, "reason": reason})
        elif not options.extra.get(OPTION, True):
            found.unmeasured.append({"what": what, "reason": f"{OPTION} is false"})
        elif kept := measured.earlier_fallback(name, runtime, facts, options):
            found.earlier.append(kept)
        elif brief:
            reason = "nothing was measured in this run, and the configuration of this host keeps no figures of it"
            found.unmeasured.append({"what": what, "reason": f"{reason}; faiss_install__measure=always measures"})
        else:
            found.to_measure.append({"id": name, "runtime": runtime})
    return found


def not_measured(wanted: Iterable[Json], measured: Iterable[Json], dry_run: bool) -> list[Unmeasured]:
    """Those of to_measure of which there is no verification, and why."""
    there = {test["candidate"] for test in measured}
    reason = "check mode measures nothing" if dry_run else "no Python of this host can run the search test"
    return [{"what": _what(one["id"]), "reason": reason} for one in wanted if one["id"] not in there]


def _what(name: str) -> str:
    return NUMPY if name.startswith(f"{NUMPY}:") else name.split(":")[1]


Found = tuple[str, str, Runtime | None, str]


def _scripts(facts: Facts, options: Options) -> list[Found]:
    found = []
    for strategy in strategies.fallbacks():
        for candidate in strategy.plan(facts, options)[:1]:
            runtime = candidate.get("runtime") if candidate["verdict"] == "possible" else None
            reasons = candidate["reasons"]
            reason = reasons[0]["text"] if reasons else ""
            found.append((str(candidate["artefact"]["name"]), candidate["id"], runtime, reason))
    return found


def _numpy(facts: Facts, tests: Iterable[Mapping[str, Any]]) -> Found:
    runtime = numpy_runtime(facts, tests)
    reason = f"no Python {'.'.join(map(str, OLDEST_PYTHON))} or newer with numpy was found on this host"
    return NUMPY, f"numpy:NumpyVectorStorage:{runtime['argv'][0] if runtime else 'none'}", runtime, reason


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
