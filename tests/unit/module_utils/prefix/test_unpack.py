# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Archives are unpacked whole or not at all, with the modes of a prefix."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import hashlib
import os
import tarfile

import pytest

from ansible.module_utils.faiss_fleet.prefix import install as prefix_place, unpack
from ansible.module_utils.faiss_fleet.errors import AuditError
from library_modules import faiss_deploy
from tests.unit.library.archives import DIGEST, build, member


def test_modes_are_644_and_755_whatever_archive_and_umask_say(host, tmpdir):
    before = os.umask(0o077)
    try:
        faiss_deploy.present(host, check_mode=False)
    finally:
        os.umask(before)
    directory = tmpdir.join('fleet', 'wheel', DIGEST, 'site-packages/faiss')
    assert [directory.join(name).stat().mode & 0o7777 for name in ('big.so', '__init__.py')] == [0o755, 0o644]


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
    ('directory that never came', [member('a/x', b'x')]),
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
