# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is tested, and which Python of the host runs the test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.plugins.action_calls import Remote, run

NO_PYTHON = {"failed": True, "rc": 127, "msg": "The module failed to execute.", "module_stderr": "python3: not found"}
RUNTIME = {"kind": "python", "argv": ["/opt/ff/wheel/abc/python/bin/python3"], "env": {}, "prefix": "/opt/ff/wheel/abc"}
SETTING = {"setting": "/etc/faiss-fleet/backend.json"}
BANNER = "Authorized use {only}!\r\n"
BEGIN = f"{BANNER}\r\n-- the configuration follows --\r\n"
CONFIGURED = BEGIN + json.dumps({"schema": 1, "backend": "faiss", "runtime": RUNTIME})


def test_a_runtime_is_tested_by_the_module() -> None:
    remote = Remote({"changed": False, "results": []})
    result = run("faiss_search_test", remote, {"runtimes": [{"id": "a", "runtime": RUNTIME}]})
    assert result["results"] == [] and remote.commands == []
    (call,) = remote.modules
    assert call["module_name"] == "faiss_search_test"
    assert call["module_args"]["runtimes"] == [{"id": "a", "runtime": RUNTIME}]


def test_the_python_of_the_configuration_runs_the_test_where_no_other_can() -> None:
    remote = Remote(NO_PYTHON, {"changed": False, "results": []}, said=[CONFIGURED, ""])
    result = run("faiss_search_test", remote, SETTING)
    assert not result.get("failed")
    assert remote.interpreters() == [None, RUNTIME["argv"][0]]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("", id="absent, or of another user"),
        pytest.param(BEGIN + "{", id="no JSON"),
        pytest.param(BEGIN + '{"runtime": null}', id="js"),
        pytest.param(BEGIN + json.dumps({"runtime": {**RUNTIME, "kind": "node"}}), id="a Node"),
    ],
)
def test_no_other_program_is_started_in_place_of_a_python(said: str) -> None:
    remote = Remote(NO_PYTHON, said=[said])
    result = run("faiss_search_test", remote, SETTING)
    assert result["failed"] and result["cause"] and remote.interpreters() == [None]


def test_a_refusal_of_the_module_itself_is_not_tried_again() -> None:
    remote = Remote({"failed": True, "msg": "n is not a number"}, said=[CONFIGURED])
    result: dict[str, Any] = run("faiss_search_test", remote, SETTING)
    assert result["msg"] == "n is not a number" and len(remote.modules) == 1
