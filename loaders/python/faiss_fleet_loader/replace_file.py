# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Puts a new file in the place of an old one, whole or not at all, whoever else does so at the same time."""
import binascii
import contextlib
import errno
import os
import stat


def _stat_of(path):
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _create(directory, name, mode):
    """A new, empty file of a name that nobody else has: neither another thread, process nor machine."""
    while True:
        tail = binascii.hexlify(os.urandom(8)).decode('ascii')
        partial = os.path.join(directory, '.%s.%s.partial' % (name[:40], tail))
        with contextlib.suppress(FileExistsError):
            return partial, os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_CLOEXEC', 0), mode)


def _make_like(descriptor, like):
    """Owner, group and mode of another file, as far as this user and the file system may give them."""
    for change in (lambda: os.fchown(descriptor, -1, like.st_gid), lambda: os.fchown(descriptor, like.st_uid, -1),
                   lambda: os.fchmod(descriptor, stat.S_IMODE(like.st_mode) & 0o777)):
        try:
            change()
        except OSError as exc:
            if exc.errno not in (errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise


def _sync_directory(directory):
    """So that the new name is on the disk as well. Not every file system can; the file is whole either way."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path, write, like=None):
    """``write(out)`` fills a file beside the place to which the path leads, which then takes that place.

    It keeps mode and owner of what was there; a new one has those of the file ``like``, where one is given, or what the
    umask says. Raises OSError, also where no regular file is there.
    """
    place = os.path.realpath(path)
    before = _stat_of(place)
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(errno.EINVAL, 'it is not a regular file', place)
    model = before if before is not None or like is None else _stat_of(like)
    directory = os.path.dirname(place)
    partial, descriptor = _create(directory, os.path.basename(place), 0o666 if model is None else 0o600)
    try:
        with open(descriptor, 'wb') as out:
            write(out)
            out.flush()
            if model is not None:
                _make_like(out.fileno(), model)
            os.fsync(out.fileno())
        os.rename(partial, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)                     # what this very call created
        raise
    _sync_directory(directory)
