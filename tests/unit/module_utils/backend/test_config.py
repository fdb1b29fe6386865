# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import io
import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from ansible.module_utils.faiss_fleet import files as atomic_file
from ansible.module_utils.faiss_fleet.backend import (
    config as setting,
    backups as setting_backups,
    ownership as setting_host,
    write as setting_store,
)
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.lock import SettingLock

JS = {"schema": 1, "backend": "js", "provider": "js", "candidate": None, "runtime": None,
      "versions": {"faiss": None}, "policy": "first", "because": "none", "verified": None}


def faiss(candidate="wheel:a", at="2026-11-22T00:00:00Z", argv=None, prefix=None, **env):
    runtime = {"kind": "python", "argv": [argv or sys.executable], "env": env, "prefix": prefix}
    return dict(JS, backend="faiss", provider="wheel", candidate=candidate, runtime=runtime, verified={"at": at})


def proof(wanted):
    return [{"candidate": wanted["candidate"], "ok": True, "runtime": wanted["runtime"]}]


def write(path, wanted, **options):
    """Sets it; returns whether that changed anything."""
    kept = options.pop("kept", 5)
    options.setdefault("passed", proof(wanted))
    plan, _entry = setting_store.apply(lambda: setting_store.plan_set(str(path), wanted, **options), kept=kept)
    return setting_store.changes(plan)


def restore(path, to="previous"):
    plan, _entry = setting_store.apply(lambda: setting_store.plan_restore(str(path), to))
    return setting_store.changes(plan)


def tree(folder):
    """Everything under a folder: kind, mode, owner, and content."""
    found = {}
    for where, folders, files in os.walk(str(folder)):
        for name in folders + files:
            path = os.path.join(where, name)
            status = os.lstat(path)
            content = io.open(path, "rb").read() if stat.S_ISREG(status.st_mode) else None
            found[path] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def current(path):
    return setting.parse(io.open(str(path), "rb").read())[0]


@pytest.fixture
def path(tmpdir):
    return tmpdir.join("etc", "faiss-fleet", "backend.json")


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


# What it may never point at

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


# Writing

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


def test_a_wished_mode_alone_is_a_change_once(path):
    write(path, JS)
    wish = setting_host.wish("0600", None, None)
    assert write(path, JS, wish=wish)
    assert not write(path, JS, wish=wish)
    assert stat.S_IMODE(path.stat().mode) == stat.S_IMODE(path.new(ext="env").stat().mode) == 0o600


@pytest.mark.parametrize("mode", ["rw", "4755", "0999", "-1", "0"])
def test_modes_that_make_no_sense_are_refused(mode):
    with pytest.raises(AuditError, match="octal"):
        setting_host.wish(mode, None, None)


def test_a_user_that_does_not_exist_is_refused():
    with pytest.raises(AuditError, match="does not know"):
        setting_host.wish(None, "nobody-by-that-name", None)


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


def test_what_is_set_can_have_the_last_word(path):
    write(path, faiss("wheel:a"))
    plan = setting_store.plan_set(str(path), faiss("conda:b"), {"wheel:a": faiss("wheel:a")}, proof(faiss("wheel:a")))
    assert plan.after["candidate"] == "wheel:a" and not setting_store.changes(plan)


def test_a_prediction_for_the_candidate_that_is_set_foretells_no_change(path):
    write(path, faiss())
    unknown = dict(faiss(), runtime=None, verified=None, because="foretold")
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


# What can be in the way

def test_a_folder_in_its_place_is_refused(path):
    path.ensure(dir=True)
    with pytest.raises(AuditError, match="a folder"):
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
    with pytest.raises(AuditError, match="not a folder"):
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


# Backups and the way back

def test_back_to_nothing_leaves_the_host_as_it_was_found(path, tmpdir):
    before = tree(tmpdir)
    write(path, JS)
    assert restore(path)
    assert tree(tmpdir) == before
    assert not restore(path)


def test_a_folder_that_was_there_before_stays(path, tmpdir):
    path.dirpath().ensure(dir=True)
    before = tree(tmpdir)
    write(path, JS)
    restore(path)
    assert tree(tmpdir) == before


def test_foreign_files_come_back_byte_for_byte(path, tmpdir):
    path.dirpath().ensure(dir=True)
    path.write_binary(b"mine\r\n")
    path.new(ext="env").write_binary(b"A=1")
    os.chmod(str(path), 0o600)
    os.utime(str(path), (1000, 1000))
    before = tree(tmpdir)
    write(path, JS)
    write(path, faiss())
    assert restore(path, "found")
    assert tree(tmpdir) == before and path.stat().mtime == 1000


def test_going_back_twice_is_the_same_as_once(path):
    write(path, JS)
    write(path, faiss("wheel:a"))
    assert restore(path)
    assert current(path) == JS
    assert not restore(path)
    assert current(path) == JS
    assert write(path, faiss("wheel:b"))
    assert restore(path)
    assert current(path) == JS


def test_nothing_is_put_back_where_there_is_no_backup(path):
    write(path, JS, backup=False)
    assert not restore(path)
    assert current(path) == JS


def test_what_is_gone_from_the_host_is_not_put_back(path, tmpdir):
    prefix = tmpdir.ensure("prefix", dir=True)
    write(path, faiss(prefix=str(prefix)))
    write(path, JS)
    prefix.remove()
    with pytest.raises(AuditError, match="not on this host"):
        restore(path)
    assert current(path) == JS


def test_backups_are_bounded_and_the_first_is_kept(path):
    for number in range(9):
        write(path, faiss("wheel:%d" % number), kept=3)
    names = sorted(os.listdir(str(path.dirpath("backend.backups"))))
    assert [name.split(".")[0] for name in names] == ["000001", "000007", "000008", "000009"]


def test_a_clock_that_goes_backwards_does_not_change_the_order(tmpdir):
    folder = str(tmpdir.join("backups"))
    for year in (2026, 1980):
        setting_backups.push(folder, {}, [], clock=lambda year=year: (year, 1, 1, 0, 0, 0, 0, 1, 0))
    assert [entry.number for entry in setting_backups.entries(folder, [])] == [1, 2]
    assert "1980" in setting_backups.entries(folder, [])[-1].path


def test_absent_removes_what_is_ours_and_leaves_what_is_not(path, tmpdir):
    before = tree(tmpdir)
    write(path, JS)
    setting_store.apply(lambda: setting_store.plan_absent(str(path)))
    assert tree(tmpdir) == before
    path.dirpath().ensure(dir=True)
    path.write("mine")
    before = tree(tmpdir)
    plan, _entry = setting_store.apply(lambda: setting_store.plan_absent(str(path)))
    assert tree(tmpdir) == before and "stays" in plan.note


# Killed at each step, and two at once

CALLS = ("mkdir", "chmod", "fchmod", "fsync", "rename", "unlink", "rmdir", "utime", "ftruncate", "open")


class Killer:
    """Ends the process before the given one of the calls that change something."""

    def __init__(self, monkeypatch, step):
        self.left = step
        for name in CALLS:
            monkeypatch.setattr(os, name, self._guard(getattr(os, name)))

    def _guard(self, real):
        def call(*args, **kwargs):
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


def test_the_second_writer_is_told_who_holds_the_lock(path):
    path.dirpath().ensure(dir=True)
    with SettingLock(str(path.dirpath()), path.basename):
        with pytest.raises(AuditError, match="pid %d, user .* since 20" % os.getpid()):
            with SettingLock(str(path.dirpath()), path.basename, timeout=0):
                pass
    assert os.listdir(str(path.dirpath())) == []


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


def test_backups_that_appear_while_they_are_looked_for_are_none(path, monkeypatch):
    folder = path.dirpath("backend.backups")
    listdir = os.listdir

    def made_by_another_writer(where):
        try:
            return listdir(where)
        except OSError:
            folder.ensure(dir=True)
            raise

    monkeypatch.setattr(os, "listdir", made_by_another_writer)
    assert setting_backups.entries(str(folder), []) == []


def test_a_folder_that_another_writer_removes_meanwhile_is_made_again(tmpdir, monkeypatch):
    mkdir, removed = os.mkdir, []

    def raced(where, *mode):
        if os.path.basename(where) == "b" and not removed:
            removed.append(where)
            os.rmdir(os.path.dirname(where))
        mkdir(where, *mode)

    monkeypatch.setattr(os, "mkdir", raced)
    wanted = str(tmpdir.join("a", "b"))
    assert atomic_file.make_folders(wanted) == [os.path.dirname(wanted), wanted] and os.path.isdir(wanted)
    assert removed



@pytest.mark.parametrize("change", [
    pytest.param(lambda path: write(path, faiss("wheel:b")), id="set"),
    pytest.param(restore, id="previous"),
    pytest.param(lambda path: restore(path, "found"), id="found"),
])
def test_a_disk_that_does_not_confirm_a_rename_leaves_the_old_pair_and_the_old_backups(path, monkeypatch, change):
    sync, refused = atomic_file.sync_folder, 0
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

        monkeypatch.setattr(atomic_file, "sync_folder", failing)
        try:
            change(path)
        except AuditError:
            refused += 1
        monkeypatch.setattr(atomic_file, "sync_folder", sync)
        if len(calls) < step:
            break
        assert tree(path.dirpath()) == before, calls
        change(path)
    assert refused >= (2 if change is not restore else 3)


def test_folders_made_for_nothing_go_again(path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError) as caught:
        write(path, JS)
    monkeypatch.undo()
    assert caught.value.cause == "disk_full"
    assert os.listdir(str(path.dirpath().dirpath().dirpath())) == []


def test_reading_is_bounded_and_absent_is_none(tmpdir):
    assert atomic_file.read(str(tmpdir.join("nothing"))) is None
    assert json.loads(setting.text(JS).decode()) == JS
