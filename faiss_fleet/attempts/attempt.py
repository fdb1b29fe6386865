# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One candidate on one host: resolved, shipped, installed and tested, within the limits of an attempt.

With ``dry_run`` the same code stops before the first change: what is there already is tested, and of what would have to
be made or shipped the attempt says with which size and time.
"""

from __future__ import annotations

import time
from typing import Any

from .. import strategies
from ..artefacts import cache, packing
from ..artefacts import limits as time_limit
from ..causes import diagnose as causes
from ..errors import FleetError
from ..model import Attempt, Candidate, Facts, Json, Runtime
from ..plan import decide
from ..run_id import timestamp
from ..strategies.base import Artefact, Forecast, Options, Strategy
from . import failure_cache, measured, own_limits
from .current_backend import TESTED, Current
from .host import Host

KEEP = "faiss_install__keep"
# For removing what was left where the time is over: the host may be one that hangs.
TIDYING_SECONDS = 60.0
MAKING = "what is to be shipped was made on the controller"
# Of a search test in what the inventory named: it lacks FAISS, or the Python to start it with.
NOT_IN_IT = ("not_installed", "python_missing")
FAULTS = ("cause", "message", "remedy", "log", "fault")


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


def attempt_of(candidate: Candidate) -> Attempt:
    """An attempt's part of the record, with nothing found yet."""
    return Attempt(
        candidate=candidate["id"],
        strategy=candidate["strategy"],
        artefact=dict(candidate["artefact"]),
        seconds=0.0,
        changed=False,
        ok=None,
        cause=None,
        message=None,
        remedy=None,
        log=None,
    )


def strategy_of(candidate: Candidate) -> Strategy:
    """The strategy that planned a candidate."""
    return next(found for found in strategies.all_strategies() if found.name == candidate["strategy"])


def prefix_of(candidate: Candidate, artefact: Artefact, options: Options) -> str:
    """Where an artefact goes on every host: named by its content."""
    return f"{options.prefix}/{candidate['strategy']}/{artefact.digest}"


def in_place(prefix: str, facts: Facts) -> bool:
    """Whether the host has this prefix, whole."""
    return any(found["path"] == prefix and found["complete"] for found in facts["prefixes"])


def refusal(exc: FleetError | OSError) -> Json:
    """What an attempt says when the controller could not make what is to be shipped."""
    if isinstance(exc, OSError):
        exc = cache.unusable(f"could not be used to make it: {exc}", exc)
    return {
        "ok": False,
        "cause": exc.cause or "unknown",
        "message": str(exc),
        "remedy": exc.remedy,
        "log": exc.log,
        "fault": exc.fault,
    }


def too_large(unpacked: int, options: Options) -> Json | None:
    """The refusal of what takes more room on a host than an attempt may; None when it does not, or has no limit."""
    limit = float(options.extra.get("faiss_install__max_size_mb") or 0)
    if not limit or unpacked <= limit * 1e6:
        return None
    remedy = "Raise faiss_install__max_size_mb, or leave this strategy out of faiss_install__strategies."
    text = f"It takes {unpacked / 1e6:.0f} MB on the host, and faiss_install__max_size_mb is {limit:g}: not shipped."
    return {"ok": False, "cause": "too_large", "message": f"{text} {remedy}", "remedy": remedy, "fault": "host"}


def _is_damaged(artefact: Artefact) -> bool:
    """Whether what the controller kept is not what was packed any more."""
    try:
        return cache.sha256(artefact.archive) != artefact.sha256
    except OSError:
        return True


class Trial:
    """An attempt in progress: ``run`` makes it; ``attempt`` and ``verification`` say how it ended.

    skips_unselected: whether what passed before, was not selected and was removed is left out; ``unselected`` then says
    so. current: what is configured, where that is what is tested.
    """

    def __init__(
        self,
        candidate: Candidate,
        facts: Facts,
        options: Options,
        host: Host,
        *,
        dry_run: bool = False,
        skips_unselected: bool = False,
        current: Current | None = None,
    ) -> None:
        self.candidate, self.facts, self.options, self.host = candidate, facts, options, host
        self.attempt = attempt_of(candidate)
        self.verification: Json | None = None
        self.unselected: Json | None = None
        self.current = current
        self.runtime = current.runtime if current else candidate.get("runtime")
        self._dry_run, self._skips_unselected = dry_run, skips_unselected
        self._relevant = failure_cache.fingerprint(candidate, facts, options)
        self._seconds = float(options.extra.get("faiss_install__attempt_timeout") or 0)
        self._started = time.monotonic()
        self._stage = MAKING
        self._artefact: Artefact | None = None
        self._untried = False
        self._put = False  # whether this attempt may have put the prefix there

    @property
    def passed(self) -> bool:
        """Whether its search test passed."""
        return bool(self.verification and self.verification["ok"])

    @property
    def foreseen(self) -> bool:
        """Whether a run that is no dry run would try it, and can be expected to succeed."""
        return bool(self.attempt.get("foreseen")) and self.candidate["verdict"] == "possible"

    @property
    def place(self) -> failure_cache.Place:
        """The candidate with its prefix, which tells it from one of the same name that was made of something else."""
        if self._artefact:
            return self.candidate["id"], prefix_of(self.candidate, self._artefact, self.options)
        return self.candidate["id"], self.runtime["prefix"] if self.runtime else None

    @property
    def cached_if_unselected(self) -> Json | None:
        """What a later run is to know of it if another one is selected; None where there is no prefix to remove."""
        if not self.passed or self._artefact is None:
            return None
        test = self.verification or {}
        return failure_cache.unselected(self.candidate, test, self._relevant, timestamp())

    def run(self) -> None:
        """Makes one attempt, whatever becomes of it."""
        late = False
        try:
            with time_limit.within(self._seconds):
                self._run()
        except time_limit.OutOfTime:
            late = True
            self._out_of_time()
        try:
            with time_limit.within(TIDYING_SECONDS if late or self.attempt["cause"] == "timeout" else 0):
                if late and self._stage != MAKING:
                    self.host.reconnect()
                self._tidy()
        except time_limit.OutOfTime:
            self.attempt["message"] = f"{self.attempt['message']} What it may have left there could not be removed."
        if self.candidate["verdict"] == "blocked" and not self._untried and not self.attempt.get("foreseen"):
            self._compare()

    def _run(self) -> None:
        candidate = self.candidate
        without = [reason for reason in candidate["reasons"] if reason["check"] == "python"]
        if candidate["verdict"] == "blocked" and self.current is None and (without or candidate.get("runtime") is None):
            reason = [*without, *candidate["reasons"]][0]
            text = f"There is nothing to try it with, so the plan is neither proven nor refuted: {reason['text']}."
            self._update(ok=False, cause=reason["cause"], message=text, remedy=candidate["remedy"], fault="host")
            self._untried = True
            return
        if self.current is not None:
            # What is configured is there; nothing has to be made.
            self._update(kept=self.current.kept, message=TESTED)
        elif not self._make():
            return
        self._update(ok=True, prefix=self.attempt.get("prefix"))
        if self._artefact is not None:
            self._learn(self._artefact)
            self._place(self._artefact)
            self.runtime = placed(self._artefact.runtime, prefix_of(candidate, self._artefact, self.options))
        self._update(seconds=self._passed_seconds(), runtime=self.runtime)
        if not self.attempt["ok"] or self.runtime is None:
            return
        self._stage = "its search test ran"
        self._test(self.runtime)

    def _make(self) -> bool:
        """Whether there is something to go on with; ``_artefact`` is None where nothing has to be shipped."""
        strategy = strategy_of(self.candidate)
        try:
            if not self._dry_run:
                self._artefact = strategy.resolve(self.candidate, self.facts, self.options)
                return True
            forecast = strategy.forecast(self.candidate, self.facts, self.options)
        except (FleetError, OSError) as exc:
            self._update(**refusal(exc), seconds=self._passed_seconds())
            return False
        if forecast is None or forecast.artefact is not None:
            self._artefact = forecast.artefact if forecast else None
            return True
        refused = too_large(forecast.unpacked or 0, self.options)
        self._update(**(refused or self._foresee(forecast)), seconds=self._passed_seconds())
        return False

    def _foresee(self, forecast: Forecast) -> Json:
        """What an attempt says that stops here because it is a dry run."""
        foreseen = {"download_bytes": forecast.download, "ship_bytes": forecast.ship, "seconds": forecast.seconds}
        message = f"Check mode: {forecast.text()}, and then run the search test."
        return {"ok": None, "changed": True, "message": message, "foreseen": foreseen}

    def _learn(self, artefact: Artefact) -> None:
        """Notes in the attempt what was found while it was made: the plan stays as it is."""
        about = {"digest": artefact.digest, "packages": artefact.lock.get("packages", [])}
        self._update(artefact={**about, **self.attempt["artefact"], **artefact.found})
        if artefact.note:
            self._update(note=artefact.note)

    def _place(self, artefact: Artefact) -> None:
        prefix = prefix_of(self.candidate, artefact, self.options)
        known = (self.candidate, artefact, self.facts, self.options, self._relevant)
        earlier = failure_cache.failed_before(*known)
        if earlier:
            self._update(ok=False, cause=earlier["cause"], message=failure_cache.text(earlier), fault="host")
            self._update(remedy=str(causes.remedy(earlier["cause"])), failed_before=earlier.get("at"))
            return
        there = in_place(prefix, self.facts)
        # One that is still there is tested again: that costs no shipping.
        self.unselected = failure_cache.unselected_before(*known) if self._skips_unselected and not there else None
        if self.unselected:
            text = failure_cache.text(self.unselected)
            self._update(ok=None, message=text, lost_before=self.unselected.get("at"))
            return
        self._update(prefix=prefix)
        if there:
            self._update(message="already in place")
            return
        refused = too_large(artefact.bytes_on_host, self.options)
        if refused:
            self._update(**refused)
        elif self._dry_run:
            size = artefact.bytes_to_ship
            foreseen = {"download_bytes": 0, "ship_bytes": size, "seconds": None}
            message = f"Check mode: would ship {size / 1e6:.0f} MB to {prefix}, and then run the search test."
            self._update(ok=None, changed=True, message=message, foreseen=foreseen)
        else:
            self._deploy(artefact, prefix)

    def _deploy(self, artefact: Artefact, prefix: str) -> None:
        self._stage = "it was shipped and installed"
        self._put = True
        done = self.host.deploy(artefact, prefix, self._left())
        if done.get("cause") == "hash_mismatch" and _is_damaged(artefact):
            # What the controller kept is damaged: it is made again, once.
            try:
                packing.discard(artefact.archive)
                made = strategy_of(self.candidate).resolve(self.candidate, self.facts, self.options)
            except (FleetError, OSError) as exc:
                made, done = None, refusal(exc)
            if made is not None:
                self._artefact = artefact = made
                done = self.host.deploy(artefact, prefix, self._left())
        fault = None if done.get("ok") else done.get("fault") or "host"
        shipped = artefact.bytes_to_ship if artefact.archive.exists() else 0
        self._update(**{"bytes_shipped": shipped, **done, "prefix": prefix, "fault": fault})
        self._put = bool(self.attempt["changed"])

    def _test(self, runtime: Runtime) -> None:
        self._verify(runtime)
        if self.passed or self._artefact is None or self._put or self._dry_run or not self.attempt.get("prefix"):
            return
        # It was there before, and may be damaged since: the host compares it with what is shipped, and repairs it.
        prefix = str(self.attempt["prefix"])
        done = self.host.deploy(self._artefact, prefix, self._left(), doubted=True)
        if done.get("ok") and done.get("changed"):
            self._put = True
            self._update(changed=True, ok=True, message="It was damaged, and was installed again.")
            self._update(**dict.fromkeys(("cause", "remedy", "log", "fault")))
            self._verify(runtime)

    def _verify(self, runtime: Runtime) -> None:
        name = self.candidate["id"]
        earlier = measured.earlier(name, runtime, self.facts, self.options)
        verification = self.host.verify(name, runtime, figures=earlier is None and not self._dry_run)
        if earlier and verification["ok"] and not verification.get("figures", True):
            verification.update(measured.as_verification(earlier))
        self.verification = verification
        if not verification["ok"]:
            self._blame(verification)

    def measure_again(self) -> None:
        """Measures once more what passed. The better p95 counts; a test that fails now has not passed."""
        assert self.verification is not None and self.runtime is not None
        again = self.host.verify(self.candidate["id"], self.runtime, figures=True)
        if not again["ok"]:
            self._blame(again)
            self.verification = again
            return
        times = [decide.times([test])[again["candidate"]] for test in (self.verification, again)]
        if times[1] < times[0]:
            self.verification = again

    def _blame(self, verification: Json) -> None:
        self._update(ok=False, **{part: verification.get(part) for part in FAULTS})
        # An image or a lock of the inventory that has no FAISS has none on any host. What is configured passed before.
        configured = (self.facts.get("setting") or {}).get("candidate") == self.candidate["id"]
        given = self._artefact is not None and self._artefact.given and not configured
        empty = given and verification.get("cause") in NOT_IN_IT
        self._update(fault=verification.get("fault") or ("inventory" if empty else "host"))
        remedy = own_limits.remedy(self.candidate["strategy"], verification.get("cause"), self.options.extra)
        if remedy:
            message = f"{str(self.attempt['message']).rstrip('.')}. {remedy}"
            self._update(fault="inventory", message=message, remedy=remedy)

    def _out_of_time(self) -> None:
        remedy = "See what it waited for (network, host, index), or raise faiss_install__attempt_timeout."
        text = f"The attempt was ended after {self._seconds:g} s (faiss_install__attempt_timeout) while {self._stage}."
        self.verification = None
        fault = "controller" if self._stage == MAKING else "host"
        least = own_limits.needed(self._seconds, self.options.extra)
        if fault == "host" and least:
            # No host is to blame for what none could do in that time.
            fault = "inventory"
            text += f" The search test alone may take {least:g} s, so it is not known what this host can do."
            remedy = "Raise faiss_install__attempt_timeout, or leave it out."
        self._update(ok=False, cause="timeout", message=f"{text} {remedy}", remedy=remedy, fault=fault)
        self._update(seconds=self._passed_seconds())

    def _tidy(self) -> None:
        """Removes what this attempt put there and what failed, and leaves or removes the cached failure."""
        if self._artefact is None or self._dry_run or self.attempt.get("failed_before") or self.unselected:
            return
        prefix = prefix_of(self.candidate, self._artefact, self.options)
        if self.passed:
            if failure_cache.noted(self.candidate, self._artefact, self.facts):
                self.host.remove(prefix, keep=True)
            return
        cached = None
        if self.verification is not None and self.attempt.get("fault") == "host":
            at = timestamp()
            failed = (self.attempt["cause"], self.attempt["message"])
            cached = failure_cache.failure(self.candidate, *failed, self.facts, self._relevant, at)
        if not self._put and cached is None:
            return
        keep = not self._put or bool(self.options.extra.get(KEEP))
        done = self.host.remove(prefix, keep=keep, cached=cached)
        if done.get("failed"):
            self.attempt["message"] = f"{self.attempt['message']} {prefix} stays: {done.get('msg')}"

    def _compare(self) -> None:
        """Notes whether the plan, which called it blocked, was right; nothing where it failed for another cause."""
        if self.passed:
            self.attempt["prediction"] = "refuted"
        elif self.attempt["cause"] in {reason["cause"] for reason in self.candidate["reasons"]}:
            self.attempt["prediction"] = "confirmed"

    def _update(self, **found: Any) -> None:
        self.attempt.update(found)  # type: ignore[typeddict-item]

    def _left(self) -> float:
        return max(1.0, self._seconds - self._passed_seconds()) if self._seconds else 0

    def _passed_seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)
