# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What was there before comes back, and no more of it is kept than was asked for."""
from __future__ import absolute_import, division, print_function

import functools
import os

import pytest

from ansible.module_utils.faiss_fleet.backend import (
    backups as setting_backups,
    write as setting_store,
)
from ansible.module_utils.faiss_fleet.errors import AuditError
from .configurations import JS, current, faiss, proof, restore, tree, write


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
    directory = str(tmpdir.join("backups"))
    for year in (2026, 1980):
        setting_backups.push(directory, {}, [], clock=lambda year=year: (year, 1, 1, 0, 0, 0, 0, 1, 0))
    assert [entry.number for entry in setting_backups.entries(directory, [])] == [1, 2]
    assert "1980" in setting_backups.entries(directory, [])[-1].path


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


def test_backups_that_appear_while_they_are_looked_for_are_none(path, monkeypatch):
    directory = path.dirpath("backend.backups")
    listdir = os.listdir

    def made_by_another_writer(where):
        try:
            return listdir(where)
        except OSError:
            directory.ensure(dir=True)
            raise

    monkeypatch.setattr(os, "listdir", made_by_another_writer)
    assert setting_backups.entries(str(directory), []) == []


def test_a_backup_that_is_not_kept_is_not_named(path):
    entries = []
    for number in range(3):
        wanted = faiss("wheel:%d" % number)
        work_out = functools.partial(setting_store.plan_set, str(path), wanted, passed=proof(wanted))
        entries.append(setting_store.apply(work_out, kept=0)[1])
    assert [bool(entry) for entry in entries] == [True, False, False]
    assert os.listdir(str(path.dirpath("backend.backups"))) == [os.path.basename(entries[0])]


def test_an_old_backup_that_cannot_be_removed_fails_no_change(path, monkeypatch):
    for number in range(3):
        write(path, faiss("wheel:%d" % number), kept=1)

    def refuse(_path):
        raise AuditError("it cannot be removed")

    with monkeypatch.context() as held:
        held.setattr(setting_backups, "drop", refuse)
        assert write(path, faiss("wheel:3"), kept=1)
    assert current(path)["candidate"] == "wheel:3"
    write(path, faiss("wheel:4"), kept=1)
    assert len(os.listdir(str(path.dirpath("backend.backups")))) == 2
