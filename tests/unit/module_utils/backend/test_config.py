# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import subprocess

import pytest

from ansible.module_utils.faiss_fleet.backend import config as setting
from ansible.module_utils.faiss_fleet.errors import AuditError
from .configurations import JS, faiss


# What a setting is


@pytest.mark.parametrize("data", [
    pytest.param(setting.text(JS)[:40], id="truncated"),
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff\xfe", id="not UTF-8"),
    pytest.param(b"[1]", id="a list"),
    pytest.param(b'{"schema": 2}', id="another schema"),
    pytest.param(b'{"schema": 1, "backend": "rm"}', id="another backend"),
    pytest.param(b'{"schema": 1, "backend": "faiss"}', id="no runtime"),
    pytest.param(b'{"schema": 1, "backend": "faiss", "runtime": {"argv": [1], "env": {}}}', id="argv of numbers"),
    pytest.param(b'{"schema": 1, "backend": "faiss", "runtime": {"argv": ["/x"], "env": {"A": 1}}}', id="env of ints"),
    pytest.param(b"[" * 200000, id="nested deep"),
])
def test_what_is_no_setting_says_why(data):
    found, problem = setting.parse(data)
    assert found is None and problem


def test_a_setting_survives_its_own_text():
    assert setting.parse(setting.text(faiss())) == (faiss(), None)


def test_the_evidence_alone_is_no_difference():
    assert setting.same(faiss(at="2026-01-01T00:00:00Z"), faiss(at="2027-01-01T00:00:00Z"))
    assert not setting.same(faiss(), faiss(candidate="wheel:b"))


@pytest.mark.parametrize("value", [
    "/opt/a b", "/opt/a\"b", "/opt/$HOME", "/opt/`id`", "/opt/a\\b", "/opt/a'b", "/x;id", u"/opt/\u00fc",
])
def test_a_shell_reads_back_what_the_environment_file_says(tmpdir, value):
    wanted = faiss(argv=value, prefix=value, PYTHONPATH=value)
    file = tmpdir.join("backend.env")
    file.write_binary(setting.env_text(wanted, "/etc/faiss-fleet/backend.json"))
    script = '. "$1"; printf %s "$FAISS_FLEET_PYTHON|$FAISS_FLEET_PREFIX|$FAISS_FLEET_PYTHONPATH"'
    said = subprocess.check_output(["sh", "-c", script, "sh", str(file)], env={"PATH": "/usr/bin:/bin"})
    assert said.decode("utf-8").split("|") == [value] * 3


@pytest.mark.parametrize("value", [
    "/opt/a\nFAISS_FLEET_BACKEND=js", "/opt/\r", "/opt/\x00", "/opt/\x1b[0m", u"/opt/\x85", u"/opt/\u2028",
])
def test_line_breaks_and_control_characters_are_refused(value):
    with pytest.raises(AuditError, match="line break"):
        setting.env_text(faiss(prefix=value), "/etc/faiss-fleet/backend.json")


def test_every_name_is_in_the_environment_file_also_for_the_fallback():
    lines = setting.env_text(JS, "/etc/faiss-fleet/backend.json").decode().splitlines()[1:]
    assert lines == [
        "FAISS_FLEET_BACKEND=js", "FAISS_FLEET_PROVIDER=js", "FAISS_FLEET_SETTING=/etc/faiss-fleet/backend.json",
        "FAISS_FLEET_PYTHON=", "FAISS_FLEET_PREFIX=", "FAISS_FLEET_PYTHONPATH=",
    ]


def test_a_socket_is_passed_on_and_none_changes_nothing():
    text = setting.env_text(dict(faiss(), socket="/run/app/faiss.sock"), "/etc/faiss-fleet/backend.json")
    assert text.endswith(b"\nFAISS_FLEET_SOCKET=/run/app/faiss.sock\n")
    assert text.startswith(setting.env_text(faiss(), "/etc/faiss-fleet/backend.json"))
    assert setting.parse(setting.text(dict(faiss(), socket=5)))[0] is None
    assert not setting.same(faiss(), dict(faiss(), socket="/run/app/faiss.sock"))


def test_a_node_has_variables_of_its_own_and_nobody_else_has_them():
    runtime = {"kind": "node", "argv": ["/opt/node 16/bin/node"], "env": {"NODE_PATH": "/opt/p/node_modules"},
               "prefix": "/opt/p"}
    lines = setting.env_text(dict(faiss(), runtime=runtime), "/etc/faiss-fleet/backend.json").decode().splitlines()
    assert lines[-2:] == ['FAISS_FLEET_NODE="/opt/node 16/bin/node"', "NODE_PATH=/opt/p/node_modules"]
    assert "FAISS_FLEET_PYTHON=" in lines
    assert b"NODE" not in setting.env_text(faiss(), "/etc/faiss-fleet/backend.json")
    assert b"NODE" not in setting.env_text(JS, "/etc/faiss-fleet/backend.json")


@pytest.mark.parametrize("path", ["backend.json", "/etc/x/../backend.json", "/etc/backend", "/etc/a\nb.json", ""])
def test_paths_that_cannot_be_a_setting_are_refused(path):
    with pytest.raises(AuditError, match="absolute path"):
        setting.check_path(path)
