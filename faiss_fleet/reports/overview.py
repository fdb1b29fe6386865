# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The page's first screen: where FAISS runs, where not and why, what to do next, what changed since the last run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..records.build import STATES, meaning_of
from ..store.diff import Change, Diff, elapsed
from .assessment_steps import Commands, next_command
from .findings import Findings
from .prose import plain_name
from .releases import Need, Releases
from .summary import VERDICTS, Cause, Summary
from .text import brief, shorten

SHOWN = 3  # hosts that are named of one kind of change
RELEASES, NEEDS = 6, 2  # that have a line of their own, and reasons of one
_HELP = {
    "native": "FAISS runs here, verified",
    "fallback": "the JavaScript store is used",
    "failed": "no verdict: the audit failed",
    "unreachable": "no verdict: no connection",
}
_PREDICTED = {"native": "FAISS is predicted to run here, not verified", "fallback": "the JavaScript store is predicted"}


@dataclass(frozen=True)
class Way:
    """One FAISS that runs somewhere, and what keeps a newer one away."""

    strategy: str
    faiss: str
    hosts: int
    newest: int
    needs: list[tuple[Need, int]]
    more: int


@dataclass(frozen=True)
class Obstacle:
    """Hosts with one cause, and the command that comes next for them."""

    cause: Cause
    meaning: str | None
    because: str
    command: str


@dataclass(frozen=True)
class Kind:
    """Hosts that changed in one way; filter is the value of the table's column."""

    title: str
    count: int
    changes: list[Change]
    filter: str


@dataclass(frozen=True)
class Changes:
    """What changed since the last comparable run."""

    run: str
    ago: str
    kinds: list[Kind]
    unchanged: int
    only_before: int
    only_after: int


def ways(releases: Releases) -> tuple[list[Way], int]:
    """What runs natively, most hosts first, and how many other releases there are."""
    found = releases.releases
    made = [
        Way(
            runs.strategy, runs.faiss, release.hosts, release.newest, release.needs.most_common(NEEDS),
            max(len(release.needs) - NEEDS, 0),
        )
        for runs, release in found[:RELEASES]
    ]  # fmt: skip
    return made, len(found) - len(made)


def obstacles(summary: Summary, findings: Findings, commands: Commands) -> Iterator[Obstacle]:
    """Why it does not run, most hosts first. Hosts whose cause is waived are in no command."""
    for cause in summary.causes:
        command = ""
        if cause.due:
            file = f"cause-{cause.name if plain_name(cause.name) else 'other'}.txt"
            limit = commands.limit(cause.due, cause.groups, file)
            command = next_command(cause.name, limit, commands, findings.classes)
        yield Obstacle(cause, meaning_of(cause.name), cause.because, command)


def changes(found: tuple[Diff, str] | None, started: str) -> Changes | None:
    """What changed, what needs a person first."""
    if found is None:
        return None
    diff, before = found
    told = [(title, diff.away if each is diff.unreachable else each) for title, each in diff.kinds()]
    kinds = [Kind(title, len(each), each[:SHOWN], title) for title, each in told if each]
    return Changes(
        diff.before, elapsed(before, started), kinds, diff.unchanged, len(diff.only_before), len(diff.only_after)
    )


def headline(summary: Summary) -> str:
    """The answer in one line."""
    native, hosts = summary.states["native"], summary.machines
    not_run = "would not run" if summary.run["check_mode"] else "does not run"
    run, runs = ("would run", "would run") if summary.run["check_mode"] else ("run", "runs")
    if not hosts:
        return "This run had no hosts"
    if hosts == 1:
        return f"The host {runs} FAISS natively" if native else f"The host {not_run} FAISS natively"
    return f"{'All ' if native == hosts else f'{native:,} of '}{hosts:,} hosts {run} FAISS natively"


def bar(summary: Summary) -> Iterator[dict[str, Any]]:
    """The parts of the bar under the headline, in percent."""
    start = 0.0
    for state in STATES:
        share = 100 * summary.states[state] / max(summary.machines, 1)
        if share:
            yield {"state": state, "x": round(start, 3), "width": round(share, 3)}
        start += share


def tile(summary: Summary, state: str) -> dict[str, Any]:
    """A state, how many hosts are in it, and what it means."""
    count = summary.states[state]
    share = f"{count / summary.machines:.0%}" if summary.machines else ""
    if summary.machines and count and share == "0%":
        share = "<1%"
    check = bool(summary.run["check_mode"])
    words = (check and _PREDICTED.get(state)) or _HELP[state]
    predicted = check and state in VERDICTS
    return {"state": state, "predicted": predicted, "count": count, "share": share, "help": words,
            "waived": summary.waived_states[state]}  # fmt: skip


def options(summary: Summary) -> list[tuple[str, list[tuple[str, int]], int]]:
    """Variables that differ from their defaults: their values with the hosts that have them, and how many others."""
    return [(name, values.most_common(5), max(len(values) - 5, 0)) for name, values in sorted(summary.options.items())]


def reason(text: str) -> str:
    """A host's sentence, short enough for the first screen."""
    return shorten(brief(text), 260)


def group_counts(summary: Summary) -> Counter[str]:
    """How many hosts of the run are in each group."""
    return Counter(group for groups in summary.groups for group in groups)


def accepted(summary: Summary) -> list[Mapping[str, Any]]:
    """Waivers of the run: those that ended first, then by their last day."""
    made = [{"of": each.waiver, "expired": each.expired, "hosts": each.hosts} for each in summary.accepted.values()]
    return sorted(made, key=lambda each: (not each["expired"], str(each["of"]["until"]), str(each["of"])))
