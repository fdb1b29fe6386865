# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A strategy and a host of paper, which do what a test says and note what was asked of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faiss_fleet import strategies
from faiss_fleet.attempts import run as attempts
from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.base import Artefact, Candidate, Forecast, Options, Runtime

RUNTIME = Runtime(kind="python", argv=["/usr/bin/python3"], env={"PYTHONPATH": "{prefix}/site-packages"}, prefix=None)


class PaperStrategy:
    """Resolves what its test says: an artefact, nothing to ship, or a refusal."""

    name, native, remover = "paper", True, None

    def __init__(self, artefact: Artefact | FleetError | None) -> None:
        self.artefact = artefact

    def resolve(self, *_: object) -> Artefact | None:
        if isinstance(self.artefact, FleetError):
            raise self.artefact
        return self.artefact

    def forecast(self, *asked: Any) -> Forecast | None:
        artefact = self.resolve(*asked)
        return Forecast(artefact=artefact) if artefact else None


class PaperHost:
    """Remembers what it was asked; ``passes`` names the candidates whose search test is good."""

    def __init__(self, passes: set[str], deploys: bool = True) -> None:
        self.passes, self.deploys, self.calls, self.figures = passes, deploys, [], []
        self.cached: dict[str, Any] | None = None
        self.p95: dict[str, float] = {}
        self.there: list[str] = []  # whole prefixes, of which ``repairs`` names candidates that are damaged
        self.repairs: set[str] = set()
        self.doubted = False
        self.cause = "cpu_isa"

    def deploy(self, artefact: Artefact, prefix: str, seconds: float, doubted: bool = False) -> dict[str, Any]:
        self.calls.append(("deploy", prefix))
        self.doubted = doubted
        if prefix in self.there:
            self.there.remove(prefix)
            self.passes |= self.repairs
            return {"ok": True, "changed": bool(self.repairs)}
        if not self.deploys:
            return {"ok": False, "changed": False, "cause": "disk_full", "message": "no space", "remedy": "free some"}
        return {"ok": True, "changed": True}

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        self.calls.append(("verify", candidate))
        self.figures.append(figures)
        good = candidate in self.passes
        found = {"cause": None if good else self.cause, "message": "SIGILL"}
        indexes = [{"index": "flat", "p95_ms": self.p95[candidate]}] if candidate in self.p95 else []
        return {"candidate": candidate, "ok": good, "figures": figures, "indexes": indexes, **found}

    def reconnect(self) -> None:
        self.calls.append(("reconnect", ""))

    def remove(self, prefix: str, keep: bool = False, cached: dict[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append(("keep" if keep else "remove", prefix))
        self.cached = cached
        return {}


def candidate(name: str, verdict: str = "possible") -> Candidate:
    return Candidate(
        id=name,
        strategy="paper",
        artefact={"name": "faiss-cpu", "version": "1"},
        verdict=verdict,
        reasons=[],
        remedy=None,
        runtime=RUNTIME,
    )


def use(monkeypatch: pytest.MonkeyPatch, artefact: Artefact | FleetError | None) -> None:
    monkeypatch.setattr(strategies, "all_strategies", lambda: (PaperStrategy(artefact),))


def run(
    host: PaperHost, *candidates: Candidate, policy: str = "first", prefixes: tuple[Any, ...] = ()
) -> attempts.Outcome:
    host.there = [found["path"] for found in prefixes if found["complete"]]
    return attempts.run(list(candidates), policy, {"prefixes": list(prefixes)}, Options(prefix="/opt/ff"), host)


def predict(
    candidates: list[Candidate], facts: dict[str, Any], options: Options, policy: str = "first", passes: str = ""
) -> attempts.Outcome:
    host = PaperHost(set(passes))
    done = attempts.run(candidates, policy, facts, options, host, dry_run=True)
    assert {kind for kind, _name in host.calls} <= {"verify"}, "check mode changes nothing"
    return done


FACTS = {"prefixes": [], "arch": "x86_64", "libc": {"family": "glibc", "version": "2.17"}, "libraries": None}


def audit(
    host: PaperHost, *candidates: Candidate, facts: dict[str, Any] = FACTS, policy: str = "first", **extra: Any
) -> attempts.Outcome:
    options = Options(prefix="/opt/ff", extra={f"faiss_install__{name}": value for name, value in extra.items()})
    host.there = [found["path"] for found in facts["prefixes"] if found["complete"]]
    return attempts.run(list(candidates), policy, facts, options, host)


class Own(PaperStrategy):
    """An artefact of its own for each candidate, whose digest is the candidate's name."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive

    def resolve(self, candidate: Candidate, *_: object) -> Artefact:
        return Artefact(self.archive, "0" * 64, candidate["id"], 6, RUNTIME, {"packages": []})


def fastest(host: PaperHost, facts: dict[str, Any] = FACTS, **extra: Any) -> attempts.Outcome:
    return audit(host, *[candidate(name) for name in "abc"], facts=facts, policy="fastest", **extra)
