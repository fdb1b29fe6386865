# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The facts come from the module, or from the shell where no Python of the host can run it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from faiss_fleet.artefacts import limits
from tests.unit.plugins.action_calls import ROOT, Remote, plugin, run

PROBE, WITH_PYTHON = (
    (ROOT / "tests" / "fixtures" / "facts" / f"probe-centos7-{name}.txt").read_text(encoding="utf-8")
    for name in ("nopython", "py38")
)
NO_PYTHON = {"failed": True, "rc": 127, "module_stdout": "", "module_stderr": "/bin/sh: python3: not found\n"}
FULL = AnsibleConnectionFailure("Failed to create temporary directory.")
ENDED = AnsibleConnectionFailure('Data could not be sent to remote host "h". Make sure it can be reached over ssh')


def test_what_the_module_read_is_passed_on() -> None:
    remote = Remote({"changed": False, "ansible_facts": {"glibc_facts": {"method": "module"}}})
    assert run("glibc_facts", remote, {})["ansible_facts"] == {"glibc_facts": {"method": "module"}}
    assert remote.commands == []


@pytest.mark.parametrize(
    "answer, reason",
    [
        pytest.param(NO_PYTHON, "/bin/sh: python3: not found", id="no Python"),
        pytest.param(FULL, "temporary directory", id="no room for a module"),
        pytest.param(ENDED, "could not be sent", id="ended before the module was sent"),
    ],
)
def test_where_no_module_runs_the_shell_probe_does(answer: Any, reason: str) -> None:
    remote = Remote(answer, said=[PROBE])
    result = run("glibc_facts", remote, {"prefix": "/srv/ff"})
    facts = result["ansible_facts"]["glibc_facts"]
    assert (facts["method"], facts["libc"]["version"], result["changed"]) == ("raw", "2.17", False)
    assert reason in facts["gaps"][0]["reason"]
    assert "/srv/ff" in remote.commands[0]


def test_a_host_that_is_not_reached_stays_unreachable() -> None:
    with pytest.raises(AnsibleConnectionFailure, match="No route"):
        run("glibc_facts", Remote(AnsibleConnectionFailure("No route to host")), {})
    unreachable = {"failed": True, "unreachable": True, "msg": "gone"}
    assert run("glibc_facts", Remote(unreachable), {})["unreachable"]


def test_a_line_that_was_lost_while_the_module_was_sent_is_lost_where_there_is_a_python() -> None:
    with pytest.raises(AnsibleConnectionFailure, match="could not be sent"):
        run("glibc_facts", Remote(ENDED, said=[WITH_PYTHON]), {})


def test_a_probe_that_says_nothing_is_a_failure_with_a_next_step() -> None:
    result = run("glibc_facts", Remote(NO_PYTHON, said=[""]), {})
    assert result["failed"] and "ansible_facts" not in result
    assert "python3: not found" in result["msg"] and result["remedy"]


@pytest.mark.parametrize(
    "ended, cause",
    [
        pytest.param(limits.OutOfTime, "timeout", id="hangs"),
        pytest.param(limits.TooMuch, "garbage_output", id="prints without end"),
    ],
)
def test_a_probe_that_is_ended_is_a_failure_with_its_cause(ended: type[BaseException], cause: str) -> None:
    class Endless(Remote):
        def shell(self, command: str) -> dict[str, Any]:
            raise ended

    result = run("glibc_facts", Endless(NO_PYTHON), {})
    assert (result["failed"], result["cause"]) == (True, cause) and result["remedy"] in result["msg"]


def test_where_python_prints_without_end_the_shell_may_not() -> None:
    remote = Remote(limits.TooMuch(), said=[PROBE])
    facts = run("glibc_facts", remote, {})["ansible_facts"]["glibc_facts"]
    assert facts["method"] == "raw" and limits.TOO_MUCH in facts["gaps"][0]["reason"]


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match="prefixx"):
        run("glibc_facts", Remote(), {"prefixx": "/opt"})


@pytest.mark.parametrize(
    "answer, word",
    [
        ({"module_stderr": "one\nSyntaxError: odd\nShared connection to h closed.\n", "msg": "no"}, "SyntaxError: odd"),
        ({"module_stdout": "Killed\n"}, "Killed"),
        ({"msg": "no interpreter"}, "no interpreter"),
        ({}, "said nothing"),
    ],
)
def test_the_last_line_of_a_failed_module_is_the_reason(answer: dict[str, Any], word: str) -> None:
    assert plugin("action", "glibc_facts").why(answer).endswith((word, f"{word}."))
