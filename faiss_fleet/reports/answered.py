# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What people ask first, answered for every host of a run. Hosts of which the same is known share their answers."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from typing import Any

from ..plan.answers import Answer
from ..plan.record_answers import answers_on, basis
from ..records.schema import Record
from .text import shorten

LONGEST = 2_000  # characters of one text: a host gone wild must not fill the memory


class Answered:
    """The answers by host, in the records' order; none for a host of which nothing could be read."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.by_host: list[Sequence[Answer]] = []
        self._known: dict[bytes, Sequence[Answer]] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Answers for one host."""
        rests_on = basis(record)
        if rests_on is None:
            self.by_host.append(())
            return
        # By content, and six times as quick as JSON; version 2 writes equal things equally, wherever they came from.
        key = marshal.dumps(rests_on, 2)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = [_bounded(answer) for answer in answers_on(rests_on)]
        self.by_host.append(found)


def pooled(hosts: Sequence[Sequence[Answer]]) -> dict[str, Any]:
    """Plain data: every different answer once, as [question, answer, evidence], and by host the places of its own."""
    places: dict[str, int] = {}
    different: list[list[Any]] = []
    seen: dict[int, list[int]] = {}  # hosts that are alike have one list, and it is looked through once
    by_host = []
    for answers in hosts:
        if id(answers) in seen:
            by_host.append(seen[id(answers)])
            continue
        own = seen[id(answers)] = []
        for answer in answers:
            line = [answer["question"], answer["answer"], answer["evidence"]]
            place = places.setdefault(repr(line), len(different))
            if place == len(different):
                different.append(line)
            own.append(place)
        by_host.append(own)
    return {"answers": different, "hosts": by_host}


def _bounded(answer: Answer) -> Answer:
    return Answer(
        question=shorten(answer["question"], LONGEST),
        answer=shorten(answer["answer"], LONGEST),
        evidence=[shorten(text, LONGEST) for text in answer["evidence"]],
    )
