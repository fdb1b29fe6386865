# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tests briefly what is configured on a host, and works out whether writing the same again would change a file.

The controller judges it; nothing is written but what a killed run left is cleared away.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from .. import files as atomic_file
from ..backend import access, config, ownership, references, write
from ..errors import AuditError
from ..search import run as search_test


def check(path, wanted, files, known):
    """{test, configuration, refused} of the configuration at this path; known: whether the facts have one."""
    answer = {'test': None, 'configuration': None, 'refused': None}
    try:
        # What the facts did not read is not opened: it may be a pipe, or have any size.
        setting = config.parse(read(path))[0] if known else None
        if setting is not None:
            answer['test'] = tested(setting, wanted['test'], files)
            answer['configuration'] = configured(path, setting, wanted['configuration'], wanted['check_mode'])
    except AuditError as exc:
        answer['refused'] = str(exc)
    return answer


def read(path):
    """The bytes of a configuration; None where it is absent. Raises AuditError for what is no small regular file."""
    found = atomic_file.read(atomic_file.resolve(path))
    return found.data if found else None


def tested(setting, options, files):
    """The brief search test of what a configuration names: evidence, or None where it starts nothing."""
    runtime = setting.get('runtime')
    if not runtime or runtime.get('kind') in search_test.FALLBACKS:
        return None
    runtime = dict((name, runtime.get(name)) for name in ('kind', 'argv', 'env', 'prefix'))
    sent = dict((name, text.encode('ascii')) for name, text in files.items())
    limits = [options[name] for name in ('workload', 'timeout', 'memory_limit_mb')]
    search_test.check_workload(*(limits + [options['min_recall']]))
    return search_test.run(setting.get('candidate'), runtime, *limits, files=sent)


def configured(path, setting, options, check_mode):
    """What the module vector_backend would return if it were to write what is there now, provided its test passed."""
    wished = ownership.wish(options.get('mode'), options.get('owner'), options.get('group'))
    passed = [{'candidate': setting.get('candidate'), 'ok': True, 'runtime': setting.get('runtime')}]
    plan = write.plan_set(path, setting, passed=passed, wish=wished, backup=options['backup'])
    access.check(plan, access.reader(options.get('user'), wished))
    changed = write.changes(plan)
    if not changed and not check_mode:
        write.tidy(plan.place)
        references.note(plan.place.path, plan.after.get('runtime'))
    return dict(path=plan.place.path, before=plan.before, after=plan.after, changed=changed, note=plan.note)
