# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What an assessment recommends for a class of hosts, whether native FAISS is feasible there, and by which figures."""

from __future__ import annotations

from collections.abc import Iterator

from ..records.build import remedy_for
from .assessment_steps import OTHER_WAY
from .findings import ClassFindings, Obstacle, middle
from .markdown import escape
from .prose import code, count, listed, sentence, shares, table
from .text import number, one_line

_OWN_LIBRARIES = ("conda", "container", "node")


def verdict(found: ClassFindings, check: bool) -> str:
    """The recommendation, and the figures that it rests on."""
    return " ".join(part for part in (*_verdict(found, check), _waived(found)) if part)


def _waived(found: ClassFindings) -> str:
    """Which causes are accepted, and until when."""
    told = [f"{count(hosts, 'host')} {escape(text)}" for text, hosts in found.waived.most_common(3)]
    return f"Waived: {'; '.join(told)}." if told else ""


def _verdict(found: ClassFindings, check: bool) -> tuple[str, ...]:
    native, by = len(found.native_hosts), way(found)
    if native == len(found.hosts):
        if check:
            return (f"native by {by}, as far as the facts tell. Run the audit without `--check` on one host first.",)
        return f"native by {by}, which is set and passed the search test.", _gain(found)
    obstacles = sorted(found.causes.items(), key=lambda each: (-len(each[1].hosts), each[0]))
    if native:
        rest = listed([f"{len(obstacle.hosts):,} with {code(cause)}" for cause, obstacle in obstacles[:3]])
        return (
            f"native by {by}, as on {native:,} of them{'' if check else ' already'}.",
            f"Fix the others ({rest or 'no cause is recorded'}) by the steps below.",
            _gain(found),
        )
    if not obstacles:
        if found.possible:
            return "native was possible and the policy chose JavaScript.", _fallback(found)
        scope = found.scope()
        if scope is None:
            return "no native way was planned; see the steps below.", _fallback(found)
        if not (set(scope.bare) | set(scope.blocked)) - {"js"}:
            return "no native way was asked for (`faiss_install__strategies`); see the steps below.", _fallback(found)
        return "nothing that was asked for could be planned there; see the steps below.", _fallback(found)
    cause, obstacle = obstacles[0]
    if found.states["failed"] == len(found.hosts):
        remedy = sentence(_remedy(cause, obstacle))
        return f"no verdict, as the audit failed there with {code(cause)}. {remedy}", _fallback(found)
    if cause in OTHER_WAY:
        return f"the fallback for now: nothing that was planned loads there. {_untried(found)}", _fallback(found)
    remedy = sentence(_remedy(cause, obstacle))
    if found.possible:
        return f"native by {_possible(found)}, once {code(cause)} is fixed. {remedy}", _fallback(found)
    return f"the fallback for now, because of {code(cause)}. {remedy}", _fallback(found)


def feasibility(found: ClassFindings, check: bool) -> str:
    """Whether native FAISS can run there, and how that is known."""
    return " ".join(part for part in (_feasibility(found, check), _refused(found)) if part)


def _feasibility(found: ClassFindings, check: bool) -> str:
    native, hosts, by = len(found.native_hosts), len(found.hosts), way(found)
    if native and check:
        return f"Feasible by the facts: {by} fits."
    if native == hosts:
        where = "" if hosts == 1 else " on every host"
        return f"Proven: {by} passes import, known answers, recall, save and load{where}."
    if native:
        return (
            f"Proven on {native:,} of {hosts:,} hosts by {by}; what stops the others is the single host, not the class."
        )
    failed = any(ending.ok is False and ending.strategy not in ("js", "") for ending in found.endings)
    if found.possible:
        if failed:
            return f"By the facts {_possible(found)} fits, but what was tried failed; the messages are above."
        return f"Possible by the facts ({_possible(found)}), not proven."
    scope = found.scope()
    if not found.strategies and scope is not None and scope.bare:
        return f"Not feasible by what was asked for: {listed(scope.bare)} had no candidate there."
    if not found.strategies:
        return "Not known: nothing was planned there."
    return f"Not feasible by what was planned ({listed(sorted(found.strategies - {'js'})) or 'nothing native'})."


def measurements(found: ClassFindings) -> Iterator[str]:
    """The figures of a class, native beside fallback."""
    rows = []
    pools = (
        ("native FAISS", found.native),
        ("the same through the loader, as the application searches", found.loader),
        ("JavaScript fallback", found.fallback),
    )
    for name, pool in pools:
        if pool["p95_ms"]:
            loaded = f" ({shares(found.loaded, 3)})" if pool is found.native and found.loaded else ""
            figures = (number(middle(pool[key])) for key in ("p50_ms", "p95_ms", "qps"))
            rows.append((name + loaded, *figures, f"{len(pool['p95_ms']):,}"))
    if not rows:
        yield "**Figures.** Nothing was measured there.\n\n"
        return
    load = "one query a call, flat index"
    if found.workloads:
        n, d, k, threads = found.workloads.most_common(1)[0][0]
        load = f"{n or 0:,} vectors of {d} dimensions, k = {k}, {count(threads or 1, 'thread')}, {load}"
    yield f"**Figures.** {load[0].upper()}{load[1:]}{'; medians of the hosts' if len(found.hosts) > 1 else ''}.\n\n"
    yield from table(("Backend", "p50 ms", "p95 ms", "Queries/s", "Hosts"), rows)


def way(found: ClassFindings) -> str:
    """'wheel (FAISS 1.9.0.post1)': how the native hosts of a class got there."""
    ways = [each for each, _times in found.providers.most_common() if each[0] != "js"]
    shown = [f"{escape(name)} (FAISS {escape(version)})" if version else escape(name) for name, version in ways[:3]]
    return listed(shown, "or") or "no native way"


def _gain(found: ClassFindings) -> str:
    native, slow = (
        [middle(pool[key]) for key in ("p50_ms", "p95_ms", "qps")] for pool in (found.native, found.fallback)
    )
    if native[0] is None or native[1] is None:
        return ""
    there = f"Measured there: p50 {number(native[0])} ms, p95 {number(native[1])} ms, {number(native[2])} queries/s"
    ratio = middle(found.speedups)
    if ratio is None:
        return f"{there}; the fallback was not measured beside it."
    text = f"{there}, against {number(slow[0])} ms, {number(slow[1])} ms and {number(slow[2])} in JavaScript"
    by = "by p50"
    if found.loader["p50_ms"]:
        by = f"by p50 through the loader ({number(middle(found.loader['p50_ms']))} ms), as the application searches"
    if ratio < 1:
        return f"{text}, which was not slower {by}."
    return f"{text}: {number(ratio, 2)} times as fast {by}."


def _fallback(found: ClassFindings) -> str:
    middles = [middle(found.fallback[key]) for key in ("p50_ms", "p95_ms", "qps")]
    if middles[1] is None:
        return "How fast the fallback is there was not measured."
    text = (
        f"The fallback there: p50 {number(middles[0])} ms, p95 {number(middles[1])} ms, {number(middles[2])} queries/s."
    )
    if found.enough[True] and not found.enough[False]:
        return f"{text} That is within what the inventory says the application needs."
    if found.enough[False] and not found.enough[True]:
        return f"{text} That is more than what the inventory says the application can bear."
    return text


def _untried(found: ClassFindings) -> str:
    without = [name for name in _OWN_LIBRARIES if name not in found.strategies]
    scope = found.scope()
    if scope is not None:
        bare = [name for name in without if name in scope.bare]
        without = [name for name in without if name in scope.not_asked]
        if without:
            return f"Next comes what brings libraries of its own and was not asked for: {listed(without, 'or')}."
        if bare:
            return f"That includes the ways that bring libraries of their own; of {listed(bare)} there is no candidate."
    if not without:
        return "That includes the ways that bring libraries of their own."
    return f"Next comes what brings libraries of its own and is in no plan of this run: {listed(without, 'or')}."


def _possible(found: ClassFindings) -> str:
    names = [f"{escape(title)} ({escape(strategy)})" for (strategy, title), _times in found.possible.most_common(2)]
    return listed(names, "or")


def _refused(found: ClassFindings) -> str:
    """What the plan refused and why, newest first."""
    by_release: dict[str, dict[tuple[str, str], None]] = {}
    for chain in found.chains:
        by_release.setdefault(chain.release, {})[chain.need or chain.check, chain.have] = None
    parts = []
    for release, reasons in list(by_release.items())[:3]:
        needs = [
            f"{escape(one_line(need))} (there: {escape(one_line(have) or 'none')})" for need, have in list(reasons)[:3]
        ]
        parts.append(f"{escape(release)} needs {listed(needs)}")
    more = len(by_release) - len(parts)
    tail = f"; and {count(more, 'other release')}." if more else "."
    return f"Refused by the plan: {'; '.join(parts)}{tail}" if parts else ""


def _remedy(cause: str, obstacle: Obstacle) -> str:
    return obstacle.remedies.most_common(1)[0][0] if obstacle.remedies else remedy_for(cause) or ""
