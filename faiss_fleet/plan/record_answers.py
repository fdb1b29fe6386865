# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The answers of ``answers`` for hosts as a run recorded them; hosts of which the same is known share theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ..strategies.base import Facts
from .answers import QUESTIONS, Answer, answers

if TYPE_CHECKING:
    from ..strategies.wheel.measure import Wheel

# The same questions where they are asked about several hosts at once.
GENERAL = (
    "Does devtoolset give these hosts a newer glibc?",
    "Is there a FAISS release for the C library here?",
    "Would static linking help?",
    "Would an older release of FAISS help?",
    "Can FAISS be built from source for these hosts?",
    "What would a container need here?",
)


def of_record(record: Mapping[str, Any]) -> list[Answer]:
    """The answers for a host as a run recorded it, [] where nothing could be read of it."""
    rests_on = basis(record)
    return answers_on(rests_on) if rests_on else []


Basis = tuple[Facts, list[Any]]  # candidates, of which only what is asked is there


def basis(record: Mapping[str, Any]) -> Basis | None:
    """What the answers rest on: a part of the facts, and the plan's wheels with the cause of which one failed its test.

    None where nothing could be read.

    Hosts with an equal one have equal answers: nothing else of a record is ever asked.
    """
    facts = record["facts"]
    if not facts:
        return None
    libc, library = facts["libc"], facts["libstdcxx"] or {}
    tests = record.get("verification") or ()
    failed = {test["candidate"]: test["cause"] or "unknown" for test in tests if test["ok"] is False}
    return (
        {
            "libc": {key: libc.get(key) for key in ("family", "version", "method", "path")},
            "libstdcxx": {
                "path": library.get("path"),
                "versions": {"GLIBCXX": (library.get("versions") or {}).get("GLIBCXX")},
            },
            "toolchains": {key: facts["toolchains"].get(key) for key in ("gcc", "cmake", "devtoolsets")},
            **{key: facts[key] for key in ("arch", "kernel", "engines")},
        },
        [
            {
                "strategy": entry["strategy"],
                "verdict": "failed" if entry["id"] in failed else entry["verdict"],
                "cause": failed.get(entry["id"]),
                "artefact": {key: entry["artefact"].get(key) for key in ("name", "version", "python")},
                "reasons": [{"check": reason["check"], "text": reason["text"]} for reason in entry["reasons"]],
            }
            for entry in record["plan"]
            if entry["strategy"] == "wheel"
        ],
    )


def answers_on(found: Basis) -> list[Answer]:
    """The answers that rest on this."""
    return answers(*found, _known_wheels())


Pooled = list[tuple[str, list[tuple[Answer, list[int]]]]]


def pooled(records: Sequence[Mapping[str, Any]]) -> Pooled:
    """(question, [(answer, places of the records it holds for)]): equal answers stand once, with the first's facts."""
    found = [of_record(record) for record in records]
    pools: Pooled = []
    for number in range(len(QUESTIONS)):
        by_text: dict[str, tuple[Answer, list[int]]] = {}
        for place, entries in enumerate(found):
            if entries:
                by_text.setdefault(entries[number]["answer"], (entries[number], []))[1].append(place)
        questions = {answer["question"] for answer, _places in by_text.values()}
        if questions:
            pools.append((questions.pop() if len(records) == 1 else GENERAL[number], list(by_text.values())))
    return pools


@cache
def _known_wheels() -> tuple[Wheel, ...]:
    from ..strategies.wheel import catalogue

    return catalogue.table()
