# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import sys

import pytest

from ansible.module_utils.faiss_fleet.prefix import (
    failures,
    unselected as losers,
    install as prefix_place,
)
from ansible.module_utils.faiss_fleet.backend import references as setting_names, write as setting_store
from ansible.module_utils.faiss_fleet import host as hosts
from ansible.module_utils.faiss_fleet.locks import HostLock

JS = {'schema': 1, 'backend': 'js', 'provider': 'js', 'candidate': None, 'runtime': None,
      'versions': {}, 'policy': 'fastest', 'because': 'none', 'verified': None}
TIMES = {u'wheel:a': 1.5, u'wheel:b': 0.5, u'wheel:c': 2.5, u'existing:d': 0.25}


class Machine:
    """A host on which three prefixes are in place, and every candidate passed."""

    def __init__(self, root):
        self.path = root.ensure('etc', dir=True).join('faiss-fleet', 'backend.json')
        self.base = root.join('opt', 'faiss-fleet')
        self.root = root
        self.prefixes = dict((u'wheel:' + name, self.deploy(name * 12)) for name in 'abc')
        self.prefixes[u'existing:d'] = None

    def deploy(self, digest, strategy='wheel'):
        prefix = self.base.join(strategy, digest)
        prefix_place.make_parents(str(prefix.dirpath()))
        prefix.ensure('bin', 'python').write('x')
        prefix.join('manifest.json').write(json.dumps(
            {'schema': 1, 'strategy': strategy, 'digest': digest, 'lock': {}, 'files': 1, 'unpacked_bytes': 1}))
        return str(prefix)

    def passed(self):
        return [{'candidate': name, 'ok': True, 'p95_ms': TIMES[name], 'runtime': self.runtime(name)}
                for name in sorted(self.prefixes)]

    def runtime(self, name):
        return {'kind': 'python', 'argv': [sys.executable], 'env': {}, 'prefix': self.prefixes[name]}

    def set(self, name, path=None, backup=True):
        """The setting's plan, applied."""
        wanted = dict(JS, backend='faiss', provider='wheel', candidate=name, runtime=self.runtime(name))
        return setting_store.apply(lambda: setting_store.plan_set(
            str(path or self.path), wanted, passed=self.passed(), backup=backup))[0]

    def settle(self, plan, **options):
        lost = dict((name, {'schema': 1, 'candidate': name, 'at': u'then', 'facts': u'f',
                            'figures': {'p95_ms': TIMES[name]}}) for name in self.prefixes if self.prefixes[name])
        found = losers.settle(plan, self.passed(), lost, None, timeout=0, usual=str(self.root.join('usual')), **options)
        return dict((one['candidate'], one) for one in found)

    def there(self):
        return ''.join(name[-1] for name, path in sorted(self.prefixes.items()) if path and os.path.isdir(path))

    def cached(self):
        return failures.describe(hosts.Host('/'), str(self.base))


@pytest.fixture
def machine(tmpdir):
    return Machine(tmpdir)


def test_what_is_not_set_goes_and_what_it_lost_against_is_remembered(machine):
    found = machine.settle(machine.set(u'wheel:b'))
    assert machine.there() == 'b' and sorted(found) == ['wheel:a', 'wheel:c']
    assert all(one['removed'] for one in found.values())
    found = machine.cached()
    assert sorted(cached['candidate'] for cached in found) == ['wheel:a', 'wheel:c']
    for cached in found:
        assert cached['against'] == {'candidate': 'wheel:b', 'prefix': machine.prefixes[u'wheel:b'], 'p95_ms': 0.5}
        assert cached['figures']['p95_ms'] == TIMES[cached['candidate']] and cached['cause'] is None
    again = machine.settle(machine.set(u'wheel:b'))
    assert not any(one['removed'] for one in again.values())


def test_the_winner_can_be_one_that_has_no_prefix(machine):
    machine.settle(machine.set(u'existing:d'))
    assert machine.there() == ''
    assert machine.cached()[0]['against'] == {'candidate': 'existing:d', 'prefix': None, 'p95_ms': 0.25}


@pytest.mark.parametrize('backup', [True, False])
def test_what_was_set_before_this_run_stays_and_a_backup_keeps_it_on(machine, backup):
    machine.set(u'wheel:a', backup=backup)
    found = machine.settle(machine.set(u'wheel:b', backup=backup))
    assert machine.there() == 'ab' and found[u'wheel:a']['message'] == losers.NAMED
    machine.settle(machine.set(u'wheel:b', backup=backup))
    assert machine.there() == ('ab' if backup else 'b')


@pytest.mark.parametrize('place', ['etc/faiss-fleet/other.json', 'usual/other.json', 'srv/app/other.json'])
def test_what_another_setting_names_stays_and_so_does_what_it_named_before(machine, tmpdir, place):
    for name in (u'wheel:c', u'wheel:a'):
        machine.set(name, tmpdir.join(place))
        setting_names.note(str(tmpdir.join(place)), machine.runtime(name), str(tmpdir.join('usual')))
    assert len(setting_names.noted(str(machine.base))) == int('usual' not in place)
    machine.settle(machine.set(u'wheel:b'))
    assert machine.there() == 'abc'


def test_what_a_process_uses_stays_and_is_not_remembered(machine, monkeypatch):
    monkeypatch.setattr(losers.prefix_users, 'find', lambda path: ['node (pid 812)'] if 'a' * 12 in path else [])
    found = machine.settle(machine.set(u'wheel:b'))
    assert machine.there() == 'ab' and 'in use by node (pid 812)' in found[u'wheel:a']['message']
    assert [cached['candidate'] for cached in machine.cached()] == ['wheel:c']


def test_what_another_run_works_on_stays_and_the_rest_goes(machine):
    with HostLock(prefix_place.lock_path(machine.prefixes[u'wheel:a']), 'the other one', 0):
        found = machine.settle(machine.set(u'wheel:b'))
    assert machine.there() == 'ab' and 'the other one' in found[u'wheel:a']['message']


def test_while_another_run_writes_the_setting_nothing_goes(machine):
    plan = machine.set(u'wheel:b')
    with HostLock(str(machine.path.dirpath('.backend.json.lock')), 'the other one', 0):
        found = machine.settle(plan)
    assert machine.there() == 'abc' and 'the other one' in found[u'wheel:c']['message']


def test_a_folder_that_is_not_ours_stays(machine):
    os.unlink(os.path.join(machine.prefixes[u'wheel:a'], 'manifest.json'))
    assert not machine.settle(machine.set(u'wheel:b'))[u'wheel:a']['removed']
    assert machine.there() == 'ab'


def test_two_candidates_of_one_prefix_go_together_or_stay_together(machine):
    machine.prefixes[u'wheel:a'] = machine.prefixes[u'wheel:b']
    machine.settle(machine.set(u'wheel:b'))
    assert machine.there() == 'ab'
    machine.prefixes[u'wheel:b'] = machine.prefixes[u'wheel:a'] = machine.deploy('e' * 12)
    machine.settle(machine.set(u'existing:d', machine.path.dirpath('second', 'backend.json')))
    found = [cached for cached in machine.cached() if cached['digest'] == 'e' * 12]
    assert sorted(cached['candidate'] for cached in found) == ['wheel:a', 'wheel:b']


def test_check_mode_says_what_would_go_and_removes_nothing(machine):
    found = machine.settle(machine.set(u'wheel:b'), check_mode=True)
    assert found[u'wheel:a']['removed'] and machine.there() == 'abc' and machine.cached() == []


def test_names_of_a_setting_s_own_are_not_those_of_others(machine, tmpdir):
    plan = machine.set(u'wheel:a')
    bases, usual = [str(machine.base)], str(tmpdir.join('usual'))
    setting_names.note(str(machine.path), machine.runtime(u'wheel:a'), usual)
    assert setting_names.others(plan.place, bases, usual) == []
    tmpdir.ensure('etc', 'faiss-fleet', 'odd.json', dir=True)
    tmpdir.join('etc', 'faiss-fleet', 'gone.json').mksymlinkto('nowhere')
    assert setting_names.others(plan.place, bases, usual) == []
    assert len(setting_names.own(plan.place)) == 2
