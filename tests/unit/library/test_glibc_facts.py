# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The module is a doorway: it hands its parameters over and what comes back out, and changes nothing."""

from __future__ import absolute_import, division, print_function

import json

import pytest
from library_modules import glibc_facts


class Exit(Exception):
    pass


class Module:
    params = {
        "prefix": "/opt/x",
        "setting": "/etc/x/y",
        "interpreters": ["/srv/python"],
        "search_paths": [],
        "timeout": 3,
    }

    def __init__(self, argument_spec, supports_check_mode):
        assert argument_spec is glibc_facts.ARGUMENT_SPEC
        assert supports_check_mode

    def exit_json(self, **result):
        raise Exit(result)


def test_parameters_reach_the_host_and_facts_come_back(monkeypatch):
    seen = []

    def gather(host, options):
        seen.append((host.timeout, options))
        return {"method": "module"}

    monkeypatch.setattr(glibc_facts, "AnsibleModule", Module)
    monkeypatch.setattr(glibc_facts.facts, "gather", gather)
    with pytest.raises(Exit) as caught:
        glibc_facts.main()
    assert caught.value.args[0] == {"changed": False, "ansible_facts": {"glibc_facts": {"method": "module"}}}
    assert seen == [(3, Module.params)]


def test_a_real_look_is_plain_json(monkeypatch):
    monkeypatch.setattr(glibc_facts, "AnsibleModule", Module)
    with pytest.raises(Exit) as caught:
        glibc_facts.main()
    found = json.loads(json.dumps(caught.value.args[0]))["ansible_facts"]["glibc_facts"]
    assert found["libc"]["answers"]
    assert found["filesystems"][0]["path"] == "/opt/x"
    assert [one["path"] for one in found["pythons"] if one["named"]] == ["/srv/python"]
