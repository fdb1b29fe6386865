# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Lists what this project installed: <prefix>/<strategy>/<digest>/, whole or half-built."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import posixpath

from . import contents
from .. import commands as programs, read_json, trust
from ..errors import AuditError
from .manifest import DIGEST, MANIFEST, MAX_MANIFEST_BYTES, PARTIAL, parse_manifest

MOST_PREFIXES = 200
CONTAINER = 'container'


def judge(name, manifest, error=None):
    """(complete, reason) of a prefix by its directory's name and the text of its manifest."""
    partial = PARTIAL.match(name)
    if partial:
        return False, 'An installation that was interrupted left it half-built.'
    if manifest is None:
        return False, error or 'It has no %s.' % MANIFEST
    try:
        said = read_json.loads(manifest)
    except ValueError:
        return False, 'Its %s is no JSON.' % MANIFEST
    if not isinstance(said, dict) or said.get('digest') != name:
        return False, 'Its %s names another digest than its directory.' % MANIFEST
    return True, None


def commands(host, prefix):
    """For each prefix of a container the question whether its engine still has the image."""
    found = {}
    directory = posixpath.join(prefix, CONTAINER)
    for name in host.names(directory)[:MOST_PREFIXES]:
        path = posixpath.join(directory, name)
        if host.objection(path):
            continue                             # whoever could have written the manifest would say what root starts
        try:
            lock = read_json.loads(host.text(posixpath.join(path, MANIFEST), 16 << 20))['lock']
            image = lock['image'].get('id') or lock['image']['reference']
            found['image', path] = [lock['engine']['path'], 'image', 'inspect', '--format', '{{.Id}}', image]
        except (IOError, OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def image_gone(result):
    """Why a container's prefix is of no use by what its engine answered; None when the image is there."""
    if result is None or result.rc == 0:
        return None
    said = result.error or programs.last((result.err or result.out).strip(), 300)
    return 'Its engine does not have the image any more, or does not answer: %s' % said


def is_ours(path):
    """True when this directory holds a manifest of ours that names it. Anything else is somebody's own."""
    name = os.path.basename(path)
    if not DIGEST.match(name):
        return False
    try:
        with io.open(os.path.join(path, MANIFEST), encoding='utf-8') as stream:
            return parse_manifest(stream.read(MAX_MANIFEST_BYTES), path)['digest'] == name
    except (IOError, OSError, UnicodeDecodeError, AuditError):
        return False


def unusable(path):
    """Why this prefix is not to be run; None when it is as it was installed and no one else can change it."""
    foreign = trust.writer(path)
    return refusal('%s %s' % foreign if foreign else None, None if foreign else contents.damage(path))


def refusal(foreign, harm):
    """The reason for who could replace what is in a prefix, or for how it is damaged; None for neither."""
    if foreign:
        return '%s, who could replace what is in it.' % foreign
    return 'It is damaged: %s.' % harm.rstrip('.') if harm else None


def describe(host, prefix, results=None):
    """The record's "prefixes"; a directory that is a link is left out, as none of ours is one."""
    found = []
    for strategy in host.names(prefix):
        directory = posixpath.join(prefix, strategy)
        if strategy.startswith('.') or os.path.islink(host.at(directory)):
            continue
        for name in host.names(directory):
            path = posixpath.join(directory, name)
            if os.path.islink(host.at(path)) or not os.path.isdir(host.at(path)):
                continue
            manifest, error = _manifest(host, path)
            complete, reason = judge(name, manifest, error)
            if complete:
                reason = unusable(host.at(path))
                complete = reason is None
            if complete:
                reason = image_gone((results or {}).get(('image', path)))
                complete = reason is None
            partial = PARTIAL.match(name)
            found.append({'path': path, 'strategy': strategy, 'digest': partial.group('digest') if partial else name,
                          'complete': complete, 'reason': reason})
    if len(found) > MOST_PREFIXES:
        host.gap('prefixes', 'Of %d prefixes the first %d are listed.' % (len(found), MOST_PREFIXES))
    return found[:MOST_PREFIXES]


def _manifest(host, path):
    try:
        return host.text(posixpath.join(path, MANIFEST), 16 << 20), None
    except (IOError, OSError) as exc:
        if os.path.lexists(host.at(posixpath.join(path, MANIFEST))):
            return None, 'Its %s could not be read: %s' % (MANIFEST, exc.strerror or exc)
        return None, None
