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
  - Only ever touches the prefix, its half-built neighbours, and parent directories that it made itself.
options:
  state:
    description:
      - C(present) puts the prefix in place. One whose manifest matches and whose files are there is left as it is.
      - C(absent) removes a prefix of ours; a directory without a manifest is refused.
      - C(failed) removes it too, unless O(keep), and leaves O(memo) beside its place, or removes older ones.
        Every byte of the prefix is compared with its list first. For a damaged one no failure is cached, and the next
        run installs it again.
    type: str
    choices: [present, absent, failed]
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
    description: The unpacked size. It must be free before anything is written, and no archive may have more; 0 is any.
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
  keep:
    description: With O(state=failed), whether the prefix stays for a look.
    type: bool
    default: false
  memo:
    description: With O(state=failed), the failure to cache for later runs. Empty caches none for this prefix.
    type: dict
    default: {}
  time_limit:
    description: Seconds after which O(state=present) gives up and leaves nothing half-built. 0 means no limit.
    type: int
    default: 0
  in_use:
    description:
      - Prefixes that the configuration points at. They are not removed, and neither is one in which a process has open
        files.
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
  description: What killed runs left half-built or in the directory for temporary files, and was removed.
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

import os
import shutil
import signal
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.prefix import (
    contents,
    failures as attempt_memo,
    install as prefix_place,
    leftovers,
    users as prefix_users,
    unpack,
)
from ansible.module_utils.faiss_fleet.prefix import manifest as prefixes
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock
from ansible.module_utils.faiss_fleet.prefix.install import checked, lock_path

ARGUMENT_SPEC = dict(
    state=dict(type='str', choices=['present', 'absent', 'failed'], default='present'),
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    digest=dict(type='str'),
    min_free_bytes=dict(type='int', default=0),
    needs_exec=dict(type='bool', default=True),
    keep_archive=dict(type='bool', default=False),
    keep=dict(type='bool', default=False),
    memo=dict(type='dict', default={}),
    time_limit=dict(type='int', default=0),
    in_use=dict(type='list', elements='str', default=[]),
    holder=dict(type='str'),
    lock_timeout=dict(type='int', default=120),
)


def present(params, check_mode):
    """Unpacks the archive beside its place and renames it there."""
    return prefix_place.present(
        params, check_mode, lambda partial, handle: unpack.unpack(
            handle, partial, params['digest'], params['archive'], params['min_free_bytes']))


def refuse_in_use(params, users=prefix_users.find):
    """Raises AuditError where the setting or a process uses the prefix."""
    prefix = params['prefix']
    for used in params['in_use']:
        if os.path.realpath(used) == os.path.realpath(prefix):
            raise AuditError('%s is what the configuration of this host points at, so it is not removed. Set another '
                             'backend first (rollback.yml does), then remove it.' % prefix,
                             remedy='Set another backend first (rollback.yml does).')
    found = users(prefix) if os.path.isdir(prefix) else []
    if found:
        raise AuditError(prefix_users.told(prefix, found), remedy='End what uses it, and run again.')


def half_built(prefix):
    """Whether a killed run left a half-built directory of this very prefix."""
    parent = os.path.dirname(prefix)
    names = os.listdir(parent) if os.path.isdir(parent) else []
    return any(prefixes.leftover_of(name) == os.path.basename(prefix) for name in names)


def absent(params, check_mode, pid=os.getpid, forget=True):
    prefix = params['prefix']
    parent = os.path.dirname(prefix)
    if not prefix_place.is_there(prefix) and not half_built(prefix):
        if forget and not check_mode and attempt_memo.remove(prefix):
            prefix_place.remove_parents(parent)
        return dict(changed=False, because='it was not there', bytes=0, leftovers=[])
    refuse_in_use(params)
    prefix_place.check_trust(prefix)
    if not check_mode:
        with HostLock(lock_path(prefix), params['holder'], params['lock_timeout']):
            leftovers = prefix_place.clean_leftovers(prefix, params['holder'])
            if prefix_place.is_there(prefix):
                # Out of its place in one step, so that no one ever finds half of it there.
                gone = '%s.partial-%d-removed' % (prefix, pid())
                os.rename(prefix, gone)
                shutil.rmtree(gone)
            if forget:
                attempt_memo.remove(prefix)
        prefix_place.remove_parents(parent)
        return dict(changed=True, because='it was there', bytes=0, leftovers=leftovers)
    return dict(changed=True, because='it is there', bytes=0, leftovers=[])


def failed(params, check_mode):
    """The prefix goes, unless it is kept or in use, and the memo is left in any case."""
    prefix, memo = params['prefix'], params['memo']
    harm = prefix_place.harm_of(prefix)
    if harm:
        return discard_damaged(params, check_mode, harm)
    try:
        if not params['keep']:
            return absent(params, check_mode, forget=not memo)
        changed = not check_mode and not memo and attempt_memo.remove(prefix)
        if changed:
            prefix_place.remove_parents(os.path.dirname(prefix))
        return dict(changed=changed, because='it is kept', bytes=0, leftovers=[])
    finally:
        if memo and not check_mode:
            prefix_place.make_parents(os.path.dirname(prefix))
            attempt_memo.write(prefix, memo)


def discard_damaged(params, check_mode, harm):
    """A failure of a damaged prefix says nothing of the artefact: no memo, and the next run installs it again."""
    result = dict(changed=False, bytes=0, leftovers=[])
    if not params['keep']:
        result = absent(params, check_mode)
    elif not check_mode:
        contents.note_damage(params['prefix'], harm)
        attempt_memo.remove(params['prefix'])
        result['changed'] = True
    return dict(result, because='it was damaged: %s' % harm)


def over(number, frame):
    raise AuditError('It was not in place within its time limit; nothing was left half-built. See what this host is '
                     'busy with, or raise faiss_install__attempt_timeout.', cause='timeout',
                     remedy='See what this host is busy with, or raise faiss_install__attempt_timeout.')


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    started = time.time()
    prefix_place.end_cleanly()
    signal.signal(signal.SIGALRM, over)
    signal.alarm(module.params['time_limit'])
    failure = None
    try:
        params = checked(module.params)
        result = {'present': present, 'absent': absent, 'failed': failed}[params['state']](params, module.check_mode)
        if not module.check_mode:
            result['leftovers'] += leftovers.sweep(os.path.dirname(os.path.dirname(params['prefix'])))
    except AuditError as exc:
        failure = exc
    except (IOError, OSError) as exc:
        failure = unpack.as_audit_error(exc, exc.filename or module.params['prefix'])
    signal.alarm(0)
    if module.params['archive'] and not module.params['keep_archive'] and not module.check_mode:
        module.cleanup(module.params['archive'])
    seconds = round(time.time() - started, 3)
    if failure is not None:
        module.fail_json(msg=str(failure), cause=failure.cause or 'unknown', remedy=failure.remedy, said=failure.said,
                         prefix=module.params['prefix'], seconds=seconds, changed=False)
    module.exit_json(prefix=params['prefix'], seconds=seconds, **result)


if __name__ == '__main__':
    main()
