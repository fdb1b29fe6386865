# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Answers in one call all that is asked of a host where nothing has changed since the last audit.

That is: its facts, the brief search test of what is configured, and whether writing the same configuration again would
change a file. The controller judges all of it; nothing is written but what a killed run left is cleared away.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import signal
import sys

from ..facts import gather
from ..host import Host

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


def inspect(wanted, files):
    """{python, facts, test, configuration, refused}. What was not asked for, or needs what is not there, is None."""
    answer = {'python': sys.executable, 'facts': facts_of(wanted['facts']), 'test': None, 'configuration': None,
              'refused': None}
    if wanted.get('configuration'):
        from . import brief_check               # sent only with such a question
        path = expanded(wanted['configuration']['path'])
        answer.update(brief_check.check(path, wanted, files, bool(answer['facts']['setting'])))
    return answer


def main(questions, mark, files):
    """Prints the answer to the questions, behind a mark that nothing else on standard output has.

    files: {name: text} of what was sent for the search test.
    """
    def end(number, _frame):
        sys.exit(128 + number)                  # on the way out a child is killed and its directory removed

    wanted = native(questions)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(wanted['seconds'])
    answer = json.dumps(gather.plain(inspect(wanted, files)))
    sys.stdout.write('\n%s%s\n' % (native(mark), answer))
    sys.stdout.flush()
