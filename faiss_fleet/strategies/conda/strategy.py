# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``conda``: an environment with its own Python, solved for the host's class on the controller and shipped.

Or, where the inventory says so, created from the same lock by the host's own conda.
"""

from __future__ import annotations

import dataclasses

from ...causes import diagnose as causes
from ..base import Artefact, Candidate, Facts, Forecast, Options
from ..wheel import judge as wheel_judge
from . import host_class as conda_class
from . import lock as conda_lock
from . import on_host as conda_on_host
from . import options as conda_options

NAME = "conda"
# A Python, numpy, a BLAS and FAISS, unpacked: what a plan asks for. The deploy module counts exactly.
NEEDED_BYTES = 400_000_000
# Packed, and the time for it once the channel's index is read: rough, for check mode.
DOWNLOAD_BYTES = 120_000_000
SOLVE_SECONDS = 60.0


class CondaStrategy:
    """See the module."""

    name = NAME
    native = True
    remover = None

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
        """The packed environment of the host's class, with the versions that it got."""
        if not conda_on_host.mode(options):
            artefact = conda_lock.artefact(facts, options)
            return _with_versions(artefact, candidate, conda_lock.note(facts, options))
        artefact = conda_on_host.artefact(facts, options)
        conda, _ = conda_on_host.chosen(facts)
        shown = conda_on_host.shown(conda, options) if conda else ""
        return _with_versions(artefact, candidate, f"{shown} {conda_lock.note(facts, options)}".strip())

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """The environment of the host's class where it was solved and packed before; else what that would take."""
        kept = None if conda_on_host.mode(options) else conda_lock.kept(facts, options)
        if kept is not None:
            return Forecast(artefact=_with_versions(kept, candidate, None))
        wanted = conda_options.from_options(options)
        if wanted.lock or wanted.channels.local:
            # All that is asked is in files of this controller: what they refuse is known before anything is made.
            conda_lock.locked(facts, options)
        how = "solve the environment and build it"
        return Forecast(how=how, download=DOWNLOAD_BYTES, ship=DOWNLOAD_BYTES, seconds=SOLVE_SECONDS)


def _with_versions(artefact: Artefact, candidate: Candidate, note: str | None) -> Artefact:
    packages = artefact.lock["packages"]
    names = {"version": str(candidate["artefact"]["name"]), "python": "python"}
    found = {key: conda_lock.version_of(packages, name) for key, name in names.items()}
    return dataclasses.replace(artefact, found=found, note=note)


STRATEGY = CondaStrategy()
