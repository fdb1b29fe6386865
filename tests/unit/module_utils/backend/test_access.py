# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Who can use a backend configuration: directories, files and programs with the modes that hosts have."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

import pytest

from ansible.module_utils.faiss_fleet import trust
from ansible.module_utils.faiss_fleet.backend import access
from ansible.module_utils.faiss_fleet.backend import write as store
from ansible.module_utils.faiss_fleet.errors import AuditError

OTHER = 54321
APPLICATION = trust.Reader("app", OTHER, frozenset([OTHER]))


@pytest.fixture
def base(tmpdir, monkeypatch):
    """A directory whose parents, which pytest keeps from others, are left out of the judgement."""
    if os.geteuid() != 0:
        pytest.fail("Giving files to another user needs root. Run the tests as root.")
    chain = trust.chain
    closed = trust.closed

    def within(path, who, bits):
        inner = [step for step in chain(path) if step[0].startswith(str(tmpdir) + "/")]
        return closed(path, who, bits, lambda _path: inner)

    monkeypatch.setattr(trust, "closed", within)
    tmpdir.ensure("opt/fleet/bin/python").chmod(0o755)
    return tmpdir


def plan(base, wish=store.AS_IS):
    prefix = str(base.join("opt/fleet"))
    runtime = {"kind": "python", "argv": [prefix + "/bin/python"], "env": {"PYTHONPATH": prefix}, "prefix": prefix}
    wanted = {"schema": 1, "backend": "faiss", "provider": "wheel", "candidate": "wheel:a", "runtime": runtime,
              "versions": {}, "policy": "first", "because": "none", "verified": None}
    passed = [{"candidate": "wheel:a", "ok": True, "runtime": runtime}]
    return store.plan_set(str(base.join("etc/fleet/backend.json")), wanted, passed=passed, wish=wish)


def test_what_is_made_here_is_open_to_everybody(base):
    access.check(plan(base), trust.ANYBODY)


@pytest.mark.parametrize("closed", ["etc/fleet", "opt", "opt/fleet", "opt/fleet/bin"])
def test_directory_made_beforehand_for_root_alone_is_refused_with_its_name(base, closed):
    base.ensure(closed, dir=True).chmod(0o700)
    for who in (trust.ANYBODY, APPLICATION):
        with pytest.raises(AuditError) as failure:
            access.check(plan(base), who)
        assert failure.value.cause == "permission_denied" and str(base.join(closed)) in failure.value.remedy
    os.chown(str(base.join(closed)), OTHER, 0)
    access.check(plan(base), APPLICATION)


def test_program_that_may_not_be_started_is_refused(base):
    base.join("opt/fleet/bin/python").chmod(0o744)
    with pytest.raises(AuditError, match="bin/python has mode 0744"):
        access.check(plan(base), trust.ANYBODY)


def test_configuration_that_keeps_a_closed_mode_is_refused(base):
    base.ensure("etc/fleet/backend.json").chmod(0o600)
    with pytest.raises(AuditError, match="vector_backend__mode"):
        access.check(plan(base), trust.ANYBODY)
    access.check(plan(base, store.Wish(0o644, None, None)), trust.ANYBODY)
    access.check(plan(base, store.Wish(0o640, None, OTHER)), APPLICATION)


@pytest.mark.parametrize("wish, euid, expected", [
    (store.AS_IS, 0, trust.ANYBODY),
    (store.AS_IS, 1000, None),
    (store.Wish(0o600, None, None), 0, None),
    (store.Wish(0o644, None, None), 0, trust.ANYBODY),
    (store.Wish(0o640, None, OTHER), 0, trust.Reader("the group id %d" % OTHER, None, frozenset([OTHER]))),
    (store.Wish(0o600, OTHER, None), 0, trust.Reader("user id %d" % OTHER, OTHER, frozenset())),
])
def test_who_will_use_it(wish, euid, expected):
    assert access.reader(None, wish, lambda: euid) == expected


def test_user_who_is_named_comes_first_and_must_be_known():
    assert access.reader("root", store.Wish(None, None, OTHER)).uid == 0
    with pytest.raises(AuditError, match="vector_backend__user"):
        access.reader("nobody-of-this-name", store.AS_IS)
