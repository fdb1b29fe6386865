# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers in one call all that is asked of a host where nothing has changed since the last audit.

That is: its facts, the brief search test of what is configured, and whether writing the same configuration again would
change a file. The controller judges all of it; nothing is written but what a killed run left is cleared away.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os
import signal
import sys

from .backend import access, config, ownership, references, write
from .errors import AuditError
from .facts import gather
from .host import Host
from .search import run as search_test, shipped

PATHS, LISTS = ('prefix', 'setting'), ('interpreters', 'search_paths')


def native(value):
    """The same with texts as this Python's own str, as a module gets its options."""
    if isinstance(value, dict):
        return dict((native(key), native(entry)) for key, entry in value.items())
    if isinstance(value, list):
        return [native(entry) for entry in value]
    return value.encode('utf-8') if sys.version_info[0] == 2 and isinstance(value, type(u'')) else value


def expanded(path):
    """A path as Ansible's type ``path`` has it."""
    return os.path.expanduser(os.path.expandvars(path))


def facts_of(options):
    """Facts, as the module glibc_facts returns them."""
    wanted = dict(options)
    for name in PATHS:
        wanted[name] = expanded(options[name])
    for name in LISTS:
        wanted[name] = [expanded(path) for path in options[name]]
    return gather.gather(Host(timeout=options['timeout']), wanted)


def tested(setting, options, files):
    """The brief search test of what a configuration names: evidence, or None where it starts nothing."""
    runtime = setting.get('runtime')
    if not runtime or runtime.get('kind') in search_test.FALLBACKS:
        return None
    runtime = dict((name, runtime.get(name)) for name in ('kind', 'argv', 'env', 'prefix'))
    limits = [options[name] for name in ('workload', 'timeout', 'memory_limit_mb')]
    search_test.check_workload(*(limits + [options['min_recall']]))
    return search_test.run(setting.get('candidate'), runtime, *limits, files=shipped.unpack(files))


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


def inspect(wanted):
    """{python, facts, test, configuration, refused}. What was not asked for, or needs what is not there, is None."""
    answer = {'python': sys.executable, 'facts': facts_of(wanted['facts']), 'test': None, 'configuration': None,
              'refused': None}
    if not wanted.get('configuration'):
        return answer
    path = expanded(wanted['configuration']['path'])
    try:
        setting = config.parse(read(path))[0]
        if setting is not None and answer['facts']['setting']:
            answer['test'] = tested(setting, wanted['test'], wanted['files'])
            answer['configuration'] = configured(path, setting, wanted['configuration'], wanted['check_mode'])
    except AuditError as exc:
        answer['refused'] = str(exc)
    return answer


def read(path):
    """The bytes of a configuration; None where it is absent or closed to this user."""
    try:
        with io.open(path, 'rb') as stream:
            return stream.read()
    except (IOError, OSError):
        return None


def main(text, mark):
    """Prints the answer to the questions in a JSON text, behind a mark that nothing else on standard output has."""
    def end(number, _frame):
        sys.exit(128 + number)                  # on the way out a child is killed and its directory removed

    wanted = native(json.loads(text))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(wanted['seconds'])
    answer = json.dumps(gather.plain(inspect(wanted)))
    sys.stdout.write('\n%s%s\n' % (mark, answer))
    sys.stdout.flush()
