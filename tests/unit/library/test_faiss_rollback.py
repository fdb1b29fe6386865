# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import json
import os
import shutil
import sys

import pytest

import library_modules.faiss_rollback as faiss_rollback
from ansible.module_utils.faiss_fleet.prefix import install as prefix_place
from ansible.module_utils.faiss_fleet.backend import references as setting_names, write as setting_store
from ansible.module_utils.faiss_fleet.locks import HostLock

from tests import needs

JS = {"schema": 1, "backend": "js", "provider": "js", "candidate": None, "runtime": None,
      "versions": {}, "policy": "first", "because": "none", "verified": None}


class Host:
    """Directories of a host, filled the way that an audit fills them."""

    def __init__(self, root):
        self.root = root
        self.path = root.ensure("etc", dir=True).join("faiss-fleet", "backend.json")
        self.base = root.ensure("opt", dir=True).join("faiss-fleet")

    def deploy(self, strategy, digest):
        prefix = self.base.join(strategy, digest)
        prefix_place.make_parents(str(prefix.dirpath()))
        prefix.ensure("bin", "python").write("x")
        prefix.join("manifest.json").write(json.dumps(
            {"schema": 1, "strategy": strategy, "digest": digest, "lock": {}, "files": 1, "unpacked_bytes": 1}))
        return str(prefix)

    def set(self, candidate, prefix=None):
        wanted = JS
        if candidate:
            runtime = {"kind": "python", "argv": [sys.executable], "env": {}, "prefix": prefix}
            wanted = dict(JS, backend="faiss", provider="wheel", candidate=candidate, runtime=runtime)
        passed = [{"candidate": candidate, "ok": True}]
        setting_store.apply(lambda: setting_store.plan_set(str(self.path), wanted, passed=passed))

    def back(self, check_mode=False, **options):
        params = {"path": str(self.path), "prefix": str(self.base), "to": "previous", "lock_timeout": 0}
        params.update(options)
        return faiss_rollback.roll_back(params, check_mode, None)

    def tree(self):
        return sorted(str(path) for path in self.root.visit())


@pytest.fixture
def host(tmpdir):
    return Host(tmpdir)


def test_a_host_that_had_no_setting_is_left_as_it_was_found(host):
    before = host.tree()
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    result = host.back()
    assert host.tree() == before
    assert result["changed"] and result["after"] is None and len(result["removed"]) == 1
    again = host.back()
    assert (again["changed"], again["removed"], host.tree()) == (False, [], before)


def test_what_the_setting_from_before_names_stays(host):
    old, new = host.deploy("wheel", "0123456789ab"), host.deploy("wheel", "ba9876543210")
    host.set("wheel:old", old)
    host.set("wheel:new", new)
    result = host.back()
    assert (result["removed"], result["kept"]) == ([new], [old])
    assert os.path.isdir(old) and not os.path.exists(new)
    assert host.back()["changed"] is False


def test_check_mode_foretells_and_changes_nothing(host):
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    before = host.tree()
    predicted = host.back(check_mode=True)
    assert host.tree() == before
    assert host.back() == predicted


def test_what_has_no_manifest_of_ours_stays(host):
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    mine = host.base.join("wheel", "aaaaaaaaaaaa").ensure("data")
    other = host.base.join("wheel", "notes").ensure("data")
    link = host.base.join("wheel", "bbbbbbbbbbbb")
    link.mksymlinkto(host.root.join("etc"))
    host.back()
    assert mine.check() and other.check() and link.islink()


def test_a_base_that_was_there_before_stays(host):
    host.base.ensure(dir=True)
    before = host.tree()
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    host.back()
    assert host.tree() == before


def test_half_built_folders_go_unless_their_maker_is_at_work(host):
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    dead = host.base.join("wheel", "0123456789ab.partial-1").ensure("x")
    busy = host.base.join("wheel", "cccccccccccc.partial-2").ensure("x")
    with HostLock(str(host.base.join("wheel", ".cccccccccccc.lock")), u"someone"):
        host.back()
    assert not dead.check() and busy.check()


def test_a_foreign_setting_from_before_keeps_what_it_names(host):
    prefix = host.deploy("wheel", "0123456789ab")
    host.path.dirpath().ensure(dir=True)
    host.path.write("mine: %s" % prefix)
    host.set(None)
    result = host.back()
    assert host.path.read() == "mine: %s" % prefix
    assert result["kept"] == [prefix] and "not of faiss-fleet" in " ".join(result["did"])


def test_a_setting_from_before_that_cannot_run_is_not_put_back_and_nothing_is_removed(host):
    old, new = host.deploy("wheel", "0123456789ab"), host.deploy("wheel", "ba9876543210")
    host.set("wheel:old", old)
    host.set("wheel:new", new)
    shutil.rmtree(old)
    result = host.back()
    assert result["failed"] and "not on this host" in result["msg"]
    assert os.path.isdir(new)


@pytest.mark.parametrize("prefix", ["/", "/usr/lib/x", "relative", "/opt"])
def test_a_prefix_of_the_system_is_refused_before_anything_changes(host, prefix):
    host.set(None)
    result = host.back(prefix=prefix)
    assert result["failed"] and not result["changed"] and host.path.check()


def test_a_prefix_that_another_run_holds_is_told_with_what_was_done(host):
    path = host.deploy("wheel", "0123456789ab")
    host.set("wheel:a", path)
    with HostLock(os.path.join(os.path.dirname(path), ".0123456789ab.lock"), u"the other one"):
        result = host.back()
    assert result["failed"] and "the other one" in result["msg"]
    assert result["changed"] and "is removed" in result["did"][0]
    assert host.back()["removed"] == [path]


def test_what_another_setting_names_stays_until_that_one_is_rolled_back_too(host):
    before = host.tree()
    first, second = host.deploy("wheel", "0123456789ab"), host.deploy("wheel", "ba9876543210")
    host.set("wheel:a", first)
    other = host.root.join("srv", "app", "backend.json")
    mine, host.path = host.path, other
    host.set("wheel:b", second)
    setting_names.note(str(other), {"prefix": second})
    host.path = mine
    result = host.back()
    assert (result["removed"], result["kept"]) == ([first], [second])
    host.path = other
    assert host.back()["removed"] == [second] and host.tree() == before


def test_what_failed_before_is_forgotten(host):
    before = host.tree()
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    host.base.join("wheel", "ba9876543210.0123456789ab.tried.json").write("{}")
    result = host.back()
    assert "What was cached of failed and unselected candidates is removed." in result["did"]
    assert host.tree() == before


def test_a_prefix_that_a_process_uses_stays_and_goes_the_next_time(host, monkeypatch):
    path = host.deploy("wheel", "0123456789ab")
    host.set("wheel:a", path)
    with monkeypatch.context() as held:
        held.setattr(faiss_rollback.prefix_users, "find", lambda prefix: ["node (pid 812)"])
        result = host.back()
        as_found = host.back(to="found")
    assert (result["removed"], result["kept"]) == ([], [path])
    assert result["busy"] == [path] and not result.get("failed")
    assert "in use by node (pid 812)" in " ".join(result["did"])
    # It did what it could, and does not say that the host is as it was found.
    assert as_found["failed"] and as_found["changed"] is False and "not as it was found" in as_found["msg"]
    assert path in as_found["remedy"]
    assert host.back()["removed"] == [path]


def test_root_leaves_what_another_user_could_have_put_there(host):
    needs.root()
    path = host.deploy("wheel", "0123456789ab")
    half = host.base.join("wheel", "cccccccccccc.partial-2").ensure("x")
    host.set("wheel:a", path)
    os.chown(str(host.base.join("wheel")), 54321, 54321)
    result = host.back()
    assert result["removed"] == [] and os.path.isdir(path) and half.check()
    assert "wheel is owned by user id 54321, who could have put it there. Remove it by hand." in " ".join(result["did"])


def test_what_a_run_killed_between_two_renames_left_is_removed_with_its_image(host, monkeypatch):
    before = host.tree()
    path = host.deploy("container", "0123456789ab")
    host.set("container:a", path)
    os.rename(path, path + ".partial-7-old")
    host.base.ensure("container", "0123456789ab.partial-7", "bin", "python")
    asked = []
    monkeypatch.setattr(faiss_rollback.container_image, "take_away_of", lambda prefix, run: asked.append(prefix))
    result = host.back()
    # By its own name, which is in that of the image.
    assert result["changed"] and asked == [path] and host.tree() == before


def test_an_environment_whose_creation_was_killed_is_removed(host):
    before = host.tree()
    host.set("wheel:a", host.deploy("wheel", "0123456789ab"))
    prefix_place.make_parents(str(host.base.join("conda")))
    host.base.ensure("conda", "ba9876543210", "conda-meta", "history")
    host.base.join("conda", ".ba9876543210.creating").write("a run")
    host.base.ensure("conda", "ba9876543210.partial-7-work", "condarc")
    here = host.tree()
    predicted = host.back(check_mode=True)
    assert host.tree() == here
    assert host.back() == predicted and host.tree() == before
    assert str(host.base.join("conda", "ba9876543210")) in predicted["removed"]
