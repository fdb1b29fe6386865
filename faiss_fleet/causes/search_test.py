# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From the evidence of a search test to one verification: passed, or failed with its cause. Pure.

Evidence is what ``module_utils/faiss_fleet/search/run.py`` returns. What is not known stays None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import diagnose as table
from . import evidence as causes

# A flat index is exact. The others found 0.99 and more on every release from 1.6.1 to 1.15.1 with the default workload
# (clusters, nprobe 8, efSearch 64); a build that finds less than nine in ten is broken, not unlucky.
MIN_RECALL = {"flat": 1.0, "ivf": 0.9, "hnsw": 0.9}
BUSY = 0.7  # less than this share of a core, and the times tell of the host's load too
LOADER_FAILED = "loader_failed"
NODE = ("node", "js")  # the kinds that Node runs
FALLBACKS = ("js", "numpy")

SIGNALS = {number.name: cause for number, cause in causes.SIGNALS.items()}
# Shells and container engines end with 128 and the number of the signal that ended their child. Linux's numbers.
BY_EXIT_CODE = {
    129: "SIGHUP",
    130: "SIGINT",
    132: "SIGILL",
    134: "SIGABRT",
    135: "SIGBUS",
    136: "SIGFPE",
    137: "SIGKILL",
    139: "SIGSEGV",
    142: "SIGALRM",
    143: "SIGTERM",
}
BY_ERRNO = {
    "ENOENT": "python_missing",
    "ENOTDIR": "python_missing",
    "EACCES": "permission_denied",
    "EPERM": "permission_denied",
    "ENOEXEC": "arch_mismatch",
    "ENOMEM": "out_of_memory",
    "EAGAIN": "out_of_memory",
    "ENOSPC": "disk_full",
    "EDQUOT": "disk_full",
    "EROFS": "read_only",
}
# A whole package. A part of one ('faiss._swigfaiss', 'numpy._core') is there and does not fit, which the table knows.
NOT_THERE = re.compile(r"No module named '?(?!swigfaiss)[A-Za-z0-9]\w*'?$")
ABORTS = ("what():", "terminate called", "libc++abi: ", "Assertion", "FATAL")
NO_MEMORY = (
    "std::bad_alloc",
    "MemoryError",
    "Cannot allocate memory",
    "cannot allocate memory",
    "Unable to allocate",
    "Memory allocation still failed",
)
TAKEN = (
    "faiss_version",
    "numpy_version",
    "python_version",
    "faiss_location",
    "isa_loaded",
    "isa_source",
    "compile_options",
    "known_answer",
    "save_load",
    "peak_rss_bytes",
)
TAKEN_IF_SAID = ("node_version", "binding_version", "soak")
KERNELS = ("wasm-simd", "js")  # by which the JavaScript fallback compares

Evidence = Mapping[str, Any]
Verdict = tuple[str | None, str | None]  # cause and message; both None when it passed


def verification(
    found: Evidence, timeout: int, indexes: list[str], min_recall: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """One result of the module faiss_search_test as the record has it; the evidence is left out.

    indexes: what was to be measured. min_recall: {index: least share}, over MIN_RECALL.
    """
    result = {name: value for name, value in found.items() if name != "evidence"}
    kind = found["runtime"]["kind"]
    seen = found["evidence"]
    if "refused" in seen:
        failed = _failed(seen.get("cause", "unknown"), seen["refused"])
        return {**result, **failed, "backend": None, "stage": None, "indexes": []}
    measured = (["flat"] if kind in FALLBACKS else indexes) if found["figures"] else []
    try:
        result.update(judge(seen, timeout, measured, min_recall, kind))
        if result["ok"] and "loader" in seen:
            _add_loader(result, seen["loader"], timeout)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        text = f"the host's answer cannot be read: {type(exc).__name__} {exc}"
        result.update(_failed("garbage_output", text), backend="faiss", stage=None, indexes=[])
    return result


def judge(
    evidence: Evidence,
    timeout: int,
    indexes: list[str],
    min_recall: Mapping[str, float] | None = None,
    kind: str = "python",
) -> dict[str, Any]:
    """A verification without its candidate, runtime and workload."""
    outcome, said = evidence["outcome"], evidence["said"]
    wanted = {name: (min_recall or {}).get(name, MIN_RECALL[name]) for name in indexes}
    cause, message = _cause(evidence, timeout, wanted, kind)
    if kind in NODE and cause == "python_missing":
        cause = "command_missing"
    result = {
        "ok": cause is None,
        "cause": cause,
        "message": message,
        "remedy": causes.remedy(cause) if cause else None,
        "backend": kind if kind in FALLBACKS else "faiss",
        "stage": said["stage"],
        "signal": _signal(outcome, said),
        "exit_code": outcome["exit_code"],
        "seconds": outcome["seconds"],
        "log": _log(outcome, said),
        "warnings": _warnings(outcome, said),
        **{name: said["found"].get(name) for name in TAKEN},
        **{name: said["found"][name] for name in TAKEN_IF_SAID if name in said["found"]},
        **({"kernel": said["found"]["kernel"]} if said["found"].get("kernel") in KERNELS else {}),
        "indexes": said["found"].get("indexes") or [],
    }
    if cause == "wrong_answer" and said["stage"] in ("known_answer", "save_load"):
        result[said["stage"]] = False
    return result


def _failed(cause: str, message: str) -> dict[str, Any]:
    return {"ok": False, "cause": cause, "message": message, "remedy": causes.remedy(cause)}


def _signal(outcome: Evidence, said: Evidence) -> str | None:
    if outcome["timed_out"]:
        return None
    name: str | None = outcome["signal"]
    return name if said["stage"] == "done" else name or BY_EXIT_CODE.get(outcome["exit_code"])


def _where(said: Evidence) -> str:
    if said["stage"] is None:
        return "before it began"
    return f"at stage {said['stage']}" + (f" ({said['index']})" if said["index"] else "")


def _lacks_memory(*texts: str | None) -> bool:
    return any(words in (text or "") for text in texts for words in NO_MEMORY)


def _cause(evidence: Evidence, timeout: int, min_recall: Mapping[str, float], kind: str) -> Verdict:
    outcome, said = evidence["outcome"], evidence["said"]
    error = outcome["start_error"]
    if error is not None:
        cause = BY_ERRNO.get(error["errno"]) or causes.recognised(error["message"])[0]
        return cause or "unknown", error["message"]
    if said["stage"] == "done":
        return _figures(said["found"], min_recall)
    if said["failed"]:
        return _of_exception(said["failed"])
    if outcome["timed_out"]:
        return "timeout", f"no end within {timeout} s, {_where(said)}; it and what it had started were killed"
    name = _signal(outcome, said)
    if name == "SIGKILL":
        return _of_kill(evidence["oom_kills"], _where(said), kind)
    if name:
        return _of_signal(name, outcome["log"], _where(said))
    return _of_silence(outcome, said)


def _of_exception(failed: Evidence) -> Verdict:
    message, kind = failed.get("message") or "", failed.get("type")
    if failed.get("cause") in table.CAUSES:
        return str(failed["cause"]), message
    no_room = failed.get("memory_left") is False and "failed to map segment" in message
    if kind == "MemoryError" or no_room or _lacks_memory(message):
        return "out_of_memory", message
    if kind == "SystemExit":
        return "garbage_output", f"the package ended the interpreter instead of loading: {message}"
    if kind in ("ImportError", "ModuleNotFoundError") and NOT_THERE.search(message):
        return "not_installed", message
    return causes.recognised(message, failed.get("trace"))[0] or "unknown", message


def _of_kill(kills: Mapping[str, int | None] | None, where: str, kind: str) -> Verdict:
    if causes.lacked_memory(kills, contained=kind == "container"):
        return "out_of_memory", f"killed by SIGKILL {where}, and the kernel counted a kill for lack of memory meanwhile"
    counts = [count for count in (kills or {}).values() if count is not None]
    told = "counted no kill for lack of memory of this process" if counts else "does not count kills for lack of memory"
    return "killed", f"killed by SIGKILL {where}; the kernel {told}"


def _of_signal(name: str, log: str, where: str) -> Verdict:
    if _lacks_memory(log):
        return "out_of_memory", f"ended by {name} {where} for lack of memory"
    if name == "SIGABRT":
        # The line in which a C++ or C library says why it aborts.
        lines = [line.strip()[:400] for line in log.splitlines() if any(word in line for word in ABORTS)]
        return "abort", f"ended by SIGABRT {where}" + (f": {lines[0]}" if lines else "")
    return SIGNALS.get(name, "unknown"), f"ended by {name} {where}"


def _of_silence(outcome: Evidence, said: Evidence) -> Verdict:
    """It ended by itself and did not say done."""
    cause, line = causes.recognised(outcome["log"]) if outcome["exit_code"] else (None, None)
    if cause:
        return cause, line
    if _lacks_memory(outcome["log"]):
        return "out_of_memory", f"exit code {outcome['exit_code']} {_where(said)} for lack of memory"
    message = f"exit code {outcome['exit_code']} without an answer, {_where(said)}"
    if said["garbage_bytes"]:
        shown = said["garbage"].strip()[:400]
        message += f"; on standard output in its place, {said['garbage_bytes']} bytes: {shown}"
    return "garbage_output", message


def _figures(found: Evidence, min_recall: Mapping[str, float]) -> Verdict:
    reports = found.get("indexes") or []
    complete = found.get("known_answer") and found.get("save_load")
    if sorted(report["index"] for report in reports) != sorted(min_recall) or not complete:
        return "garbage_output", "it says that it is done, but not every step has its answer"
    for report in reports:
        least, recall = min_recall[report["index"]], report["recall_at_k"]
        if recall < least and report["index"] == "flat":
            return "wrong_answer", f"Flat, which is exact, finds {recall:.4f} of the true neighbours"
        if recall < least:
            text = f"{report['factory']} finds {recall:.4f} of the true neighbours; {least:.4f} is asked for"
            return "low_recall", text
    return None, None


def _warnings(outcome: Evidence, said: Evidence) -> list[str]:
    """What did not stop the test and yet may matter."""
    found = []
    if said["garbage_bytes"]:
        found.append(f"{said['garbage_bytes']} bytes beside the answers on standard output")
    shares = [report["cpu_share"] for report in said["found"].get("indexes") or [] if "cpu_share" in report]
    if shares and min(shares) < BUSY:
        share = int(100 * min(shares))
        text = f"the host was busy: the test had {share} % of a core at its worst, so its times may be too long"
        found.append(text)
    if outcome["log_dropped"]:
        found.append(f"{outcome['log_dropped']} bytes of the log were dropped; its end is kept")
    if outcome["stuck"]:
        found.append("the process did not go when it was killed; it is stuck in the kernel")
    if said["stage"] == "done" and outcome["timed_out"]:
        found.append("all steps passed, but the interpreter did not end by itself and was killed")
    elif said["stage"] == "done" and (outcome["signal"] or outcome["exit_code"]):
        ended = outcome["signal"] or f"exit code {outcome['exit_code']}"
        found.append(f"all steps passed, but the interpreter ended with {ended}")
    return found


def _log(outcome: Evidence, said: Evidence) -> str | None:
    """Standard error, the exception with its traceback, what was printed beside the answers; None if all are empty."""
    parts = [outcome["log"], (said["failed"] or {}).get("trace") or "", said["garbage"]]
    return "\n".join(part.strip() for part in parts if part.strip()) or None


def _add_loader(result: dict[str, Any], seen: Evidence, timeout: int) -> None:
    """Adds what the loader made of it; where that failed, the runtime has not passed."""
    if "skipped" in seen:
        result["loader"] = None
        result["warnings"] = [*result["warnings"], f"not measured through the loader: {seen['skipped']}"]
        return
    if "refused" in seen:
        why = f"FAISS passed, but the loaders cannot use it: {seen['refused']}"
        result.update(_failed(LOADER_FAILED, why), stage="loader", loader=None)
        return
    outcome, said = seen["outcome"], seen["said"]
    if said["stage"] == "done" and said["found"].get("mode"):
        result["loader"] = {**said["found"], "seconds": outcome["seconds"]}
        return
    if said["failed"]:
        why = said["failed"].get("message") or said["failed"].get("type")
    elif outcome["start_error"] is not None:
        why = f"it cannot be started: {outcome['start_error']['message']}"
    elif outcome["timed_out"]:
        why = f"no end within {timeout} s"
    else:
        why = f"it ended with {outcome['signal'] or 'exit code ' + str(outcome['exit_code'])} and without an answer"
    text = f"FAISS passed, but through the loader it failed: {why}"
    result.update(_failed(LOADER_FAILED, text), stage="loader", loader=None)
    logs = [log for log in (result["log"], outcome["log"].strip()) if log]
    result["log"] = "\n".join(logs) or None
