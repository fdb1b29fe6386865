# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The classes of an assessment: what each is, what was tried there and how it ended, and the steps to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..records.build import meaning_of
from .assessment_steps import Commands, block, steps
from .assessment_verdicts import feasibility, measurements
from .assessment_ways import confirmed, enough, releases, ways
from .findings import ClassFindings, Ending, Seen, middle
from .markdown import escape
from .prose import code, count, fence, listed, sentence, shares, some, table
from .text import number

DETAILED = 12  # classes that get a section of their own; the table has more
LISTED = 40  # classes in the table
FAILURES = 6  # that are quoted for one class


def classes(found: Sequence[ClassFindings], commands: Commands, check: bool) -> Iterator[str]:
    """The section."""
    if not found:
        return
    yield "## Classes of hosts\n\n"
    yield (
        "Hosts of one class have the same processor architecture, C library, libstdc++, Pythons, CPU level and ready "
        "container engines, so what runs on one runs on the others, unless the single host is in a bad way. An audit "
        "ends with the backend configuration on the host, and the application reads that through a loader "
        "(docs/how-to/use-from-node.md, docs/how-to/use-from-python.md); restart the application after its first "
        "audit.\n\n"
    )
    titles = ("Class", "Hosts", "What they are", "Native", "Fallback", "Failed", "By", "p95 ms", "JavaScript p95 ms")
    rows = [
        (
            str(place),
            f"{len(each.hosts):,}",
            short(each),
            *(f"{each.states[state]:,}" for state in ("native", "fallback", "failed")),
            escape(", ".join(dict.fromkeys(name for name, _version in each.providers))),
            number(middle(each.native["p95_ms"])),
            number(middle(each.fallback["p95_ms"])),
        )
        for place, each in enumerate(found[:LISTED], 1)
    ]
    yield from table(titles, rows)
    left = found[LISTED:]
    if left:
        hosts = sum(len(each.hosts) for each in left)
        yield f"{count(len(left), 'more class')} with {count(hosts, 'host')} are not listed.\n\n"
    told: dict[str, int] = {}
    for place, each in enumerate(found[:DETAILED], 1):
        yield from _class(place, each, commands, check, told)
    if len(found) > DETAILED:
        yield f"Classes {DETAILED + 1} and up have no section of their own; `index.html` shows each of their hosts.\n\n"


def short(found: ClassFindings) -> str:
    """A class in a few words: 'CentOS Linux 7 (Core), glibc 2.17, Python 3.8, x86-64-v3'."""
    key, system = found.key, found.seen["os"].most_common(1)
    tags = [tag.removeprefix("cp") for tag in key.pythons]
    pythons = [f"{tag[0]}.{tag[1:]}" if tag.isdigit() and len(tag) > 1 else tag for tag in tags]
    parts = [
        escape(system[0][0]) if system else "a system that does not name itself",
        escape(key.c_library),
        f"Python {escape(listed(pythons))}" if pythons else "no Python",
        escape(key.isa_level or key.arch),
        *(escape(engine) for engine in key.engines),
    ]
    return ", ".join(parts)


def _class(place: int, found: ClassFindings, commands: Commands, check: bool, told: dict[str, int]) -> Iterator[str]:
    yield f"### Class {place}: {short(found)}\n\n"
    yield _what_they_are(found) + "\n\n"
    yield from confirmed(found)
    yield releases(found) + "\n\n"
    yield f"**What was tried.** {_tried(found, check)}{_scope(found)}\n\n"
    yield from _failures(found)
    yield f"**Feasibility.** {feasibility(found, check)}\n\n"
    yield from measurements(found)
    limit = enough(found)
    if limit:
        yield f"{limit}\n\n"
    yield from ways(found, place, commands, told)
    text = block(steps(found, place, commands, check))
    if text:
        yield "**Steps**, from the project's directory on the controller:\n\n"
        yield from fence(text, "sh", lines=60)


def _what_they_are(found: ClassFindings) -> str:
    key, seen, hosts = found.key, found.seen, len(found.hosts)
    parts = [
        escape(key.arch),
        escape(key.c_library),
        f"libstdc++ up to GLIBCXX_{escape(key.glibcxx)}" if key.glibcxx else "no libstdc++ that could be read",
        f"Python {shares(seen['pythons'], of=hosts)}" if seen["pythons"] else "no Python",
        f"Node {shares(seen['nodes'], of=hosts)}" if seen["nodes"] else "no Node",
        f"CPU level {escape(key.isa_level)}" if key.isa_level else "a CPU level that could not be told",
        f"{listed([escape(name) for name in key.engines])} ready"
        if key.engines
        else "no container engine that is ready",
    ]
    kernel = f" Kernel {shares(seen['kernel'])}." if seen["kernel"] else ""
    head = f"The host {some(found.hosts)}" if hosts == 1 else f"{count(hosts, 'host')}: {some(found.hosts)}"
    raw, which = found.counts["raw"], ""
    if raw:
        who = "It was" if hosts == 1 else "They were" if raw == hosts else f"{raw:,} of them were"
        which = f" {who} read by the shell probe, as no Python there could run the module."
    return (
        f"{head}: {', '.join(parts)}.{kernel}{which}" if hosts == 1 else f"{head}. {', '.join(parts)}.{kernel}{which}"
    )


def _tried(found: ClassFindings, check: bool) -> str:
    if not found.strategies and not found.endings:
        return "Nothing was planned or tried."
    if check:
        return "Nothing, as this was a check."
    well = sorted(
        ((ending, seen) for ending, seen in found.endings.items() if ending.ok),
        key=lambda each: (each[0].strategy == "js", -each[1].hosts, each[0].stage),
    )
    parts = [_went_well(ending, seen, len(found.hosts)) for ending, seen in well]
    if not found.endings:
        parts.append("Nothing: no candidate of the plan was possible.")
    tried = {(ending.strategy, ending.title) for ending in found.endings}
    left = [
        f"{escape(title)} ({escape(strategy)})" for strategy, title in found.possible if (strategy, title) not in tried
    ]
    if left:
        them = "it" if len(left) == 1 else "them"
        more = f" and {len(left) - 4} more" if len(left) > 4 else ""
        names = ", ".join(left[:4]) + more if more else listed(left)
        parts.append(f"Possible as well, and not tried, for the order never came to {them}: {names}.")
    return " ".join(parts) or "All that was tried failed, as follows."


def _scope(found: ClassFindings) -> str:
    """What was not asked for, as against what could not be."""
    scope = found.scope()
    if scope is None:
        return ""
    parts = []
    if scope.blocked:
        parts.append(f"Asked for, and every candidate blocked by the facts: {listed(scope.blocked)}.")
    if scope.bare:
        parts.append(f"Asked for, and without any candidate there: {listed(scope.bare)}.")
    if scope.not_asked:
        parts.append(f"Not asked for: {listed(scope.not_asked)} (`faiss_install__strategies`).")
    return "".join(f" {part}" for part in parts)


def _went_well(ending: Ending, seen: Seen, hosts: int) -> str:
    where = "" if hosts == 1 else f" on {'every host' if seen.hosts == hosts else count(seen.hosts, 'host')}"
    seconds = middle(seen.seconds)
    took = f" in {number(seconds, 2)} s{'' if seen.hosts == 1 else ' (median)'}" if seconds else ""
    if ending.strategy == "js":
        return f"The JavaScript fallback was measured{where}."
    if ending.stage == "install":
        return f"{escape(ending.title)} ({escape(ending.strategy)}) was installed{where}{took}."
    return f"{escape(ending.title)} passed the search test{where}."


def _failures(found: ClassFindings) -> Iterator[str]:
    """How it ended where it ended badly, messages verbatim."""
    bad = sorted(
        ((ending, seen) for ending, seen in found.endings.items() if ending.ok is False),
        key=lambda each: (-each[1].hosts, str(each[0])),
    )
    for ending, seen in bad[:FAILURES]:
        what = (
            f"{escape(ending.title)} ({escape(ending.strategy)})" if ending.title else f"The stage {code(ending.stage)}"
        )
        how = {"install": "could not be installed", "test": "failed the search test"}.get(ending.stage, "failed")
        where = "" if len(found.hosts) == 1 else f" on {count(seen.hosts, 'host')}"
        meaning = sentence(meaning_of(ending.cause or "") or "")
        yield f"{what} {how}{where}, cause {code(ending.cause or 'unknown')}. {meaning}".rstrip()
        if seen.text:
            yield f" The message{'' if len(found.hosts) == 1 else f', from {some([seen.host])}'}:\n\n"
            yield from fence(seen.text)
        else:
            yield " No message was recorded.\n\n"
    if len(bad) > FAILURES:
        yield f"{count(len(bad) - FAILURES, 'more failure')} of other kinds are in the records.\n\n"
