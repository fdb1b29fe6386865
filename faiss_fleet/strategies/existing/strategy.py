# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``existing``: a FAISS that is on the host already, in an interpreter found or named in the inventory."""

from __future__ import annotations

import sys
from typing import Any

from packaging.version import InvalidVersion, Version

from ..base import Artefact, Candidate, Facts, Forecast, Options, Reason, Runtime

OWN_ENVIRONMENT = sys.prefix if sys.prefix != sys.base_prefix else None
_REMEDY = "Repair the interpreter, or name another one in glibc_facts__interpreters."


def _newest_first(found: dict[str, Any]) -> tuple[Version, str]:
    """A key for ``sorted(..., reverse=True)``: a version that nobody can read comes last."""
    try:
        return Version(found["version"] or ""), found["python"]
    except InvalidVersion:
        return Version("0.dev0"), found["python"]


def _reasons(python: dict[str, Any] | None) -> list[Reason]:
    """What is known against it before the search test, which judges the FAISS itself."""
    if python is None or not python.get("error"):
        return []
    text = f"{python['path']} cannot be used: {python['error']}"
    return [Reason(check="python", cause="python_missing", need="an interpreter that runs", have=None, text=text)]


class Existing:
    """See the module."""

    name = "existing"
    native = True
    remover = None

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """One candidate for each FAISS, newest first. One that two names of an interpreter reach counts once."""
        pythons = {python["path"]: python for python in facts["pythons"]}
        # The facts keep the order of sys.path: of several in one interpreter the first is the one that is imported.
        imported: dict[str, dict[str, Any]] = {}
        for found in facts["faiss"]:
            imported.setdefault(found["python"], found)
        candidates: list[Candidate] = []
        seen = set()
        for found in sorted(imported.values(), key=_newest_first, reverse=True):
            path = found["python"]
            # What stands under the prefix was put there by a strategy, which plans for it and may replace it.
            if path.startswith(options.prefix.rstrip("/") + "/"):
                continue
            # On this very machine: the environment that runs the audit is no application's, and goes with its
            # directory.
            if OWN_ENVIRONMENT and path.startswith(OWN_ENVIRONMENT + "/"):
                continue
            python = pythons.get(path)
            # A venv's interpreter is the system's by its real path, so the directory of FAISS decides too.
            same = ((python or {}).get("realpath") or path, found.get("location") or path)
            if same in seen:
                continue
            seen.add(same)
            reasons = _reasons(python)
            version = found["version"]
            candidates.append(
                Candidate(
                    id=f"existing:{version or 'unknown'}:{path}",
                    strategy=self.name,
                    artefact={"name": "faiss", "version": version, "python": path},
                    verdict="blocked" if reasons else "possible",
                    reasons=reasons,
                    remedy=_REMEDY if reasons else None,
                    runtime=Runtime(kind="python", argv=[path], env={}, prefix=None),
                    note=f"at {found['location']}" if found.get("location") else None,
                )
            )
        return candidates

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """Nothing to ship."""
        return None

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """Nothing to ship."""
        return None


STRATEGY = Existing()
