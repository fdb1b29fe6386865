#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import functools
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import files as atomic_file, commands, trust
from ansible.module_utils.faiss_fleet.prefix import (
    conda_create,
    container_image,
    manifest as prefix,
    remove as prefix_removal,
    users as prefix_users,
)
from ansible.module_utils.faiss_fleet.backend import references as setting_names, write as setting_store
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.ownership import Labels

ARGUMENT_SPEC = dict(
    path=dict(type='path', default='/etc/faiss-fleet/backend.json'),
    prefix=dict(type='path', default='/opt/faiss-fleet'),
    to=dict(type='str', choices=['previous', 'found'], default='previous'),
    lock_timeout=dict(type='int', default=10),
)


def sentence(plan):
    """One sentence on the setting."""
    path = plan.place.path
    if not setting_store.changes(plan):
        text = '%s stays as it is' % path
    elif plan.wanted[plan.place.names[0]] is None:
        text = '%s is removed: there was no configuration before' % path
    else:
        setting = plan.after or {'backend': 'something that is not of faiss-fleet'}
        text = '%s is put back: %s' % (path, setting.get('candidate') or setting['backend'])
    return '%s%s.' % (text, ' (%s)' % plan.note if plan.note else '')


def roll_back(params, check_mode, labels, run=None):
    """What the module returns. ``did`` grows as things are done, so that a failure tells how far it came."""
    result = dict(changed=False, removed=[], kept=[], busy=[], did=[])
    try:
        _roll_back(params, check_mode, labels, run, result)
    except AuditError as exc:
        result.update(failed=True, msg=str(exc), cause=exc.cause, remedy=exc.remedy)
    if result['busy'] and params['to'] == 'found' and not result.get('failed'):
        remedy = 'End what runs in %s, and roll back again.' % ', '.join(result['busy'])
        result.update(failed=True, cause=None, remedy=remedy, msg=(
            'The host is not as it was found: %s %s' % (' '.join(result['did']), remedy)))
    return result


def _roll_back(params, check_mode, labels, run, result):
    base = prefix.check(params['prefix'])

    def work_out():
        return setting_store.plan_restore(params['path'], params['to'])

    if check_mode:
        plan = work_out()
        setting_store.check_possible(plan)
    else:
        plan = setting_store.apply(work_out, labels, timeout=params['lock_timeout'])[0]
    result.update(changed=setting_store.changes(plan), before=plan.before, after=plan.after,
                  diff=setting_store.diff(plan))
    result['did'].append(sentence(plan))
    try:
        _remove_unnamed(base, plan, params['lock_timeout'], check_mode, run, result)
    except (IOError, OSError) as exc:
        raise atomic_file.translate(exc, exc.filename or base)


def _end_unfinished(base, timeout, check_mode, result):
    """Environments that a killed run was creating at their place have no manifest by which they would be found."""
    for path in conda_create.unfinished(base):
        if trust.writer(path):
            continue
        if not check_mode:
            conda_create.discard_unfinished(path, timeout)
        result['removed'].append(path)
        result['did'].append('%s, half-built, is removed.' % path)
        result['changed'] = True


def _remove_unnamed(base, plan, timeout, check_mode, run, result):
    _end_unfinished(base, timeout, check_mode, result)
    if not check_mode:
        # With its name it is found by its manifest, and with it what was brought for it.
        prefix_removal.put_back_all(base)
    whole, left = prefix_removal.find(base)
    whole = [path for path in whole if path not in result['removed']]
    texts = [found.data for found in plan.wanted.values() if found is not None]
    texts += setting_names.others(plan.place, [base])
    unused = prefix_removal.unnamed(whole, texts)
    named = [path for path in whole if path not in unused]
    result['kept'] = list(named)
    for path in unused + left:
        foreign = trust.writer(path)
        if foreign:
            # Not a word of what is in it is believed, nor is it walked through.
            result['kept'].append(path)
            text = '%s stays: %s %s, who could have put it there. Remove it by hand.'
            result['did'].append(text % ((path,) + foreign))
    unused, left = ([path for path in paths if path not in result['kept']] for paths in (unused, left))
    for path in unused:
        image, users = None, prefix_users.find(path)
        if users:
            result['kept'].append(path)
            result['did'].append(prefix_users.in_use(path, users))
            result['busy'].append(path)
            continue
        if not check_mode:
            # The image first: the prefix says which it is.
            image = container_image.take_away_of(path, run)
            prefix_removal.remove(path, timeout)
        result['removed'].append(path)
        result['did'].append('%s is removed%s.' % (path, '; ' + image if image else ''))
        result['changed'] = True
    for path in left:
        if check_mode or prefix_removal.remove_leftover(path):
            result['removed'].append(path)
            result['did'].append('%s, half-built, is removed.' % path)
            result['changed'] = True
    for path in named:
        result['did'].append('%s stays: a configuration names it.' % path)
    if not check_mode and os.path.isdir(base):
        if prefix_removal.remove_cached(base):
            result['changed'] = True
            result['did'].append('What was cached of failed and unselected candidates is removed.')
        prefix_removal.remove_parents(base)


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    for name in set(os.environ) - set(commands.clean_environment(os.environ)):
        del os.environ[name]
    run = functools.partial(module.run_command, environ_update={'LC_ALL': 'C'}, handle_exceptions=False)
    result = roll_back(module.params, module.check_mode, Labels(module), run)
    if result.get('failed'):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == '__main__':
    main()
