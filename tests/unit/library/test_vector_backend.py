# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import json
import os
import sys

import pytest

import library_modules.vector_backend as vector_backend
from ansible.module_utils import basic
from ansible.module_utils.faiss_fleet.errors import AuditError

JS = {"schema": 1, "backend": "js", "provider": "js", "candidate": None, "runtime": None,
      "versions": {}, "policy": "first", "because": "none", "verified": None}
RUNTIME = {"kind": "python", "argv": [sys.executable], "env": {}, "prefix": None}
FAISS = dict(JS, backend="faiss", provider="wheel", candidate="wheel:a", runtime=RUNTIME)
PASSED = [{"candidate": "wheel:a", "ok": True, "runtime": RUNTIME}]


class FakeModule:
    """What run() asks of AnsibleModule, on a host without SELinux."""

    def __init__(self, check_mode=False, **params):
        self.params = dict((name, spec.get("default")) for name, spec in vector_backend.ARGUMENT_SPEC.items())
        self.params["user"] = "root"            # pytest's directories are closed to others
        self.params.update(params)
        self.check_mode = check_mode

    def selinux_enabled(self):
        return False


@pytest.fixture
def path(tmpdir):
    return tmpdir.join("faiss-fleet", "backend.json")


def run(path, **options):
    return vector_backend.run(FakeModule(path=str(path), **options))


def test_it_writes_and_says_what_was_there(path):
    first = run(path, setting=JS)
    assert (first["changed"], first["before"], first["after"]) == (True, None, JS)
    second = run(path, setting=FAISS, passed=PASSED)
    assert (second["changed"], second["before"], second["after"]) == (True, JS, FAISS)
    assert os.path.isdir(second["backup_file"])
    third = run(path, setting=FAISS, passed=PASSED)
    assert (third["changed"], third["backup_file"], third["diff"]) == (False, None, [])


def test_check_mode_foretells_the_real_run_and_changes_nothing(path, tmpdir):
    predicted = run(path, setting=FAISS, passed=PASSED, check_mode=True)
    assert tmpdir.listdir() == []
    real = run(path, setting=FAISS, passed=PASSED)
    assert dict(predicted, backup_file=None) == dict(real, backup_file=None)
    back = run(path, state="restored", check_mode=True)
    assert path.check() and back["changed"] and back["after"] is None
    assert run(path, state="restored")["diff"] == back["diff"]


def test_a_prediction_is_for_check_mode_only(path):
    unknown = dict(FAISS, runtime=None)
    with pytest.raises(AuditError, match="check mode"):
        run(path, setting=unknown, predicted=True)
    assert run(path, setting=unknown, predicted=True, check_mode=True)["after"] == unknown
    assert not path.dirpath().check()


def test_what_did_not_pass_is_refused_in_check_mode_too(path):
    with pytest.raises(AuditError, match="did not pass"):
        run(path, setting=FAISS, check_mode=True)


def test_absent_and_restored_find_nothing_to_do_on_a_fresh_host(path, tmpdir):
    for state in ("absent", "restored"):
        assert run(path, state=state)["changed"] is False
    assert tmpdir.listdir() == []


def test_the_module_itself_fails_with_cause_and_remedy(path, monkeypatch, capsys):
    arguments = {"ANSIBLE_MODULE_ARGS": {"path": str(path), "setting": FAISS}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        vector_backend.main()
    said = json.loads(capsys.readouterr()[0])
    assert said["failed"] and said["cause"] == "not_installed" and said["remedy"] in said["msg"]


def test_the_module_itself_writes(path, monkeypatch, capsys):
    arguments = {"ANSIBLE_MODULE_ARGS": {"path": str(path), "setting": FAISS, "passed": PASSED, "mode": "0600"}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        vector_backend.main()
    said = json.loads(capsys.readouterr()[0])
    assert said["changed"] and said["after"] == FAISS
    assert path.stat().mode & 0o777 == 0o600
