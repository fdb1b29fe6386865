# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from faiss_fleet.artefacts import limits
from faiss_fleet.fleet import ansible_host
from faiss_fleet.fleet.ansible_host import RemoteHost
from faiss_fleet.strategies.base import Artefact, HostBuild, Step

RUNTIME: Any = {"kind": "python", "argv": ["/opt/p/bin/python3"], "env": {}, "prefix": "/opt/p"}


class Action:
    """An action plugin whose modules return what a test says, and whose shell is this machine's."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.calls, self.resets = answer, [], 0  # type: ignore[var-annotated]
        self._connection = SimpleNamespace(transport="ssh", reset=self.reset, _shell=SimpleNamespace(tmpdir="/tmp/a"))

    def reset(self) -> None:
        self.resets += 1

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        self.calls.append((module_name, module_args, task_vars))
        return self.answer() if callable(self.answer) else dict(self.answer)

    def _low_level_execute_command(self, script: str, executable: str) -> dict[str, Any]:
        done = subprocess.run([executable, "-c", script], capture_output=True, text=True, check=False)
        return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def host(answer: Any, **options: Any) -> tuple[RemoteHost, Action]:
    action = Action(answer)
    return RemoteHost(action, {}, options, bare=False), action


def hang() -> dict[str, Any]:
    time.sleep(30)
    return {}


def test_a_call_that_hangs_is_a_timeout_and_its_connection_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ansible_host, "CALL_SECONDS", 0.2)
    remote, action = host(hang)
    started = time.monotonic()
    done = remote.remove("/opt/faiss-fleet/wheel/x")
    assert (done["failed"], done["cause"]) == (True, "timeout") and done["remedy"]
    assert action.resets == 1 and time.monotonic() - started < 10


def test_a_search_test_that_hangs_is_a_failed_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ansible_host, "MARGIN_SECONDS", -0.8)
    remote, _action = host(hang, timeout=1)
    found = remote.verify("c", RUNTIME, figures=False)
    assert (found["ok"], found["cause"], found["candidate"]) == (False, "timeout", "c")


def test_the_limit_of_the_whole_attempt_is_not_taken_for_the_calls_own() -> None:
    remote, _action = host(hang)
    with pytest.raises(limits.OutOfTime), limits.within(0.2):
        remote.remove("/opt/faiss-fleet/wheel/x")


@pytest.mark.parametrize(
    "before, cause",
    [(None, "killed"), ({"cgroup": None, "host": -1}, "out_of_memory"), ({"cgroup": 10**9, "host": 10**9}, "killed")],
)
def test_a_killed_module_is_out_of_memory_only_where_a_counter_rose(
    before: Any, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote, _action = host({"failed": True, "rc": 137, "msg": "MODULE FAILURE", "module_stderr": "Killed"})
    monkeypatch.setattr(remote, "_counters", lambda: {"cgroup": None, "host": 0})
    remote._counted = before
    if before and before["cgroup"]:
        monkeypatch.setattr(remote, "_counters", lambda: before)
    assert remote.remove("/opt/x")["cause"] == cause


def test_the_kernels_counters_are_read_by_a_shell() -> None:
    remote, _action = host({})
    counts = remote._counters()
    expected = [line for line in Path("/proc/vmstat").read_text().splitlines() if line.startswith("oom_kill ")]
    assert (counts["host"] is not None) == bool(expected)


@pytest.mark.parametrize("figures, sent", [(True, True), (False, False)])
def test_files_are_sent_with_a_full_test_alone(figures: bool, sent: bool) -> None:
    error = {"errno": "ENOENT", "message": "/opt/p/bin/python3: No such file or directory"}
    outcome = {"start_error": error, "timed_out": False, "exit_code": None, "signal": None, "log": "", "seconds": 0.1}
    said = {"stage": None, "index": None, "found": {}, "failed": None, "garbage": "", "garbage_bytes": 0}
    seen = {"outcome": {**outcome, "log_dropped": 0, "stuck": False}, "said": said, "oom_kills": None}
    result = {"candidate": "c", "runtime": RUNTIME, "figures": figures, "evidence": seen}
    remote, action = host({"results": [result]})
    found = remote.verify("c", RUNTIME, figures)
    assert (found["ok"], found["cause"]) == (False, "python_missing") and "evidence" not in found
    ((_name, arguments, _variables),) = action.calls
    assert ("files" in arguments) is sent


@pytest.mark.parametrize(
    "said, cause, fault",
    [
        ("reading manifest sha256:ab in registry.example/faiss: manifest unknown", "image_missing", "inventory"),
        ("toomanyrequests: You have reached your pull rate limit.", "image_rate_limit", "inventory"),
        ("x509: certificate signed by unknown authority", "tls", "inventory"),
        ("received unexpected HTTP status: 503 Service Unavailable", "network", "inventory"),
        ("writing blob: no space left on device", "disk_full", "host"),
        ("no image found in manifest list for architecture arm64", "arch_mismatch", "host"),
    ],
)
def test_an_image_that_no_registry_gives_says_nothing_of_the_host(
    said: str, cause: str, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def pull() -> dict[str, Any]:
        wants_image = action.calls[-1][0] == "faiss_container"
        return {"failed": True, "said": said, "msg": said, "cause": "unknown"} if wants_image else {"changed": True}

    remote, action = host(pull)
    monkeypatch.setattr(remote, "_ship", lambda path, name: ("/tmp/a", "/tmp/a/prefix.tar.gz"))
    step = Step("faiss_container", {"engine": "/usr/bin/podman", "reference": "registry.example/faiss@sha256:ab"}, None)
    artefact = Artefact(tmp_path, "ab", "abc", 1, RUNTIME, {}, step=step)
    done = remote.deploy(artefact, "/opt/p", 0)
    assert (done["ok"], done["changed"], done["cause"], done["fault"]) == (False, False, cause, fault)


@pytest.mark.parametrize("fetches, fault", [(True, "inventory"), (False, "host")])
def test_a_channel_that_is_away_is_no_finding_about_a_host_that_fetches_from_it(
    fetches: bool, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = "CondaHTTPError: HTTP 429 TOO MANY REQUESTS for url <https://channel.example/x>"
    remote, _action = host({"failed": True, "said": said, "msg": said, "cause": "unknown"})
    monkeypatch.setattr(remote, "_ship", lambda path, name: ("/tmp/a", "/tmp/a/prefix.tar.gz"))
    build = HostBuild("faiss_conda_create", {"timeout": 60}, tmp_path, fetches=fetches)
    done = remote.deploy(Artefact(tmp_path, "ab", "abc", 1, RUNTIME, {}, build=build), "/opt/p", 0)
    assert (done["cause"], done["fault"]) == ("conda_network", fault)
