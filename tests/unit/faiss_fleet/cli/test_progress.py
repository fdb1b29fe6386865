# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the live display says of a run, told from events; and that plain lines carry no host's control characters."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from faiss_fleet.cli import launch
from faiss_fleet.cli.live import Display, Panel
from faiss_fleet.cli.progress import Progress, clock


def event(kind: str, host: str, action: str, **more: Any) -> dict[str, Any]:
    return {"event": f"runner_on_{kind}", "event_data": {"host": host, "task_action": action, **more}}


def native(host: str) -> dict[str, Any]:
    return event("ok", host, "vector_backend", res={"decision": {"backend": "faiss", "provider": "wheel"}})


def test_hosts_are_counted_by_stage_and_verdict() -> None:
    progress = Progress(0)
    progress.due = 6
    for host in "abcd":
        progress.see(event("start", host, "glibc_facts"), 1)
    progress.see(event("start", "a", "faiss.fleet.vector_backend"), 4)
    progress.see(native("a"), 5)
    progress.see(event("start", "b", "faiss_install"), 6)
    progress.see(event("failed", "c", "faiss_install", res={"msg": "no room"}), 7)
    progress.see(event("unreachable", "d", "glibc_facts", res={"msg": "timed out"}), 8)
    assert progress.stages() == {"waiting": 2, "probe": 0, "install and test": 1, "set": 0, "done": 3}
    assert progress.verdicts == {"native": 1, "failed": 1, "unreachable": 1}
    assert progress.slowest(10) == [("b", "install and test", 9)]
    assert progress.remaining(9) == pytest.approx(9.0)


def test_too_early_to_tell_what_is_left() -> None:
    progress = Progress(0)
    progress.due = 100
    progress.see(native("a"), 5)
    assert progress.remaining(6) is None
    assert clock(None) == "?"
    assert (clock(65), clock(3723)) == ("1:05", "1:02:03")


def test_a_rescue_that_leads_to_a_verdict_replaces_the_failure() -> None:
    progress = Progress(0)
    progress.see(event("failed", "a", "faiss_install", res={}), 1)
    verdict = progress.see(native("a"), 2)
    assert verdict is not None
    assert +progress.verdicts == {"native": 1}


def test_an_ignored_failure_and_other_tasks_are_no_verdict() -> None:
    progress = Progress(0)
    assert progress.see(event("failed", "a", "command", ignore_errors=True), 1) is None
    assert progress.see(event("ok", "a", "set_fact", res={}), 1) is None
    assert progress.see({"event": "verbose", "stdout": "x"}, 1) is None
    assert progress.done == 0


def test_a_refusal_of_the_run_is_no_hosts_failure() -> None:
    progress = Progress(0)
    progress.see(event("failed", "a", "fleet_preflight", res={"msg": "the inventory is empty"}), 1)
    assert progress.errors == ["the inventory is empty"]
    assert progress.done == 0


@pytest.mark.parametrize("terminal", [False, True])
def test_a_hosts_text_does_not_steer_the_terminal(terminal: bool) -> None:
    progress, out = Progress(0), io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None, legacy_windows=False)
    display = Display(console, progress)
    hostile = event("unreachable", "web\x1b]0;x\x07", "glibc_facts", res={"msg": "\x1b[2J[red]gone[/red]\nnext"})
    progress.see(event("start", "slow\x1b[2J", "glibc_facts"), 1)
    verdict = progress.see(hostile, 2)
    assert verdict is not None
    display.verdict(verdict)
    console.print(Panel(progress))
    assert "\x1b[2J" not in out.getvalue()
    assert "\x1b]0" not in out.getvalue()
    assert "[red]gone[/red]" in out.getvalue()
    assert "Longest at work" in out.getvalue()


def test_paths_of_the_user_are_made_absolute(tmp_path: Any) -> None:
    (tmp_path / "hosts.yml").touch()
    (tmp_path / "vars.yml").touch()
    found = launch.arguments(
        ["hosts.yml", "a,b,", "inventory/local"], "web", True, False, ["@vars.yml", "x=1"], ["-f", "40"], tmp_path
    )
    assert found == [
        *("-i", str(tmp_path / "hosts.yml"), "-i", "a,b,", "-i", "inventory/local", "--limit", "web", "--check"),
        *("-e", f"@{tmp_path}/vars.yml", "-e", "x=1", "-f", "40"),
    ]


def test_passwords_are_asked_for_before_the_display() -> None:
    asked: list[str] = []
    answers = launch.asked_passwords(["-f", "5", "-kK"], lambda text: asked.append(text) or "s3cret")  # type: ignore[func-returns-value]
    assert asked == ["SSH password: ", "BECOME password: "]
    assert set(answers.values()) == {"s3cret"}
    assert launch.asked_passwords(["--check"], lambda text: "") == {}


def test_last_lines_are_plain() -> None:
    assert launch.last_lines("\x1b[0;31mERROR! no\x1b[0m\n\n") == "ERROR! no"


def test_a_mistyped_option_is_named_and_not_the_usage() -> None:
    error = "ansible-playbook: error: unrecognized arguments: --chek"
    assert launch.last_lines(f"usage: ansible-playbook [-h]\n{error}\n \n" + "  --an-option\n" * 90) == error


def test_plain_lines_begin_with_the_first_host_and_claim_no_time_that_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    progress, out, now = Progress(0), io.StringIO(), [100.0]
    monkeypatch.setattr("faiss_fleet.cli.live.time.monotonic", lambda: now[0])
    display = Display(Console(file=out, width=200), progress)
    now[0] += 60
    display.tick()
    assert out.getvalue() == ""
    progress.due = 5
    display.tick()
    assert out.getvalue().startswith("0 of 5 hosts: ") and out.getvalue().endswith("; time left not known yet\n")
