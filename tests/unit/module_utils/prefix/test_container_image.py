# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is asked of an engine, and in which order; real engines are in tests/integration/test_container_engines.py."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils.faiss_fleet.prefix import container_image
from ansible.module_utils.faiss_fleet.errors import AuditError

from tests import needs

ID, OTHER = 'ab' * 32, 'cd' * 32
DIGEST = '0123456789abcdef'
REFERENCE = 'registry.example/team/faiss@sha256:' + 'ef' * 32
OURS = container_image.NAME + ':' + DIGEST


class Engine:
    """An engine with images {id: [names]}, by docker's and podman's rules; fails where its test says so."""

    def __init__(self, images=None, archive=ID, fails=None, used=()):
        self.images = dict((one, list(names)) for one, names in (images or {}).items())
        self.archive, self.fails, self.used, self.calls = archive, fails or {}, used, []
        self.containers = [['theirs']] if used else []

    def find(self, name):
        found = [one for one, names in self.images.items() if name in (one, 'sha256:' + one) or name in names]
        return found[0] if found else None

    def __call__(self, argv):
        arguments = argv[1:]
        self.calls.append(' '.join(arguments))
        word = arguments[0]
        if word in self.fails:
            return 125, '', self.fails[word]
        return getattr(self, 'do_' + word)(arguments[1:])

    def do_image(self, arguments):
        found = self.find(arguments[-1])
        if found is None:
            return 1, '', 'Error: %s: image not known' % arguments[-1]
        tags = '\n'.join(name for name in self.images[found] if '@' not in name)
        return 0, tags + '\n' if 'RepoTags' in arguments[2] else 'sha256:%s\n' % found, ''

    def do_images(self, _arguments):
        return 0, '\n'.join('sha256:' + one for one in self.images), ''

    def do_ps(self, _arguments):
        names = self.containers.pop(0) if self.containers else []
        if not self.containers:
            self.used = [one for one in self.used if names]
        return 0, '\n'.join(names), ''

    def do_load(self, _arguments):
        self.images.setdefault(self.archive, [])
        return 0, 'Loaded image', ''

    def do_pull(self, arguments):
        self.images.setdefault(ID, []).append(arguments[-1])
        return 0, ID, ''

    def do_tag(self, arguments):
        self.images[self.find(arguments[0])].append(arguments[1])
        return 0, '', ''

    def do_rmi(self, arguments):
        found = self.find(arguments[0])
        if found is None:
            return 1, '', 'no such image'
        names = self.images[found]
        if found in self.used and len(names) < 2:
            return 2, '', 'Error: image used by 1234: image is in use by a container'
        if arguments[0] in names:
            names.remove(arguments[0])
        if not names:
            del self.images[found]
        return 0, 'Untagged', ''


def bring(engine, **how):
    podman = container_image.Engine('/usr/bin/podman', engine)
    return container_image.bring(podman, '/opt/ff/container/' + DIGEST, **how)


def take_away(engine, reference=None):
    return container_image.take_away(
        container_image.Engine('/usr/bin/podman', engine), '/opt/ff/container/' + DIGEST, reference)


def test_a_loaded_image_gets_the_name_of_its_prefix_and_goes_with_it():
    engine = Engine()
    assert bring(engine, image_id=ID, archive='/tmp/image.tar') is True
    assert engine.images == {ID: [OURS]}
    assert take_away(engine) == 'its image is removed'
    assert engine.images == {}


def test_a_pulled_image_goes_with_the_name_that_it_was_pulled_by():
    engine = Engine()
    assert bring(engine, reference=REFERENCE) is True
    assert engine.images == {ID: [REFERENCE, OURS]}
    assert take_away(engine, REFERENCE) == 'its image is removed'
    assert engine.images == {}


@pytest.mark.parametrize('names', [[], ['localhost/theirs:1']])
def test_an_image_that_was_there_before_is_neither_named_nor_removed(names):
    engine = Engine({ID: names})
    assert bring(engine, image_id=ID, archive='/tmp/image.tar') is False
    assert take_away(engine) is None
    assert engine.images == {ID: names}
    assert not [call for call in engine.calls if call.split()[0] in ('load', 'tag', 'rmi')]


def test_an_image_of_ours_is_shared_by_its_prefixes():
    other = container_image.NAME + ':fedcba9876543210'
    engine = Engine({ID: [other]})
    assert bring(engine, image_id=ID, archive='/tmp/image.tar') is False
    assert engine.images == {ID: [other, OURS]}
    assert take_away(engine) == 'the image stays for ' + other
    assert engine.images == {ID: [other]}


def test_an_image_that_somebody_named_stays():
    engine = Engine({ID: [OURS, 'localhost/theirs:1']})
    assert take_away(engine) == 'the image stays for localhost/theirs:1'
    assert engine.images == {ID: ['localhost/theirs:1']}


def test_an_image_that_a_container_uses_stays():
    engine = Engine({ID: [OURS]}, used=[ID])
    assert 'a container uses it' in take_away(engine)
    assert engine.images == {ID: [OURS]}


def test_a_container_of_ours_that_is_about_to_end_is_waited_for():
    engine = Engine({ID: [OURS]}, used=[ID])
    engine.containers = [['faiss-fleet-1-a'], ['faiss-fleet-1-a'], []]
    assert take_away(engine) == 'its image is removed'
    assert [call.split()[0] for call in engine.calls].count('ps') == 3


def test_an_archive_with_another_image_is_refused_and_goes():
    engine = Engine({OTHER[::-1]: ['localhost/theirs:1']}, archive=OTHER)
    with pytest.raises(AuditError) as refused:
        bring(engine, image_id=ID, archive='/tmp/image.tar')
    assert refused.value.cause == 'hash_mismatch'
    assert engine.images == {OTHER[::-1]: ['localhost/theirs:1']}


def test_what_an_engine_says_is_evidence_for_the_controller():
    said = 'Error: writing blob: storing blob to file "/var/tmp/storage1/1": no space left on device\nsecond line'
    engine = Engine(fails={'pull': said})
    with pytest.raises(AuditError) as refused:
        bring(engine, reference=REFERENCE)
    assert (refused.value.said, refused.value.cause, refused.value.remedy) == (said, 'unknown', None)
    assert said.splitlines()[0] in str(refused.value)
    assert engine.images == {}


def test_a_failure_between_load_and_name_leaves_nothing():
    engine = Engine(fails={'tag': 'Error: database is locked'})
    with pytest.raises(AuditError):
        bring(engine, image_id=ID, archive='/tmp/image.tar')
    assert engine.images == {}


def test_an_engine_that_does_not_answer_is_not_an_engine_without_the_image():
    engine = Engine(fails={'image': 'Cannot connect to the Docker daemon. Is the docker daemon running?'})
    with pytest.raises(AuditError) as refused:
        bring(engine, image_id=ID, archive='/tmp/image.tar')
    assert 'Cannot connect to the Docker daemon' in refused.value.said
    assert [call.split()[0] for call in engine.calls] == ['image']


def test_an_engine_that_is_gone_is_told():
    def nothing(argv):
        raise OSError(2, 'No such file or directory')

    with pytest.raises(AuditError) as refused:
        container_image.Engine('/usr/bin/podman', nothing).id_of(ID)
    assert refused.value.cause == 'engine_missing'


@pytest.mark.parametrize('image_id, reference', [
    (None, None), (ID, REFERENCE), ('latest', None), (None, 'registry.example/faiss:latest'),
    (None, '--all@sha256:' + 'ef' * 32), (None, REFERENCE[:-1]),
])
def test_nothing_is_pulled_by_a_tag_or_loaded_by_a_name(image_id, reference):
    with pytest.raises(AuditError):
        container_image.check(image_id, reference)


def manifest(tmpdir, strategy='container', engine='/usr/bin/podman'):
    lock = {'engine': {'name': 'podman', 'path': engine}, 'image': {'reference': REFERENCE}}
    prefix = tmpdir.ensure(DIGEST, dir=True)
    prefix.join('manifest.json').write(json.dumps(
        {'schema': 1, 'strategy': strategy, 'digest': DIGEST, 'lock': lock, 'files': 1, 'unpacked_bytes': 1}))
    return str(prefix)


def test_a_prefix_says_which_image_goes_with_it(tmpdir):
    engine = Engine({ID: [REFERENCE, OURS]})
    program = str(tmpdir.ensure('podman'))
    assert container_image.take_away_of(manifest(tmpdir, engine=program), engine) == 'its image is removed'
    assert engine.images == {}


def test_other_strategies_have_no_image_and_a_removed_engine_has_none_either(tmpdir):
    assert container_image.take_away_of(manifest(tmpdir, 'wheel'), None) is None
    gone = str(tmpdir.join('gone'))
    assert 'is gone' in container_image.take_away_of(manifest(tmpdir, engine=gone), None)


@pytest.mark.parametrize('part', ['prefix', 'engine'])
def test_root_asks_no_engine_that_another_user_could_have_named(tmpdir, part):
    needs.root()
    engine, program = Engine({ID: [OURS]}), tmpdir.ensure('podman')
    prefix = manifest(tmpdir, engine=str(program))
    os.chown({'prefix': prefix, 'engine': str(program)}[part], 54321, 54321)
    said = container_image.take_away_of(prefix, engine)
    assert 'is owned by user id 54321: root starts no program' in said and engine.calls == []
    assert container_image.take_away_of(prefix, engine, euid=lambda: 54321) == 'its image is removed'
