#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests whether a FAISS on this host works, and measures how fast it is."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import signal
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.backend import runtime as named_runtime
from ansible.module_utils.faiss_fleet.search import run as search_test, shipped
from ansible.module_utils.faiss_fleet.errors import AuditError

ARGUMENT_SPEC = dict(
    runtimes=dict(type='list', elements='dict', options=dict(
        id=dict(type='str', required=True),
        runtime=dict(type='dict', required=True),
    )),
    setting=dict(type='path'),
    workload=dict(type='dict', apply_defaults=True, options=dict(
        n=dict(type='int', default=search_test.WORKLOAD['n']),
        d=dict(type='int', default=search_test.WORKLOAD['d']),
        k=dict(type='int', default=search_test.WORKLOAD['k']),
        queries=dict(type='int', default=search_test.WORKLOAD['queries']),
        threads=dict(type='int', default=search_test.WORKLOAD['threads']),
        seed=dict(type='int', default=search_test.WORKLOAD['seed']),
        indexes=dict(type='list', elements='str', choices=['flat', 'ivf', 'hnsw'], default=['flat', 'ivf', 'hnsw']),
        figures=dict(type='bool', default=True),
        soak=dict(type='int', default=0),
        loader=dict(type='bool', default=True),
    )),
    min_recall=dict(type='dict', apply_defaults=True, options=dict(
        ivf=dict(type='float', default=0.9),
        hnsw=dict(type='float', default=0.9),
    )),
    timeout=dict(type='int', default=120),
    memory_limit_mb=dict(type='int', default=2048),
    # no_log keeps it out of the host's log and out of the answer.
    files=dict(type='str', no_log=True),
)


def to_test(params):
    """([(name, runtime)], what the setting says or None)."""
    if params['setting'] is None:
        return [(entry['id'], entry['runtime']) for entry in params['runtimes']], None
    named = named_runtime.named_runtime(params['setting'])
    runtime = named.pop('runtime')
    named['path'] = params['setting']
    if runtime is None or runtime['kind'] == 'js':
        return [], named
    return [(named['candidate'] or params['setting'], runtime)], named


def main():
    module = AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=[('runtimes', 'setting')],
                           required_one_of=[('runtimes', 'setting')])
    # Ended from outside, it still kills its child and removes its directory on the way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    params = module.params
    limits = [params[name] for name in ('workload', 'timeout', 'memory_limit_mb')]
    try:
        search_test.check_workload(*(limits + [params['min_recall']]))
        chosen, setting = to_test(params)
        files = shipped.unpack(params['files'])
        results = [search_test.run(name, runtime, *limits, files=files) for name, runtime in chosen]
    except AuditError as exc:
        module.fail_json(msg=str(exc), cause=exc.cause, remedy=exc.remedy)
    returned = {} if setting is None else {'setting': setting}
    module.exit_json(changed=False, results=results, **returned)


if __name__ == '__main__':
    main()
