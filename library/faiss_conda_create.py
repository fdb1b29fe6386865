#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import conda_create, install as prefix_place, on_host

ARGUMENT_SPEC = dict(
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    conda=dict(type='str', required=True),
    kind=dict(type='str', choices=['conda', 'mamba', 'micromamba'], default='conda'),
    mode=dict(type='str', choices=['offline', 'online'], default='offline'),
    secrets=dict(type='dict', default={}, no_log=True),
    timeout=dict(type='int', default=1800),
    min_free_bytes=dict(type='int', default=0),
    lock_timeout=dict(type='int', default=0),
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    log = child_process.Tail(on_host.LOG_LIMIT)

    def create(params):
        conda_create.check_trusted(params['conda'])
        params['lock_timeout'] = params['lock_timeout'] or params['timeout']
        return conda_create.present(params, module.check_mode,
                                    lambda partial, handle: conda_create.fill(partial, handle, params, log))

    prefix_place.answer(module, create, log)


if __name__ == '__main__':
    main()
