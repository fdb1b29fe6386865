# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Unpacks a prefix's archive into a new directory, trusting nothing in it that was not checked."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import functools
import os
import subprocess
import tarfile
import zlib

from . import contents
from . import manifest as prefixes
from ..errors import AuditError

NOT_OURS = 'Run with become, or set faiss_install__prefix to a directory that this user owns.'
CAUSES = {
    errno.ENOSPC: ('disk_full', 'Free space there, or set faiss_install__prefix to a file system that has room.'),
    errno.EDQUOT: ('disk_full', 'Raise the quota, or set faiss_install__prefix to a file system that has room.'),
    errno.EROFS: ('read_only', 'Mount it read-write, or set faiss_install__prefix to a file system that is.'),
    errno.EACCES: ('permission_denied', NOT_OURS),
    errno.EPERM: ('permission_denied', NOT_OURS),
}


def as_audit_error(exc, where):
    """The AuditError for an IOError or OSError of a file system, with its cause and remedy."""
    cause, remedy = CAUSES.get(exc.errno, ('unknown', 'See the message of the system, correct that and run again.'))
    return AuditError('%s cannot be written: %s. %s' % (where, exc.strerror or exc, remedy), cause=cause, remedy=remedy)


def check_sha256(handle, expected, where):
    """Raises AuditError unless the open file has that sha256; leaves it at its start."""
    handle.seek(0)
    found = contents.sha256_of(handle)
    handle.seek(0)
    if found != expected:
        remedy = 'Run again; if it stays so, empty the cache of the controller (faiss_install__cache).'
        raise AuditError('%s has sha256 %s and should have %s: it was changed or cut short on its way. %s'
                         % (where, found, expected, remedy), cause='hash_mismatch', remedy=remedy)


def unpack(handle, directory, digest, where, most_bytes=0):
    """Fills `directory`, which is made here, from an open .tar.gz; returns the manifest.

    The manifest comes first and says how much follows, so that an archive cannot grow beyond what it admits.
    most_bytes: what it may admit, 0 for any amount.
    """
    _mkdir(directory)
    try:
        with tarfile.open(fileobj=handle, mode='r:gz') as archive:
            manifest = _manifest(archive, directory, digest, where)
            if 0 < most_bytes < manifest['unpacked_bytes']:
                raise _corrupt(where, 'it has %d bytes unpacked, and %d were expected' % (
                    manifest['unpacked_bytes'], most_bytes))
            _members(archive, directory, manifest, where)
    except (tarfile.TarError, EOFError, zlib.error) as exc:
        raise _corrupt(where, exc)
    except (IOError, OSError) as exc:
        if exc.errno is None:                    # gzip's own complaints are OSErrors without a number
            raise _corrupt(where, exc)
        raise as_audit_error(exc, directory)
    return manifest


def _corrupt(where, what):
    remedy = 'Empty the cache of the controller (faiss_install__cache) and run again.'
    return AuditError('%s cannot be unpacked: %s. %s' % (where, what, remedy), cause='corrupt_artefact', remedy=remedy)


def _manifest(archive, directory, digest, where):
    member = archive.next()
    first = member is not None and member.name == prefixes.MANIFEST and member.isreg()
    if not first or member.size > prefixes.MAX_MANIFEST_BYTES:
        raise _corrupt(where, 'its first member is not %s' % prefixes.MANIFEST)
    text = archive.extractfile(member).read()
    manifest = prefixes.parse_manifest(text.decode('utf-8', 'replace'), where)
    if manifest['digest'] != digest:
        raise _corrupt(where, 'its manifest is of %s, and %s was asked for' % (manifest['digest'], digest))
    _write(os.path.join(directory, prefixes.MANIFEST), [text], member)
    return manifest


def _members(archive, directory, manifest, where):
    directories = set([''])
    seen, left = set([prefixes.MANIFEST]), manifest['unpacked_bytes']
    while True:
        # Not `for member in archive`: tarfile would keep them all, which costs memory for nothing.
        member = archive.next()
        if member is None:
            break
        archive.members = []
        prefixes.check_kind(member)
        path = prefixes.member_path(member.name)
        if path == '':
            continue
        parent = os.path.dirname(path)
        if path in seen or parent not in directories:
            raise _corrupt(where, 'its member %r comes twice, or before the directory that it is in' % member.name)
        seen.add(path)
        left -= member.size if member.isreg() else 0
        if left < 0 or member.size < 0 or len(seen) > prefixes.MAX_MEMBERS:
            raise _corrupt(where, 'it holds more than its manifest admits')
        target = os.path.join(directory, path)
        if member.isdir():
            _mkdir(target)
            directories.add(path)
        elif member.issym():
            prefixes.check_link(path, member.linkname)
            os.symlink(member.linkname, target)
        else:
            read = functools.partial(archive.extractfile(member).read, contents.CHUNK)
            _write(target, iter(read, b''), member)


def _mkdir(path):
    os.mkdir(path)
    os.chmod(path, 0o755)                        # whatever the umask: the application's user is to get in


def _write(path, pieces, member):
    # Modes are 755 or 644 whatever the archive says: no setuid, and readable to the application's user.
    mode = 0o755 if member.mode & 0o100 else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_NOFOLLOW', 0), mode)
    with os.fdopen(descriptor, 'wb') as out:
        for piece in pieces:
            out.write(piece)
        os.fchmod(out.fileno(), mode)            # os.open heeded the umask
    os.utime(path, (member.mtime, member.mtime))


def sync(directory):
    """Brings everything under the directory to the disk: by one call for its file system, or else file by file."""
    try:
        import ctypes
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (ImportError, OSError, AttributeError):
        return _sync_all(directory)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
    return None


def _sync_all(directory):
    for root, _, names in os.walk(directory):
        for path in [root] + [os.path.join(root, name) for name in names]:
            if not os.path.islink(path):
                sync_one(path)


def sync_one(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore_context(directory, run=subprocess.call, selinux='/sys/fs/selinux',
                    tools=('/usr/sbin/restorecon', '/sbin/restorecon')):
    """Gives the files the SELinux context of the host's policy: 'restored', 'no SELinux' or why it was not done."""
    if not os.path.exists(os.path.join(selinux, 'enforce')):
        return 'no SELinux'
    for tool in tools:
        if os.path.exists(tool):
            with open(os.devnull, 'wb') as null:
                status = run([tool, '-R', directory], stdout=null, stderr=null)
            return 'restored' if status == 0 else '%s ended with status %d' % (tool, status)
    return 'not done: restorecon is not on this host (package policycoreutils)'
