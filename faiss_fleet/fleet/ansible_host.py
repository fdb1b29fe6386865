# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The ladder's host behind Ansible's connection. Knows Ansible only through the action plugin that it is given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from ..artefacts import cache
from ..redact import redact
from ..strategies.base import Artefact, Runtime, Step
from ..strategies.container import lock as container_lock
from ..strategies.container import options as container_options
from ..causes import diagnose as causes

# Checks and unpacks an archive beside itself with what every POSIX host has; prints nothing when all is well.
UNPACK = """
set -eu
archive={archive}
if [ "$(sha256sum "$archive" | cut -d ' ' -f 1)" != {sha256} ]; then
    echo "sha256 of what arrived is not the one that was sent" >&2
    exit 71
fi
mkdir {folder}
cd {folder}
gzip -dc "$archive" | tar -xf -
"""

# Of a build's log, what the record itself holds.
LOG_TAIL = 8000


class RemoteHost:
    """The ladder's host: every method is one module call through Ansible's connection.

    A host without a usable Python has ``bare`` set. There the Python that came along with a prefix runs the modules:
    first from a temporary folder, to put the prefix in place like on any other host, then from the prefix itself.
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
        self._in_use = [path for path in in_use if path]
        self._action = action
        self._task_vars = task_vars
        self._search_test = search_test
        self._bare = bare
        self._shipped = 0
        self._lent = False  # whether a Python that came along runs the modules by now

    def _module(self, name: str, **arguments: Any) -> dict[str, Any]:
        action = self._action
        answer: dict[str, Any] = action._execute_module(
            module_name=name, module_args=arguments, task_vars=self._task_vars
        )
        return answer

    def _use_python(self, path: str) -> None:
        self._lent = True
        self._task_vars = {**self._task_vars, "ansible_python_interpreter": path}

    def _ship(self, path: Path, name: str) -> tuple[str, str]:
        """Sends a file into Ansible's temporary folder of the task; returns that folder and the file's path."""
        action = self._action
        shell = action._connection._shell
        # Ansible removes its temporary folder when the task ends, whatever happens; a second one would be forgotten.
        temporary = shell.tmpdir or action._make_tmp_path()
        # Never a name twice: a module of an attempt that was ended may still be at work there, and takes away its own.
        self._shipped += 1
        archive = shell.join_path(temporary, f"{self._shipped}-{name}")
        action._transfer_file(str(path), archive)
        action._fixup_perms2((temporary, archive))
        return temporary, archive

    def deploy(self, artefact: Artefact, prefix: str, seconds: float) -> dict[str, Any]:
        temporary, archive = self._ship(artefact.archive, "prefix.tar.gz")
        if self._bare:
            folder = self._action._connection._shell.join_path(temporary, artefact.digest)
            fault = self._borrow_python(artefact, archive, folder)
            if fault:
                return fault
        # The connection may be cut when the time is over; what works on the host then ends by itself.
        module, arguments = "faiss_deploy", {"time_limit": math.ceil(seconds)}
        if artefact.build:
            module, arguments = artefact.build.module, artefact.build.within(seconds)
        result = self._module(
            module,
            prefix=prefix,
            archive=archive,
            sha256=artefact.sha256,
            digest=artefact.digest,
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
            "cause": (result.get("cause") or "unknown") if failed else None,
            "message": result.get("msg"),
            "remedy": result.get("remedy"),
            "log": _said(result) if failed else None,
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
            result["module_stdout"] = log[-LOG_TAIL:]
        return {"log_file": str(path)}

    def _borrow_python(self, artefact: Artefact, archive: str, folder: str) -> dict[str, Any] | None:
        """Makes the archive's own Python run the modules; what stood in the way when it cannot."""
        executable = artefact.runtime["argv"][0]
        fault = {"ok": False, "changed": False, "cause": "python_missing", "remedy": causes.remedy("python_missing")}
        if not executable.startswith("{prefix}/"):
            message = f"This host has no Python that Ansible can use, and {executable} does not come along."
            return {**fault, "message": message}
        script = UNPACK.format(archive=quote(archive), sha256=quote(artefact.sha256), folder=quote(folder))
        done = self._action._low_level_execute_command(script, executable="/bin/sh")
        if done["rc"] != 0:
            said = (done["stderr"] or done["stdout"]).strip()
            found = causes.diagnose(said)
            cause = "hash_mismatch" if done["rc"] == 71 else found[0]["cause"] if found else "unknown"
            return {**fault, "cause": cause, "message": said, "remedy": causes.remedy(cause)}
        self._use_python(executable.replace("{prefix}", folder))
        return None

    def _bring(self, step: Step, prefix: str) -> dict[str, Any]:
        """What the prefix needs beside it; see Step."""
        shipped = {"archive": self._ship(step.file, "image.tar.gz")[1]} if step.file else {}
        return self._module(step.module, prefix=prefix, **step.arguments, **shipped)

    def reconnect(self) -> None:
        connection = self._action._connection
        # ssh alone has one line for all calls, held by a process that would have the later ones wait as well. It is not
        # ended, as another run may use it: it goes with its last user, or when the line proves dead.
        if connection.transport == "ssh":
            connection.reset()

    def remove(self, prefix: str, keep: bool = False, memo: dict[str, Any] | None = None) -> dict[str, Any]:
        removed = not keep and prefix not in self._in_use
        if removed and PurePosixPath(prefix).parent.name == container_options.STRATEGY:
            done = self._module(container_lock.MODULE, state="absent", prefix=prefix)
            if done.get("failed"):
                return done  # the prefix stays, for it says which image is to go
        return self._module(
            "faiss_deploy", state="failed", prefix=prefix, keep=keep, memo=memo or {}, in_use=self._in_use
        )

    def verify(self, candidate: str, runtime: Runtime, figures: bool) -> dict[str, Any]:
        if self._bare:
            self._use_python(runtime["argv"][0])
        workload = {**(self._search_test.get("workload") or {}), "figures": figures}
        return self._test(candidate, runtime, {**self._search_test, "workload": workload})

    def measure(self, runtimes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Verifications of what is measured for comparison; none on a host where no Python can run the module."""
        if self._bare and not self._lent:
            return []
        return self._tests(runtimes, self._search_test) if runtimes else []

    def _test(self, candidate: str, runtime: Runtime, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._tests([{"id": candidate, "runtime": runtime}], arguments)[0]

    def _tests(self, runtimes: list[dict[str, Any]], arguments: dict[str, Any]) -> list[dict[str, Any]]:
        """All in one call, one after the other on the host."""
        result = self._module("faiss_search_test", runtimes=runtimes, **arguments)
        if result.get("failed"):
            # The module itself could not run: what it printed is the finding, whatever FAISS would have done.
            message = result.get("msg") or result.get("module_stderr") or "the search test did not answer"
            cause = result.get("cause") or "unknown"
            failed = {"ok": False, "cause": cause, "message": message}
            return [{"candidate": entry["id"], **failed, "runtime": entry["runtime"]} for entry in runtimes]
        return [
            {"runtime": entry["runtime"], **found} for entry, found in zip(runtimes, result["results"], strict=True)
        ]


def _said(result: dict[str, Any]) -> str | None:
    """What a module that failed printed, beside its message."""
    parts = [str(result[name]).strip() for name in ("module_stdout", "module_stderr", "exception") if result.get(name)]
    return "\n".join(part for part in parts if part) or None
