# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs one process that may crash, hang or flood its pipes, and says how it ended. Nothing of it reaches the caller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import errno
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

from .commands import clock

# exit_code is None when a signal ended it; signal is then its name. start_error is an OSError when it never ran.
# log is the end of its standard error. stuck: it was killed and yet did not go (it waits in the kernel).
Outcome = namedtuple('Outcome', 'exit_code signal timed_out start_error log log_dropped seconds stuck')

LOG_LIMIT = 65536     # enough for any traceback, and small against what a host and a report can hold
LONGEST_WORD = 4096   # what is longer is no URL
DRAIN = 0.5           # seconds for what is left in the pipes; a grandchild may hold them open for ever
GIVE_UP = 5.0         # seconds until a process that ignores SIGKILL is left behind

MARK = 'FAISS_FLEET_CHILD'   # the variable by which what a child has started is found, whatever session it went to


def evidence(outcome):
    """An Outcome as a dict for JSON."""
    found = dict(outcome._asdict())
    error = found['start_error']
    if error is not None:
        number = getattr(error, 'errno', None)
        found['start_error'] = {
            'errno': errno.errorcode.get(number),
            'message': u'%s' % error if number is None else u'%s: %s' % (error.filename, os.strerror(number))}
    return found


class Tail:
    """The last bytes of a stream, and how many came before them."""

    def __init__(self, limit):
        self.limit = limit
        self.dropped = 0
        self._data = bytearray()

    def feed(self, data):
        self._data += data
        if len(self._data) > 2 * self.limit:
            self._cut()

    def _cut(self):
        over = len(self._data) - self.limit
        if over > 0:
            self.dropped += over
            del self._data[:over]

    def text(self):
        """Unicode text; what is not UTF-8 is replaced, never lost from sight.

        What is left of a longer one begins with a whole line, or at least a whole word: half a secret would not be
        recognised as one.
        """
        self._cut()
        text = bytes(self._data).decode('utf-8', 'replace')
        begin = text[:LONGEST_WORD]
        found = (re.search(r'\n', begin) or re.search(r'\s', begin)) if self.dropped else None
        return text[found.end():] if found else text


def signal_name(number):
    """11 -> 'SIGSEGV'; a number without a name -> 'signal 64'."""
    names = [name for name in dir(signal) if name.startswith('SIG') and not name.startswith('SIG_')
             and getattr(signal, name) == number]
    return sorted(names)[0] if names else 'signal %d' % number


def run(argv, text, env, cwd, timeout, on_output):
    """Starts argv in a session of its own with text as its standard input; returns an Outcome.

    on_output is called with each piece of standard output. After the end, or the time limit, everything that is left
    in the process group, or has the child's mark in its environment, is killed, so that no worker of a dead child goes
    on computing on the host.
    """
    started = clock()
    log = Tail(LOG_LIMIT)
    mark = binascii.hexlify(os.urandom(16)).decode('ascii')
    env = dict(env)
    env[str(MARK)] = str(mark)
    try:
        child = _start(argv, text, env, cwd)
    except (IOError, OSError, ValueError) as exc:
        if getattr(exc, 'errno', None) is not None and exc.filename is None:
            exc.filename = argv[0]                          # 2.7 does not say what it could not start
        return Outcome(None, None, False, exc, u'', 0, round(clock() - started, 3), False)
    timed_out = stuck = False
    readers = {child.stdout.fileno(): on_output, child.stderr.fileno(): log.feed}
    try:
        timed_out = not _read_until_end(child, readers, started + timeout)
    finally:
        _kill_group(child.pid)
        kill_marked(MARK, mark)
        stuck = not _ended(child, clock() + GIVE_UP)
        _drain(readers)
        child.stdout.close()
        child.stderr.close()
    code = child.returncode
    return Outcome(code if code is not None and code >= 0 else None,
                   signal_name(-code) if code is not None and code < 0 else None,
                   timed_out, None, log.text(), log.dropped, round(clock() - started, 3), stuck)


def _start(argv, text, env, cwd):
    # A file rather than a pipe: a child that never reads could not make the caller wait, and it has no name to remove.
    with tempfile.TemporaryFile(dir=cwd) as source:
        source.write(text.encode('utf-8'))
        source.seek(0)
        options = {'start_new_session': True} if sys.version_info[0] > 2 else {'preexec_fn': os.setsid}
        return subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd,
                                close_fds=True, **options)


def _read_until_end(child, readers, deadline):
    """True when the child ended by itself, False when its time was over."""
    while True:
        _read(readers, 0.05)
        if child.poll() is not None:
            return True
        if clock() > deadline:
            return False


def _ended(child, deadline):
    while child.poll() is None:
        if clock() > deadline:
            return False
        time.sleep(0.01)
    return True


def _drain(readers):
    deadline = clock() + DRAIN
    while readers and clock() < deadline:
        _read(readers, 0.01)


def _read(readers, wait):
    """Takes one piece from each pipe that has something; forgets a pipe that was closed."""
    if not readers:
        time.sleep(wait)
        return
    try:
        ready = select.select(list(readers), [], [], wait)[0]
    except select.error as exc:                # 2.7 does not go on by itself after a signal
        if exc.args[0] != errno.EINTR:
            raise
        return
    for descriptor in ready:
        data = os.read(descriptor, 65536)
        if data:
            readers[descriptor](data)
        else:
            del readers[descriptor]


def _kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError as exc:
        if exc.errno not in (errno.ESRCH, errno.EPERM):
            raise


def kill_marked(name, value):
    """Kills processes with this variable in their environment, whatever their group; again, until none is found."""
    for _round in range(10):
        found = marked(name, value)
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError as exc:
                if exc.errno not in (errno.ESRCH, errno.EPERM):
                    raise
        time.sleep(0.01)


def marked(name, value):
    """Ids of running processes with this variable in their environment; a zombie has none."""
    entry, found = ('%s=%s' % (name, value)).encode('utf-8'), []
    for pid in os.listdir('/proc'):
        if not pid.isdigit():
            continue
        try:
            with open('/proc/%s/environ' % pid, 'rb') as environ:
                if entry in environ.read().split(b'\0'):
                    found.append(int(pid))
        except (IOError, OSError):
            pass                        # it has ended, or is another user's
    return found
