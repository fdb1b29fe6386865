# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The memo of an artefact that failed its search test on this host: a small file beside the place of its prefix.

<prefix>/<strategy>/<digest>.failed.json. What it says is the controller's business; here it is kept and read.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os
import posixpath

from . import prefix as prefixes

SUFFIX = '.failed.json'
SCHEMA = 1
MOST_BYTES = 16384
FIELDS = ('candidate', 'cause', 'message', 'at', 'facts')


def path_of(prefix):
    return prefix + SUFFIX


def digest_of(name):
    """The digest that a file's name is a memo of; None for any other name."""
    digest = name[:-len(SUFFIX)]
    return digest if name.endswith(SUFFIX) and prefixes.DIGEST.match(digest) else None


def parse(text):
    """{candidate, cause, message, at, facts}; None when this is no memo."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get('schema') != SCHEMA:
        return None
    return dict((name, found[name] if isinstance(found.get(name), prefixes.TEXT) else None) for name in FIELDS)


def write(prefix, memo):
    """Replaces the memo in one step; the same memo is left as it is. Returns whether the file is another one now."""
    path = path_of(prefix)
    data = json.dumps(dict((name, memo.get(name)) for name in FIELDS + ('schema',)), indent=1, sort_keys=True) + '\n'
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
    """Whether there was a memo, which is gone now."""
    if not os.path.lexists(path_of(prefix)):
        return False
    os.unlink(path_of(prefix))
    return True


def describe(host, prefix, most=200):
    """The record's "failures": what lies on this host, each with its strategy and digest."""
    found = []
    for strategy in host.names(prefix):
        folder = posixpath.join(prefix, strategy)
        if strategy.startswith('.') or os.path.islink(host.at(folder)):
            continue
        for name in host.names(folder):
            digest = digest_of(name)
            text = host.text_or_none(posixpath.join(folder, name), MOST_BYTES) if digest else None
            memo = parse(text) if text else None
            if memo:
                found.append(dict(memo, strategy=strategy, digest=digest))
    return found[:most]
