# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is shown of a run while it goes on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from faiss_fleet.cli import live
from faiss_fleet.cli.live import Display, Panel
from faiss_fleet.cli.progress import Progress
from tests.unit.faiss_fleet.cli.events import event, native


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


def test_where_nothing_is_renewed_a_line_tells_of_the_whole_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    progress, out = Progress(0), io.StringIO()
    progress.due = 2
    display = Display(Console(file=out, width=100), progress)
    display.tick()
    assert out.getvalue() == ""
    now[0] += live.PAUSE
    display.tick()
    assert out.getvalue().startswith("0 of 2 hosts: 0 native, 0 fallback")
    display.tick()
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize("hosts, shown", [(live.EACH, True), (live.EACH + 1, False)])
def test_of_a_large_fleet_only_hosts_in_need_have_a_line(hosts: int, shown: bool) -> None:
    progress, out = Progress(0), io.StringIO()
    progress.due = hosts
    display = Display(Console(file=out, width=200), progress)
    for name, sort in (("good", native("good")), ("gone", event("unreachable", "gone", "glibc_facts", res={}))):
        verdict = progress.see(sort, 1)
        assert verdict is not None, name
        display.verdict(verdict)
    assert ("good" in out.getvalue()) == shown and "gone" in out.getvalue()


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
