#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import node_build, install as prefix_place, unpack
from ansible.module_utils.faiss_fleet.errors import AuditError

ARGUMENT_SPEC = dict(
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    digest=dict(type='str'),
    cmake=dict(type='str', default=''),
    compiler=dict(type='str', default=''),
    flags=dict(type='str', default='-O2'),
    jobs=dict(type='int', default=0),
    timeout=dict(type='int', default=1800),
    min_free_bytes=dict(type='int', default=0),
    needs_exec=dict(type='bool', default=True),
    holder=dict(type='str'),
    lock_timeout=dict(type='int', default=0),
)


def meminfo(path='/proc/meminfo'):
    """Its text; empty where there is none, which then limits nothing."""
    try:
        with io.open(path, encoding='utf-8') as handle:
            return handle.read()
    except (IOError, OSError):
        return u''


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    started = time.time()
    prefix_place.end_cleanly()
    log = child_process.Tail(node_build.LOG_LIMIT)
    failure = None
    try:
        params = prefix_place.checked(module.params)
        params['lock_timeout'] = params['lock_timeout'] or params['timeout']

        def fill(partial, handle):
            return node_build.fill(partial, handle, params, module.get_bin_path, log, meminfo(),
                                   os.sysconf('SC_NPROCESSORS_ONLN'))

        result = prefix_place.present(params, module.check_mode, fill)
    except AuditError as exc:
        failure = exc
    except (IOError, OSError) as exc:
        failure = unpack.as_audit_error(exc, exc.filename or module.params['prefix'])
    said = dict(log=log.text()) if log.text() else {}
    seconds = round(time.time() - started, 3)
    if failure is not None:
        module.fail_json(msg=str(failure), cause=failure.cause or 'unknown', remedy=failure.remedy, said=failure.said,
                         prefix=module.params['prefix'], seconds=seconds, changed=False, **said)
    module.exit_json(prefix=params['prefix'], seconds=seconds, **dict(result, **said))


if __name__ == '__main__':
    main()
