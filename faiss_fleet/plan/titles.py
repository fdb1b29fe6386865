# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Candidates and attempts in words, the same in every report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def title(candidate: Mapping[str, Any]) -> str:
    """A candidate or an attempt in words, for reports and for the configuration's ``because``: no two are alike."""
    return f"{label(candidate)} ({candidate['strategy']}{_python(candidate['artefact'])})"


def label(candidate: Mapping[str, Any]) -> str:
    """'faiss-cpu 1.9.0.post1', 'faiss-node 0.5.1 x86-64-v3': the artefact, with the variant of its build."""
    artefact = candidate["artefact"]
    return " ".join(str(artefact[part]) for part in ("name", "version", "variant") if artefact.get(part))


def _python(artefact: Mapping[str, Any]) -> str:
    python = artefact.get("python")
    return f", Python {python}" if python else ""
