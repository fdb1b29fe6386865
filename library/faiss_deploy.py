#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import shutil
import signal

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.prefix import (
    contents,
    failures,
    install as prefix_place,
    leftovers,
    users as prefix_users,
    unpack,
)
from ansible.module_utils.faiss_fleet.prefix import manifest as prefixes
from ansible.module_utils.faiss_fleet.backend.lock import holder
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock

ARGUMENT_SPEC = dict(
    state=dict(type='str', choices=['present', 'absent', 'failed'], default='present'),
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    min_free_bytes=dict(type='int', default=0),
    keep=dict(type='bool', default=False),
    cached=dict(type='dict', default={}),
    doubted=dict(type='bool', default=False),
    time_limit=dict(type='int', default=0),
    in_use=dict(type='list', elements='str', default=[]),
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
        raise AuditError(prefix_users.in_use(prefix, found), remedy='End what uses it, and run again.')


def half_built(prefix):
    """Whether a killed run left a half-built directory of this very prefix."""
    parent = os.path.dirname(prefix)
    names = os.listdir(parent) if os.path.isdir(parent) else []
    return any(prefixes.leftover_of(name) == os.path.basename(prefix) for name in names)


def absent(params, check_mode, forget=True):
    prefix = params['prefix']
    parent = os.path.dirname(prefix)
    if not prefix_place.is_there(prefix) and not half_built(prefix):
        if forget and not check_mode and failures.remove(prefix):
            prefix_place.remove_parents(parent)
        return dict(changed=False, because='it was not there', bytes=0, leftovers=[])
    refuse_in_use(params)
    prefix_place.check_trust(prefix)
    if not check_mode:
        with HostLock(prefix_place.lock_path(prefix), holder(), params['lock_timeout']):
            leftovers = prefix_place.clean_leftovers(prefix)
            if prefix_place.is_there(prefix):
                # Out of its place in one step, so that no one ever finds half of it there.
                gone = '%s.partial-%d-removed' % (prefix, os.getpid())
                os.rename(prefix, gone)
                shutil.rmtree(gone)
            if forget:
                failures.remove(prefix)
        prefix_place.remove_parents(parent)
        return dict(changed=True, because='it was there', bytes=0, leftovers=leftovers)
    return dict(changed=True, because='it is there', bytes=0, leftovers=[])


def failed(params, check_mode):
    """The prefix goes, unless it is kept or in use, and its failure is cached in any case."""
    prefix, cached = params['prefix'], params['cached']
    harm = prefix_place.harm_of(prefix)
    if harm:
        return discard_damaged(params, check_mode, harm)
    try:
        if not params['keep']:
            return absent(params, check_mode, forget=not cached)
        changed = not check_mode and not cached and failures.remove(prefix)
        if changed:
            prefix_place.remove_parents(os.path.dirname(prefix))
        return dict(changed=changed, because='it is kept', bytes=0, leftovers=[])
    finally:
        if cached and not check_mode:
            prefix_place.make_parents(os.path.dirname(prefix))
            failures.write(prefix, cached)


def discard_damaged(params, check_mode, harm):
    """A failure of a damaged prefix says nothing of the artefact: none is cached, and a later run installs it again."""
    result = dict(changed=False, bytes=0, leftovers=[])
    if not params['keep']:
        result = absent(params, check_mode)
    elif not check_mode:
        contents.note_damage(params['prefix'], harm)
        failures.remove(params['prefix'])
        result['changed'] = True
    return dict(result, because='it was damaged: %s' % harm)


def over(number, frame):
    raise AuditError('It was not in place within its time limit; nothing was left half-built. See what this host is '
                     'busy with, or raise faiss_install__attempt_timeout.', cause='timeout',
                     remedy='See what this host is busy with, or raise faiss_install__attempt_timeout.')


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    signal.signal(signal.SIGALRM, over)
    signal.alarm(module.params['time_limit'])

    def act(params):
        done = {'present': present, 'absent': absent, 'failed': failed}[params['state']](params, module.check_mode)
        if not module.check_mode:
            done['leftovers'] += leftovers.sweep(
                os.path.dirname(os.path.dirname(params['prefix'])), ansible=module._remote_tmp)
        return done

    try:
        prefix_place.answer(module, act)
    finally:
        if module.params['archive'] and not module.check_mode:
            module.cleanup(module.params['archive'])


if __name__ == '__main__':
    main()
