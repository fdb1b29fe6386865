# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Cached results of artefacts that were tried on this host and are not there: failed, or passed and not selected.

<prefix>/<strategy>/<digest>.<candidate>.tried.json, a small file beside the place of the prefix. Two candidates can be
of one artefact, as for two Pythons of a version. What one says is the controller's business.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import hashlib
import io
import json
import numbers
import os
import posixpath
import re

from . import manifest as prefixes
from .. import read_json

NAME = re.compile(r'^(?P<digest>[0-9a-f]{8,64})\.[0-9a-f]{12}\.tried\.json$')
SCHEMA = 1
MOST_BYTES = 16384
FIELDS = ('candidate', 'cause', 'message', 'at', 'facts')
# What was measured of one that was not selected, and what was selected instead: with their own fields.
PARTS = {'figures': ('recall_at_k', 'qps', 'p50_ms', 'p95_ms'), 'against': ('candidate', 'prefix', 'p95_ms')}


def path_of(prefix, candidate):
    name = hashlib.sha256((candidate or u'').encode('utf-8')).hexdigest()[:12]
    return '%s.%s.tried.json' % (prefix, name)


def digest_of(name):
    """The digest that a file of cached results is named after; None for any other name."""
    found = NAME.match(name)
    return found.group('digest') if found else None


def parse(text):
    """{candidate, cause, message, at, facts, figures, against}; None when this is no cached result."""
    try:
        found = read_json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get('schema') != SCHEMA:
        return None
    cached = dict((name, _plain(found.get(name), prefixes.TEXT)) for name in FIELDS)
    for part, fields in PARTS.items():
        inner = found.get(part)
        cached[part] = None
        if isinstance(inner, dict):
            cached[part] = dict((name, _plain(inner.get(name), prefixes.TEXT + (numbers.Real,))) for name in fields)
    return cached


def _plain(value, kinds):
    return value if isinstance(value, kinds) and not isinstance(value, bool) else None


def write(prefix, cached):
    """Replaces the file in one step; the same result is left as it is. Returns whether the file is another one now."""
    path = path_of(prefix, cached.get('candidate'))
    names = FIELDS + tuple(PARTS) + ('schema',)
    data = json.dumps(dict((name, cached.get(name)) for name in names), indent=1, sort_keys=True) + '\n'
    try:
        with io.open(path, 'rb') as stream:
            if stream.read(MOST_BYTES) == data.encode('ascii'):
                return False
    except (IOError, OSError):
        pass
    beside = '%s.%d' % (path, os.getpid())
    try:
        with io.open(beside, 'wb') as stream:
            stream.write(data.encode('ascii'))
        os.chmod(beside, 0o644)
        os.rename(beside, path)
    finally:
        if os.path.lexists(beside):
            os.unlink(beside)
    return True


def remove(prefix):
    """Whether there were cached results of this prefix, which are gone now."""
    directory, digest = os.path.split(prefix)
    found = [name for name in (os.listdir(directory) if os.path.isdir(directory) else []) if digest_of(name) == digest]
    for name in found:
        os.unlink(os.path.join(directory, name))
    return bool(found)


def describe(host, prefix, most=200):
    """The record's "tried": what lies on this host, each with its strategy and digest."""
    found = []
    for strategy in host.names(prefix):
        directory = posixpath.join(prefix, strategy)
        if strategy.startswith('.') or os.path.islink(host.at(directory)):
            continue
        for name in host.names(directory):
            digest = digest_of(name)
            text = host.text_or_none(posixpath.join(directory, name), MOST_BYTES) if digest else None
            cached = parse(text) if text else None
            if cached:
                found.append(dict(cached, strategy=strategy, digest=digest))
    if len(found) > most:
        host.gap('tried', 'Only %d of the %d results cached under %s are told.' % (most, len(found), prefix))
    return found[:most]
