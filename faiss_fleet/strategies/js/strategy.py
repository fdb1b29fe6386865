# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Strategy ``js``: the JavaScript fallback. It needs a Node and nothing else, so there is nothing to ship."""

from __future__ import annotations

from ...causes import diagnose as causes
from ..base import Artefact, Candidate, Facts, Forecast, Options, Reason, Runtime
from ..host_python import python_on_host
from ..node.strategy import OLDEST_NODE, chosen_node

NAME = "js"
PROJECT = "JSVectorStorage"


class JavaScript:
    """See the module."""

    name = NAME
    native = False
    remover = None

    def plan(self, facts: Facts, options: Options) -> list[Candidate]:
        """One candidate, possible wherever there is a Node that the loader supports."""
        node, found = chosen_node(facts, options)
        reasons: list[Reason] = []
        if node is None:
            have = found[0]["have"]
            text = f"{PROJECT} runs on Node {OLDEST_NODE} and newer; the host has {have or 'none'}"
            need = f"Node {OLDEST_NODE} or newer"
            reasons.append(Reason(check="node", cause=found[0]["cause"], need=need, have=have, text=text))
        reasons += python_on_host(facts)
        return [
            Candidate(
                id=f"{NAME}:{PROJECT}:{node['path'] if node else 'none'}",
                strategy=NAME,
                artefact={"name": PROJECT, "version": None, "node": node["version"] if node else None},
                verdict="blocked" if reasons else "possible",
                reasons=reasons,
                remedy=str(causes.remedy(reasons[0]["cause"])) if reasons else None,
                runtime=Runtime(kind="js", argv=[node["path"]], env={}, prefix=None) if node else None,
                note="exact search, without FAISS",
            )
        ]

    def resolve(self, candidate: Candidate, facts: Facts, options: Options) -> Artefact | None:
        """Nothing to ship: the application brings the loader."""
        return None

    def forecast(self, candidate: Candidate, facts: Facts, options: Options) -> Forecast | None:
        """Nothing to ship."""
        return None


STRATEGY = JavaScript()
