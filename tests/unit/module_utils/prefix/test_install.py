# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Where a prefix can be put, and what is in its place."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
from collections import namedtuple

import pytest

from ansible.module_utils.faiss_fleet.prefix import contents, install as prefix_place
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock
from library_modules import faiss_deploy
from tests.unit.library.archives import DIGEST, tree


def test_folders_can_be_entered_by_the_application_whatever_the_umask(host, tmpdir):
    before = os.umask(0o077)
    try:
        faiss_deploy.present(host, check_mode=False)
    finally:
        os.umask(before)
    for path in ('fleet', 'fleet/wheel', 'fleet/wheel/' + DIGEST, 'fleet/wheel/%s/site-packages/faiss' % DIGEST):
        assert tmpdir.join(path).stat().mode & 0o777 == 0o755


@pytest.mark.parametrize('harm', ['remove', 'truncate', 'zero', 'relink', 'manifest', 'no manifest'])
def test_damaged_prefix_is_made_anew(host, tmpdir, harm):
    faiss_deploy.present(host, check_mode=False)
    directory = tmpdir.join('fleet', 'wheel', DIGEST, 'site-packages')
    if harm == 'remove':
        directory.join('faiss/big.so').remove()
    elif harm == 'truncate':
        directory.join('faiss/big.so').write(b'\x7fELF')
    elif harm == 'zero':
        directory.join('faiss/big.so').write(b'\0' * 4000)
    elif harm == 'manifest':
        directory.join('../manifest.json').write(b'\0' * 100)
    elif harm == 'no manifest':
        directory.join('../manifest.json').remove()
    else:
        directory.join('link').remove()
        os.symlink('/etc/passwd', str(directory.join('link')))
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and 'damaged' in result['because']
    assert contents.damage(host['prefix']) is None


def test_what_python_compiled_since_goes_where_a_test_failed(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    compiled = tmpdir.ensure('fleet/wheel', DIGEST, 'site-packages/faiss/__pycache__/__init__.cpython-313.pyc')
    assert not faiss_deploy.present(host, check_mode=False)['changed'] and compiled.check()
    result = faiss_deploy.present(dict(host, doubted=True), check_mode=False)
    assert result['changed'] and 'compiled after it was installed' in result['because'] and not compiled.check()


def test_empty_directory_in_its_place_is_replaced(host):
    os.makedirs(host['prefix'])
    assert faiss_deploy.present(host, check_mode=False)['because'] == 'it was not there'
    assert contents.damage(host['prefix'], hashes=True) is None


def test_directory_of_somebody_else_in_its_place_is_left_alone(host):
    os.makedirs(os.path.join(host['prefix'], 'letters'))
    with pytest.raises(AuditError):
        faiss_deploy.present(host, check_mode=False)
    assert os.listdir(host['prefix']) == ['letters']


@pytest.mark.parametrize('check_mode', [False, True])
@pytest.mark.parametrize('installed', [False, True])
@pytest.mark.parametrize('harm', ['foreign', 'open', 'group', 'link'])
def test_place_that_others_can_change_is_refused_with_cause_and_remedy(host, tmpdir, harm, installed, check_mode):
    if os.geteuid() != 0:
        pytest.fail('Giving files to another user needs root. Run the tests as root.')
    if installed:
        faiss_deploy.present(host, check_mode=False)
    fleet = tmpdir.ensure('fleet', dir=True)
    if harm == 'foreign':
        os.chown(str(fleet), 1000, 1000)
    elif harm == 'link':
        fleet.move(tmpdir.join('elsewhere'))
        fleet.mksymlinkto(tmpdir.join('elsewhere'))
        os.lchown(str(fleet), 1000, 1000)
    else:
        fleet.chmod(0o777 if harm == 'open' else 0o775)
        os.chown(str(fleet), 0, 1000 if harm == 'group' else 0)
    before = tree(tmpdir)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(host, check_mode)
    assert failure.value.cause == 'permission_denied' and str(fleet) in failure.value.remedy
    assert tree(tmpdir) == before


Statvfs = namedtuple('Statvfs', 'f_flag f_bfree f_bavail f_frsize')


@pytest.mark.parametrize('found, euid, cause', [
    (Statvfs(prefix_place.ST_NOEXEC, 10 ** 6, 10 ** 6, 4096), 0, 'noexec_mount'),
    (Statvfs(prefix_place.ST_RDONLY, 10 ** 6, 10 ** 6, 4096), 0, 'read_only'),
    (Statvfs(0, 10, 10, 4096), 0, 'disk_full'),
    (Statvfs(0, 10 ** 6, 10, 4096), 1000, 'disk_full'),
])
def test_file_system_that_cannot_take_it_is_refused_before_anything_is_written(tmpdir, found, euid, cause):
    with pytest.raises(AuditError) as failure:
        prefix_place.check_file_system(str(tmpdir.join('a/b')), 10 ** 8, lambda path: found, lambda: euid)
    assert failure.value.cause == cause and failure.value.remedy
    assert tree(tmpdir) == []


def test_reserved_blocks_are_roots_own(tmpdir):
    found = Statvfs(0, 10 ** 6, 0, 4096)
    prefix_place.check_file_system(str(tmpdir), 10 ** 8, statvfs=lambda path: found, euid=lambda: 0)


def test_leftovers_of_killed_runs_go_and_those_of_running_ones_stay(host, tmpdir):
    directory = tmpdir.mkdir('fleet').mkdir('wheel')
    for name in (DIGEST + '.partial-1', 'a' * 16 + '.partial-2', 'b' * 16 + '.partial-3', 'notes'):
        directory.mkdir(name).join('x').write('x')
    with HostLock(str(directory.join('.%s.lock' % ('b' * 16))), 'another', 0):
        result = faiss_deploy.present(host, check_mode=False)
    assert [os.path.basename(path) for path in result['leftovers']] == [DIGEST + '.partial-1', 'a' * 16 + '.partial-2']
    assert sorted(os.listdir(str(directory))) == [DIGEST, 'b' * 16 + '.partial-3', 'notes']


def test_second_controller_is_told_who_works_there(host, tmpdir):
    directory = tmpdir.mkdir('fleet').mkdir('wheel')
    with HostLock(str(directory.join('.%s.lock' % DIGEST)), 'user root from 192.0.2.7, process 42', 0):
        with pytest.raises(AuditError) as failure:
            faiss_deploy.present(host, check_mode=False)
    assert 'user root from 192.0.2.7, process 42' in str(failure.value)
    assert os.listdir(str(directory)) == []


@pytest.mark.parametrize('change', [
    dict(prefix='fleet/wheel/' + DIGEST), dict(prefix='/usr/lib/' + DIGEST), dict(prefix='/opt/x/notadigest'),
    dict(prefix='/opt/x/..'),
])
def test_arguments_that_make_no_sense_are_refused(host, change):
    with pytest.raises(AuditError):
        prefix_place.checked(dict(host, **change))


def test_parent_that_links_into_the_system_is_refused(host, tmpdir):
    os.symlink('/usr/share', str(tmpdir.join('sneaky')))
    with pytest.raises(AuditError) as failure:
        prefix_place.checked(dict(host, prefix=str(tmpdir.join('sneaky', DIGEST))))
    assert '/usr belongs to the system' in str(failure.value)


def killed_between_the_renames(host):
    """What is there when a run was killed that had moved a damaged prefix away and not yet put the new one there."""
    faiss_deploy.present(host, check_mode=False)
    contents.note_damage(host['prefix'], u'a bad sector')
    child = os.fork()
    if child == 0:
        rename = os.rename
        try:
            os.rename = lambda old, new: os._exit(9) if new == host['prefix'] else rename(old, new)
            faiss_deploy.present(host, check_mode=False)
        finally:
            os._exit(1)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 9
    directory = os.path.dirname(host['prefix'])
    assert not os.path.lexists(host['prefix'])
    assert ['.partial-%d%s' % (child, end) for end in ('', '-old')] == sorted(
        name[len(DIGEST):] for name in os.listdir(directory) if name.startswith(DIGEST + '.partial'))
    return directory


def test_a_run_killed_between_the_renames_is_healed_by_the_next_one(host):
    directory = killed_between_the_renames(host)
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and contents.damage(host['prefix'], hashes=True) is None
    assert sorted(os.listdir(directory)) == [prefix_place.MADE, DIGEST]


def test_where_the_next_run_cannot_make_it_the_old_one_is_back_in_its_place(host):
    directory = killed_between_the_renames(host)
    with pytest.raises(AuditError):
        faiss_deploy.present(dict(host, sha256='0' * 64), check_mode=False)
    assert sorted(os.listdir(directory)) == [prefix_place.MADE, DIGEST]
    assert contents.damage(host['prefix']) == 'a bad sector'


def test_a_run_killed_between_the_renames_leaves_what_absent_removes(host, tmpdir):
    killed_between_the_renames(host)
    assert faiss_deploy.absent(host, check_mode=False)['changed'] and not tmpdir.join('fleet').check()


def test_what_a_killed_run_left_gives_its_room_to_the_next_one(host, tmpdir, monkeypatch):
    killed_between_the_renames(host)
    need = host['min_free_bytes']

    def check(path, wanted):
        assert wanted == need
        if prefix_place.leftovers_in(path):
            raise AuditError('no room', cause='disk_full')

    monkeypatch.setattr(prefix_place, 'check_file_system', check)
    assert faiss_deploy.present(host, check_mode=False)['changed']
