# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Judges prefixes: which paths may be one, what its manifest must say, and which members an archive may put into it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import posixpath
import re

from .. import read_json
from ..errors import AuditError

MANIFEST = 'manifest.json'
FILES = 'manifest-files.json'
# In a parent directory that was made for a prefix, so that it alone is removed again.
MADE = '.made-by-faiss-fleet'
# Beside the strategies' directories: paths of settings that name prefixes in them. See setting_names.
SETTINGS = '.settings'
SCHEMA = 1
MAX_MANIFEST_BYTES = 64 << 20
MAX_MEMBERS = 500000

# The system's own directories: nothing of ours goes into them, whatever the inventory says.
SYSTEM = ('/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/proc', '/sbin', '/sys', '/usr')
# Fine to be in, but shared with others: a prefix is a directory of its own.
SHARED = ('/home', '/media', '/mnt', '/opt', '/root', '/run', '/srv', '/tmp', '/var', '/var/lib', '/var/opt',
          '/var/tmp')

DIGEST = re.compile(r'^[0-9a-f]{8,64}$')
SHA256 = re.compile(r'^[0-9a-f]{64}$')
PARTIAL = re.compile(r'^(?P<digest>.+)\.partial-[0-9a-z-]+$')

try:
    TEXT = (str, unicode)
except NameError:
    TEXT = (str,)


def check(path, allow_etc=False):
    """The path without doubled or trailing slashes. Raises AuditError for one where nothing of ours may be.

    allow_etc: for a setting, which may be in a directory of its own under /etc.
    """
    if not isinstance(path, TEXT) or not path:
        raise _refused(path, 'it is not a path')
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise _refused(path, 'it has a control character in it')
    if not path.startswith('/'):
        raise _refused(path, 'it is relative, and would depend on the directory in which a task happens to start')
    if '..' in path.split('/'):
        raise _refused(path, 'it has ".." in it')
    # posixpath.normpath keeps two leading slashes, which Linux does not tell from one.
    clean = '/' + posixpath.normpath(path).lstrip('/')
    if clean == '/':
        raise _refused(path, 'it is the root of the file system')
    for system in SYSTEM:
        if system == '/etc' and allow_etc and clean != '/etc':
            continue
        if clean == system or clean.startswith(system + '/'):
            raise _refused(path, '%s belongs to the system' % system)
    if clean in SHARED:
        raise _refused(path, 'it is shared with others')
    return clean


def _refused(path, why):
    return AuditError(
        '%r cannot be a directory for faiss-fleet: %s. Give an absolute path of its own outside system directories, '
        'such as /opt/faiss-fleet.' % (path, why),
        remedy='Set faiss_install__prefix to a directory of its own, such as /opt/faiss-fleet.')


def parse_manifest(text, where):
    """The manifest of a prefix as a dict. Raises AuditError when it is none that this version can read."""
    try:
        manifest = read_json.loads(text)
    except ValueError as exc:
        raise _corrupt(where, 'its %s is not JSON (%s)' % (MANIFEST, exc))
    if not isinstance(manifest, dict) or manifest.get('schema') != SCHEMA:
        raise _corrupt(where, 'its %s is not of schema %d' % (MANIFEST, SCHEMA))
    for key, kind in (('strategy', TEXT), ('digest', TEXT), ('lock', dict), ('files', int), ('unpacked_bytes', int)):
        if not isinstance(manifest.get(key), kind) or isinstance(manifest.get(key), bool):
            raise _corrupt(where, 'its %s has no usable "%s"' % (MANIFEST, key))
    return manifest


def parse_files(text, where):
    """{path: {"link"} or {"size", "sha256" and perhaps "mtime"}} of everything that a prefix holds."""
    try:
        files = read_json.loads(text)
    except ValueError as exc:
        raise _corrupt(where, 'its %s is not JSON (%s)' % (FILES, exc))
    if not isinstance(files, dict):
        raise _corrupt(where, 'its %s is no table' % FILES)
    for path, entry in files.items():
        kinds = {'link': TEXT} if isinstance(entry, dict) and 'link' in entry else {'size': int}
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name), kind) for name, kind in kinds.items()):
            raise _corrupt(where, 'its %s has no usable entry for %s' % (FILES, path))
    return files


def _corrupt(where, what):
    remedy = 'Remove %s by hand if nothing uses it, and run again.' % where
    return AuditError('%s is not a prefix of faiss-fleet: %s. %s' % (where, what, remedy),
                      cause='corrupt_artefact', remedy=remedy)


def member_path(name):
    """Where a member lands in the prefix; '' for the top directory. Raises AuditError for one outside of it."""
    if name.startswith('/') or '\0' in name or '\\' in name or '..' in name.split('/'):
        raise _foreign(name, 'its name leads outside of the prefix')
    path = posixpath.normpath(name)
    return '' if path == '.' else path


def check_link(name, target):
    """Raises AuditError for a symbolic link that leads, or could be made to lead, out of the prefix.

    ".." counts only at the front, where it leaves directories that the archive itself made: after a name it could lead
    out of wherever another link led.
    """
    parts = [part for part in target.split('/') if part not in ('', '.')]
    ups = 0
    while ups < len(parts) and parts[ups] == '..':
        ups += 1
    if target.startswith('/') or not parts or '..' in parts[ups:] or '\0' in target or ups > name.count('/'):
        raise _foreign(name, 'it is a link to %r, outside of the prefix' % target)


def check_kind(member):
    """Raises AuditError for a tar member that is neither a file nor a directory nor a symbolic link."""
    if not (member.isreg() or member.isdir() or member.issym()):
        raise _foreign(member.name, 'it is a device, a pipe or a hard link')
    if member.isreg() and getattr(member, 'sparse', None):
        raise _foreign(member.name, 'it is a sparse file')


def _foreign(name, why):
    remedy = 'Empty the cache of the controller (faiss_install__cache) and run again.'
    return AuditError('The archive has a member %r, and %s. No archive of faiss-fleet has such a member: find out '
                      'where this one comes from. %s' % (name, why, remedy), cause='corrupt_artefact', remedy=remedy)


def leftover_of(name):
    """Digest whose half-built directory this is by its name; None for any other name."""
    found = PARTIAL.match(name)
    return found.group('digest') if found else None
