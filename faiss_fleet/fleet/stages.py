# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the stages after the facts do with a host, whichever way it is reached: install, then configure.

Each returns what its part of the host record holds. The roles and the batch call the same functions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import options
from ..argument_specs import typed
from ..attempts import fallback, measured, own_limits
from ..attempts import run as attempts
from ..attempts.host import MeasuringHost
from ..errors import FleetError
from ..model import Candidate
from ..plan import blockers, decide, planner, recommend, settable
from ..run_id import current_run_id, timestamp
from ..strategies.base import Options
from . import search_call, search_limits

FOUND = ("plan", "attempts", "verification")
PASSED_ON = ("path", "mode", "owner", "group", "user", "backup", "backups_kept", "lock_timeout")
NEED = ("latency_budget_ms", "corpus_size", "dimension")
DEFAULT_PATH = "/etc/faiss-fleet/backend.json"
# Without a Python on the host no module runs there. The loaders take an absent setting for the fallback.
UNWRITTEN = "No configuration was written: a host without a usable Python runs no module, and without one it has js."


def refused(exc: FleetError) -> dict[str, Any]:
    """The result of a stage that ends with this error. Raised, Ansible would show a traceback instead of a remedy."""
    return {"failed": True, "msg": str(exc), "cause": exc.cause, "remedy": exc.remedy}


@dataclass(frozen=True)
class Wanted:
    """What the role faiss_install is asked for, checked and typed."""

    order: list[str]
    policy: str
    search_test: dict[str, Any]
    options: Options

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Wanted:
        """From the arguments of the action. Raises FleetError for one that cannot be."""
        order = options.check_strategies(arguments["strategies"])
        policy = str(typed("faiss_install__policy", arguments["policy"]))
        search_test = dict(typed("faiss_install__search_test", arguments.get("search_test") or {}))
        chosen = options.from_variables(
            {f"faiss_install__{name}": value for name, value in arguments["options"].items()}
        )
        # Which policy and which workload decide whether what was measured before still counts.
        chosen.extra["faiss_install__workload"] = search_test.get("workload")
        chosen.extra["faiss_install__asked"] = search_limits.asked(search_test)
        chosen.extra[own_limits.TEST_SECONDS] = search_test.get("timeout") or search_call.TIMEOUT
        if policy == decide.FASTEST:
            chosen.extra["faiss_install__measure"] = "always"
        return cls(order, policy, search_test, chosen)


def install(
    facts: Any, wanted: Wanted, host: MeasuringHost, dry_run: bool, plan: list[Candidate] | None = None
) -> dict[str, Any]:
    """Plans for a host, unless its plan is given, and tries candidates until the policy is satisfied."""
    try:
        settable.check(facts)
        plan = plan or planner.plan(facts, wanted.options, wanted.order)
    except FleetError as exc:
        return refused(exc)
    done = attempts.run(plan, wanted.policy, facts, wanted.options, host, wanted.order, dry_run=dry_run)
    fallbacks = fallback.of_host(facts, wanted.options, done.verification)
    found = [] if dry_run else host.measure(fallbacks.to_measure)
    result = {
        "changed": done.changed,
        "plan": plan,
        "attempts": done.attempts,
        "verification": [*done.verification, *fallbacks.earlier, *found],
        "unmeasured": [*fallbacks.unmeasured, *fallback.not_measured(fallbacks.to_measure, found, dry_run)],
        "if_lost": done.if_unselected,
        "policy": wanted.policy,
        "strategies": wanted.order,
    }
    answer = done.undecided(plan)
    if answer is not None:
        result.update(failed=True, msg=_undecided(answer, facts), cause=answer.cause, remedy=answer.remedy)
    return result


def _undecided(answer: blockers.Answer, facts: Mapping[str, Any]) -> str:
    """The message of a host about which nothing was learnt, because of a fault that is not its own."""
    now = (facts.get("setting") or {}).get("candidate")
    stays = f"{now} stays configured" if now else "its configuration was not changed"
    where = "this controller" if answer.fault == "controller" else "the inventory, or of what it names"
    known = f"Not known whether this host can run FAISS, by a fault of {where}; {stays}."
    text = f"{known} {answer.title}: {answer.message}"
    return text if not answer.remedy or answer.remedy in text else f"{text} {answer.remedy}"


@dataclass(frozen=True)
class Configuration:
    """The decision for a host, and the arguments with which the module vector_backend writes it.

    own_python: the Python in the prefix of what was selected, on a host that has no other.
    """

    decision: dict[str, Any]
    module_args: dict[str, Any]
    own_python: str | None
    recommendation: dict[str, Any]
    attempts: list[dict[str, Any]]
    times: dict[str, float | None]

    @classmethod
    def of(cls, arguments: Mapping[str, Any], facts: Mapping[str, Any], check_mode: bool) -> Configuration:
        """From the arguments of the action vector_backend. Raises FleetError for one that cannot be."""
        given = {name: typed(f"vector_backend__{name}", arguments.get(name)) for name in ("margin_percent", *NEED)}
        margin = decide.MARGIN if given["margin_percent"] is None else given["margin_percent"] / 100
        # Without a corpus there is nothing to recommend.
        need = recommend.Need(*(given[name] for name in NEED)) if given["corpus_size"] else None
        socket = decide.socket_from_variable(arguments.get("socket"))
        plan, tried, tests = (arguments[name] or [] for name in FOUND)
        how = (arguments["policy"], arguments.get("strategies"))
        decision = decide.decide(plan, tried, tests, *how, facts.get("setting"), check_mode, margin)
        times = _p95(plan, tests)
        stamp = {"run": arguments.get("run") or current_run_id(), "at": timestamp()}
        fallbacks = measured.kept_fallbacks(tests, **stamp)
        module_args = {
            **{name: arguments[name] for name in PASSED_ON if arguments.get(name) not in (None, "")},
            "setting": decide.with_socket(
                decide.setting_for(decision, tried, tests, **stamp, fallbacks=fallbacks), socket
            ),
            "passed": [
                {**_proof(test), "p95_ms": times.get(test["candidate"])} for test in tests if test.get("ok") is True
            ],
            "predicted": decision["predicted"],
            "lost": arguments.get("if_lost") or {},
        }
        own_python = _own_python(decision, tests) if facts.get("method") == "raw" else None
        return cls(decision, module_args, own_python, _recommendation(need, decision, tests), tried, times)

    def unwritten(self, path: str) -> dict[str, Any]:
        """The result on a host where nothing can write the configuration."""
        setting = {"path": path, "before": None, "after": None, "changed": False, "backup": None}
        return {"changed": False, "decision": self.decision, "setting": setting, "msg": UNWRITTEN}

    def result(self, done: Mapping[str, Any]) -> dict[str, Any]:
        """The result, with what the module did."""
        result = dict(done)
        if not done.get("failed"):
            result["setting"] = {name: done[name] for name in ("path", "before", "after", "changed")}
            result["setting"]["backup"] = done["backup_file"]
            winner = self.decision["candidate"]
            result["attempts"] = [_settled(one, self.attempts, self.times, winner) for one in done["lost"]]
        result["decision"] = {**self.decision, **self.recommendation}
        return result


def _recommendation(
    need: recommend.Need | None, decision: dict[str, Any], verification: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the figures say of the fallbacks on this host; nothing where the inventory states no need."""
    native = next((test for test in verification if test["candidate"] == decision["candidate"]), None)
    tests = [recommend.fallback_test(verification, kind) for kind in ("js", "numpy")]
    found = recommend.recommend(need, tests[0], native, tests[1]) if need else None
    return {"recommendation": found} if found else {}


def _own_python(decision: dict[str, Any], verification: list[dict[str, Any]]) -> str | None:
    """The Python in the prefix of the winner, as the search test started it; None when nothing passed."""
    test = next((one for one in verification if one["candidate"] == decision["candidate"] and one.get("ok")), {})
    runtime = test.get("runtime") or {}
    return runtime["argv"][0] if runtime.get("kind") == "python" and runtime.get("prefix") else None


def _proof(test: Mapping[str, Any]) -> dict[str, Any]:
    return {name: test.get(name) for name in ("candidate", "ok", "runtime")}


def _p95(plan: Sequence[Any], verification: list[dict[str, Any]]) -> dict[str, float | None]:
    """By candidate that passed, the figure by which they were compared; None where it was not measured."""
    planned = {candidate["id"] for candidate in plan}
    found = decide.times([test for test in verification if test.get("ok") is True and test["candidate"] in planned])
    return {candidate: value if math.isfinite(value) else None for candidate, value in found.items()}


def _settled(
    lost: dict[str, Any], tried: list[dict[str, Any]], times: dict[str, float | None], winner: str | None
) -> dict[str, Any]:
    """The attempt of one that passed and is not set, with what became of its prefix."""
    attempt = next(one for one in tried if one["candidate"] == lost["candidate"])
    own, others = (times.get(str(name)) for name in (lost["candidate"], winner))
    figures = f" (p95 {own:.3g} ms against {others:.3g} ms)" if own is not None and others is not None else ""
    ending = "is removed" if lost["removed"] else "stays"
    why = f": {lost['message']}" if lost["message"] else ""
    text = f"It passed, and {winner} is set{figures}. {lost['prefix']} {ending}{why}".rstrip(".") + "."
    return {**attempt, "removed": lost["removed"], "message": text}
