# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Writes, puts back and removes the setting on a host: works out a plan from what is there, applies it under a lock.

Two files are one setting: the JSON is the truth, the environment file is made from it. Both are staged before the first
is renamed, the JSON goes first, and whoever finds the two at odds writes the environment file again. So a run that is
killed at any step leaves a setting that is whole, and the next run the pair.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
from collections import namedtuple

from .. import files as atomic_file
from . import config as settings
from . import backups
from ..files import File
from ..errors import AuditError
from .lock import SettingLock

MODE = 0o644

# path: as named. directory: where it really lies. files: {basename: real path}, the JSON first by ``names``.
Place = namedtuple('Place', 'path directory names files backups')
# now, wanted: {basename: File or None}. target: entry to put back. drops: entries that go. final: nothing stays.
Plan = namedtuple('Plan', 'place before after note now wanted push target drops unmark final')
# A file that is touched: what takes its place and what it was, both beside it on the disk; None where there is none.
Staged = namedtuple('Staged', 'name new old')
# What a caller may ask of the files beyond their content; None keeps what is there.
Wish = namedtuple('Wish', 'mode uid gid')
AS_IS = Wish(None, None, None)


def place(path):
    """Where the pieces of the setting at this path really are. Raises AuditError for paths that cannot be one."""
    tidy = settings.check_path(path)
    directory = atomic_file.resolve(os.path.dirname(tidy))
    named = (tidy, settings.env_path(tidy))
    names = tuple(os.path.basename(one) for one in named)
    files = dict((os.path.basename(one), atomic_file.resolve(one)) for one in named)
    kept = backups.directory_of(os.path.join(directory, names[0]))
    return Place(tidy, directory, names, files, atomic_file.resolve(kept))


def look(where):
    """The two files as they are now."""
    found = dict((name, atomic_file.read(where.files[name])) for name in where.names)
    for name in where.names:
        if found[name] is not None and os.path.islink(os.path.join(where.directory, name)):
            _refuse_foreign(os.path.join(where.directory, name), where.files[name], found[name].data)
    return found


def _refuse_foreign(link, real, data):
    """Raises AuditError for a link to what is no backend configuration: it would be overwritten, wherever it is."""
    is_json = link.endswith('.json')
    if not data or (settings.parse(data)[0] if is_json else data.startswith(settings.ENV_MARK.encode('ascii'))):
        return
    remedy = 'Remove the link %s, or name another path in vector_backend__path.' % link
    raise AuditError('%s is a symbolic link to %s, which is not a backend configuration and is not overwritten. '
                     'Nothing was changed. %s' % (link, real, remedy), cause='permission_denied', remedy=remedy)


def _alike(left, right):
    """True when two files are the same but for their age."""
    if left is None or right is None:
        return left is right
    return left[:4] == right[:4]


def _same_files(left, right):
    return all(_alike(left.get(name), right.get(name)) for name in set(left) | set(right))


def _before(where, now):
    """(setting or None, note or None) of what is there now."""
    found = now[where.names[0]]
    before, problem = settings.parse(found.data if found else None)
    return before, '%s is no configuration of faiss-fleet: %s' % (where.path, problem) if problem else None


def _file(data, old, wish, beside=None):
    """What a file shall be: this content, with the mode and owner that it or its neighbour has, or those wished."""
    model = old or beside
    mode, uid, gid = (model.mode, model.uid, model.gid) if model else (MODE, None, None)
    wanted = File(data, mode if wish.mode is None else wish.mode, uid if wish.uid is None else wish.uid,
                  gid if wish.gid is None else wish.gid, None)
    return old if old is not None and _alike(old, wanted) else wanted


def plan_set(path, setting, passed=(), predicted=False, wish=AS_IS, backup=True):
    """Plan to make this the setting. A predicted one is check mode's.

    Raises AuditError when the setting points at what did not pass, or is not there.
    """
    where = place(path)
    now = look(where)
    before, note = _before(where, now)
    if predicted:
        setting = settings.predicted(setting, before)
    else:
        settings.refuse_unproven(setting, passed)
        settings.refuse_missing(setting)
    json_name, env_name = where.names
    kept = before is not None and settings.same(before, setting)
    after = before if kept else setting
    json_file = _file(now[json_name].data if kept else settings.text(after), now[json_name], wish)
    env_file = _file(settings.env_text(after, where.path), now[env_name], wish, json_file)
    if kept and now[env_name] is not None and now[env_name].data != env_file.data:
        note = '%s disagreed with %s and is written again.' % (settings.env_path(where.path), json_name)
    entries = backups.entries(where.backups, where.names)
    push = backup and not kept and not (entries and _same_files(entries[-1].files, now))
    unmark = [] if kept else [entry for entry in entries if entry.restored]
    wanted = {json_name: json_file, env_name: env_file}
    return Plan(where, before, after, note, now, wanted, push, None, [], unmark, False)


def plan_restore(path, to='previous'):
    """Plan to put back what was there before the newest change, or (``found``) the first. Twice is the same as once."""
    where = place(path)
    now = look(where)
    before, note = _before(where, now)
    entries = backups.entries(where.backups, where.names)
    if not entries:
        note = 'there is no backup, so nothing is put back' if now[where.names[0]] else 'there was no configuration'
        return Plan(where, before, before, note, now, now, False, None, [], [], False)
    position = len(entries) - 1
    # A run that was killed before it wrote has left a backup of what is still there: that change never happened.
    while position and not entries[position].restored and _same_files(entries[position].files, now):
        position -= 1
    if to == 'found':
        position = 0
    target = entries[position]
    after, problem = settings.parse(target.files[where.names[0]].data if target.files[where.names[0]] else None)
    if after is not None:
        settings.refuse_missing(after)
    if problem:
        note = 'what was there before is no configuration of faiss-fleet (%s); it is put back as it was' % problem
    final = position == 0
    drops = entries[1:] if final else entries[position + 1:]
    return Plan(where, before, after, note, now, target.files, False, target, drops, [], final)


def plan_absent(path):
    """Plan to remove the setting, its environment file and the backups where they are ours. What is foreign stays."""
    where = place(path)
    now = look(where)
    before, problem = _before(where, now)
    json_name, env_name = where.names
    foreign_env = now[env_name] is not None and not now[env_name].data.startswith(settings.ENV_MARK.encode('ascii'))
    wanted = {json_name: now[json_name] if before is None else None, env_name: now[env_name] if foreign_env else None}
    note = problem and problem + '; it stays'
    entries = backups.entries(where.backups, where.names)
    target = entries[0] if entries else None
    return Plan(where, before, None, note, now, wanted, False, target, entries[1:], [], bool(entries))


def touched(plan):
    """Names of the files that the plan writes or removes, the JSON first."""
    return [name for name in plan.place.names if not _alike(plan.now[name], plan.wanted[name])]


def changes(plan):
    """True when applying the plan would change anything on the host."""
    return bool(touched(plan) or plan.drops or plan.final)


def check_possible(plan):
    """Raises AuditError where the change can be seen to fail beforehand: read-only, no permission. Changes nothing."""
    for name in touched(plan):
        atomic_file.check_writable(plan.place.files[name])
    if changes(plan):
        atomic_file.check_writable(os.path.join(plan.place.directory, '.'))


def apply(work_out, labels=None, kept=5, timeout=10):
    """Works out a plan, once more under the lock, and applies it. Returns (plan, path of the new backup or None)."""
    plan = work_out()
    if not changes(plan):
        tidy(plan.place)
        return plan, None
    check_possible(plan)
    with SettingLock(plan.place.directory, plan.place.names[0], timeout) as lock:
        plan = work_out()
        entry = _apply(plan, lock.made, labels, kept) if changes(plan) else None
    if plan.final:
        atomic_file.remove_directories(plan.target.made)
    return plan, entry


def _sweep(where):
    """Clears away what killed runs left. Only under the lock: another run's files look the same."""
    backups.sweep(where.backups)
    for real in where.files.values():
        atomic_file.sweep(real)


def tidy(where):
    """Sweeps where there is nothing else to do, if a killed run left its lock and nobody is at work now."""
    lock = SettingLock(where.directory, where.names[0], timeout=0)
    if not os.path.lexists(lock.path) or not os.access(where.directory, os.W_OK):
        return
    try:
        with lock:
            _sweep(where)
    except AuditError:
        pass              # Another run is at work and will do it.


def _apply(plan, made, labels, kept):
    where = plan.place
    _sweep(where)
    entry = backups.push(where.backups, plan.now, made) if plan.push else None
    staged, target, done = [], None, False
    try:
        staged = _stage(plan, labels)
        target = backups.mark_restored(plan.target) if plan.target else None
        _commit(plan, staged)
        done = True
    finally:
        _discard(staged)
        # Where the old files could not be put back, the backup is the only place that still has them.
        undone = not done and _is_as_before(plan)
        if entry and undone:
            backups.drop(entry)
            atomic_file.remove_directories([where.backups])
        if target and undone and not plan.target.restored:
            backups.unmark(plan.target._replace(path=target))
    for old in plan.drops:
        backups.drop(old.path)
    for old in plan.unmark:
        backups.unmark(old)
    if plan.final:
        backups.drop(target)
        atomic_file.remove_directories([where.backups])
    if entry:
        try:
            backups.prune(backups.entries(where.backups, []), kept)
        except AuditError:
            pass              # What is set is set; one backup more than was wanted goes the next time.
    return entry if entry and os.path.isdir(entry) else None


def _stage(plan, labels):
    """[Staged] of all that is touched, or an AuditError and nothing is left."""
    staged, made = [], []
    try:
        for name in touched(plan):
            for found in (plan.wanted[name], plan.now[name]):
                real = plan.place.files[name]
                made.append(None if found is None else atomic_file.stage(real, found, labels))
            staged.append(Staged(name, *made[-2:]))
        return staged
    except BaseException:                # AnsibleModule's helpers leave by SystemExit.
        _discard([Staged(None, temporary, None) for temporary in made])
        raise


def _discard(staged):
    """Removes what was staged and is not in place; what cannot be removed is swept by the next run."""
    for one in staged:
        for temporary in (one.new, one.old):
            try:
                if temporary is not None:
                    atomic_file.remove(temporary)
            except AuditError:
                pass


def _commit(plan, staged):
    """Puts the staged files in place, the JSON first. When one is refused or does not last, both are put back."""
    done = []
    try:
        for one in staged:
            real = plan.place.files[one.name]
            if one.new is None:
                atomic_file.remove(real)
            else:
                atomic_file.commit(one.new, real)
            done.append(one)
            atomic_file.make_last(real)
    except AuditError as exc:
        left = [said for said in [_put_back(plan, one) for one in done] if said]
        if left:
            raise AuditError('%s What was there before could not be put back: %s' % (exc, ' '.join(left)),
                             cause=exc.cause, remedy=exc.remedy)
        raise


def _put_back(plan, one):
    """Makes a file what it was, and returns why it is not. The old one was staged: this needs no room on the disk.

    Whether that lasts is not asked: the disk has just refused to say.
    """
    real = plan.place.files[one.name]
    try:
        if one.old is None:
            atomic_file.remove(real)
        else:
            atomic_file.commit(one.old, real)
    except AuditError as exc:
        return str(exc)
    return None


def _is_as_before(plan):
    """Whether the files are what they were when the plan was made."""
    try:
        return _same_files(look(plan.place), plan.now)
    except AuditError:
        return False


def diff(plan):
    """Before and after of each file that differs, as Ansible shows them with --diff."""
    found = []
    for name in touched(plan):
        real = plan.place.files[name]
        sides = dict(before_header=real, after_header=real)
        for side, there in (('before', plan.now[name]), ('after', plan.wanted[name])):
            sides[side] = there.data.decode('utf-8', 'replace') if there else ''
        found.append(sides)
    return found
