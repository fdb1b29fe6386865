#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import functools
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.prefix import unselected
from ansible.module_utils.faiss_fleet.backend import access, references as setting_names, write as setting_store
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.ownership import Labels, wish

ARGUMENT_SPEC = dict(
    path=dict(type='path', default='/etc/faiss-fleet/backend.json'),
    state=dict(type='str', choices=['present', 'restored', 'absent'], default='present'),
    setting=dict(type='dict'),
    passed=dict(type='list', elements='dict', default=[]),
    lost=dict(type='dict', default={}),
    predicted=dict(type='bool', default=False),
    to=dict(type='str', choices=['previous', 'found'], default='previous'),
    backup=dict(type='bool', default=True),
    backups_kept=dict(type='int', default=5),
    mode=dict(type='str'),
    owner=dict(type='str'),
    group=dict(type='str'),
    user=dict(type='str'),
    lock_timeout=dict(type='int', default=10),
)


def planner(params, check_mode):
    """The function that works out what to do, from what is on the host when it is called."""
    if params['state'] == 'restored':
        return lambda: setting_store.plan_restore(params['path'], params['to'])
    if params['state'] == 'absent':
        return lambda: setting_store.plan_absent(params['path'])
    if params['predicted'] and not check_mode:
        raise AuditError('A predicted configuration was never tested, and only check mode takes one. Nothing was '
                         'changed.')
    wished = wish(params['mode'], params['owner'], params['group'])
    who = access.reader(params['user'], wished)
    names = ('path', 'setting', 'passed', 'predicted', 'backup')

    def work_out():
        plan = setting_store.plan_set(wish=wished, **dict((name, params[name]) for name in names))
        access.check(plan, who)
        return plan
    return work_out


def run(module):
    """What the module returns. Raises AuditError."""
    work_out = planner(module.params, module.check_mode)
    entry = None
    if module.check_mode:
        plan = work_out()
        setting_store.check_possible(plan)
    else:
        plan, entry = setting_store.apply(
            work_out, Labels(module), module.params['backups_kept'], module.params['lock_timeout'])
    gone = []
    if module.params['state'] == 'present':
        if not module.check_mode:
            setting_names.note(plan.place.path, plan.after.get('runtime'))
        gone = remove_unselected(module, plan)
    changed = setting_store.changes(plan) or any(one['removed'] for one in gone)
    return dict(changed=changed, path=plan.place.path, before=plan.before, after=plan.after,
                note=plan.note, backup_file=entry, diff=setting_store.diff(plan), lost=gone)


def remove_unselected(module, plan):
    """What became of those that passed and are not set. An engine, for an image, runs in a clean environment."""
    if not module.params['lost']:
        return []
    for name in set(os.environ) - set(commands.clean_environment(os.environ)):
        del os.environ[name]
    command = functools.partial(module.run_command, environ_update={'LC_ALL': 'C'}, handle_exceptions=False)
    passed, lost, timeout = (module.params[name] for name in ('passed', 'lost', 'lock_timeout'))
    return unselected.settle(plan, passed, lost, command, timeout, module.check_mode)


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_if=[('state', 'present', ['setting'])])
    try:
        result = run(module)
    except AuditError as exc:
        module.fail_json(msg=str(exc), cause=exc.cause, remedy=exc.remedy, path=module.params['path'])
    module.exit_json(**result)


if __name__ == '__main__':
    main()
