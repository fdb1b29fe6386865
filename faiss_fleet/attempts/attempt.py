# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One candidate on one host: resolved, shipped, put in place and tested, within the limits of an attempt."""

from __future__ import annotations

import time
from typing import Any, Protocol

from .. import strategies
from ..artefacts import limits as time_limit
from ..causes import diagnose as causes
from ..errors import FleetError
from ..plan import decide
from ..run_id import timestamp
from ..strategies.base import Artefact, Candidate, Facts, Options, Runtime, Strategy
from . import failure_cache as memory
from . import measured

Result = dict[str, Any]

KEEP = "faiss_install__keep"
# For taking away what was left where the time is over: the host may be one that hangs.
TIDYING_SECONDS = 60.0
MAKING = "what is to be shipped was made on the controller"


class Host(Protocol):
    """What the ladder asks of a host: each is one remote call."""

    def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> Result:
        """Ships and unpacks within so many seconds (0: no limit); returns at least ok, changed, cause, message."""
        ...

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> Result:
        """Runs the search test, with or without measuring; returns a verification."""
        ...

    def reconnect(self) -> None:
        """Leaves the connection, which may be what hung: the next call makes one of its own."""
        ...

    def remove(self, prefix: str, keep: bool = False, memo: Result | None = None) -> Result:
        """Takes away a prefix that lost, unless it is kept or in use, and leaves the memo of its failure, or none."""
        ...


def placed(runtime: Runtime, prefix: str | None) -> Runtime:
    """The runtime with ``{prefix}`` filled in."""
    if prefix is None:
        return runtime
    return Runtime(
        kind=runtime["kind"],
        argv=[part.replace("{prefix}", prefix) for part in runtime["argv"]],
        env={name: value.replace("{prefix}", prefix) for name, value in runtime["env"].items()},
        prefix=prefix,
    )


def attempt_of(candidate: Candidate, **found: Any) -> Result:
    """An attempt's part of the record, with nothing found but what is given."""
    return {
        "candidate": candidate["id"],
        "strategy": candidate["strategy"],
        "artefact": candidate["artefact"],
        "seconds": 0.0,
        "changed": False,
        "ok": None,
        "cause": None,
        "message": None,
        "remedy": None,
        "log": None,
        **found,
    }


def strategy_of(candidate: Candidate) -> Strategy:
    return next(found for found in strategies.all_strategies() if found.name == candidate["strategy"])


def prefix_of(candidate: Candidate, artefact: Artefact, options: Options) -> str:
    """Where an artefact goes on every host: named by its content."""
    return f"{options.prefix}/{candidate['strategy']}/{artefact.digest}"


def in_place(prefix: str, facts: Facts) -> bool:
    return any(found["path"] == prefix and found["complete"] for found in facts["prefixes"])


def refusal(exc: FleetError) -> Result:
    """What an attempt says when the controller could not make what is to be shipped."""
    return {
        "ok": False,
        "cause": exc.cause or "unknown",
        "message": str(exc),
        "remedy": exc.remedy,
        "log": exc.log,
    }


def too_large(artefact: Artefact, options: Options) -> Result | None:
    """The refusal of what takes more room on a host than an attempt may; None when it does not, or has no limit."""
    limit = float(options.extra.get("faiss_install__max_size_mb") or 0)
    beside = artefact.step.file if artefact.step else None
    unpacked = artefact.unpacked_bytes + (beside.stat().st_size if beside else 0)
    if not limit or unpacked <= limit * 1e6:
        return None
    remedy = "Raise faiss_install__max_size_mb, or leave this strategy out of faiss_install__strategies."
    text = f"It takes {unpacked / 1e6:.0f} MB on the host, and faiss_install__max_size_mb is {limit:g}: not shipped."
    return {"ok": False, "cause": "too_large", "message": f"{text} {remedy}", "remedy": remedy}


class Rung:
    """An attempt in the making. ``climb`` makes it; ``attempt`` and ``verification`` say how it ended.

    spares_losers: whether what passed and lost before, and is not there any more, is left out. ``loss`` then says so.
    """

    def __init__(
        self, candidate: Candidate, facts: Facts, options: Options, host: Host, spares_losers: bool = False
    ) -> None:
        self.candidate, self.facts, self.options, self.host = candidate, facts, options, host
        self.attempt = attempt_of(candidate)
        self.verification: Result | None = None
        self.loss: Result | None = None
        self._spares_losers = spares_losers
        self._relevant = memory.fingerprint(candidate, facts, options)
        self._seconds = float(options.extra.get("faiss_install__attempt_timeout") or 0)
        self._started = time.monotonic()
        self._stage = MAKING
        self._artefact: Artefact | None = None
        self._untried = False
        self._put = False  # whether this attempt may have put the prefix there

    @property
    def passed(self) -> bool:
        return bool(self.verification and self.verification["ok"])

    @property
    def place(self) -> memory.Place:
        """The candidate with its prefix, which tells it from one of the same name that was made of something else."""
        if self._artefact:
            return self.candidate["id"], prefix_of(self.candidate, self._artefact, self.options)
        runtime = self.candidate.get("runtime")
        return self.candidate["id"], runtime["prefix"] if runtime else None

    @property
    def memo_if_lost(self) -> Result | None:
        """What a later run is to know of it if another one is set; None where there is no prefix to take away."""
        if not self.passed or self._artefact is None:
            return None
        return memory.loss(self.candidate, self.verification or {}, self._relevant, timestamp())

    def climb(self) -> None:
        """One attempt, whatever becomes of it."""
        late = False
        try:
            with time_limit.within(self._seconds):
                self._climb()
        except time_limit.OutOfTime:
            late = True
            self._out_of_time()
        try:
            with time_limit.within(TIDYING_SECONDS if late or self.attempt["cause"] == "timeout" else 0):
                if late and self._stage != MAKING:
                    self.host.reconnect()
                self._tidy()
        except time_limit.OutOfTime:
            self.attempt["message"] += " What it may have left there could not be taken away either."
        if self.candidate["verdict"] == "blocked" and not self._untried:
            self._compare()

    def _climb(self) -> None:
        candidate = self.candidate
        without = [reason for reason in candidate["reasons"] if reason["check"] == "python"]
        if candidate["verdict"] == "blocked" and (without or candidate.get("runtime") is None):
            reason = [*without, *candidate["reasons"]][0]
            text = f"There is nothing to try it with, so the plan is neither proven nor refuted: {reason['text']}."
            self.attempt.update(ok=False, cause=reason["cause"], message=text, remedy=candidate["remedy"])
            self._untried = True
            return
        try:
            # What is set is there; nothing has to be made.
            held = "kept" in candidate
            artefact = None if held else strategy_of(candidate).resolve(candidate, self.facts, self.options)
        except FleetError as exc:
            self.attempt.update(refusal(exc), seconds=self._passed_seconds())
            return
        runtime = candidate.get("runtime")
        self.attempt.update(ok=True, prefix=None)
        if artefact is not None:
            self._artefact = artefact
            candidate["artefact"].setdefault("digest", artefact.digest)
            candidate["artefact"].setdefault("packages", artefact.lock.get("packages", []))
            self._place(artefact)
            runtime = placed(artefact.runtime, prefix_of(candidate, artefact, self.options))
        self.attempt["seconds"] = self._passed_seconds()
        if not self.attempt["ok"] or runtime is None:
            return
        candidate["runtime"] = runtime
        self._stage = "its search test ran"
        self._test(runtime)

    def _place(self, artefact: Artefact) -> None:
        prefix = prefix_of(self.candidate, artefact, self.options)
        known = (self.candidate, artefact, self.facts, self.options, self._relevant)
        earlier = memory.failed_before(*known)
        if earlier:
            self.attempt.update(ok=False, cause=earlier["cause"], message=memory.told(earlier))
            self.attempt.update(remedy=str(causes.remedy(earlier["cause"])), failed_before=earlier.get("at"))
            return
        # One that is still there is tested again: that costs no shipping.
        self.loss = memory.lost_before(*known) if self._spares_losers and not in_place(prefix, self.facts) else None
        if self.loss:
            self.attempt.update(ok=None, message=memory.told(self.loss), lost_before=self.loss.get("at"))
            return
        self.attempt["prefix"] = prefix
        if in_place(prefix, self.facts):
            self.attempt["message"] = "already in place"
            return
        refused = too_large(artefact, self.options)
        if refused:
            self.attempt.update(refused)
            return
        self._stage = "it was shipped and put in place"
        self._put = True
        left = max(1.0, self._seconds - self._passed_seconds()) if self._seconds else 0
        done = self.host.deploy(artefact, prefix, left)
        self.attempt.update({"bytes_shipped": artefact.bytes_to_ship, **done, "prefix": prefix})
        self._put = bool(self.attempt["changed"])

    def _test(self, runtime: Runtime) -> None:
        name = self.candidate["id"]
        earlier = measured.earlier(name, runtime, self.facts, self.options)
        verification = self.host.verify(name, runtime, figures=earlier is None)
        if earlier and verification["ok"] and not verification.get("figures", True):
            verification.update(measured.as_verification(earlier))
        self.verification = verification
        if not verification["ok"]:
            fault = {part: verification.get(part) for part in ("cause", "message", "remedy", "log")}
            self.attempt.update(ok=False, **fault)

    def measure_again(self) -> None:
        """Once more what passed. The better p95 counts; a test that fails now has not passed."""
        assert self.verification is not None and self.candidate.get("runtime")
        again = self.host.verify(self.candidate["id"], self.candidate["runtime"], figures=True)  # type: ignore[arg-type]
        if not again["ok"]:
            self.attempt.update(ok=False, **{part: again.get(part) for part in ("cause", "message", "remedy", "log")})
            self.verification = again
            return
        times = [decide.times([test])[again["candidate"]] for test in (self.verification, again)]
        if times[1] < times[0]:
            self.verification = again

    def _out_of_time(self) -> None:
        remedy = "See what it waited for (network, host, index), or raise faiss_install__attempt_timeout."
        text = f"The attempt was ended after {self._seconds:g} s (faiss_install__attempt_timeout) while {self._stage}."
        self.verification = None
        self.attempt.update(
            ok=False, cause="timeout", message=f"{text} {remedy}", remedy=remedy, seconds=self._passed_seconds()
        )

    def _tidy(self) -> None:
        """Takes away what this attempt put there and lost, and leaves or takes away the memo of a failure."""
        if self._artefact is None or self.attempt.get("failed_before") or self.loss:
            return
        prefix = prefix_of(self.candidate, self._artefact, self.options)
        if self.passed:
            if memory.noted(self.candidate, self._artefact, self.facts):
                self.host.remove(prefix, keep=True)
            return
        memo = None
        if self.verification is not None:
            at = timestamp()
            fault = (self.attempt["cause"], self.attempt["message"])
            memo = memory.failure(self.candidate, *fault, self.facts, self._relevant, at)
        if not self._put and memo is None:
            return
        keep = not self._put or bool(self.options.extra.get(KEEP))
        done = self.host.remove(prefix, keep=keep, memo=memo)
        if done.get("failed"):
            self.attempt["message"] = f"{self.attempt['message']} {prefix} stays: {done.get('msg')}"

    def _compare(self) -> None:
        """Whether the plan, which called it blocked, was right; nothing where it failed for another cause."""
        if self.passed:
            self.attempt["prediction"] = "refuted"
        elif self.attempt["cause"] in {reason["cause"] for reason in self.candidate["reasons"]}:
            self.attempt["prediction"] = "confirmed"

    def _passed_seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)
