#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import node_build, install as prefix_place, on_host

ARGUMENT_SPEC = dict(
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    cmake=dict(type='str', default=''),
    compiler=dict(type='str', default=''),
    flags=dict(type='str', default='-O2'),
    jobs=dict(type='int', default=0),
    timeout=dict(type='int', default=1800),
    min_free_bytes=dict(type='int', default=0),
    lock_timeout=dict(type='int', default=0),
)


def meminfo():
    """Its text; empty where there is none, which then limits nothing."""
    try:
        with io.open('/proc/meminfo', encoding='utf-8') as handle:
            return handle.read()
    except (IOError, OSError):
        return u''


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    log = child_process.Tail(on_host.LOG_LIMIT)

    def build(params):
        params['lock_timeout'] = params['lock_timeout'] or params['timeout']

        def fill(partial, handle):
            return node_build.fill(partial, handle, params, module.get_bin_path, log, meminfo(),
                                   os.sysconf('SC_NPROCESSORS_ONLN'))

        return prefix_place.present(params, module.check_mode, fill)

    prefix_place.answer(module, build, log)


if __name__ == '__main__':
    main()
