# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The module around an engine made of paper; real engines are in tests/integration/test_container_engines.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import gzip
import hashlib
import json
from collections import namedtuple

import pytest

from ansible.module_utils.faiss_fleet.prefix import container_image
from ansible.module_utils.faiss_fleet.errors import AuditError
from library_modules import faiss_container

ID = 'ab' * 32
DIGEST = '0123456789abcdef'
Space = namedtuple('Space', 'f_bavail f_frsize')


class Podman:
    """Knows one image once it was loaded; remembers what it was told and what the archive held."""

    def __init__(self, there=False):
        self.there, self.named, self.calls, self.loaded = there, False, [], None

    def __call__(self, argv):
        word = argv[1]
        self.calls.append(word)
        if word == 'image':
            found = self.named if argv[-1].startswith(container_image.NAME) else self.there
            if not found:
                return 1, '', 'Error: %s: image not known' % argv[-1]
            return 0, ('' if 'RepoTags' in argv[4] else ID) + '\n', ''
        if word == 'images':
            return 0, ID if self.there else '', ''
        if word == 'ps':
            return 0, '', ''
        if word == 'info':
            return 0, '/', ''
        if word == 'load':
            with open(argv[-1], 'rb') as handle:
                self.loaded = handle.read()
            self.there = True
        if word == 'tag':
            self.named = True
        if word == 'rmi':
            self.there = self.named = False
        return 0, '', ''


@pytest.fixture
def params(tmpdir):
    engine = str(tmpdir.ensure('podman'))
    prefix = tmpdir.ensure('container', DIGEST, dir=True)
    lock = {'engine': {'name': 'podman', 'path': engine}, 'image': {'id': ID}}
    prefix.join('manifest.json').write(json.dumps(
        {'schema': 1, 'strategy': 'container', 'digest': DIGEST, 'lock': lock, 'files': 1, 'unpacked_bytes': 1}))
    archive = tmpdir.join('image.tar.gz')
    with gzip.open(str(archive), 'wb') as out:
        out.write(b'layers')
    return dict(state='present', prefix=str(prefix), engine=engine, id=ID, reference=None, archive=str(archive),
                sha256=hashlib.sha256(archive.read_binary()).hexdigest(), min_free_bytes=0,
                lock_timeout=0)


def names(tmpdir):
    return sorted(path.basename for path in tmpdir.visit())


def test_loads_once_and_leaves_no_copy(params, tmpdir):
    podman, before = Podman(), names(tmpdir)
    result = faiss_container.present(params, False, podman)
    assert (result['changed'], result['image'], podman.loaded) == (True, ID, b'layers')
    assert names(tmpdir) == before
    podman.calls[:] = []
    assert faiss_container.present(params, False, podman)['changed'] is False
    assert 'load' not in podman.calls


def test_check_mode_foretells(params):
    podman = Podman()
    assert faiss_container.present(params, True, podman)['changed'] is True
    assert podman.calls == ['image']
    assert faiss_container.present(params, True, Podman(there=True))['changed'] is False


def test_what_arrived_damaged_is_not_loaded(params):
    podman = Podman()
    with pytest.raises(AuditError) as refused:
        faiss_container.present(dict(params, sha256='00' * 32), False, podman)
    assert refused.value.cause == 'hash_mismatch'
    assert 'load' not in podman.calls


def test_without_an_archive_the_missing_image_is_named(params):
    with pytest.raises(AuditError, match='no archive'):
        faiss_container.present(dict(params, archive=None), False, Podman())


def test_a_full_storage_is_refused_before_anything_is_loaded(params):
    podman = Podman()
    with pytest.raises(AuditError) as refused:
        faiss_container.check_room(container_image.Engine('/usr/bin/podman', podman), 10 ** 9, lambda _: Space(1, 4096))
    assert refused.value.cause == 'disk_full'
    assert '0 MB free and the image needs 1000 MB' in str(refused.value)


def docker_info(driver):
    def run(argv):
        if 'GraphRoot' in argv[-1]:
            return 1, '\n', "template: :1:8: executing \"\" at <.Store.GraphRoot>: can't evaluate field Store"
        return 0, '/srv/docker\n%s\n' % driver, ''

    return container_image.Engine('/usr/bin/docker', run)


@pytest.mark.parametrize('driver, own, expected', [
    ('[[Backing Filesystem extfs]]', False, ('/srv/docker', 10)),
    ('[[driver-type io.containerd.snapshotter.v1]]', False, ('/var/lib/containerd', 20)),
    ('[[driver-type io.containerd.snapshotter.v1]]', True, ('/srv/docker/containerd', 20)),
])
def test_room_is_looked_for_where_the_images_are(driver, own, expected):
    assert faiss_container.storage_of(docker_info(driver), 10, lambda path: own) == expected


def test_an_engine_that_does_not_tell_its_storage_is_let_be():
    silent = container_image.Engine('/usr/bin/docker', lambda argv: (1, '', 'no'))
    faiss_container.check_room(silent, 10 ** 9, lambda _: Space(0, 4096))


def test_a_folder_that_is_no_prefix_of_a_container_gets_no_image(params, tmpdir):
    manifest = tmpdir.join('container', DIGEST, 'manifest.json')
    manifest.write(manifest.read().replace('"container"', '"wheel"'))
    podman = Podman()
    with pytest.raises(AuditError, match='not the prefix of a container'):
        faiss_container.present(params, False, podman)
    assert 'load' not in podman.calls


def test_two_controllers_do_not_mix(params):
    with faiss_container.lock(params):
        with pytest.raises(AuditError, match='another run, pid [0-9]+') as refused:
            faiss_container.present(params, False, Podman())
    assert refused.value.cause == 'timeout'


def test_absent_takes_what_was_brought_once(params):
    podman = Podman()
    faiss_container.present(params, False, podman)
    assert faiss_container.absent(params, True, podman) == dict(changed=True, because='its image was brought')
    assert faiss_container.absent(params, False, podman) == dict(changed=True, because='its image is removed')
    assert faiss_container.absent(params, False, podman)['changed'] is False


def test_absent_leaves_what_was_there_before(params):
    podman = Podman(there=True)
    assert faiss_container.absent(params, False, podman) == dict(
        changed=False, because='no image was brought for it')
    assert podman.there


def test_absent_of_nothing_is_nothing(params, tmpdir):
    gone = dict(params, prefix=str(tmpdir.join('container', 'fedcba9876543210')))
    assert faiss_container.absent(gone, False, Podman())['changed'] is False


def test_what_redirects_programs_is_left_out_of_the_environment():
    environ = {'PATH': '/bin', 'LD_PRELOAD': 'x', 'PYTHONPATH': 'y', 'CONTAINERS_CONF': '/etc/c'}
    faiss_container.runner(None, environ)
    assert environ == {'PATH': '/bin', 'CONTAINERS_CONF': '/etc/c'}
