# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Which hosts of a run can load the artefacts that the inventory names: answered when the run ends, kept beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import FleetError
from ..records.journal import write_atomically
from ..records.schema import Record
from ..strategies.base import Options

FILE = "artefacts.json"
NOT_EXAMINED = "Not examined: "
UNKNOWN = ("unknown", "This host was not there when the artefact was judged.")
Answer = tuple[str, str]  # the verdict, yes, no or unknown, and why


@dataclass
class Judged:
    """One artefact. error says why it could not be judged; by_host has the place of each host's answer."""

    asked: str
    name: str
    kind: str = ""
    source: str = ""
    gaps: list[str] = field(default_factory=list)
    error: str = ""
    answers: list[Answer] = field(default_factory=list)
    by_host: dict[str, int] = field(default_factory=dict)

    def answer(self, host: str) -> Answer:
        """The answer for one host."""
        place = self.by_host.get(host)
        return UNKNOWN if place is None else self.answers[place]


@dataclass(frozen=True)
class Told:
    """One artefact as a page shows it: hosts by verdict, and what stands in the way with how many have it."""

    of: Judged
    place: int
    totals: Counter[str]
    reasons: list[tuple[str, int]]


def write(
    directory: Path,
    wanted: Iterable[str],
    records: Callable[[], Iterable[Record]],
    options: Options,
    warn: Callable[[str], None],
) -> None:
    """Judges the artefacts for the hosts of a run, and keeps the answers in its directory. warn is told of errors."""
    from ..plan import artefact_check, artefact_sources  # here, as most runs have none

    found = []
    for text in dict.fromkeys(wanted):
        try:
            artefact = artefact_sources.find(text, records, options)
        except FleetError as error:
            found.append(Judged(text, text, error=str(error)))
            warn(f"The artefact {text!r} of fleet_report__artefacts was not judged: {error}")
            continue
        judged = Judged(text, artefact.name, artefact.kind, artefact.source or "", list(artefact.gaps))
        places: dict[Answer, int] = {}
        for answer in artefact_check.Checker(artefact).answers(records()):
            judged.by_host[answer.host] = places.setdefault((answer.verdict, answer.says), len(places))
        judged.answers = list(places)
        found.append(judged)
    document = {"schema": 1, "artefacts": [vars(each) for each in found]}
    write_atomically(directory / FILE, [json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n"])


def read(directory: Path) -> list[Judged]:
    """What ``write`` kept; nothing where it kept nothing, or what is there is none of it."""
    try:
        document = json.loads((directory / FILE).read_text(encoding="utf-8"))
        found = [Judged(**each) for each in document["artefacts"]]
        for each in found:
            each.answers = [(str(verdict), str(says)) for verdict, says in each.answers]
        return found
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def told(judged: Sequence[Judged], rows: Sequence[Mapping[str, Any]]) -> list[Told]:
    """Counts the answers of the hosts in these rows."""
    made = []
    for place, each in enumerate(judged):
        answers = Counter(each.answer(str(row["host"])) for row in rows)
        totals: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for (verdict, says), hosts in answers.items():
            totals[verdict] += hosts
            if verdict != "yes":
                # Why it was not examined is another sentence on each host, and is in its details.
                reasons["Not examined in this run." if says.startswith(NOT_EXAMINED) else says] += hosts
        made.append(Told(each, place, totals, reasons.most_common(8)))
    return made
