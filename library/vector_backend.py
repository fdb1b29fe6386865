#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: vector_backend
short_description: Writes, restores or removes the vector backend configuration of a host
description:
  - Writes C(backend.json), for the application, and C(backend.env) beside it, for systemd's C(EnvironmentFile=).
  - Both are written beside their place, flushed to the disk and renamed. A killed run leaves the old configuration or
    the new one.
  - Refuses to point at a candidate that did not pass the search test, or whose program or prefix is not on the host.
  - What was there before is kept in C(backend.backups), and O(state=restored) restores it.
  - C(verified) in the configuration says when it was measured. When nothing else differs, both files stay, byte for
    byte.
  - Symbolic links of root and of the user are followed, those of anybody else are refused.
  - Once the configuration is in place, what passed and was not selected (O(lost)) is removed, unless a configuration
    names it, this one's backups included, or a process uses it.
options:
  path:
    description: Absolute path of the configuration. It ends in C(.json).
    type: path
    default: /etc/faiss-fleet/backend.json
  state:
    description:
      - V(present) writes O(setting).
      - V(restored) puts back what O(to) says. Doing it twice is the same as doing it once.
      - V(absent) removes configuration, environment file and backups where they are of faiss-fleet.
    type: str
    choices: [present, restored, absent]
    default: present
  setting:
    description: The configuration, schema 1. Needed with O(state=present).
    type: dict
  if_set:
    description:
      - By candidate, the configuration that is wanted in place of O(setting) when that candidate is the one configured
        now.
    type: dict
    default: {}
  passed:
    description:
      - Search tests that passed, as C(faiss_search_test) returned them. At least candidate, ok and runtime.
      - For O(lost) also C(p95_ms).
    type: list
    elements: dict
    default: []
  lost:
    description: By candidate, what a later run is to know of it if it is not the one that is set; its prefix then goes.
    type: dict
    default: {}
  predicted:
    description: The configuration is predicted, not tested. Only in check mode.
    type: bool
    default: false
  to:
    description: With O(state=restored), what was before the newest change (V(previous)) or the first (V(found)).
    type: str
    choices: [previous, found]
    default: previous
  backup:
    description: Keep what was there.
    type: bool
    default: true
  backups_kept:
    description: How many backups are kept. The oldest of all, which is how the host was found, is kept besides.
    type: int
    default: 5
  mode:
    description: Octal mode of both files, such as V('0640'). Without it a file keeps its mode; a new one gets 0644.
    type: str
  owner:
    description: Name or number of the user who owns both files. Without it a file keeps its owner.
    type: str
  group:
    description: Name or number of the group of both files. Without it a file keeps its group.
    type: str
  user:
    description:
      - Name or number of the user as whom the application runs. A FAISS that this user cannot read or start is refused.
      - Without it O(owner) and O(group) say who that is. Without these, what root writes must be open to every user.
    type: str
  lock_timeout:
    description: Seconds to wait for another run that is writing the same configuration.
    type: int
    default: 10
author: the faiss-fleet authors
'''

EXAMPLES = r'''
- name: Fall back to the JavaScript store
  vector_backend:
    setting:
      schema: 1
      backend: js
      provider: js
      candidate: null
      runtime: null
      versions: {faiss: null, numpy: null, python: null}
      policy: first
      because: chosen by hand
      verified: null

- name: Restore the previous configuration
  vector_backend:
    state: restored
'''

RETURN = r'''
path:
  description: The configuration's path.
  returned: always
  type: str
  sample: /etc/faiss-fleet/backend.json
before:
  description: The configuration that was there. Null when there was none, or none that can be read (RV(note)).
  returned: success
  type: dict
  sample: null
after:
  description: The configuration that is there now. In check mode, that would be.
  returned: success
  type: dict
  sample: {schema: 1, backend: js, provider: js}
note:
  description: What is odd about what was found, or null.
  returned: success
  type: str
  sample: >-
    /etc/faiss-fleet/backend.json is no configuration of faiss-fleet: it is not UTF-8 text. It is kept as a backup.
backup_file:
  description: Directory that keeps what was there, when this run made one; else null.
  returned: success
  type: str
  sample: /etc/faiss-fleet/backend.backups/000001.20261122T171800Z
lost:
  description: Those of O(lost) that are not set, whether the prefix was removed, and why it stays.
  returned: success, with O(state=present)
  type: list
  elements: dict
  sample: [{candidate: "wheel:a", prefix: /opt/faiss-fleet/wheel/3f0c2a1be45d9786, removed: true, message: null}]
cause:
  description: Why it failed, from the closed list of causes, or null.
  returned: failure
  type: str
  sample: read_only
remedy:
  description: The next step, alone.
  returned: failure
  type: str
  sample: Mount it read-write, or point vector_backend__path at a directory that is writable.
'''

import functools
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import commands
from ansible.module_utils.faiss_fleet.prefix import unselected as losers
from ansible.module_utils.faiss_fleet.backend import access, references as setting_names, write as setting_store
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.ownership import Labels, wish

ARGUMENT_SPEC = dict(
    path=dict(type='path', default='/etc/faiss-fleet/backend.json'),
    state=dict(type='str', choices=['present', 'restored', 'absent'], default='present'),
    setting=dict(type='dict'),
    if_set=dict(type='dict', default={}),
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
    names = ('path', 'setting', 'if_set', 'passed', 'predicted', 'backup')

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
        gone = remove_losers(module, plan)
    changed = setting_store.changes(plan) or any(one['removed'] for one in gone)
    return dict(changed=changed, path=plan.place.path, before=plan.before, after=plan.after,
                note=plan.note, backup_file=entry, diff=setting_store.diff(plan), lost=gone)


def remove_losers(module, plan):
    """What became of those that passed and are not set. An engine, for an image, runs in a clean environment."""
    if not module.params['lost']:
        return []
    for name in set(os.environ) - set(commands.clean_environment(os.environ)):
        del os.environ[name]
    command = functools.partial(module.run_command, environ_update={'LC_ALL': 'C'}, handle_exceptions=False)
    return losers.settle(plan, module.params['passed'], module.params['lost'], command, module.params['lock_timeout'],
                         module.check_mode)


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
