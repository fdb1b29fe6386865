# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``conda``: an environment with its own Python, solved for the host's class on the controller and shipped.

Or, where the inventory says so, created from the same lock by the host's own conda.
"""

from __future__ import annotations

from ...causes import diagnose as causes
from ..base import Artefact, Candidate, Facts, Options
from ..wheel import judge as wheel_judge
from . import host_class as conda_class
from . import lock as conda_lock
from . import on_host as conda_on_host
from . import options as conda_options

NAME = "conda"
# A Python, numpy, a BLAS and FAISS, unpacked: what a plan asks for. The deploy module counts exactly.
NEEDED_BYTES = 400_000_000


class CondaStrategy:
    name = NAME

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """One candidate: which versions fit is known when it is solved, and a plan asks no channel."""
        wanted = conda_options.from_options(options)
        on_host = bool(conda_on_host.mode(options))
        conda, without = conda_on_host.chosen(facts) if on_host else (None, [])
        needed = conda_on_host.NEEDED_BYTES if on_host else NEEDED_BYTES
        reasons = conda_class.reasons(facts) or [*without, *wheel_judge.file_system(facts, options, needed, NAME)]
        host = None if conda_class.reasons(facts) else conda_class.of_facts(facts)
        solved = f"Solved when it is tried, for {host}." if host else None
        return [
            Candidate(
                id=f"{NAME}:{wanted.main}:{host.subdir if host else facts['arch']}",
                strategy=NAME,
                artefact={"name": wanted.main, "version": None, "file": None, "sha256": None, "python": None},
                verdict="blocked" if reasons else "possible",
                reasons=reasons,
                remedy=str(causes.remedy(reasons[0]["cause"])) if reasons else None,
                runtime=None if reasons else conda_lock.RUNTIME,
                note=" ".join(filter(None, [solved, conda_on_host.shown(conda, options) if conda else None])) or None,
            )
        ]

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """The packed environment of the host's class; the candidate then knows which versions it got."""
        note = conda_lock.note
        if conda_on_host.mode(options):
            artefact = conda_on_host.artefact(facts, options)
            conda, _ = conda_on_host.chosen(facts)
            candidate["note"] = f"{conda_on_host.shown(conda, options) if conda else ''} {note(facts, options)}"
        else:
            artefact = conda_lock.artefact(facts, options)
            candidate["note"] = note(facts, options)
        packages = artefact.lock["packages"]
        candidate["artefact"]["version"] = conda_lock.version_of(packages, candidate["artefact"]["name"])
        candidate["artefact"]["python"] = conda_lock.version_of(packages, "python")
        return artefact


STRATEGY = CondaStrategy()
