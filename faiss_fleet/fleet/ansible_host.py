# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""A host behind Ansible's connection: what an attempt asks of it, each a remote call with a time limit.

Knows Ansible only through the action plugin that it is given.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from .. import strategies
from ..artefacts import cache, limits
from ..causes import evidence
from ..errors import fault_on_host
from ..redact import redact, tail
from ..strategies.base import Artefact, Runtime, Step
from . import search_call

# Checks and unpacks an archive beside itself with what every POSIX host has; prints nothing when all is well.
UNPACK = """
set -eu
archive={archive}
if [ "$(sha256sum "$archive" | cut -d ' ' -f 1)" != {sha256} ]; then
    echo "sha256 of what arrived is not the one that was sent" >&2
    exit 71
fi
mkdir {directory}
cd {directory}
gzip -dc "$archive" | tar -xf -
"""

# Of a build's log, what the record itself holds.
LOG_TAIL = 8000
# Seconds for a remote call that has no limit of its own, and for what a call takes beside its work on the host.
CALL_SECONDS = 300.0
DEPLOY_SECONDS = 7200.0
MARGIN_SECONDS = 60.0
# What the kernel counted, of the shell's cgroup and of the host: "cgroup 3", "host 5".
COUNTERS = """
place=$(sed -n 's/^0:://p' /proc/self/cgroup 2>/dev/null)
old=$(sed -n 's/^[0-9]*:[^:]*memory[^:]*://p' /proc/self/cgroup 2>/dev/null)
for file in "/sys/fs/cgroup$place/memory.events" "/sys/fs/cgroup/memory$old/memory.oom_control"; do
    sed -n 's/^oom_kill /cgroup /p' "$file" 2>/dev/null
done
sed -n 's/^oom_kill /host /p' /proc/vmstat 2>/dev/null
true
"""


class RemoteHost:
    """What an attempt asks of a host, as module calls through Ansible's connection.

    A host without a usable Python has ``bare`` set. There the Python that came along with a prefix runs the modules:
    first from a temporary directory, to put the prefix in place like on any other host, then from the prefix itself.
    """

    def __init__(
        self,
        action: Any,
        task_vars: dict[str, Any],
        search_test: dict[str, Any],
        bare: bool,
        in_use: Sequence[str] = (),
    ) -> None:
        """in_use: prefixes that the host's setting names."""
        self._in_use = list(in_use)
        self._action = action
        self._task_vars = task_vars
        self._search_test = search_test
        self._bare = bare
        self._shipped = 0
        self._lent = False  # whether the bundled Python runs the modules by now
        self._counted: dict[str, int | None] | None = None

    @classmethod
    def of(
        cls, action: Any, task_vars: dict[str, Any], search_test: dict[str, Any], facts: Mapping[str, Any]
    ) -> RemoteHost:
        """With what its facts say: whether it has a usable Python, and which prefix is configured."""
        in_use = ((facts.get("setting") or {}).get("runtime") or {}).get("prefix")
        return cls(action, task_vars, search_test, facts["method"] == "raw", [in_use] if in_use else [])

    def _module(self, name: str, seconds: float = 0, **arguments: Any) -> dict[str, Any]:
        """A module's result with its cause and remedy; ``timeout`` when it does not end within so many seconds.

        0: CALL_SECONDS.
        """

        def call() -> dict[str, Any]:
            answer: dict[str, Any] = self._action._execute_module(
                module_name=name, module_args=arguments, task_vars=self._task_vars
            )
            return answer

        answer = self._limited(call, name, seconds or CALL_SECONDS)
        killed = answer.get("failed") and evidence.signal_of(answer) == 9
        return evidence.judged(answer, name, self._killed_since() if killed else None)

    def _limited(self, call: Callable[[], dict[str, Any]], what: str, seconds: float) -> dict[str, Any]:
        """What the call returns, or the failure ``timeout`` when it did not end in time.

        ``garbage_output`` when the host printed without end.
        """
        started = time.monotonic()
        try:
            with limits.within(seconds, limits.MOST_READ):
                return call()
        except limits.TooMuch:
            self.reconnect()
            remedy = evidence.remedy("garbage_output")
            text = f"{what} printed {limits.TOO_MUCH} and was ended. {remedy}"
            return {"failed": True, "changed": False, "cause": "garbage_output", "msg": text, "remedy": remedy}
        except limits.OutOfTime:
            if time.monotonic() - started < seconds:
                raise  # the limit of the whole attempt
        self.reconnect()
        remedy = "Look at the host: a hanging file system (`df` hangs), a program that never ends, a lost line."
        text = f"{what} did not end within {seconds:g} s on the host and was ended. {remedy}"
        return {"failed": True, "changed": False, "cause": "timeout", "msg": text, "remedy": remedy}

    def _shell(self, script: str, what: str, seconds: float = CALL_SECONDS) -> dict[str, Any]:
        """What a POSIX shell on the host makes of a script: rc, stdout, stderr; failed and msg when it hangs."""
        action = self._action
        return self._limited(
            lambda: dict(action._low_level_execute_command(script, executable="/bin/sh")), what, seconds
        )

    def _counters(self) -> dict[str, int | None]:
        """How many processes the kernel has killed for lack of memory so far; see evidence.lacked_memory."""
        said = str(self._shell(COUNTERS, "reading the kernel's counters", MARGIN_SECONDS).get("stdout") or "")
        found = re.findall(r"^(cgroup|host) (\d{1,18})$", said, re.MULTILINE)
        counts: dict[str, int | None] = {"cgroup": None, "host": None}
        return counts | {name: int(count) for name, count in found}

    def _killed_since(self) -> dict[str, int | None] | None:
        """By how much the counters rose since something was shipped; None where nothing was."""
        if self._counted is None:
            return None
        before, now = self._counted, self._counters()
        return {
            name: None if count is None or before[name] is None else count - int(before[name] or 0)
            for name, count in now.items()
        }

    def use_python(self, path: str) -> None:
        """Has every later module run by this Python of the host."""
        self._lent = True
        self._task_vars = {**self._task_vars, "ansible_python_interpreter": path}

    def _ship(self, path: Path, name: str) -> tuple[str, str]:
        """Sends a file into Ansible's temporary directory of the task; returns that directory and the file's path."""
        if self._counted is None:
            self._counted = self._counters()
        action = self._action
        shell = action._connection._shell
        # Ansible removes its temporary directory when the task ends, whatever happens; a second one would be forgotten.
        temporary = shell.tmpdir or action._make_tmp_path()
        # Never a name twice: a module of an attempt that was ended may still be at work there, and removes its own.
        self._shipped += 1
        archive = shell.join_path(temporary, f"{self._shipped}-{name}")
        action._transfer_file(str(path), archive)
        action._fixup_perms2((temporary, archive))
        return temporary, archive

    def deploy(self, artefact: Artefact, prefix: str, seconds: float, doubted: bool = False) -> dict[str, Any]:
        temporary, archive = self._ship(artefact.archive, "prefix.tar.gz")
        if self._bare:
            directory = self._action._connection._shell.join_path(temporary, artefact.digest)
            fault = self._borrow_python(artefact, archive, directory)
            if fault:
                return fault
        # The connection may be cut when the time is over; what works on the host then ends by itself.
        module, arguments = "faiss_deploy", {"time_limit": math.ceil(seconds), "doubted": doubted}
        if artefact.build:
            module, arguments = artefact.build.module, artefact.build.within(seconds)
        result = self._module(
            module,
            # The attempt's own limit, where it has one, comes first.
            seconds=seconds + MARGIN_SECONDS if seconds else DEPLOY_SECONDS,
            prefix=prefix,
            archive=archive,
            sha256=artefact.sha256,
            min_free_bytes=artefact.unpacked_bytes,
            **arguments,
        )
        kept = self._keep_log(artefact, result)
        if artefact.step and not result.get("failed"):
            brought = self._bring(artefact.step, prefix)
            if brought.get("failed") and result.get("changed"):
                self._module("faiss_deploy", state="absent", prefix=prefix)
            changed = bool(result.get("changed") or brought.get("changed")) and not brought.get("failed")
            result = {**brought, "changed": changed}
        failed = bool(result.get("failed"))
        return {
            "ok": not failed,
            "changed": bool(result.get("changed")),
            "cause": result.get("cause") if failed else None,
            "message": result.get("msg"),
            "remedy": result.get("remedy"),
            "log": _said(result) if failed else None,
            "fault": fault_on_host(result.get("cause"), artefact.is_fetched) if failed else None,
            **kept,
        }

    def _keep_log(self, artefact: Artefact, result: dict[str, Any]) -> dict[str, str]:
        """The whole log of a build on the host goes into a file of the controller; the record names it."""
        log = result.pop("log", None)
        if not artefact.build or not log:
            return {}
        host = re.sub(r"[^\w.-]", "_", str(self._task_vars.get("inventory_hostname", "host")))
        path = artefact.build.logs / f"{artefact.build.module}-{artefact.digest}-{host}.log"
        cache.write(path, redact(log).encode())
        if result.get("failed"):
            result["module_stdout"] = tail(log, LOG_TAIL)
        return {"log_file": str(path)}

    def _borrow_python(self, artefact: Artefact, archive: str, directory: str) -> dict[str, Any] | None:
        """Makes the archive's own Python run the modules; what stood in the way when it cannot."""
        executable = artefact.runtime["argv"][0]
        fault = {"ok": False, "changed": False, "cause": "python_missing", "remedy": evidence.remedy("python_missing")}
        if not executable.startswith("{prefix}/"):
            message = f"This host has no Python that Ansible can use, and {executable} does not come along."
            return {**fault, "message": message}
        script = UNPACK.format(archive=quote(archive), sha256=quote(artefact.sha256), directory=quote(directory))
        done = self._shell(script, "unpacking the archive")
        if done.get("failed"):
            return {**fault, "cause": done["cause"], "message": done["msg"], "remedy": done["remedy"]}
        if done["rc"] != 0:
            said = (done["stderr"] or done["stdout"]).strip()
            cause = "hash_mismatch" if done["rc"] == 71 else evidence.recognised(said)[0] or "unknown"
            return {**fault, "cause": cause, "message": said, "remedy": evidence.remedy(cause)}
        self.use_python(executable.replace("{prefix}", directory))
        return None

    def _bring(self, step: Step, prefix: str) -> dict[str, Any]:
        """What the prefix needs beside it; see Step."""
        shipped = {"archive": self._ship(step.file, "image.tar.gz")[1]} if step.file else {}
        return self._module(step.module, DEPLOY_SECONDS, prefix=prefix, **step.arguments, **shipped)

    def reconnect(self) -> None:
        connection = self._action._connection
        # ssh alone has one line for all calls, held by a process that would have the later ones wait as well. It is not
        # ended, as another run may use it: it goes with its last user, or when the line proves dead.
        if connection.transport == "ssh":
            connection.reset()

    def remove(self, prefix: str, keep: bool = False, cached: dict[str, Any] | None = None) -> dict[str, Any]:
        removed = not keep and prefix not in self._in_use
        strategy = strategies.named(PurePosixPath(prefix).parent.name)
        if removed and strategy and strategy.remover:
            done = self._module(strategy.remover, state="absent", prefix=prefix)
            if done.get("failed"):
                return done  # the prefix stays, for it says what else is to go
        return self._module(
            "faiss_deploy", state="failed", prefix=prefix, keep=keep, cached=cached or {}, in_use=self._in_use
        )

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        if self._bare:
            self.use_python(runtime["argv"][0])
        workload = {**(self._search_test.get("workload") or {}), "figures": figures}
        return self._tests([{"id": candidate, "runtime": runtime}], {**self._search_test, "workload": workload})[0]

    def measure(self, runtimes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Verifications of what is measured for comparison; none on a host where no Python can run the module."""
        if self._bare and not self._lent:
            return []
        return self._tests(runtimes, self._search_test) if runtimes else []

    def _tests(self, runtimes: list[dict[str, Any]], arguments: dict[str, Any]) -> list[dict[str, Any]]:
        """All in one call, one after the other on the host."""
        answer = self.search_test({**arguments, "runtimes": runtimes}, [entry["runtime"] for entry in runtimes])
        if answer.get("failed"):
            # The module itself could not run: what it printed is the finding, whatever FAISS would have done.
            message = answer.get("msg") or answer.get("module_stderr") or "the search test did not answer"
            # Refused before anything was tested: what was asked for is wrong, and nothing was learnt about the host.
            refused = answer["cause"] in (None, "unknown") and not any(
                answer.get(name) for name in ("module_stderr", "module_stdout")
            )
            failed = {"ok": False, **{name: answer[name] for name in ("cause", "remedy")}, "message": message}
            failed["fault"] = "inventory" if refused else "host"
            return [{"candidate": entry["id"], **failed, "runtime": entry["runtime"]} for entry in runtimes]
        pairs = zip(runtimes, answer["results"], strict=True)
        return [{"runtime": entry["runtime"], **test} for entry, test in pairs]

    def search_test(self, options: dict[str, Any], runtimes: list[Runtime]) -> dict[str, Any]:
        """What the module faiss_search_test returns for these options, with verifications in the place of evidence.

        runtimes: what it will test, by which the files are chosen that it needs.
        """
        request = search_call.Request.of(options)
        answer = self._module(
            search_call.MODULE,
            seconds=request.seconds(max(1, len(runtimes))) + MARGIN_SECONDS,
            **request.arguments(runtimes),
        )
        if "results" in answer:
            answer["results"] = request.judged(answer["results"])
        return answer


def _said(result: dict[str, Any]) -> str | None:
    """What a module that failed printed, beside its message."""
    parts = [str(result[name]).strip() for name in ("module_stdout", "module_stderr", "exception") if result.get(name)]
    return "\n".join(part for part in parts if part) or None
