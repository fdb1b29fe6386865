# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Commands of a build end within their time and keep their log."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from faiss_fleet.errors import FleetError
from faiss_fleet.strategies.node.runner import Runner


def test_a_failed_command_tells_its_last_words_and_where_the_log_is(tmp_path: Path, runner: Runner) -> None:
    text = "echo before; echo 'fatal: https://user:hunter2@host/x' ; echo 'error: no such thing'; exit 3"
    with pytest.raises(FleetError, match="sh ended with status 3") as found:
        runner.run(["sh", "-c", text], cwd=tmp_path)
    assert str(runner.log) in str(found.value) and "error: no such thing" in str(found.value)
    assert "hunter2" not in str(found.value) + runner.log.read_text()
    assert "before" in runner.log.read_text()


def test_what_a_command_of_the_controller_says_is_not_said_of_a_host(tmp_path: Path, runner: Runner) -> None:
    text = 'echo "zig: /lib64/libc.so.6: version \\`GLIBC_2.28\' not found (required by zig)"; exit 1'
    with pytest.raises(FleetError) as found:
        runner.run(["sh", "-c", text], cwd=tmp_path)
    assert (found.value.cause, found.value.fault) == ("glibc_too_old", "controller")


def test_the_time_limit_ends_all_that_a_command_started(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "build.log", 0.5)
    began = time.monotonic()
    with pytest.raises(FleetError, match="did not end within") as found:
        runner.run(["sh", "-c", "sleep 30 & wait"], cwd=tmp_path)
    assert found.value.cause == "timeout" and time.monotonic() - began < 10
    with pytest.raises(FleetError):
        runner.run(["sleep", "30"], cwd=tmp_path)
    assert time.monotonic() - began < 10


def test_a_missing_client_is_named(tmp_path: Path, runner: Runner) -> None:
    with pytest.raises(FleetError, match="no-such-client is not installed") as found:
        runner.run(["no-such-client"], cwd=tmp_path)
    assert found.value.cause == "command_missing"
