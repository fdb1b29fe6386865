# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The deploy module on archives made here; what needs a mount is in tests/integration/test_wheel_deploy.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os

import pytest

from ansible.module_utils.faiss_fleet.prefix import contents, failures, install as prefix_place
from ansible.module_utils.faiss_fleet.errors import AuditError
from library_modules import faiss_deploy
from tests import needs
from .archives import DIGEST, FILES, tree


def test_prefix_is_put_in_place_whole(host, tmpdir):
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and result['because'] == 'it was not there'
    prefix = tmpdir.join('fleet', 'wheel', DIGEST)
    assert prefix.join('site-packages/faiss/big.so').read_binary() == FILES['site-packages/faiss/big.so']
    assert os.readlink(str(prefix.join('site-packages/link'))) == 'faiss/__init__.py'
    assert [path for path in os.listdir(str(prefix.dirpath())) if 'partial' in path or 'lock' in path] == []


def test_second_run_changes_nothing(host):
    faiss_deploy.present(host, check_mode=False)
    result = faiss_deploy.present(dict(host, archive=None, sha256=None), check_mode=False)
    assert result['changed'] is False and result['bytes'] > 4000


def test_check_mode_foretells_and_touches_nothing(host, tmpdir):
    before = tree(tmpdir)
    assert faiss_deploy.present(dict(host, archive=None, sha256=None), check_mode=True)['changed'] is True
    assert tree(tmpdir) == before
    faiss_deploy.present(host, check_mode=False)
    before = tree(tmpdir)
    assert faiss_deploy.present(host, check_mode=True)['changed'] is False
    assert faiss_deploy.absent(host, check_mode=True)['changed'] is True
    assert tree(tmpdir) == before


def silently_altered(host):
    """A bad sector: the size and the time are the same."""
    path = os.path.join(host['prefix'], 'site-packages/faiss/big.so')
    with io.open(path, 'wb') as handle:
        handle.write(b'\0' * 4000)
    os.utime(path, (946684800, 946684800))
    assert contents.damage(host['prefix']) is None


@pytest.mark.parametrize('keep', [False, True], ids=['removed', 'kept'])
def test_failure_of_a_damaged_prefix_is_not_remembered_and_the_next_run_installs_it_again(host, keep):
    faiss_deploy.present(host, check_mode=False)
    silently_altered(host)
    result = faiss_deploy.failed(lost(host, keep=keep), check_mode=False)
    assert result['changed'] and 'big.so: has other content' in result['because']
    assert cached(host) == [] and os.path.isdir(host['prefix']) == keep
    assert faiss_deploy.present(host, check_mode=False)['changed']
    assert contents.damage(host['prefix'], hashes=True) is None


def test_absent_leaves_the_host_as_it_was(host, tmpdir):
    before = tree(tmpdir)
    faiss_deploy.present(host, check_mode=False)
    assert faiss_deploy.absent(host, check_mode=False)['changed'] is True
    assert tree(tmpdir) == before
    assert faiss_deploy.absent(host, check_mode=False)['changed'] is False


def test_absent_keeps_parent_folders_that_were_there_or_hold_more(host, tmpdir):
    tmpdir.mkdir('fleet')
    faiss_deploy.present(host, check_mode=False)
    tmpdir.join('fleet', 'wheel', 'other').write('x')
    faiss_deploy.absent(host, check_mode=False)
    assert sorted(os.listdir(str(tmpdir.join('fleet', 'wheel')))) == [prefix_place.MADE, 'other']


def test_absent_refuses_what_is_not_ours(host, tmpdir):
    directory = tmpdir.mkdir('fleet').mkdir('wheel').mkdir(DIGEST)
    directory.join('precious').write('x')
    for attempt in (faiss_deploy.absent, faiss_deploy.present):
        with pytest.raises(AuditError) as failure:
            attempt(host, check_mode=False)
        assert 'not a prefix of faiss-fleet' in str(failure.value)
    assert directory.join('precious').read() == 'x'


def test_absent_refuses_a_prefix_in_use(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    tmpdir.join('alias').mksymlinkto(host['prefix'])
    with pytest.raises(AuditError) as failure:
        faiss_deploy.absent(dict(host, in_use=['/nowhere', str(tmpdir.join('alias'))]), check_mode=False)
    assert 'points at' in str(failure.value)
    assert os.path.isdir(host['prefix'])


CACHED = {'schema': 1, 'candidate': u'wheel:a', 'cause': 'cpu_isa', 'message': 'SIGILL', 'at': 'then',
          'facts': 'f' * 64}


def lost(host, **more):
    return dict(host, state='failed', **dict({'keep': False, 'cached': dict(CACHED)}, **more))


def cached(host):
    directory = os.path.dirname(host['prefix'])
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return [name for name in names if failures.digest_of(name) == DIGEST]


def test_what_failed_goes_and_its_memo_stays_until_it_is_absent(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    assert faiss_deploy.failed(lost(host), check_mode=False)['changed']
    left = os.listdir(str(tmpdir.join('fleet', 'wheel')))
    assert len(cached(host)) == 1 and sorted(left) == sorted([prefix_place.MADE] + cached(host))
    assert not faiss_deploy.absent(host, check_mode=False)['changed']
    assert not tmpdir.join('fleet').check()


def test_what_failed_and_is_kept_stays_with_a_memo_until_it_passes(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    faiss_deploy.failed(lost(host, keep=True), check_mode=False)
    assert cached(host) and os.path.isdir(host['prefix'])
    faiss_deploy.failed(lost(host, keep=True, cached={}), check_mode=False)
    assert not cached(host) and os.path.isdir(host['prefix'])
    faiss_deploy.failed(lost(host), check_mode=False)
    assert cached(host) and not os.path.isdir(host['prefix'])


def test_the_other_candidate_of_an_artefact_that_failed_is_remembered_beside_the_first(host):
    for name in (u'wheel:a', u'wheel:b'):
        faiss_deploy.present(host, check_mode=False)
        faiss_deploy.failed(lost(host, cached=dict(CACHED, candidate=name)), check_mode=False)
    assert len(cached(host)) == 2


def test_check_mode_remembers_nothing(host, tmpdir):
    assert faiss_deploy.failed(lost(host), check_mode=True)['changed'] is False
    assert not tmpdir.join('fleet').check()


def test_what_the_setting_names_is_not_removed_and_its_failure_is_remembered(host):
    faiss_deploy.present(host, check_mode=False)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.failed(lost(host, in_use=[host['prefix']]), check_mode=False)
    assert 'the configuration of this host' in str(failure.value) and os.path.isdir(host['prefix'])
    assert cached(host)


def test_what_a_process_holds_is_not_removed(host):
    faiss_deploy.present(host, check_mode=False)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.refuse_in_use(host, users=lambda prefix: ['node (pid 812)'])
    assert 'in use by node (pid 812)' in str(failure.value) and failure.value.remedy


def test_half_built_folders_of_a_prefix_go_with_it_also_when_it_never_was_there(host, tmpdir):
    tmpdir.ensure('fleet/wheel/%s.partial-1/x' % DIGEST)
    assert faiss_deploy.absent(host, check_mode=False)['leftovers']
    assert tmpdir.join('fleet', 'wheel').listdir() == []


def test_file_that_only_looks_the_same_is_found_when_a_prefix_is_doubted(host):
    faiss_deploy.present(host, check_mode=False)
    silently_altered(host)
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and 'big.so: has other content' in result['because']
    assert contents.damage(host['prefix'], hashes=True) is None


def test_root_removes_nothing_through_a_directory_of_another_user(host):
    needs.root()
    faiss_deploy.present(host, check_mode=False)
    os.chown(os.path.dirname(host['prefix']), 54321, 54321)
    with pytest.raises(AuditError, match='is owned by user id 54321'):
        faiss_deploy.absent(host, check_mode=False)
    assert os.path.isdir(host['prefix'])
