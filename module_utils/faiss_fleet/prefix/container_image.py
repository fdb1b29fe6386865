# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Brings the image of a prefix into the host's podman or docker, and takes it away again when nobody else uses it.

An image that this project brought carries a name of ours, localhost/faiss-fleet/container:<digest of the prefix>; one
that was there before gets none. So removing that name removes exactly what was brought, and no host has to remember.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re
import time

from . import manifest as prefixes
from .. import commands, trust
from ..errors import AuditError

STRATEGY = 'container'
NAME = 'localhost/faiss-fleet/container'
CONTAINER = 'faiss-fleet-'       # what names of containers begin with that bin/faiss-python starts
WAIT = 15
ID = re.compile(r'^[0-9a-f]{64}$')
REFERENCE = re.compile(r'^[^\s@-][^\s@]*@sha256:[0-9a-f]{64}$')
IN_USE = ('image is in use', 'image used by', 'is using its referenced image', 'conflict: unable', 'in use by')
ABSENT = ('no such image', 'image not known', 'unable to find', 'failed to find image', 'not found in local storage',
          'no such object')


class Engine:
    """podman or docker by its path. run(argv) gives (status, standard output, standard error)."""

    def __init__(self, path, run):
        self.path, self._run = path, run

    def ask(self, *arguments):
        try:
            return self._run([self.path] + list(arguments))
        except (IOError, OSError) as exc:
            raise AuditError('%s cannot be started: %s.' % (self.path, exc.strerror or exc), cause='engine_missing')

    def tell(self, *arguments):
        """Standard output. Raises AuditError with the cause that the engine's words show."""
        status, out, err = self.ask(*arguments)
        if status != 0:
            raise failure('%s %s' % (self.path, ' '.join(arguments[:2])), err or out, status)
        return out

    def id_of(self, name):
        """The id of an image; None when the engine has none of that name. Raises AuditError when it does not answer."""
        status, out, err = self.ask('image', 'inspect', '--format', '{{.Id}}', name)
        if status == 0:
            return out.strip().replace('sha256:', '') or None
        if any(words in err.lower() for words in ABSENT):
            return None
        raise failure('%s image inspect' % self.path, err or out, status)


def failure(what, words, status):
    words = words.strip()
    return AuditError('%s ended with status %s: %s' % (what, status, commands.last(words, 1000) or '(it said nothing)'),
                      cause='unknown', said=words)


def name_of(prefix):
    """What an image that was brought for this prefix is called."""
    return '%s:%s' % (NAME, os.path.basename(prefix))


def bring(engine, prefix, image_id=None, reference=None, archive=None):
    """True when the image was brought, False when the engine had it. On failure nothing is left."""
    wanted, ours = image_id or reference, name_of(prefix)
    found = engine.id_of(wanted)
    if found is not None:
        if image_id and _brought_for_another(engine, image_id) and engine.id_of(ours) is None:
            engine.tell('tag', image_id, ours)
        return False
    before = _all_ids(engine)
    try:
        found = _load(engine, image_id, archive) if image_id else _pull(engine, reference)
        engine.tell('tag', found, ours)
    except BaseException:
        for name in ([ours] if image_id else [ours, reference]) + sorted(_all_ids(engine) - before):
            engine.ask('rmi', name)
        raise
    return True


def _all_ids(engine):
    return set(engine.tell('images', '--quiet', '--no-trunc').replace('sha256:', '').split())


def _load(engine, image_id, archive):
    engine.tell('load', '--input', archive)
    found = engine.id_of(image_id)
    if found == image_id:
        return found
    remedy = ('Run again: a docker that has gone over to keeping its images in containerd names them otherwise. If it '
              'stays, make the archive again on the controller (empty faiss_install__cache).')
    raise AuditError('%s loaded %s and has no image %s afterwards: the archive holds another one. %s' % (
        engine.path, archive, image_id, remedy), cause='hash_mismatch', remedy=remedy)


def _pull(engine, reference):
    engine.tell('pull', '--quiet', reference)
    found = engine.id_of(reference)
    if found is None:
        raise AuditError('%s pulled %s and does not have it afterwards. Look at its own log.' % (
            engine.path, reference), cause='image_missing')
    return found


def _names(engine, image):
    """Names that an image has, ours among them."""
    out = engine.tell('image', 'inspect', '--format', '{{range .RepoTags}}{{println .}}{{end}}', image)
    return [line.strip() for line in out.splitlines() if line.strip()]


def _brought_for_another(engine, image):
    return any(name.startswith(NAME + ':') for name in _names(engine, image))


def take_away(engine, prefix, reference=None):
    """What was done, in words; None when no image was brought for this prefix. An image in use stays."""
    ours = name_of(prefix)
    if engine.id_of(ours) is None:
        return None
    others = [name for name in _names(engine, ours) if name != ours]
    if not others:
        _wait_for_ours(engine, ours)
    status, out, err = engine.ask('rmi', ours)
    if status != 0 and any(words in (err + out).lower() for words in IN_USE):
        return 'the image %s stays: a container uses it' % ours
    if status != 0:
        raise failure('%s rmi' % engine.path, err or out, status)
    if others:
        return 'the image stays for %s' % ', '.join(others)
    if reference and engine.id_of(reference) is not None:
        status, out, err = engine.ask('rmi', reference)
        if status != 0:
            return 'the image %s stays: %s' % (reference, (err or out).strip().splitlines()[-1])
    return 'its image is removed'


def _wait_for_ours(engine, image):
    """Lets containers end whose callers are gone: the program that starts one ends it within seconds of that."""
    deadline = commands.clock() + WAIT
    while commands.clock() < deadline:
        out = engine.ask('ps', '--all', '--filter', 'ancestor=' + image, '--format', '{{.Names}}')[1]
        names = out.split()
        if not names or not all(name.startswith(CONTAINER) for name in names):
            return
        time.sleep(0.5)


def lock_of(prefix):
    """The lock in the manifest of a container's prefix; None when it is none of ours. Raises IOError, AuditError."""
    with io.open(os.path.join(prefix, prefixes.MANIFEST), encoding='utf-8') as handle:
        manifest = prefixes.parse_manifest(handle.read(prefixes.MAX_MANIFEST_BYTES), prefix)
    return manifest['lock'] if manifest['strategy'] == STRATEGY else None


def take_away_of(prefix, run, euid=os.geteuid):
    """take_away for a prefix by what its own manifest says; None when it is not a container's."""
    lock = lock_of(prefix)
    if lock is None:
        return None
    path, reference = lock['engine']['path'], lock['image'].get('reference')
    foreign = euid() == 0 and (trust.writer(prefix, euid) or trust.writer(path, euid))
    if foreign:
        return 'its image stays, since %s %s: root starts no program that another user could have named' % foreign
    if not os.path.exists(path):
        return '%s is gone, so its image could not be asked for' % path
    return take_away(Engine(path, run), prefix, reference)


def check(image_id, reference):
    """Raises AuditError for what can be neither an image's id nor a reference with its digest."""
    if bool(image_id) == bool(reference):
        raise AuditError('Give the id of an image, or its name with its digest, and not both.')
    if image_id and not ID.match(image_id):
        raise AuditError('id is %r, which is not the 64 lower-case hexadecimal digits of one.' % image_id)
    if reference and not REFERENCE.match(reference):
        raise AuditError('reference is %r. An image is pulled by its digest only: registry/path@sha256:...' % (
            reference.split('@')[-1],))
