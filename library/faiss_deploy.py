#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
---
module: faiss_deploy
short_description: Puts a packed prefix in place, or takes one away
description:
  - Checks an archive that the controller packed, unpacks it beside its place and renames it there.
    So a prefix is whole or absent.
  - Serves every strategy that ends in a prefix. Needs Python 2.7 or 3.6 and newer, and neither pip nor network.
  - Only ever touches the prefix, its half-built neighbours, and parent folders that it made itself.
options:
  state:
    description:
      - C(present) puts the prefix in place. One whose manifest matches and whose files are there is left as it is.
      - C(absent) removes a prefix of ours; a folder without a manifest is refused.
    type: str
    choices: [present, absent]
    default: present
  prefix:
    description: Absolute path of the prefix, ending in the digest.
    type: str
    required: true
  archive:
    description: The C(.tar.gz) on the host. Needed with O(state=present) unless the prefix is in place already.
    type: str
  sha256:
    description: sha256 of the archive. Needed together with O(archive).
    type: str
  digest:
    description: Digest of the lock, which the archive's manifest must have too. By default the last part of O(prefix).
    type: str
  min_free_bytes:
    description: What must be free before anything is written. The manifest's unpacked size, as a rule.
    type: int
    default: 0
  needs_exec:
    description: Whether what is unpacked is executed or loaded there, so that a C(noexec) mount will not do.
    type: bool
    default: true
  keep_archive:
    description: Whether to leave O(archive) on the host.
    type: bool
    default: false
  in_use:
    description: Prefixes that the setting points at. They are not removed.
    type: list
    elements: str
    default: []
  holder:
    description:
      - Who asks, for the message that another controller gets while this one works.
      - By default the user, the process and where the connection comes from.
    type: str
  lock_timeout:
    description: Seconds to wait for another run that works on the same prefix.
    type: int
    default: 120
author:
  - The faiss-fleet authors
'''

EXAMPLES = r'''
- name: Put the prefix in place
  faiss_deploy:
    prefix: /opt/faiss-fleet/wheel/3f2a9c0e71d24b58
    archive: /var/tmp/3f2a9c0e71d24b58.tar.gz
    sha256: 0a64c46d33e3c1f5e14e1a2b9c6a9f0de6cb9f3a3a3f5bb4f2fae9a6f64c2c11
    min_free_bytes: 190000000

- name: Take it away again
  faiss_deploy:
    state: absent
    prefix: /opt/faiss-fleet/wheel/3f2a9c0e71d24b58
    in_use: "{{ backends_in_use }}"
'''

RETURN = r'''
prefix:
  description: The prefix, without doubled or trailing slashes.
  returned: always
  type: str
  sample: /opt/faiss-fleet/wheel/3f2a9c0e71d24b58
bytes:
  description: Size of the files in the prefix; 0 where there is none.
  returned: success
  type: int
  sample: 184549376
seconds:
  description: Wall time of the module.
  returned: always
  type: float
  sample: 2.1
because:
  description: Why something changes or not.
  returned: success
  type: str
  sample: it was not there
leftovers:
  description: Half-built folders of killed runs that were removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/faiss-fleet/wheel/3f2a9c0e71d24b58.partial-812]
selinux:
  description: Whether the files got the context of the host's policy.
  returned: when a prefix was put in place
  type: str
  sample: restored
cause:
  description: Cause of a failure, of the closed list.
  returned: failure
  type: str
  sample: disk_full
remedy:
  description: The next step after a failure.
  returned: failure
  type: str
  sample: Free space there, or set faiss_install__prefix to a file system that has room.
'''

import getpass
import io
import os
import shutil
import signal
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import prefix as prefixes
from ansible.module_utils.faiss_fleet import unpack
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.host_lock import HostLock

ARGUMENT_SPEC = dict(
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    digest=dict(type='str'),
    min_free_bytes=dict(type='int', default=0),
    needs_exec=dict(type='bool', default=True),
    keep_archive=dict(type='bool', default=False),
    in_use=dict(type='list', elements='str', default=[]),
    holder=dict(type='str'),
    lock_timeout=dict(type='int', default=120),
)

# In a parent folder that this module made, so that it alone is removed again.
MADE = '.made-by-faiss-fleet'
ST_RDONLY, ST_NOEXEC = 1, 8


def existing(path):
    """The nearest folder above, or the path itself, that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def read_manifest(prefix):
    """The manifest of the prefix; None when there is no such folder. Raises AuditError when the folder is not ours."""
    if not os.path.lexists(prefix):
        return None
    try:
        with io.open(os.path.join(prefix, prefixes.MANIFEST), encoding='utf-8') as handle:
            return prefixes.parse_manifest(handle.read(prefixes.MAX_MANIFEST_BYTES), prefix)
    except (IOError, OSError, UnicodeDecodeError) as exc:
        raise AuditError('%s is there and is not a prefix of faiss-fleet: its %s cannot be read (%s). It is left as it '
                         'is. Move it away if nothing uses it, or set another faiss_install__prefix.'
                         % (prefix, prefixes.MANIFEST, exc),
                         cause='permission_denied', remedy='Move %s away if nothing uses it.' % prefix)


def check_file_system(path, min_free_bytes, needs_exec, statvfs=os.statvfs, euid=os.geteuid):
    """Raises AuditError where the file system of the path cannot take the prefix."""
    folder = existing(path)
    found = statvfs(folder)
    if found.f_flag & ST_RDONLY:
        remedy = 'Mount it read-write, or set faiss_install__prefix to a file system that is.'
        raise AuditError('%s is on a file system that is mounted read-only. %s' % (folder, remedy),
                         cause='read_only', remedy=remedy)
    if needs_exec and found.f_flag & ST_NOEXEC:
        remedy = 'Set faiss_install__prefix to a file system without noexec, or mount this one without it.'
        raise AuditError('%s is on a file system that is mounted noexec, so no library in it could be loaded. %s'
                         % (folder, remedy), cause='noexec_mount', remedy=remedy)
    free = (found.f_bfree if euid() == 0 else found.f_bavail) * found.f_frsize
    if free < min_free_bytes:
        remedy = 'Free space there, or set faiss_install__prefix to a file system that has room.'
        need = -(-min_free_bytes // 10 ** 6)
        raise AuditError('%s has %d MB free and the prefix needs %d MB. %s' % (folder, free // 10 ** 6, need, remedy),
                         cause='disk_full', remedy=remedy)
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = 'Run with become, or set faiss_install__prefix to a folder that this user owns.'
        raise AuditError('%s may not be written to by this user. %s' % (folder, remedy),
                         cause='permission_denied', remedy=remedy)


def make_parents(folder):
    """Makes the missing parent folders, and marks each as made here."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        try:
            os.mkdir(path)
        except OSError:
            if not os.path.isdir(path):          # made by another run in this very moment
                raise
            continue
        os.chmod(path, 0o755)                    # whatever the umask: the application's user is to get in
        io.open(os.path.join(path, MADE), 'w').close()


def remove_parents(folder):
    """Removes parent folders that were made here and hold nothing else."""
    while os.path.exists(os.path.join(folder, MADE)) and os.listdir(folder) == [MADE]:
        os.unlink(os.path.join(folder, MADE))
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def lock_path(prefix):
    return os.path.join(os.path.dirname(prefix), '.%s.lock' % os.path.basename(prefix))


def clean_leftovers(prefix, holder):
    """Removes half-built folders whose maker is gone, of this prefix and of its neighbours; returns their paths.

    Called with the lock of `prefix` held. A neighbour's leftover goes only when the neighbour's lock is free.
    """
    folder, removed = os.path.dirname(prefix), []
    for name in sorted(os.listdir(folder)):
        digest = prefixes.leftover_of(name)
        path = os.path.join(folder, name)
        if digest is None or not os.path.isdir(path) or os.path.islink(path):
            continue
        if digest == os.path.basename(prefix):
            shutil.rmtree(path)
            removed.append(path)
            continue
        try:
            with HostLock(lock_path(os.path.join(folder, digest)), holder, timeout=0):
                shutil.rmtree(path)
                removed.append(path)
        except AuditError:
            pass                                 # someone is building it now
    return removed


def state_of(prefix, digest):
    """(whether it is in place and whole, why not, its manifest or None)."""
    manifest = read_manifest(prefix)
    if manifest is None:
        return False, 'it was not there', None
    if manifest['digest'] != digest:
        return False, 'its manifest is of %s' % manifest['digest'], manifest
    damage = unpack.damage(prefix)
    if damage:
        return False, 'it was damaged: %s' % damage, manifest
    return True, 'it is in place', manifest


def put_in_place(prefix, params, pid=os.getpid):
    """Unpacks beside and renames; returns the manifest and what SELinux got."""
    partial = '%s.partial-%d' % (prefix, pid())
    old = '%s.partial-%d-old' % (prefix, pid())
    try:
        with io.open(params['archive'], 'rb') as handle:
            unpack.check_sha256(handle, params['sha256'], params['archive'])
            manifest = unpack.unpack(handle, partial, params['digest'], params['archive'])
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


def present(params, check_mode):
    prefix, digest = params['prefix'], params['digest']
    done, because, manifest = state_of(prefix, digest)
    if done:
        return dict(changed=False, because=because, bytes=manifest['unpacked_bytes'], leftovers=[])
    check_file_system(os.path.dirname(prefix), params['min_free_bytes'], params['needs_exec'])
    if check_mode:
        return dict(changed=True, because=because, bytes=params['min_free_bytes'], leftovers=[])
    check_archive(params)
    make_parents(os.path.dirname(prefix))
    with HostLock(lock_path(prefix), params['holder'], params['lock_timeout']):
        leftovers = clean_leftovers(prefix, params['holder'])
        done, why, manifest = state_of(prefix, digest)
        if done:
            return dict(changed=False, because='another run put it in place', bytes=manifest['unpacked_bytes'],
                        leftovers=leftovers)
        manifest, selinux = put_in_place(prefix, params)
    return dict(changed=True, because=why, bytes=manifest['unpacked_bytes'], leftovers=leftovers, selinux=selinux)


def absent(params, check_mode, pid=os.getpid):
    prefix = params['prefix']
    for used in params['in_use']:
        if os.path.realpath(used) == os.path.realpath(prefix):
            raise AuditError('%s is what the setting of this host points at, so it is not removed. Set another backend '
                             'first (rollback.yml does), then remove it.' % prefix,
                             remedy='Set another backend first (rollback.yml does).')
    if read_manifest(prefix) is None:
        return dict(changed=False, because='it was not there', bytes=0, leftovers=[])
    if not check_mode:
        parent = os.path.dirname(prefix)
        with HostLock(lock_path(prefix), params['holder'], params['lock_timeout']):
            leftovers = clean_leftovers(prefix, params['holder'])
            if read_manifest(prefix) is not None:
                # Out of its place in one step, so that no one ever finds half of it there.
                gone = '%s.partial-%d-removed' % (prefix, pid())
                os.rename(prefix, gone)
                shutil.rmtree(gone)
        remove_parents(parent)
        return dict(changed=True, because='it was there', bytes=0, leftovers=leftovers)
    return dict(changed=True, because='it is there', bytes=0, leftovers=[])


def checked(params, environ=os.environ):
    """The same arguments with the prefix judged, also by where its links lead, and the defaults filled in."""
    prefix = prefixes.check(params['prefix'])
    prefixes.check(os.path.join(os.path.realpath(os.path.dirname(prefix)), os.path.basename(prefix)))
    digest = params['digest'] or os.path.basename(prefix)
    if not prefixes.DIGEST.match(digest) or os.path.basename(prefix) != digest:
        raise AuditError('prefix is %s and digest %r. A prefix ends in its digest: 8 to 64 lower-case hexadecimals.'
                         % (prefix, digest))
    origin = environ.get('SSH_CONNECTION', '').split(' ')[0]
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):     # a user id without a name
        user = str(os.getuid())
    holder = params['holder'] or 'user %s%s, process %d' % (user, ' from %s' % origin if origin else '', os.getpid())
    return dict(params, prefix=prefix, digest=digest, holder=holder)


def interrupted(number, frame):
    raise AuditError('It was ended by signal %d; nothing was left half-built. Run again.' % number,
                     cause='interrupted', remedy='Run again.')


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    started = time.time()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    failure = None
    try:
        params = checked(module.params)
        result = (present if params['state'] == 'present' else absent)(params, module.check_mode)
    except AuditError as exc:
        failure = exc
    except (IOError, OSError) as exc:
        failure = unpack.as_audit_error(exc, exc.filename or module.params['prefix'])
    if module.params['archive'] and not module.params['keep_archive'] and not module.check_mode:
        module.cleanup(module.params['archive'])
    seconds = round(time.time() - started, 3)
    if failure is not None:
        module.fail_json(msg=str(failure), cause=failure.cause or 'unknown', remedy=failure.remedy,
                         prefix=module.params['prefix'], seconds=seconds, changed=False)
    module.exit_json(prefix=params['prefix'], seconds=seconds, **result)


if __name__ == '__main__':
    main()
