# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Turns what a module returned, or how it ended, into cause and remedy. Hosts return evidence; the table is here.

A module that fails may return ``cause`` (one that its code knows), ``remedy`` (its own next step) and ``said`` (what a
tool printed, in which the table looks for a better cause than the module's own).
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from typing import Any

from . import diagnose as table

# Nothing is solved on a host: what would be no solution elsewhere is something else there.
EXCLUDED = {"faiss_conda_create": frozenset({"conda_unsat"})}
# Shells and Ansible report a signal as 128 and its number, or as its number below 0.
SIGNALS = {
    signal.SIGILL: "cpu_isa",
    signal.SIGSEGV: "segfault",
    signal.SIGBUS: "segfault",
    signal.SIGABRT: "abort",
    signal.SIGFPE: "abort",
    signal.SIGALRM: "timeout",
    signal.SIGXCPU: "timeout",
    signal.SIGTERM: "interrupted",
    signal.SIGINT: "interrupted",
    signal.SIGHUP: "interrupted",
}
Kills = Mapping[str, int | None]


def remedy(cause: str) -> str | None:
    """The table's next step for a cause; None for one that it does not have."""
    return str(table.remedy(cause)) or None if cause in table.CAUSES else None


def recognised(*texts: str | None, excluded: Iterable[str] = ()) -> tuple[str | None, str | None]:
    """(cause, line) of the first text in which the table recognises one; (None, None) where it recognises nothing."""
    for text in texts:
        for found in table.diagnose(text or ""):
            if found["cause"] not in excluded:
                return str(found["cause"]), str(found["line"])
    return None, None


def lacked_memory(kills: Kills | None, contained: bool = False) -> bool:
    """Whether the kernel counted a kill for lack of memory meanwhile.

    kills: what the counters rose by, of the cgroup and of the host. A cgroup's counter is believed before the host's,
    which counts for everybody; contained: the process was in a cgroup of its own, a container.
    """
    counted = kills or {}
    own = None if contained else counted.get("cgroup")
    return bool(counted.get("host") if own is None else own)


def signal_of(result: Mapping[str, Any]) -> int | None:
    """The signal that ended a module; None when it ended by itself."""
    status = result.get("rc")
    if not isinstance(status, int) or result.get("cause"):
        return None
    number = status - 128 if status > 128 else -status
    return number if number == signal.SIGKILL or number in SIGNALS else None


def judged(result: Mapping[str, Any], module: str = "", kills: Kills | None = None) -> dict[str, Any]:
    """A module's result with ``cause`` and ``remedy``, which are None unless it failed; without ``said``."""
    found = {name: value for name, value in result.items() if name != "said"}
    if not result.get("failed"):
        return {**found, "cause": None, "remedy": None}
    cause, own = result.get("cause"), result.get("remedy")
    ended_by = signal_of(result)
    if ended_by == signal.SIGKILL:
        cause = "out_of_memory" if lacked_memory(kills) else "killed"
    elif ended_by is not None:
        cause = SIGNALS[signal.Signals(ended_by)]
    elif result.get("said") or not cause:
        # Without a cause of its own the module did not come to its end: what Ansible got of it is all there is.
        texts = [result.get(name) for name in ("said", "msg", "module_stderr", "module_stdout", "exception")]
        better = recognised(*texts, excluded=EXCLUDED.get(module, ()))[0]
        if better:
            cause, own = better, own if better == cause else None
    cause = str(cause or "unknown")
    return {**found, "cause": cause, "remedy": own or remedy(cause)}
