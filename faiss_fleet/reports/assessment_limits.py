# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What could go wrong with what an assessment recommends, and what it cannot know. Each sentence has its condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..strategies import names as strategy_names
from .findings import ClassFindings, Findings
from .markdown import escape
from .prose import code, count, listed, sentence, shares
from .summary import Summary
from .text import one_line, shorten

GAPS = 8
_STATES_OF_A_HOST = (
    ("noexec", "have the prefix on a file system mounted noexec, where no library can be loaded"),
    ("no_room", "have less than 1 GB free where FAISS is put: an update is built beside the old and may find no room"),
    ("selinux", "enforce SELinux; a stricter policy can later refuse to load libraries from the prefix"),
)


def risks(summary: Summary, classes: Sequence[ClassFindings], check: bool) -> Iterator[str]:
    """The risks that these hosts have."""
    centos = sum(
        times for found in classes for name, times in found.seen["os"].items() if name.startswith("CentOS Linux 7")
    )
    if centos:
        yield (
            f"{count(centos, 'host')} {_verb(centos, 'run')} CentOS 7, which has had no updates since 30 June 2024. "
            "faiss-cpu 1.9.0.post1 is the last release with wheels for its glibc 2.17: no fix made since, in FAISS or "
            "in numpy, reaches it. The way on is a container image or a newer system."
        )
    yield from _of_versions(summary)
    brought = sum(
        times
        for found in classes
        if not any(tag.startswith("cp3") for tag in found.key.pythons)
        for (provider, _version), times in found.providers.items()
        if provider == "wheel"
    )
    if brought:
        yield (
            f"{count(brought, 'host')} {_verb(brought, 'get')} a Python of its own beside FAISS, which the operating "
            "system does not update. When a Python release fixes a fault, renew the archive named in "
            "`faiss_install__portable_python` and audit again."
        )
    levels = sorted({found.key.isa_level for found in classes if found.native_hosts and found.key.isa_level})
    if len(levels) > 1:
        yield (
            f"CPU levels differ ({listed([escape(level) for level in levels])}), and with them the build of FAISS that "
            "is loaded: figures of one class say nothing about another. A virtual machine that moves to an older CPU "
            "may die of SIGILL; audit again after such a move."
        )
    for what, text in _STATES_OF_A_HOST:
        hosts = sum(found.counts[what] for found in classes)
        if hosts:
            shown = text if hosts > 1 else text.replace("have ", "has ", 1).replace("enforce ", "enforces ", 1)
            yield f"{count(hosts, 'host')} {shown}."
    fallback = summary.states["fallback"]
    if fallback:
        yield (
            f"{count(fallback, 'host')} {_verb(fallback, 'answer')} by exact search in JavaScript. Its time grows in "
            "step with the number of vectors: what is enough today may not be after the next import."
        )
    if any(found.native_hosts for found in classes) and not check:
        yield (
            "A configuration is as good as its last test. A change of the system's Python, of the CPU or of a mount is "
            "not noticed before the next audit: run it by a timer, and compare (`faiss-fleet diff`)."
        )
    if not classes:
        yield "None that the records show: nothing was read from any host."


def limits(classes: Sequence[ClassFindings], findings: Findings, check: bool) -> Iterator[str]:
    """What the records do not say."""
    if check:
        yield (
            "Whether anything predicted here holds: nothing was installed or searched. Run the audit without `--check` "
            "on one host of each class."
        )
    if findings.without_facts:
        hosts = count(len(findings.without_facts), "host")
        yield f"Anything about {hosts} of which nothing could be read (listed above)."
    if not check:
        yield from _of_speed(classes)
    if any(found.workloads for found in classes):
        yield (
            "How it behaves with your data: the figures are of made-up clustered vectors, searched one by one. Memory, "
            "build time and recall of approximate indexes on your corpus want a test of their own "
            "(`faiss_install__search_test`)."
        )
    if classes and not any(found.enough for found in classes):
        yield (
            "Whether the fallback would be enough: the inventory does not say what the application needs "
            "(`vector_backend__corpus_size`, `vector_backend__latency_budget_ms`)."
        )
    yield from _of_strategies(classes)
    untold = sum(len(found.hosts) for found in classes if found.key.isa_level is None)
    if untold:
        yield (
            f"The CPU level of {count(untold, 'host')}, and so whether the instructions of a prebuilt library exist "
            "there: the search test tells, the plan does not."
        )
    yield from _of_plans(classes)
    yield from _of_facts(classes)


def _of_strategies(classes: Sequence[ClassFindings]) -> Iterator[str]:
    """The ways that no plan of the run has: not asked for, asked for in vain, or one of the two."""
    planned = {strategy for found in classes for strategy in found.strategies}
    missing = [name for name in strategy_names() if name not in planned and name not in ("js", "existing")]
    told = all(found.counts["asked"] for found in classes)
    bare = [name for name in missing if told and any(found.asked[name] for found in classes)]
    left = [name for name in missing if name not in bare]
    if bare and classes:
        yield (
            f"Whether {listed(bare, 'or')} could work with other inputs: {_it_was(bare)} asked for, and "
            "found nothing to try on any host."
        )
    if left and classes and told:
        yield (
            f"Whether {listed(left, 'or')} would work, or work better: {_it_was(left)} not asked for "
            "(`faiss_install__strategies`)."
        )
    elif left and classes:
        yield (
            f"Whether {listed(left, 'or')} would work, or work better: no plan of this run has a candidate of "
            f"{'it' if len(left) == 1 else 'theirs'}, and its records do not say whether that was asked for."
        )


def _it_was(names: Sequence[str]) -> str:
    return "it was" if len(names) == 1 else "they were"


def _of_versions(summary: Summary) -> Iterator[str]:
    versions: Counter[str] = Counter()
    for provider in summary.providers:
        if provider.name != "js":
            versions.update(provider.versions)
    if len(versions) > 1:
        yield (
            f"The fleet has {len(versions)} versions of FAISS: {shares(versions, 5)}. An index file written by a newer "
            "one may not load in an older one: write shared index files with the oldest, or ship vectors and build the "
            "index on each host."
        )


def _of_speed(classes: Sequence[ClassFindings]) -> Iterator[str]:
    unmeasured = sum(found.counts["unmeasured"] for found in classes)
    if unmeasured:
        yield f"How fast native FAISS is on {count(unmeasured, 'host')}: no figures were measured there."
    without = sum(max(len(found.native_hosts) - len(found.speedups), 0) for found in classes)
    if without:
        yield f"By how much native is faster on {count(without, 'native host')}: the fallback has no figures there."
    reasons = sum((found.unmeasured for found in classes), Counter[tuple[str, str]]())
    for (what, reason), hosts in reasons.most_common(3):
        yield f"How fast {code(what)} is on {count(hosts, 'host')}: {sentence(reason)}"
    earlier = sum(found.counts["earlier"] for found in classes)
    if earlier:
        yield (
            f"The present speed of {count(earlier, 'host')}: nothing had changed there, so the figures are those of an "
            "earlier run (`-e faiss_install__measure=always` measures again)."
        )
    busy, others = 0, Counter[str]()
    for found in classes:
        for text, times in found.warnings.items():
            if "busy" in text:
                busy += times
            else:
                others[text] += times
    if busy:
        yield (
            f"How fast an idle host would be: {count(busy, 'test')} ran while the host was busy with other work, so "
            "the times, the p95 above all, may be too long."
        )
    for text, times in others.most_common(3):
        yield f"What is behind a remark of the search test on {count(times, 'host')}: {sentence(text)}"


def _of_plans(classes: Sequence[ClassFindings]) -> Iterator[str]:
    notes: Counter[str] = Counter()
    for found in classes:
        for (release, text), times in found.notes.items():
            if any(words in text for words in ("not known", "not measured", "could not")):
                notes[f"{release}: {text}"] += times
    for text, times in notes.most_common(4):
        yield f"In the plan of {count(times, 'host')}, {sentence(text)}"


def _of_facts(classes: Sequence[ClassFindings]) -> Iterator[str]:
    gaps: Counter[tuple[str, str]] = Counter()
    for found in classes:
        gaps.update(found.gaps)
    for (fact, reason), times in gaps.most_common(GAPS):
        yield f"The fact {code(fact)} in full on {count(times, 'host')}. {sentence(shorten(one_line(reason), 300))}"
    if len(gaps) > GAPS:
        more = count(len(gaps) - GAPS, "more fact")
        yield f"{more} that some host did not give; each record lists its own as `gaps`."


def _verb(times: int, verb: str) -> str:
    return f"{verb}s" if times == 1 else verb
