# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import tarfile

import pytest

from ansible.module_utils.faiss_fleet.prefix import manifest as prefix
from ansible.module_utils.faiss_fleet.errors import AuditError


@pytest.mark.parametrize('path, expected', [
    ('/opt/faiss-fleet', '/opt/faiss-fleet'),
    ('/opt//faiss-fleet/', '/opt/faiss-fleet'),
    ('//opt/faiss-fleet', '/opt/faiss-fleet'),
    ('/home/me/.local/share/faiss-fleet', '/home/me/.local/share/faiss-fleet'),
    ('/var/lib/faiss-fleet', '/var/lib/faiss-fleet'),
    ('/usrlocal/faiss', '/usrlocal/faiss'),
])
def test_folder_of_its_own_is_taken(path, expected):
    assert prefix.check(path) == expected


@pytest.mark.parametrize('path, why', [
    ('', 'not a path'), (None, 'not a path'), (7, 'not a path'), (['/opt/x'], 'not a path'),
    ('opt/faiss-fleet', 'relative'), ('./x', 'relative'), ('~/x', 'relative'),
    ('/', 'root of the file system'), ('//', 'root of the file system'), ('/.', 'root of the file system'),
    ('/opt/../usr', '".."'), ('/opt/x/..', '".."'),
    ('/usr', 'belongs to the system'), ('/usr/local/faiss', 'belongs to the system'),
    ('/bin/x', 'belongs to the system'), ('//usr//lib', 'belongs to the system'),
    ('/etc/faiss-fleet', 'belongs to the system'), ('/lib64/x', 'belongs to the system'),
    ('/proc/self/cwd/x', 'belongs to the system'), ('/dev/shm/x', 'belongs to the system'),
    ('/opt', 'shared with others'), ('/tmp/', 'shared with others'), ('/home', 'shared with others'),
    ('/opt/x\n/y', 'control character'), ('/opt/\0', 'control character'),
])
def test_folder_of_others_is_refused_with_a_remedy(path, why):
    with pytest.raises(AuditError) as failure:
        prefix.check(path)
    assert why in str(failure.value)
    assert 'faiss_install__prefix' in failure.value.remedy


def test_setting_may_be_in_a_folder_under_etc():
    assert prefix.check('/etc/faiss-fleet/x', allow_etc=True) == '/etc/faiss-fleet/x'
    with pytest.raises(AuditError):
        prefix.check('/etc', allow_etc=True)


@pytest.mark.parametrize('name, path', [
    ('a/b', 'a/b'), ('./a', 'a'), ('./', ''), ('.', ''), ('a//b/', 'a/b'), ('..a/b', '..a/b')])
def test_member_lands_inside(name, path):
    assert prefix.member_path(name) == path


@pytest.mark.parametrize('name', ['/etc/passwd', '../x', 'a/../../x', 'a/..', '//x', 'a\\..\\b', 'a\0b'])
def test_member_outside_is_refused(name):
    with pytest.raises(AuditError) as failure:
        prefix.member_path(name)
    assert failure.value.cause == 'corrupt_artefact'


@pytest.mark.parametrize('name, target', [
    ('bin/python3', 'python3.13'), ('share/t/x', '../c/citoh'), ('a/b/c', '../../d/e'), ('a', './b')])
def test_link_inside_is_taken(name, target):
    prefix.check_link(name, target)


@pytest.mark.parametrize('name, target', [
    ('a', '/etc/passwd'), ('a', '..'), ('a/b', '../../x'), ('a/b', ''), ('a/b', '.'),
    ('a/b/c/l', 'x/..'), ('a/b', 'x/../../../y'), ('a', 'x\0y'),
])
def test_link_that_leads_out_or_could_be_made_to_is_refused(name, target):
    with pytest.raises(AuditError):
        prefix.check_link(name, target)


@pytest.mark.parametrize('kind', [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE])
def test_devices_pipes_and_hard_links_are_refused(kind):
    member = tarfile.TarInfo('x')
    member.type = kind
    with pytest.raises(AuditError):
        prefix.check_kind(member)


GOOD = {'schema': 1, 'strategy': 'wheel', 'digest': 'a' * 16, 'lock': {}, 'files': 3, 'unpacked_bytes': 9}


def test_manifest_is_read():
    assert prefix.parse_manifest(json.dumps(GOOD), '/opt/x') == GOOD


@pytest.mark.parametrize('text', [
    '', '{', '[]', 'null', '{"schema": 2}', json.dumps(dict(GOOD, files='3')), json.dumps(dict(GOOD, lock=None)),
    json.dumps(dict(GOOD, unpacked_bytes=True)),
])
def test_manifest_that_is_none_is_refused(text):
    with pytest.raises(AuditError) as failure:
        prefix.parse_manifest(text, '/opt/x')
    assert '/opt/x' in str(failure.value)


@pytest.mark.parametrize('name, digest', [
    ('0123456789abcdef.partial-42', '0123456789abcdef'), ('0123456789abcdef.partial-42-old', '0123456789abcdef'),
    ('0123456789abcdef', None), ('.partial-1', None), ('x.partial-', None),
])
def test_leftover_is_known_by_its_name(name, digest):
    assert prefix.leftover_of(name) == digest
