# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Both files are written whole or not at all, whatever lies in their place."""
from __future__ import absolute_import, division, print_function

import io
import os
import stat
import threading

import pytest

from ansible.module_utils.faiss_fleet import files as atomic_file
from ansible.module_utils.faiss_fleet.backend import (
    config as setting,
    write as setting_store,
)
from ansible.module_utils.faiss_fleet.errors import AuditError
from .configurations import JS, current, faiss, proof, restore, tree, write


@pytest.mark.parametrize("passed", [
    pytest.param([], id="nothing passed"),
    pytest.param([{"candidate": "wheel:a", "ok": False}], id="it failed"),
    pytest.param([{"candidate": "wheel:b", "ok": True}], id="another passed"),
    pytest.param([{"candidate": "wheel:a", "ok": "yes"}], id="true in a manner of speaking"),
    pytest.param([{"candidate": "wheel:a", "ok": True, "runtime": {"argv": ["/x"]}}], id="started otherwise"),
])
def test_what_did_not_pass_is_refused_and_nothing_is_written(path, passed):
    with pytest.raises(AuditError, match="did not pass"):
        write(path, faiss(), passed=passed)
    assert not path.dirpath().check()


@pytest.mark.parametrize("options", [
    {"argv": "/nowhere/python"}, {"argv": "python3"}, {"argv": "/etc/passwd"}, {"argv": "{prefix}/bin/python"},
    {"prefix": "/nowhere"},
])
def test_what_is_not_on_the_host_is_refused(path, options):
    with pytest.raises(AuditError, match="not on this host"):
        write(path, faiss(**options))
    assert not path.dirpath().check()


def test_a_setting_of_another_schema_is_refused(path):
    with pytest.raises(AuditError, match="schema"):
        write(path, dict(JS, schema=2))


def test_a_new_setting_makes_folder_and_both_files(path):
    assert write(path, faiss())
    assert current(path) == faiss()
    assert stat.S_IMODE(path.stat().mode) == 0o644
    assert stat.S_IMODE(path.dirpath().stat().mode) == 0o755
    assert path.new(ext="env").read_binary() == setting.env_text(faiss(), str(path))
    assert sorted(os.listdir(str(path.dirpath()))) == ["backend.backups", "backend.env", "backend.json"]


def test_a_second_run_keeps_the_files_byte_for_byte(path):
    write(path, faiss(at="2026-01-01T00:00:00Z"))
    before = tree(path.dirpath()), path.stat().mtime
    assert not write(path, faiss(at="2027-01-01T00:00:00Z"))
    assert (tree(path.dirpath()), path.stat().mtime) == before


def test_mode_and_owner_of_a_file_that_is_there_are_kept(path):
    write(path, JS)
    for file in (path, path.new(ext="env")):
        os.chmod(str(file), 0o640)
        if os.geteuid() == 0:
            os.chown(str(file), 12345, 54321)
    before = os.stat(str(path))
    assert write(path, faiss())
    for file in (path, path.new(ext="env")):
        after = os.stat(str(file))
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_an_environment_file_that_disagrees_is_written_again_without_a_backup(path):
    write(path, faiss())
    backups = tree(path.dirpath("backend.backups"))
    path.new(ext="env").write("FAISS_FLEET_BACKEND=js\n")
    assert write(path, faiss())
    assert path.new(ext="env").read_binary() == setting.env_text(faiss(), str(path))
    assert tree(path.dirpath("backend.backups")) == backups


def test_malformed_content_is_kept_as_a_backup(path):
    path.dirpath().ensure(dir=True)
    path.write_binary(b'{"schema": 1, "back')
    plan = setting_store.plan_set(str(path), JS)
    assert plan.before is None and "not JSON" in plan.note
    write(path, JS)
    backup = path.dirpath("backend.backups").listdir()[0]
    assert backup.join("backend.json").read_binary() == b'{"schema": 1, "back'


def test_a_prediction_for_the_candidate_that_is_set_foretells_no_change(path):
    write(path, faiss())
    unknown = dict(faiss(), runtime=None, verified=None, because="predicted")
    assert not setting_store.changes(setting_store.plan_set(str(path), unknown, predicted=True))
    other = dict(unknown, candidate="wheel:b")
    assert setting_store.changes(setting_store.plan_set(str(path), other, predicted=True))


def test_the_diff_shows_both_files(path):
    write(path, JS)
    found = setting_store.diff(setting_store.plan_set(str(path), faiss(), passed=proof(faiss())))
    assert [one["before_header"] for one in found] == [str(path), str(path.new(ext="env"))]
    assert "FAISS_FLEET_BACKEND=js" in found[1]["before"] and "FAISS_FLEET_BACKEND=faiss" in found[1]["after"]


def test_the_context_of_the_file_goes_to_the_one_that_takes_its_place(path):
    class Labels:
        put_on = []

        def of(self, path):
            return ["system_u", "object_r", "etc_t", "s0"]

        def put(self, path, context):
            self.put_on.append((os.path.basename(path).split(".")[2], context[2]))

    setting_store.apply(lambda: setting_store.plan_set(str(path), JS), Labels())
    assert Labels.put_on == [("json", "etc_t"), ("env", "etc_t")]


def test_a_folder_in_its_place_is_refused(path):
    path.ensure(dir=True)
    with pytest.raises(AuditError, match="a directory"):
        write(path, JS)


def test_a_pipe_in_its_place_is_refused_and_not_waited_for(path):
    path.dirpath().ensure(dir=True)
    os.mkfifo(str(path))
    with pytest.raises(AuditError, match="no regular file"):
        write(path, JS)


def test_a_huge_file_in_its_place_is_not_read(path):
    path.dirpath().ensure(dir=True)
    with io.open(str(path), "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(AuditError, match="1099511627776 bytes"):
        write(path, JS)


def test_a_file_in_place_of_the_folder_is_refused(tmpdir):
    tmpdir.join("etc").write("")
    with pytest.raises(AuditError, match="not a directory"):
        write(tmpdir.join("etc", "backend.json"), JS)


def test_a_link_of_ones_own_is_followed_and_stays(path, tmpdir):
    real = tmpdir.ensure("srv", dir=True).join("real.json")
    path.dirpath().ensure(dir=True)
    path.mksymlinkto(real)
    write(path, JS)
    assert path.islink() and current(real) == JS
    restore(path)
    assert path.islink() and not real.check()


def test_a_link_of_somebody_else_is_refused(path, tmpdir):
    if os.geteuid() != 0:
        pytest.fail("Making a link of another user wants root. Run the tests as root.")
    path.dirpath().ensure(dir=True)
    target = tmpdir.join("target")
    path.mksymlinkto(target)
    os.lchown(str(path), 12345, 12345)
    with pytest.raises(AuditError, match="symbolic link of uid 12345"):
        write(path, JS)
    assert not target.check()


@pytest.mark.parametrize("name", ["backend.json", "backend.env"])
@pytest.mark.parametrize("change", [lambda path: write(path, JS), restore], ids=["set", "put back"])
def test_a_link_to_what_is_no_configuration_is_not_followed(path, tmpdir, name, change):
    target = tmpdir.join("passwd")
    target.write("root:x:0:0:root:/root:/bin/bash\n")
    write(path, faiss())
    path.dirpath(name).remove()
    path.dirpath(name).mksymlinkto(target)
    before = tree(tmpdir)
    with pytest.raises(AuditError, match="is a symbolic link to .*passwd"):
        change(path)
    assert tree(tmpdir) == before


def test_links_in_a_circle_are_refused(path):
    path.dirpath().ensure(dir=True)
    path.mksymlinkto(path)
    with pytest.raises(AuditError, match="loop"):
        write(path, JS)


CALLS = ("mkdir", "chmod", "fchmod", "rename", "unlink", "rmdir", "utime", "ftruncate", "open")


class Killer:
    """Ends the process before the given one of the calls that change what the next process finds.

    Opening to read and fsync do not: whoever dies before one of them leaves what is left before the next call.
    """

    def __init__(self, monkeypatch, step):
        self.left = step
        for name in CALLS:
            monkeypatch.setattr(os, name, self._guard(getattr(os, name), name == "open"))

    def _guard(self, real, opens):
        def call(*args, **kwargs):
            if opens and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            if self.left == 0:
                os._exit(9)
            self.left -= 1
            return real(*args, **kwargs)
        return call


def killed_at(step, monkeypatch, action, *arguments):
    """Runs the action in a child that dies before that step. True when it died, False when it came to its end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Killer(monkeypatch, step)
            action(*arguments)
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 9)
    return os.WEXITSTATUS(status) == 9


def whole(path, allowed):
    """Nobody ever reads a part: the JSON is one of the settings allowed, or there is none."""
    found = current(path) if path.check() else None
    assert found in allowed
    return found


def test_a_run_killed_at_any_step_leaves_a_whole_setting_and_the_next_run_mends_the_rest(tmpdir, monkeypatch):
    for step in range(400):
        path = tmpdir.join("%d" % step, "faiss-fleet", "backend.json")
        write(path, JS)
        died = killed_at(step, monkeypatch, write, path, faiss())
        was = whole(path, [JS, faiss()])
        assert write(path, faiss()) or (was == faiss())
        assert current(path) == faiss()
        assert path.new(ext="env").read_binary() == setting.env_text(faiss(), str(path))
        assert sorted(os.listdir(str(path.dirpath()))) == ["backend.backups", "backend.env", "backend.json"]
        assert not [name for name in os.listdir(str(path.dirpath("backend.backups"))) if name.endswith(".partial")]
        restore(path)
        assert current(path) == JS
        if not died:
            break
    assert not died and step > 15


def test_a_rollback_killed_at_any_step_goes_on_where_it_stopped(tmpdir, monkeypatch):
    for step in range(400):
        path = tmpdir.join("%d" % step, "faiss-fleet", "backend.json")
        for wanted in (JS, faiss("wheel:a"), faiss("wheel:b")):
            write(path, wanted)
        died = killed_at(step, monkeypatch, restore, path)
        whole(path, [faiss("wheel:a"), faiss("wheel:b")])
        restore(path)
        assert current(path) == faiss("wheel:a")
        assert path.new(ext="env").read_binary() == setting.env_text(faiss("wheel:a"), str(path))
        if not died:
            break
    assert not died and step > 8


def test_a_rollback_to_nothing_killed_at_any_step_ends_with_nothing(tmpdir, monkeypatch):
    for step in range(400):
        home = tmpdir.ensure("%d" % step, dir=True)
        path = home.join("faiss-fleet", "backend.json")
        write(path, JS)
        write(path, faiss())
        died = killed_at(step, monkeypatch, restore, path, "found")
        whole(path, [None, faiss()])
        restore(path, "found")
        assert not path.check() and not path.new(ext="env").check()
        left = tree(home)
        assert all(os.path.basename(one) == "faiss-fleet" for one in left), left
        if not died:
            break
    assert not died and step > 10


def test_writers_at_once_leave_one_whole_pair(path):
    failures = []

    def writer(name):
        try:
            for _ in range(5):
                write(path, faiss(name))
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=writer, args=("wheel:%d" % number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert path.new(ext="env").read_binary() == setting.env_text(current(path), str(path))
    assert sorted(os.listdir(str(path.dirpath()))) == ["backend.backups", "backend.env", "backend.json"]


@pytest.mark.parametrize("change", [
    pytest.param(lambda path: write(path, faiss("wheel:b")), id="set"),
    pytest.param(restore, id="previous"),
    pytest.param(lambda path: restore(path, "found"), id="found"),
])
def test_a_disk_that_does_not_confirm_a_rename_leaves_the_old_pair_and_the_old_backups(path, monkeypatch, change):
    sync, refused = atomic_file.sync_directory, 0
    for step in range(1, 20):
        if path.dirpath().check():
            restore(path, "found")
        write(path, JS)
        write(path, faiss("wheel:a"))
        before, calls = tree(path.dirpath()), []

        def failing(where, calls=calls, step=step):
            calls.append(where)
            if len(calls) == step:
                raise OSError(5, "Input/output error")
            sync(where)

        monkeypatch.setattr(atomic_file, "sync_directory", failing)
        try:
            change(path)
        except AuditError:
            refused += 1
        monkeypatch.setattr(atomic_file, "sync_directory", sync)
        if len(calls) < step:
            break
        assert tree(path.dirpath()) == before, calls
        change(path)
    assert refused >= (2 if change is not restore else 3)


class FullDisk:
    """Refuses what needs room: from the start, or from the rename of that number on; renames of that number fail."""

    def __init__(self, monkeypatch, refused):
        self.monkeypatch, self.refused, self.renames, self.full = monkeypatch, refused, 0, False
        monkeypatch.setattr(atomic_file.tempfile, "mkstemp", self._guard(atomic_file.tempfile.mkstemp))
        monkeypatch.setattr(os, "rename", self._rename(os.rename))

    def _guard(self, real):
        def call(*args, **kwargs):
            if self.full:
                raise OSError(28, "No space left on device")
            return real(*args, **kwargs)
        return call

    def _rename(self, real):
        def call(old, new):
            if os.path.basename(new) in ("backend.json", "backend.env") and ".backups" not in new:
                self.renames += 1
                if self.renames in self.refused:
                    self.full = True
                    raise OSError(28, "No space left on device")
            return real(old, new)
        return call


@pytest.mark.parametrize("change", [
    pytest.param(lambda path: write(path, JS), id="set"),
    pytest.param(lambda path: write(path, JS, backup=False), id="without a backup"),
    pytest.param(restore, id="previous"),
])
def test_a_disk_that_is_full_by_the_second_file_leaves_the_old_pair(path, monkeypatch, change):
    write(path, JS)
    write(path, faiss("wheel:a"))
    before = tree(path.dirpath())
    with monkeypatch.context() as full:
        FullDisk(full, [2])
        with pytest.raises(AuditError) as caught:
            change(path)
    assert caught.value.cause == "disk_full" and tree(path.dirpath()) == before
    change(path)
    assert path.new(ext="env").read_binary() == setting.env_text(current(path), str(path))


def test_what_cannot_be_put_back_is_said_and_keeps_its_backup(path, monkeypatch):
    write(path, JS)
    write(path, faiss("wheel:a"))
    with monkeypatch.context() as full:
        FullDisk(full, [2, 3])
        with pytest.raises(AuditError, match="could not be put back") as caught:
            write(path, JS)
    assert caught.value.cause == "disk_full"
    assert current(path) == JS, "whole, though not the old one"
    # What was there is in the backup, and the next run has the pair at one again.
    restore(path)
    assert current(path) == faiss("wheel:a")
    assert path.new(ext="env").read_binary() == setting.env_text(faiss("wheel:a"), str(path))


def test_folders_made_for_nothing_go_again(path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError) as caught:
        write(path, JS)
    monkeypatch.undo()
    assert caught.value.cause == "disk_full"
    assert os.listdir(str(path.dirpath().dirpath().dirpath())) == []
