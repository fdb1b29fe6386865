# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The deploy module on archives made here; what needs a mount is in tests/integration/test_wheel_deploy.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import hashlib
import io
import json
import os
import re
import tarfile
from collections import namedtuple

import pytest

from ansible.module_utils.faiss_fleet.prefix import contents, failures as attempt_memo, install as prefix_place, unpack
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.locks import HostLock
from library_modules import faiss_deploy

DIGEST = '0123456789abcdef'
FILES = {'site-packages/faiss/__init__.py': b'version = 1\n', 'site-packages/faiss/big.so': b'\x7fELF' * 1000}


def member(name, data=None, kind=tarfile.REGTYPE, link='', mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.mtime = kind, link, mode, 946684800
    info.size = len(data) if data else 0
    return info, data


def plain_members():
    folders = [member(name, kind=tarfile.DIRTYPE) for name in ('site-packages', 'site-packages/faiss')]
    files = [member(name, data, mode=0o4755 if name.endswith('.so') else 0o600) for name, data in sorted(FILES.items())]
    return folders + files + [member('site-packages/link', kind=tarfile.SYMTYPE, link='faiss/__init__.py')]


def build(path, members=None, digest=DIGEST, unpacked=None, first=True):
    """An archive as the controller packs it, or with what a hostile one has."""
    listing = dict((name, {'size': len(data), 'mtime': 946684800, 'sha256': hashlib.sha256(data).hexdigest()})
                   for name, data in FILES.items())
    listing['site-packages/link'] = {'link': 'faiss/__init__.py'}
    listing = json.dumps(listing).encode()
    size = len(listing) + sum(len(data) for data in FILES.values()) if unpacked is None else unpacked
    manifest = {'schema': 1, 'strategy': 'wheel', 'digest': digest, 'lock': {}, 'files': len(FILES),
                'unpacked_bytes': size}
    head = [member('manifest.json', json.dumps(manifest).encode()), member('manifest-files.json', listing)]
    with tarfile.open(str(path), 'w:gz') as tar:
        for info, data in (head if first else head[1:]) + (plain_members() if members is None else members):
            tar.addfile(info, io.BytesIO(data) if data else None)
    return hashlib.sha256(path.read_binary()).hexdigest()


@pytest.fixture
def host(tmpdir):
    """Arguments of the module for an archive that is on the host."""
    archive = tmpdir.join('archive.tar.gz')
    sha256 = build(archive)
    return faiss_deploy.checked(dict(
        state='present', prefix=str(tmpdir.join('fleet', 'wheel', DIGEST)), archive=str(archive), sha256=sha256,
        digest=None,
        min_free_bytes=0, needs_exec=True, keep_archive=True, in_use=[], holder='test', lock_timeout=0))


def tree(tmpdir):
    return sorted(str(path.relto(tmpdir)) for path in tmpdir.visit())


def test_prefix_is_put_in_place_whole(host, tmpdir):
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and result['because'] == 'it was not there'
    prefix = tmpdir.join('fleet', 'wheel', DIGEST)
    assert prefix.join('site-packages/faiss/big.so').read_binary() == FILES['site-packages/faiss/big.so']
    assert os.readlink(str(prefix.join('site-packages/link'))) == 'faiss/__init__.py'
    assert [path for path in os.listdir(str(prefix.dirpath())) if 'partial' in path or 'lock' in path] == []


def test_modes_are_644_and_755_whatever_archive_and_umask_say(host, tmpdir):
    before = os.umask(0o077)
    try:
        faiss_deploy.present(host, check_mode=False)
    finally:
        os.umask(before)
    folder = tmpdir.join('fleet', 'wheel', DIGEST, 'site-packages/faiss')
    assert [folder.join(name).stat().mode & 0o7777 for name in ('big.so', '__init__.py')] == [0o755, 0o644]


def test_folders_can_be_entered_by_the_application_whatever_the_umask(host, tmpdir):
    before = os.umask(0o077)
    try:
        faiss_deploy.present(host, check_mode=False)
    finally:
        os.umask(before)
    for path in ('fleet', 'fleet/wheel', 'fleet/wheel/' + DIGEST, 'fleet/wheel/%s/site-packages/faiss' % DIGEST):
        assert tmpdir.join(path).stat().mode & 0o777 == 0o755


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


@pytest.mark.parametrize('harm', ['remove', 'truncate', 'zero', 'relink', 'manifest', 'no manifest'])
def test_damaged_prefix_is_made_anew(host, tmpdir, harm):
    faiss_deploy.present(host, check_mode=False)
    folder = tmpdir.join('fleet', 'wheel', DIGEST, 'site-packages')
    if harm == 'remove':
        folder.join('faiss/big.so').remove()
    elif harm == 'truncate':
        folder.join('faiss/big.so').write(b'\x7fELF')
    elif harm == 'zero':
        folder.join('faiss/big.so').write(b'\0' * 4000)
    elif harm == 'manifest':
        folder.join('../manifest.json').write(b'\0' * 100)
    elif harm == 'no manifest':
        folder.join('../manifest.json').remove()
    else:
        folder.join('link').remove()
        os.symlink('/etc/passwd', str(folder.join('link')))
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and 'damaged' in result['because']
    assert contents.damage(host['prefix']) is None


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
    assert memos(host) == [] and os.path.isdir(host['prefix']) == keep
    assert faiss_deploy.present(host, check_mode=False)['changed']
    assert contents.damage(host['prefix'], hashes=True) is None


def test_file_that_only_looks_the_same_is_found_when_a_prefix_is_doubted(host):
    faiss_deploy.present(host, check_mode=False)
    silently_altered(host)
    result = faiss_deploy.present(host, check_mode=False)
    assert result['changed'] and 'big.so: has other content' in result['because']
    assert contents.damage(host['prefix'], hashes=True) is None


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


def test_archive_that_admits_more_than_was_expected_is_refused(host):
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(dict(host, min_free_bytes=100), check_mode=False)
    assert failure.value.cause == 'corrupt_artefact' and not os.path.exists(host['prefix'])


def test_wrong_sha256_is_refused_and_nothing_stays(host, tmpdir):
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(dict(host, sha256='0' * 64), check_mode=False)
    assert failure.value.cause == 'hash_mismatch'
    assert not os.path.exists(host['prefix'])
    assert os.listdir(str(tmpdir.join('fleet', 'wheel'))) == [prefix_place.MADE]


HOSTILE = [
    ('absolute', [member('/etc/x', b'x')]),
    ('climbing', [member('../x', b'x')]),
    ('device', [member('null', kind=tarfile.CHRTYPE)]),
    ('pipe', [member('pipe', kind=tarfile.FIFOTYPE)]),
    ('hard link', [member('hard', kind=tarfile.LNKTYPE, link='manifest.json')]),
    ('link out', [member('link', kind=tarfile.SYMTYPE, link='/etc')]),
    ('link that climbs', [member('a', kind=tarfile.DIRTYPE), member('a/link', kind=tarfile.SYMTYPE, link='../../x')]),
    ('write through a link', [member('a', kind=tarfile.DIRTYPE), member('l', kind=tarfile.SYMTYPE, link='a'),
                              member('l/x', b'x')]),
    ('file over a link', [member('l', kind=tarfile.SYMTYPE, link='a'), member('l', b'x')]),
    ('folder that never came', [member('a/x', b'x')]),
    ('manifest twice', [member('manifest.json', b'{}')]),
    ('more than admitted', [member('big', b'x' * 100000)]),
]


@pytest.mark.parametrize('members', [pytest.param(members, id=name) for name, members in HOSTILE])
def test_hostile_archive_is_refused_and_leaves_nothing(host, tmpdir, members):
    archive = tmpdir.join('archive.tar.gz')
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(dict(host, sha256=build(archive, members, unpacked=5000)), check_mode=False)
    assert failure.value.cause == 'corrupt_artefact'
    assert not os.path.exists(host['prefix'])
    assert os.listdir(str(tmpdir.join('fleet', 'wheel'))) == [prefix_place.MADE]


@pytest.mark.parametrize('spoil', [
    pytest.param(lambda data: data[:len(data) // 2], id='cut'),
    pytest.param(lambda data: b'', id='empty'),
    pytest.param(lambda data: b'not an archive' * 100, id='foreign'),
    pytest.param(lambda data: data[:60] + b'\xff\xff\xff\xff' + data[64:], id='bits'),
])
def test_broken_archive_is_refused_and_leaves_nothing(host, tmpdir, spoil):
    archive = tmpdir.join('archive.tar.gz')
    archive.write_binary(spoil(archive.read_binary()))
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(dict(host, sha256=hashlib.sha256(archive.read_binary()).hexdigest()), check_mode=False)
    assert failure.value.cause == 'corrupt_artefact'
    assert os.listdir(str(tmpdir.join('fleet', 'wheel'))) == [prefix_place.MADE]


def test_archive_of_another_lock_is_refused(host, tmpdir):
    sha256 = build(tmpdir.join('archive.tar.gz'), digest='f' * 16)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(dict(host, sha256=sha256), check_mode=False)
    assert 'f' * 16 in str(failure.value)


def test_full_disk_midway_leaves_nothing(host, tmpdir, monkeypatch):
    written = []

    def write(path, pieces, info):
        written.append(path)
        if len(written) == 3:
            raise IOError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        real(path, pieces, info)
    real = unpack._write
    monkeypatch.setattr(unpack, '_write', write)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.present(host, check_mode=False)
    assert failure.value.cause == 'disk_full' and 'Free space' in failure.value.remedy
    assert os.listdir(str(tmpdir.join('fleet', 'wheel'))) == [prefix_place.MADE]


Statvfs = namedtuple('Statvfs', 'f_flag f_bfree f_bavail f_frsize')


@pytest.mark.parametrize('found, euid, cause', [
    (Statvfs(prefix_place.ST_NOEXEC, 10 ** 6, 10 ** 6, 4096), 0, 'noexec_mount'),
    (Statvfs(prefix_place.ST_RDONLY, 10 ** 6, 10 ** 6, 4096), 0, 'read_only'),
    (Statvfs(0, 10, 10, 4096), 0, 'disk_full'),
    (Statvfs(0, 10 ** 6, 10, 4096), 1000, 'disk_full'),
])
def test_file_system_that_cannot_take_it_is_refused_before_anything_is_written(tmpdir, found, euid, cause):
    with pytest.raises(AuditError) as failure:
        prefix_place.check_file_system(str(tmpdir.join('a/b')), 10 ** 8, True, lambda path: found, lambda: euid)
    assert failure.value.cause == cause and failure.value.remedy
    assert tree(tmpdir) == []


def test_reserved_blocks_are_roots_own_and_noexec_matters_only_to_what_is_executed(tmpdir):
    found = Statvfs(prefix_place.ST_NOEXEC, 10 ** 6, 0, 4096)
    prefix_place.check_file_system(str(tmpdir), 10 ** 8, False, statvfs=lambda path: found, euid=lambda: 0)


def test_leftovers_of_killed_runs_go_and_those_of_running_ones_stay(host, tmpdir):
    folder = tmpdir.mkdir('fleet').mkdir('wheel')
    for name in (DIGEST + '.partial-1', 'a' * 16 + '.partial-2', 'b' * 16 + '.partial-3', 'notes'):
        folder.mkdir(name).join('x').write('x')
    with HostLock(str(folder.join('.%s.lock' % ('b' * 16))), 'another', 0):
        result = faiss_deploy.present(host, check_mode=False)
    assert [os.path.basename(path) for path in result['leftovers']] == [DIGEST + '.partial-1', 'a' * 16 + '.partial-2']
    assert sorted(os.listdir(str(folder))) == [DIGEST, 'b' * 16 + '.partial-3', 'notes']


def test_second_controller_is_told_who_works_there(host, tmpdir):
    folder = tmpdir.mkdir('fleet').mkdir('wheel')
    with HostLock(str(folder.join('.%s.lock' % DIGEST)), 'user root from 192.0.2.7, process 42', 0):
        with pytest.raises(AuditError) as failure:
            faiss_deploy.present(host, check_mode=False)
    assert 'user root from 192.0.2.7, process 42' in str(failure.value)
    assert os.listdir(str(folder)) == []


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
    folder = tmpdir.mkdir('fleet').mkdir('wheel').mkdir(DIGEST)
    folder.join('precious').write('x')
    for attempt in (faiss_deploy.absent, faiss_deploy.present):
        with pytest.raises(AuditError) as failure:
            attempt(host, check_mode=False)
        assert 'not a prefix of faiss-fleet' in str(failure.value)
    assert folder.join('precious').read() == 'x'


def test_absent_refuses_a_prefix_in_use(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    tmpdir.join('alias').mksymlinkto(host['prefix'])
    with pytest.raises(AuditError) as failure:
        faiss_deploy.absent(dict(host, in_use=['/nowhere', str(tmpdir.join('alias'))]), check_mode=False)
    assert 'points at' in str(failure.value)
    assert os.path.isdir(host['prefix'])


@pytest.mark.parametrize('change', [
    dict(prefix='fleet/wheel/' + DIGEST), dict(prefix='/usr/lib/' + DIGEST), dict(prefix='/opt/x/notadigest'),
    dict(digest='f' * 16), dict(prefix='/opt/x/..', digest=DIGEST),
])
def test_arguments_that_make_no_sense_are_refused(host, change):
    with pytest.raises(AuditError):
        faiss_deploy.checked(dict(host, **change))


def test_parent_that_links_into_the_system_is_refused(host, tmpdir):
    os.symlink('/usr/share', str(tmpdir.join('sneaky')))
    with pytest.raises(AuditError) as failure:
        faiss_deploy.checked(dict(host, prefix=str(tmpdir.join('sneaky', DIGEST))))
    assert '/usr belongs to the system' in str(failure.value)


def test_restorecon_is_run_where_there_is_selinux(tmpdir):
    tmpdir.join('enforce').write('1')
    tool = tmpdir.join('restorecon')
    tool.write('')
    calls = []
    answers = [0, 1]

    def run(command, **_kwargs):
        calls.append(command)
        return answers.pop(0)

    def say():
        return unpack.restore_context("/opt/x", run, str(tmpdir), [str(tool)])
    assert [say(), say()] == ['restored', '%s ended with status 1' % tool]
    assert calls[0] == [str(tool), '-R', '/opt/x']
    assert unpack.restore_context('/opt/x', run, str(tmpdir.join('none'))) == 'no SELinux'


def test_options_in_the_documentation_are_those_of_the_module():
    block = faiss_deploy.DOCUMENTATION.split('options:\n')[1].split('\nauthor:')[0]
    assert sorted(re.findall(r'^  (\w+):$', block, re.MULTILINE)) == sorted(faiss_deploy.ARGUMENT_SPEC)


MEMO = {'schema': 1, 'candidate': u'wheel:a', 'cause': 'cpu_isa', 'message': 'SIGILL', 'at': 'then', 'facts': 'f' * 64}


def lost(host, **more):
    return dict(host, state='failed', **dict({'keep': False, 'memo': dict(MEMO)}, **more))


def memos(host):
    folder = os.path.dirname(host['prefix'])
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [name for name in names if attempt_memo.digest_of(name) == DIGEST]


def test_what_failed_goes_and_its_memo_stays_until_it_is_absent(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    assert faiss_deploy.failed(lost(host), check_mode=False)['changed']
    left = os.listdir(str(tmpdir.join('fleet', 'wheel')))
    assert len(memos(host)) == 1 and sorted(left) == sorted([prefix_place.MADE] + memos(host))
    assert not faiss_deploy.absent(host, check_mode=False)['changed']
    assert not tmpdir.join('fleet').check()


def test_what_failed_and_is_kept_stays_with_a_memo_until_it_passes(host, tmpdir):
    faiss_deploy.present(host, check_mode=False)
    faiss_deploy.failed(lost(host, keep=True), check_mode=False)
    assert memos(host) and os.path.isdir(host['prefix'])
    faiss_deploy.failed(lost(host, keep=True, memo={}), check_mode=False)
    assert not memos(host) and os.path.isdir(host['prefix'])
    faiss_deploy.failed(lost(host), check_mode=False)
    assert memos(host) and not os.path.isdir(host['prefix'])


def test_the_other_candidate_of_an_artefact_that_failed_is_remembered_beside_the_first(host):
    for name in (u'wheel:a', u'wheel:b'):
        faiss_deploy.present(host, check_mode=False)
        faiss_deploy.failed(lost(host, memo=dict(MEMO, candidate=name)), check_mode=False)
    assert len(memos(host)) == 2


def test_check_mode_remembers_nothing(host, tmpdir):
    assert faiss_deploy.failed(lost(host), check_mode=True)['changed'] is False
    assert not tmpdir.join('fleet').check()


def test_what_the_setting_names_is_not_removed_and_its_failure_is_remembered(host):
    faiss_deploy.present(host, check_mode=False)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.failed(lost(host, in_use=[host['prefix']]), check_mode=False)
    assert 'setting' in str(failure.value) and os.path.isdir(host['prefix'])
    assert memos(host)


def test_what_a_process_holds_is_not_removed(host):
    faiss_deploy.present(host, check_mode=False)
    with pytest.raises(AuditError) as failure:
        faiss_deploy.refuse_in_use(host, users=lambda prefix: ['node (pid 812)'])
    assert 'in use by node (pid 812)' in str(failure.value) and failure.value.remedy


def test_half_built_folders_of_a_prefix_go_with_it_also_when_it_never_was_there(host, tmpdir):
    tmpdir.ensure('fleet/wheel/%s.partial-1/x' % DIGEST)
    assert faiss_deploy.absent(host, check_mode=False)['leftovers']
    assert tmpdir.join('fleet', 'wheel').listdir() == []
