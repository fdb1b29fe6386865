# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Small files that are read whole and replaced whole: a reader, or a crash, meets the old content or the new.

Ansible's own atomic_move is not used: it does not fsync, sets modes after the rename, and copies when a rename fails.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import stat
import tempfile
from collections import namedtuple

from .errors import AuditError
from .read_json import LIMIT

LINKS = 40               # As many as the kernel follows.
DIRECTORY_MODE = 0o755
STAGED = '.new'

# data: bytes. mode: permission bits. mtime: so that what is put back is the same to `ls -l` too.
File = namedtuple('File', 'data mode uid gid mtime')


class NoLabels:
    """SELinux absent. The module passes an object that asks AnsibleModule instead."""

    def of(self, path):
        """Context of a file, None when there is none to keep."""
        return None

    def put(self, path, context):
        """Gives a file a context."""


def translate(exc, path):
    """The AuditError for an OSError met at this path: what, why, next step."""
    code = exc.errno
    if code in (errno.ENOSPC, errno.EDQUOT):
        cause, what = 'disk_full', 'no space or no inode is left there'
        remedy = 'Free some space on the file system of %s (df -h, df -i, quota), then run again.' % path
    elif code == errno.EROFS:
        cause, what = 'read_only', 'its file system is mounted read-only'
        remedy = 'Mount it read-write, or point vector_backend__path at a directory that is writable.'
    elif code in (errno.EACCES, errno.EPERM):
        cause, what = 'permission_denied', 'this user (uid %d) may not' % os.geteuid()
        remedy = ('Run with ansible_become: true, or point vector_backend__path at a directory of this user. '
                  'For root, look at lsattr (immutable files) and at SELinux (ausearch -m avc).')
    elif code == errno.EBUSY:
        cause, what = 'read_only', 'something is mounted on it'
        remedy = 'Change what is mounted there (findmnt), or name another path in vector_backend__path.'
    elif code == errno.ENOTDIR:
        cause, what = 'unknown', 'a part of its path is a file, not a directory'
        remedy = 'Name another path in vector_backend__path.'
    else:
        cause, what = 'unknown', os.strerror(code) if code else str(exc)
        remedy = 'Look at %s on the host, then run again.' % path
    return AuditError('%s cannot be used: %s. %s' % (path, what, remedy), cause=cause, remedy=remedy)


def resolve(path):
    """The path with symbolic links followed; what does not exist yet stays as it is.

    Links of root and of this user are followed, so that an administrator's layout stays. A link of anybody else is
    refused: its owner could send what we write, as root perhaps, wherever he likes.
    """
    left = [part for part in path.split('/') if part]
    done, links = '/', 0
    while left:
        part = left.pop(0)
        if part in ('.', '..'):
            done = os.path.dirname(done) if part == '..' else done
            continue
        here = os.path.join(done, part)
        try:
            status = os.lstat(here)
        except OSError as exc:
            if exc.errno == errno.ENOENT:
                done = here
                continue
            raise translate(exc, here)
        if not stat.S_ISLNK(status.st_mode):
            done = here
            continue
        links += 1
        if links > LINKS:
            raise AuditError('%s is a loop of symbolic links. Remove one of them, or name the real path.' % path,
                             cause='unknown', remedy='Name the real path.')
        if status.st_uid not in (0, os.geteuid()):
            raise AuditError('%s is a symbolic link of uid %d, through which nothing is written. Replace the link, or '
                             'name the real path in vector_backend__path.' % (here, status.st_uid),
                             cause='permission_denied', remedy='Replace the link, or name the real path.')
        target = os.readlink(here)
        done = '/' if target.startswith('/') else done
        left = [step for step in target.split('/') if step] + left
    return done


def read(path):
    """The File at a real path, or None when nothing is there. Raises AuditError for what is no small regular file."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = 'a directory' if stat.S_ISDIR(status.st_mode) else 'no regular file'
            raise AuditError('%s is %s, where a configuration file should be. Move it away, or name another path in '
                             'vector_backend__path.' % (path, kind), cause='unknown', remedy='Move %s away.' % path)
        if status.st_size > LIMIT:
            raise AuditError('%s has %d bytes, which no configuration has. Move it away, or name another path in '
                             'vector_backend__path.' % (path, status.st_size), cause='unknown',
                             remedy='Move %s away.' % path)
        # Not blocking: somebody may have put a pipe there since.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(handle, 'rb') as stream:
            data = stream.read(LIMIT + 1)
    except (IOError, OSError) as exc:
        if exc.errno == errno.ENOENT:
            return None
        raise translate(exc, path)
    return File(data, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime)


def sync_directory(path):
    """Makes a rename in this directory last through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def stage(path, found, labels=None):
    """Writes a File beside a real path and returns where, for commit(). All that can run out has run out by then.

    None for uid, gid or mtime leaves what the system gives. Raises AuditError; nothing is left behind then.
    """
    labels = labels or NoLabels()
    directory, name = os.path.split(path)
    temporary = None
    try:
        context = labels.of(path)
        handle, temporary = tempfile.mkstemp(prefix='.%s.' % name, suffix=STAGED, dir=directory)
        with os.fdopen(handle, 'wb') as stream:
            stream.write(found.data)
            stream.flush()
            status = os.fstat(stream.fileno())
            uid = status.st_uid if found.uid is None else found.uid
            gid = status.st_gid if found.gid is None else found.gid
            if (status.st_uid, status.st_gid) != (uid, gid):
                os.fchown(stream.fileno(), uid, gid)
            os.fchmod(stream.fileno(), found.mode)      # After chown, which takes set-id bits away.
            os.fsync(stream.fileno())
        if found.mtime is not None:
            os.utime(temporary, (found.mtime, found.mtime))
        if context is not None:
            labels.put(temporary, context)
        done, temporary = temporary, None
        return done
    except (IOError, OSError) as exc:
        raise translate(exc, path)
    finally:
        if temporary is not None:        # AnsibleModule's helpers leave by SystemExit.
            remove(temporary)


def commit(temporary, path):
    """Puts a staged file in its place, in one step. Raises AuditError; then the old file is untouched."""
    try:
        os.rename(temporary, path)
    except OSError as exc:
        remove(temporary)
        raise translate(exc, path)


def make_last(path):
    """Makes the rename of this file last through a power cut. Raises AuditError; then the new file is in place."""
    try:
        sync_directory(os.path.dirname(path))
    except OSError as exc:
        raise translate(exc, path)


def write(path, found, labels=None):
    """Puts a File at a real path, in one step that lasts. Raises AuditError."""
    commit(stage(path, found, labels), path)
    make_last(path)


def sweep(path):
    """Clears away what runs that were killed had staged for this path."""
    directory, name = os.path.split(path)
    for found in os.listdir(directory) if os.path.isdir(directory) else []:
        if found.startswith('.%s.' % name) and found.endswith(STAGED):
            remove(os.path.join(directory, found))


def remove(path):
    """Takes a file away. True when there was one."""
    try:
        os.unlink(path)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            return False
        raise translate(exc, path)
    return True


def make_directories(path, attempts=5):
    """Makes a directory and its parents, 0755 whatever the umask. Returns those that were made, outermost first."""
    made = []
    missing = path
    while not os.path.isdir(missing):
        made.insert(0, missing)
        missing = os.path.dirname(missing)
    for count, directory in enumerate(made):
        try:
            os.mkdir(directory)
            os.chmod(directory, DIRECTORY_MODE)
        except OSError as exc:
            if exc.errno == errno.EEXIST and os.path.isdir(directory):
                continue
            remove_directories(made[:count])
            if exc.errno == errno.ENOENT and attempts > 1:
                return make_directories(path, attempts - 1)      # another run removed one that it had made, in between
            raise translate(exc, directory)
    return made


def remove_directories(directories):
    """Removes these where they are empty, innermost first. Returns those that went."""
    gone = []
    for directory in reversed(directories):
        try:
            os.rmdir(directory)
        except OSError as exc:
            if exc.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.EBUSY, errno.ENOTDIR):
                continue
            raise translate(exc, directory)
        gone.append(directory)
    return gone


def check_writable(path):
    """Raises AuditError when the nearest directory that exists above this path takes no new file. Changes nothing."""
    directory = os.path.dirname(path)
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    if os.access(directory, os.W_OK | os.X_OK):
        return
    read_only = os.statvfs(directory).f_flag & getattr(os, 'ST_RDONLY', 1)
    if not os.path.isdir(directory):
        raise AuditError('%s is a file, not a directory. Name another path in vector_backend__path.' % directory,
                         cause='unknown', remedy='Name another path in vector_backend__path.')
    raise translate(OSError(errno.EROFS if read_only else errno.EACCES, ''), directory)
