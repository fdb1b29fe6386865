# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The module runs on the host's Python, else on the one that FAISS brought, else there is nothing to undo."""

from __future__ import annotations

import pytest

from tests.unit.plugins.action_calls import Remote, run

NO_PYTHON = {"failed": True, "rc": 127, "msg": "The module failed to execute."}
DONE = {"changed": True, "removed": ["/opt/faiss-fleet/wheel/abc"], "did": ["removed"]}
BUNDLED = "/opt/my ff/wheel/abc/python/bin/python3"
BANNER = "Authorized use only!\r\n"


def test_what_the_module_did_is_passed_on() -> None:
    remote = Remote(DONE)
    assert run("faiss_rollback", remote, {}) == DONE
    assert remote.commands == []


def test_without_a_python_of_the_host_the_bundled_one_runs_it() -> None:
    remote = Remote(NO_PYTHON, DONE, said=[f"{BANNER}{BUNDLED}\r\n"])
    assert run("faiss_rollback", remote, {"prefix": "/opt/my ff"})["changed"]
    assert remote.interpreters() == [None, BUNDLED]
    assert "'/opt/my ff'/*/*/python/bin/python3" in remote.commands[0]


def test_without_any_python_nothing_was_ever_installed() -> None:
    remote = Remote(NO_PYTHON, said=[BANNER])
    result = run("faiss_rollback", remote, {"path": "/etc/x.json"})
    assert (result["changed"], result["removed"], result["path"]) == (False, [], "/etc/x.json")
    assert "nothing was ever installed" in result["did"][0] and "failed" not in result


@pytest.mark.parametrize("failure", [{"failed": True, "msg": "read-only"}, {"failed": True, "rc": 1, "msg": "no"}])
def test_a_failure_of_the_module_itself_stays_one(failure: dict[str, object]) -> None:
    remote = Remote(failure)
    assert run("faiss_rollback", remote, {})["failed"]
    assert len(remote.modules) == 1 and remote.commands == []


def test_root_starts_no_bundled_python_that_another_user_could_have_put_there() -> None:
    remote = Remote(NO_PYTHON, said=[f"{BUNDLED}\n"])
    remote.untrusted = "/opt/my ff belongs to uid 1000\n"
    result = run("faiss_rollback", remote, {"prefix": "/opt/my ff"})
    assert result["failed"] and "since /opt/my ff belongs to uid 1000. Nothing was changed." in result["msg"]
    assert len(remote.modules) == 1
