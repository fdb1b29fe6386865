# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts prefixes in place and takes them away: one maker at a time, whole or absent, whatever fills them."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import shutil
import signal

from . import manifest as prefixes
from . import contents, unpack
from .. import commands, trust
from ..backend.lock import holder
from ..errors import AuditError
from ..locks import HostLock
from .manifest import MADE

ST_RDONLY, ST_NOEXEC = 1, 8
# At the end of the name under which a prefix waits beside its place while another one is put there.
OLD = '-old'


def existing(path):
    """The nearest directory above, or the path itself, that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def is_empty(path):
    """Whether this is a directory, not a link to one, with nothing in it."""
    try:
        return not os.path.islink(path) and os.listdir(path) == []
    except (IOError, OSError):
        return False


def damaged_manifest(prefix):
    """Why the manifest of a prefix that is ours cannot be used; None where it can, or nothing says that it is ours."""
    if not os.path.isdir(prefix) or os.path.islink(prefix):
        return None
    try:
        contents.read(prefix)
    except (AuditError, IOError, OSError):
        return None
    try:
        read_manifest(prefix)
    except AuditError as exc:
        return str(exc)
    return None


def is_there(prefix):
    """Whether there is a prefix of ours, damaged or not. Raises AuditError for what is not ours."""
    return damaged_manifest(prefix) is not None or read_manifest(prefix) is not None


def harm_of(prefix):
    """How a prefix of ours is damaged, by a look at every byte; None where it is not, or nothing of ours is there."""
    try:
        return damaged_manifest(prefix) or (contents.damage(prefix, hashes=True) if is_there(prefix) else None)
    except AuditError:
        return None


def read_manifest(prefix):
    """The manifest of the prefix; None without one or for an empty directory. AuditError for what is not ours."""
    if not os.path.lexists(prefix) or is_empty(prefix):
        return None
    try:
        with io.open(os.path.join(prefix, prefixes.MANIFEST), encoding='utf-8') as handle:
            return prefixes.parse_manifest(handle.read(prefixes.MAX_MANIFEST_BYTES), prefix)
    except (IOError, OSError, UnicodeDecodeError) as exc:
        raise AuditError('%s is there and is not a prefix of faiss-fleet: its %s cannot be read (%s). It is left as it '
                         'is. Move it away if nothing uses it, or set another faiss_install__prefix.'
                         % (prefix, prefixes.MANIFEST, exc),
                         cause='permission_denied', remedy='Move %s away if nothing uses it.' % prefix)


def check_file_system(path, min_free_bytes, statvfs=os.statvfs, euid=os.geteuid):
    """Raises AuditError where the file system of the path cannot take the prefix."""
    directory = existing(path)
    found = statvfs(directory)
    if found.f_flag & ST_RDONLY:
        remedy = 'Mount it read-write, or set faiss_install__prefix to a file system that is.'
        raise AuditError('%s is on a file system that is mounted read-only. %s' % (directory, remedy),
                         cause='read_only', remedy=remedy)
    if found.f_flag & ST_NOEXEC:
        remedy = 'Set faiss_install__prefix to a file system without noexec, or mount this one without it.'
        raise AuditError('%s is on a file system that is mounted noexec, so no library in it could be loaded. %s'
                         % (directory, remedy), cause='noexec_mount', remedy=remedy)
    free = (found.f_bfree if euid() == 0 else found.f_bavail) * found.f_frsize
    if free < min_free_bytes:
        remedy = 'Free space there, or set faiss_install__prefix to a file system that has room.'
        need = -(-min_free_bytes // 10 ** 6)
        text = '%s has %d MB free and the prefix needs %d MB. %s'
        raise AuditError(text % (directory, free // 10 ** 6, need, remedy),
                         cause='disk_full', remedy=remedy)
    if not os.access(directory, os.W_OK | os.X_OK):
        remedy = 'Run with become, or set faiss_install__prefix to a directory that this user owns.'
        raise AuditError('%s may not be written to by this user. %s' % (directory, remedy),
                         cause='permission_denied', remedy=remedy)


def check_trust(prefix):
    """Raises AuditError where somebody else could replace what is in the prefix: it would be run as this user."""
    found = trust.writer(prefix)
    if found is None:
        return
    directory, why = found
    remedy = ('Give %s to root without write permission for others (chown root:root, chmod 755) after a look at what '
              'is in it, or set faiss_install__prefix to a directory of its own, such as /opt/faiss-fleet.' % directory)
    raise AuditError('%s %s, who could replace the libraries in %s. Nothing was changed. %s'
                     % (directory, why, prefix, remedy), cause='permission_denied', remedy=remedy)


def make_parents(directory):
    """Makes the missing parent directories, and marks each as made here."""
    missing = []
    while not os.path.isdir(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    for path in reversed(missing):
        try:
            os.mkdir(path)
        except OSError:
            if not os.path.isdir(path):          # made by another run in this very moment
                raise
            continue
        os.chmod(path, 0o755)                    # whatever the umask: the application's user is to get in
        io.open(os.path.join(path, MADE), 'w').close()


def remove_parents(directory):
    """Removes parent directories that were made here and hold nothing else."""
    while os.path.exists(os.path.join(directory, MADE)) and os.listdir(directory) == [MADE]:
        os.unlink(os.path.join(directory, MADE))
        os.rmdir(directory)
        directory = os.path.dirname(directory)


def lock_path(prefix):
    return os.path.join(os.path.dirname(prefix), '.%s.lock' % os.path.basename(prefix))


def put_back(path):
    """Puts what a prefix was before back in its place, where a killed run took it away and put nothing there.

    False where there is no such thing to do. Called with the lock of the prefix held.
    """
    directory, name = os.path.split(path)
    place = os.path.join(directory, prefixes.leftover_of(name))
    if not name.endswith(OLD) or os.path.lexists(place):
        return False
    os.rename(path, place)
    return True


def leftovers_in(directory):
    """[(path, prefix)] of the directories that a killed run may have left here, and of which prefix each is."""
    found = []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        digest, path = prefixes.leftover_of(name), os.path.join(directory, name)
        if digest is not None and os.path.isdir(path) and not os.path.islink(path):
            found.append((path, os.path.join(directory, digest)))
    return found


def clean_leftovers(prefix):
    """Removes half-built directories whose maker is gone, of this prefix and of its neighbours; returns their paths.

    What a prefix was before goes back to its place where nothing took it. Called with the lock of `prefix` held. A
    neighbour's leftover goes only when the neighbour's lock is free.
    """
    removed = []
    for path, of_prefix in leftovers_in(os.path.dirname(prefix)):
        if of_prefix == prefix:
            removed += _cleared(path)
            continue
        try:
            with HostLock(lock_path(of_prefix), holder(), timeout=0):
                removed += _cleared(path)
        except AuditError:
            pass                                 # someone is building it now
    return removed


def _cleared(path):
    if put_back(path):
        return []
    shutil.rmtree(path)
    return [path]


def state_of(prefix, digest, doubted=False):
    """(whether it is in place and whole, why not, its manifest or None).

    Every byte is compared: this is asked only where the facts doubt the prefix, or a test of it failed.
    """
    harm = damaged_manifest(prefix)
    if harm:
        return False, 'it was damaged: %s' % harm, None
    manifest = read_manifest(prefix)
    if manifest is None:
        return False, 'it was not there', None
    if manifest['digest'] != digest:
        return False, 'its manifest is of %s' % manifest['digest'], manifest
    harm = contents.damage(prefix, hashes=True) or (contents.compiled(prefix) if doubted else None)
    if harm:
        return False, 'it was damaged: %s' % harm, manifest
    return True, 'it is in place', manifest


def put_in_place(prefix, params, fill):
    """Has the directory beside filled, and renames it; returns the manifest and what SELinux got.

    fill(partial, handle) makes that directory from the open archive, whose sha256 was checked, and returns the
    manifest.
    """
    partial = '%s.partial-%d' % (prefix, os.getpid())
    old = partial + OLD
    try:
        with io.open(params['archive'], 'rb') as handle:
            unpack.check_sha256(handle, params['sha256'], params['archive'])
            manifest = fill(partial, handle)
        unpack.sync(partial)
        if os.path.lexists(prefix):
            os.rename(prefix, old)
        os.rename(partial, prefix)
        unpack.sync_one(os.path.dirname(prefix))
    except BaseException:
        if not os.path.lexists(prefix) and os.path.lexists(old):
            os.rename(old, prefix)
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return manifest, unpack.restore_context(prefix)


def check_archive(params):
    if not params['archive'] or not params['sha256']:
        raise AuditError('%s is not in place, and no archive was given to make it from. Give archive and sha256.'
                         % params['prefix'])
    if not prefixes.SHA256.match(params['sha256']):
        raise AuditError('sha256 is %r, which is not the 64 lower-case hexadecimal digits of one.' % params['sha256'])


def present(params, check_mode, fill):
    """The module's result after the prefix was put in place, or found there. For fill see put_in_place."""
    prefix, digest = params['prefix'], params['digest']
    check_trust(prefix)
    doubted = params.get('doubted', False)       # of the conda and node modules nobody asks it
    done, because, manifest = state_of(prefix, digest, doubted)
    if done:
        return dict(changed=False, because=because, bytes=manifest['unpacked_bytes'], leftovers=[])
    leftovers = []
    if leftovers_in(os.path.dirname(prefix)) and not check_mode:
        with HostLock(lock_path(prefix), holder(), params['lock_timeout']):
            leftovers = clean_leftovers(prefix)      # what they take is room for this one
    check_file_system(os.path.dirname(prefix), params['min_free_bytes'])
    if check_mode:
        return dict(changed=True, because=because, bytes=params['min_free_bytes'], leftovers=[])
    check_archive(params)
    make_parents(os.path.dirname(prefix))
    with HostLock(lock_path(prefix), holder(), params['lock_timeout']):
        check_trust(prefix)                      # once more, as a directory may have been made since
        leftovers += clean_leftovers(prefix)
        done, why, manifest = state_of(prefix, digest, doubted)
        if done:
            return dict(changed=False, because='another run put it in place', bytes=manifest['unpacked_bytes'],
                        leftovers=leftovers)
        manifest, selinux = put_in_place(prefix, params, fill)
    return dict(changed=True, because=why, bytes=manifest['unpacked_bytes'], leftovers=leftovers, selinux=selinux)


def checked(params):
    """The same arguments with the prefix judged, also by where its links lead, and its digest."""
    prefix = prefixes.check(params['prefix'])
    prefixes.check(os.path.join(os.path.realpath(os.path.dirname(prefix)), os.path.basename(prefix)))
    digest = os.path.basename(prefix)
    if not prefixes.DIGEST.match(digest):
        raise AuditError('prefix is %s. A prefix ends in its digest: 8 to 64 lower-case hexadecimals.' % prefix)
    return dict(params, prefix=prefix, digest=digest)


def answer(module, act, log=None):
    """Ends a module with what act makes of its checked arguments, or with the failure, its cause and its remedy.

    log: a child_process.Tail whose text goes into the answer, when there is any.
    """
    started = commands.clock()
    end_cleanly()
    failure = None
    try:
        params = checked(module.params)
        result = act(params)
    except AuditError as exc:
        failure = exc
    except (IOError, OSError) as exc:
        failure = unpack.as_audit_error(exc, exc.filename or module.params['prefix'])
    signal.alarm(0)
    said = dict(seconds=round(commands.clock() - started, 3))
    if log is not None and log.text():
        said['log'] = log.text()
    if failure is not None:
        module.fail_json(msg=str(failure), cause=failure.cause or 'unknown', remedy=failure.remedy, said=failure.said,
                         prefix=module.params['prefix'], changed=False, **said)
    module.exit_json(prefix=params['prefix'], **dict(result, **said))


def interrupted(number, frame):
    raise AuditError('It was ended by signal %d; nothing was left half-built. Run again.' % number,
                     cause='interrupted', remedy='Run again.')


def end_cleanly():
    """A signal that ends the module undoes what was begun."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
