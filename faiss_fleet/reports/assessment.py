# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""assessment.md: what a run found out about the fleet, in words. Its parts come from the other assessment_* files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..plan import record_answers
from ..records.build import meaning_of, remedy_for
from ..store.diff import Line, age
from . import assessment_chain, assessment_classes, assessment_loading, assessment_verdicts
from .assessment_limits import limits, risks
from .assessment_steps import Commands
from .findings import Findings, middle
from .markdown import escape
from .prose import code, count, fence, listed, sentence, some, table
from .summary import Summary
from .text import brief, number, one_line

AWAY = 20  # unreachable hosts that are listed
NAMES = 10  # further names of machines that are listed


class Assessment:
    """One run in words. good: by unreachable host, its newest line that rests on an answer of the host.

    where: the run's directory, as the reader has it. ``limit_files`` is whole when the document ends.
    """

    def __init__(
        self, summary: Summary, findings: Findings, where: str = "", good: Mapping[str, Line] | None = None
    ) -> None:
        self.summary, self.findings, self.run = summary, findings, summary.run
        self.good = good or {}
        self.classes = findings.classes
        self.commands = Commands(summary.run, where or f"reports/{summary.run['id']}", findings.groups)
        self.check = bool(summary.run["check_mode"])

    @property
    def limit_files(self) -> dict[str, list[str]]:
        """Hosts by the name of a file below ``limits/`` that a command of the document names."""
        return self.commands.files

    def render(self) -> Iterator[str]:
        """The document by pieces."""
        run = self.run
        yield f"# Can this fleet run FAISS natively? Assessment of run {escape(run['id'])}\n\n"
        yield (
            f"Audited from {escape(run['controller'])} on {escape(run['started'])} with faiss-fleet "
            f"{escape(run['version'])}, inventory {escape(', '.join(run['inventory']) or 'not named')}. "
            "What is said below is taken from the records of that run (`records.jsonl`).\n\n"
        )
        yield from self._summary()
        yield from self._recommendation()
        yield from assessment_chain.chain(self.classes, self.commands.inventory)
        yield from assessment_classes.classes(self.classes, self.commands, self.check)
        yield from self._silent()
        yield from self._questions()
        if self.classes:
            yield from assessment_loading.loading()
        yield "## Risks\n\n"
        yield from (f"- {text}\n" for text in risks(self.summary, self.classes, self.check))
        yield "\n## What this assessment does not know\n\n"
        yield from (f"- {text}\n" for text in limits(self.classes, self.findings, self.check))
        again = f"ansible-playbook report.yml -e fleet_report__run={one_line(run['id'])}"
        yield f"\nTo make this document again from the records: {code(again)}.\n"

    def _summary(self) -> Iterator[str]:
        yield "## Summary\n\n"
        if not self.summary.hosts:
            yield "The run had no hosts.\n\n"
            return
        despite = assessment_chain.despite(self.classes)
        parts = [self._states(), self._names(), self._ways(), despite, self._speed(), self._obstacles()]
        yield " ".join(part for part in parts if part) + "\n\n"

    def _states(self) -> str:
        states, hosts = self.summary.states, self.summary.machines
        would = " This was a check: nothing was tried, and these are predictions from facts." if self.check else ""
        native = "would run FAISS natively" if self.check else "run FAISS natively"
        if hosts == 1:
            name = some([str(self.summary.rows[0]["host"])])
            once = {
                "native": f"The host {name} {'would run' if self.check else 'runs'} FAISS natively.",
                "fallback": f"The host {name} {'would fall' if self.check else 'falls'} back to JavaScript.",
                "failed": f"The audit of the host {name} failed, so there is no verdict for it.",
                "unreachable": f"The host {name} could not be reached, so nothing is known about it.",
            }
            return next(once[state] for state, times in states.items() if times) + would
        if states["native"] == hosts:
            return f"All {hosts:,} hosts {native}.{would}"
        back = "would fall back" if self.check else "falls back" if states["fallback"] == 1 else "fall back"
        if states["native"] == 1 and not self.check:
            native = "runs FAISS natively"
        others = [
            f"{states['native']:,} {native}" if states["native"] else f"none {native.replace('run ', 'runs ', 1)}",
            f"{states['fallback']:,} {back} to JavaScript" if states["fallback"] else "",
            f"the audit of {states['failed']:,} failed" if states["failed"] else "",
            f"{states['unreachable']:,} could not be reached" if states["unreachable"] else "",
        ]
        if self.check and not states["native"]:
            others[0] = "none would run FAISS natively"
        return f"Of {hosts:,} hosts, {listed([part for part in others if part])}.{would}"

    def _names(self) -> str:
        further = sorted(self.findings.further.items())
        if not further:
            return ""
        pairs = [f"{some([name])} is {some([first])}" for name, first in further[:NAMES]]
        left = len(further) - NAMES
        named = listed([*pairs, f"{left:,} more"] if left > 0 else pairs)
        return f"A machine counts once, whatever names it has in the inventory: {named}."

    def _ways(self) -> str:
        by = []
        for provider in self.summary.providers:
            if provider.name == "js":
                continue
            versions = provider.versions.most_common(3)
            shown = listed([f"{escape(version)} on {times:,}" for version, times in versions])
            if len(versions) == 1:
                shown = escape(versions[0][0])
            left = len(provider.versions) - 3
            more = f", and {count(left, 'other version')}" if left > 0 else ""
            by.append((provider.hosts, escape(provider.name) + (f" (FAISS {shown}{more})" if shown else "")))
        if len(by) == 1:
            return f"The way is {by[0][1]}."
        ways = [f"{name} on {count(hosts, 'host')}" for hosts, name in by]
        return f"The ways are {listed(ways)}." if ways else ""

    def _speed(self) -> str:
        times = [value for found in self.classes for value in found.speedups]
        ratio = middle(times)
        if ratio is None:
            return ""
        where = "On the host" if len(times) == 1 else f"On the {len(times):,} hosts"
        if ratio < 1:
            return f"{where} where both were measured, native FAISS was not faster than the JavaScript fallback."
        return (
            f"{where} where both were measured, the JavaScript fallback took {number(ratio, 2)} times as long for a "
            f"query as native FAISS{'' if len(times) == 1 else ' (median of the hosts)'}."
        )

    def _obstacles(self) -> str:
        parts = []
        for cause in [cause for cause in self.summary.causes if cause.name != "unreachable"][:3]:
            meaning = escape(one_line(meaning_of(cause.name) or "a cause that this version does not know").rstrip("."))
            parts.append(f"{code(cause.name)} on {count(len(cause.hosts), 'host')} ({meaning[0].lower()}{meaning[1:]})")
        return f"What stands in the way: {listed(parts)}." if parts else ""

    def _recommendation(self) -> Iterator[str]:
        yield "## Recommendation\n\n"
        most = assessment_classes.DETAILED
        for place, found in enumerate(self.classes[:most], 1):
            yield (
                f"- **Class {place}**, {count(len(found.hosts), 'host')} ({assessment_classes.short(found)}): "
                f"{assessment_verdicts.verdict(found, self.check)}\n"
            )
        rest = self.classes[most:]
        if rest:
            hosts = sum(len(found.hosts) for found in rest)
            native = sum(len(found.native_hosts) for found in rest)
            yield (
                f"- **{count(len(rest), 'smaller class')}** with {count(hosts, 'host')}: {native:,} native, "
                f"{hosts - native:,} not; `summary.csv` has each host with its remedy.\n"
            )
        unreached = self.summary.states["unreachable"]
        if unreached:
            they = "it counts" if unreached == 1 else "they count"
            yield (
                f"- **{count(unreached, 'host')} that could not be reached**: restore the connection and audit again; "
                f"until then {they} as unknown, not as fallback.\n"
            )
        yield "\n"

    def _silent(self) -> Iterator[str]:
        """Hosts of which nothing could be read."""
        away = self.findings.away
        if not away and not self.findings.without_facts:
            return
        yield "## Hosts without an answer\n\n"
        if away:
            yield (
                f"{count(len(away), 'host')} could not be reached, or no longer, so this run has no verdict for "
                f"{'it' if len(away) == 1 else 'them'}. What earlier runs found:\n\n"
            )
            rows = [
                (
                    some([host.name]),
                    escape(age(self.good.get(host.name), host.finished)),
                    escape(brief(host.because)[:200]),
                )
                for host in away[:AWAY]
            ]
            yield from table(("Host", "Last good result", "Why it was not reached"), rows)
            if len(away) > AWAY:
                known = sum(host.name in self.good for host in away)
                yield (
                    f"{len(away) - AWAY:,} more were not reached. Of all {len(away):,}, {known:,} have an earlier good "
                    "result, which `faiss-fleet host NAME` shows.\n\n"
                )
            limit = self.commands.limit([host.name for host in away], Counter(), "unreachable.txt")
            yield from fence(f"ansible -i {self.commands.inventory} {limit} -m ping -vvv", "sh")
        for (state, cause), seen in self.findings.errors.items():
            if state != "unreachable":
                yield (
                    f"The audit of {count(seen.hosts, 'host')} ended before anything was read, cause {code(cause)}. "
                    f"{sentence(remedy_for(cause) or '')} As it was reported for {some([seen.host])}:\n\n"
                )
                yield from fence(seen.text)

    def _questions(self) -> Iterator[str]:
        shown = self.classes[: assessment_classes.DETAILED]
        if not shown:
            return
        yield "## Questions that come up\n\n"
        for question, groups in record_answers.pooled([found.example for found in shown]):
            yield f"**{escape(question)}**\n\n"
            for answer, places in groups:
                classes = [str(place + 1) for place in places]
                who = f"Class{'' if len(classes) == 1 else 'es'} {listed(classes)}: " if len(groups) > 1 else ""
                facts = "; ".join(escape(brief(text).rstrip(".")) for text in answer["evidence"][:3])
                host = some([shown[places[0]].example["host"]["name"]])
                yield f"- {who}{sentence(answer['answer'])} *Facts, as on {host}: {facts}.*\n"
            yield "\n"


def render(
    summary: Summary, findings: Findings, where: str = "", good: Mapping[str, Line] | None = None
) -> Iterator[str]:
    """The document by pieces."""
    yield from Assessment(summary, findings, where, good).render()
