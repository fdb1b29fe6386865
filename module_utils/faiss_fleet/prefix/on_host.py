# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs the host's own conda or compiler with a log, and lists the files of the prefix that it made."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import json
import os

from .. import child_process, commands
from . import contents
from . import manifest as prefixes
from ..errors import AuditError

SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin'
LOG_LIMIT = 1 << 20      # A whole build says 10 kB; what goes beyond is a flood, and its end is what matters.
TAIL = 15


def run(argv, env, cwd, seconds, log, shown=lambda text: text):
    """(Outcome, what it printed) of a command at low priority. log, a child_process.Tail, gets that too, as shown."""
    said, text = child_process.Tail(LOG_LIMIT), u''
    log.feed(('$ %s\n' % ' '.join(argv)).encode('utf-8'))
    # One stream, so that what went wrong stands where it went wrong.
    command = ['/bin/sh', '-c', 'exec nice -n 10 "$@" 2>&1', 'faiss-fleet'] + argv
    try:
        outcome = child_process.run(command, u'', env, cwd, seconds, said.feed)
    finally:
        text = shown(said.text())
        log.feed(text.encode('utf-8'))
    return outcome, text


def failure(name, outcome, text, cause, remedy):
    """The AuditError for a command that failed, with the last lines that it printed."""
    ended = 'was ended by %s' % outcome.signal if outcome.signal else 'ended with status %s' % outcome.exit_code
    last = '\n'.join(text.strip().splitlines()[-TAIL:]) or '(it said nothing)'
    message = commands.native((u'%s %s: %s' % (name, ended, last)).encode('utf-8'))
    return AuditError(message, cause=cause, remedy=remedy, said=text)


def finish(tree, manifest):
    """Writes the list of files and, last of all, the manifest, as the controller does for what it packs."""
    files = {}
    for root, directories, names in os.walk(tree):
        os.chmod(root, 0o755)
        for name in directories + names:
            full = os.path.join(root, name)
            if not os.path.islink(full):
                if os.path.isdir(full):
                    continue
                os.chmod(full, 0o755 if os.stat(full).st_mode & 0o100 else 0o644)
            files[os.path.relpath(full, tree)] = contents.listed(full)
    listing = _json(files)
    write(os.path.join(tree, prefixes.FILES), listing)
    size = sum(entry.get('size', 0) for entry in files.values()) + len(listing)
    write(os.path.join(tree, prefixes.MANIFEST), _json(dict(manifest, files=len(files), unpacked_bytes=size)))


def _json(value):
    return json.dumps(value, indent=1, sort_keys=True) + '\n'


def write(path, text):
    """Replaces a file. A new one, as conda may have linked the one that is there to its cache."""
    if os.path.lexists(path):
        os.unlink(path)
    with io.open(path, 'wb') as out:
        out.write(text.encode('utf-8'))
    os.chmod(path, 0o644)
