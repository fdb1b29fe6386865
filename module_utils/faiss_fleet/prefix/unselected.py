# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Removes what passed the search test and is not what was set, once the setting is in place, and remembers it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from . import container_image, failures, remove as prefix_removal, users as prefix_users
from ..backend import references as setting_names
from ..errors import AuditError
from ..backend.lock import SettingLock

NAMED = 'a configuration of this host, or a backup of one, names it'


def settle(plan, passed, lost, run, timeout=10, check_mode=False, usual=setting_names.USUAL):
    """[{candidate, prefix, removed, message}] of those of ``lost`` that the setting is not of.

    plan: of the setting, applied. lost: {candidate: what is to be cached of it}. passed: [{candidate, runtime,
    p95_ms}]. message says why a prefix stays, or what became of an image. Nothing raises: the setting is in place, and
    what could not be removed lies there as before.
    """
    tests = dict((one['candidate'], one) for one in passed)
    winner = (plan.after or {}).get('candidate')
    behind = [name for name in sorted(lost) if name != winner and name in tests and _prefix(tests[name])]
    prefixes = sorted(set(_prefix(tests[name]) for name in behind))
    spare = _spare(plan, prefixes, usual)
    said = dict((prefix, (False, NAMED)) for prefix in prefixes)
    if spare and check_mode:
        said.update(dict((prefix, (True, None)) for prefix in spare))
    elif spare:
        selected = tests.get(winner, {})
        against = {'candidate': winner, 'prefix': _prefix(selected), 'p95_ms': selected.get('p95_ms')}
        results = [(_prefix(tests[name]), dict(lost[name], against=against)) for name in behind]
        said.update(_remove(plan, spare, results, run, timeout, usual))
    return [dict(candidate=name, prefix=_prefix(tests[name]), removed=said[_prefix(tests[name])][0],
                 message=said[_prefix(tests[name])][1]) for name in behind]


def _prefix(test):
    return (test.get('runtime') or {}).get('prefix')


def _spare(plan, prefixes, usual):
    """Those that are ours and that no setting names, neither the new one nor the one from before this run."""
    if not prefixes:
        return []
    before = [found.data for found in plan.now.values() if found is not None]
    bases = set(os.path.dirname(os.path.dirname(prefix)) for prefix in prefixes)
    texts = before + setting_names.texts(plan.place, bases, usual)
    return [prefix for prefix in prefix_removal.unnamed(prefixes, texts) if prefix_removal.is_ours(prefix)]


def _remove(plan, spare, results, run, timeout, usual):
    said = {}
    try:
        # With the setting's lock: nobody sets one of them from here on, and what was set just now is seen.
        with SettingLock(plan.place.directory, plan.place.names[0], timeout):
            for prefix in _spare(plan, spare, usual):
                own = [cached for place, cached in results if place == prefix]
                said[prefix] = _remove_one(prefix, own, run, timeout)
    except AuditError as exc:
        said.update(dict((prefix, (False, str(exc))) for prefix in spare if prefix not in said))
    return said


def _remove_one(prefix, results, run, timeout):
    users = prefix_users.find(prefix)
    if users:
        return False, prefix_users.in_use(prefix, users)
    try:
        # The image first: the prefix says which it is.
        image = container_image.take_away_of(prefix, run)
        prefix_removal.remove(prefix, timeout)
        for cached in results:
            failures.write(prefix, cached)
    except (AuditError, IOError, OSError) as exc:
        return False, str(exc)
    return True, image
