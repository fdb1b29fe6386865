# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs short commands side by side, each with a time limit and a bounded output. What a command does never raises."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections import namedtuple

# error is None when the command ran to its end, whatever its exit code was.
Result = namedtuple('Result', 'rc out err error')

AT_ONCE = 4
MOST_OUTPUT = 65536
# Seconds that no setting of the host's clock changes. 2.7 has no such clock by name.
clock = getattr(time, 'monotonic', lambda: os.times()[4])
# What would make a command answer for the caller's surroundings instead of for the host.
FOREIGN = ('PYTHON', 'LD_', 'NODE_', 'BASH_', 'ENV', 'GCC_', 'LANG', 'LC_', 'GCONV_', 'CONDA', '_CE_')


def clean_environment(environ):
    """The environment commands run in: the caller's without what redirects interpreters, compilers and the loader."""
    clean = dict((name, value) for name, value in environ.items() if not name.startswith(FOREIGN))
    clean['LC_ALL'] = 'C'
    return clean


class _Running:
    def __init__(self, argv, environ, timeout):
        options = {'start_new_session': True} if sys.version_info[0] > 2 else {'preexec_fn': os.setsid}
        with open(os.devnull, 'rb') as nothing:
            self.process = subprocess.Popen(argv, stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            env=environ, cwd='/', **options)
        self.deadline = clock() + timeout
        self.open = {self.process.stdout: [], self.process.stderr: []}
        self.text = {}

    def take(self, stream):
        """Reads what a pipe holds; forgets what goes beyond the bound, so that a chatterbox cannot fill the memory."""
        try:
            data = os.read(stream.fileno(), 65536)
        except OSError:
            data = b''
        if not data:
            self.close(stream)
        elif sum(len(piece) for piece in self.open[stream]) < MOST_OUTPUT:
            self.open[stream].append(data)

    def close(self, stream):
        self.text[stream] = native(b''.join(self.open.pop(stream))[:MOST_OUTPUT])
        stream.close()

    def drain(self):
        """Takes what the command wrote between the last look at its pipes and its end."""
        for _ in range(2 + 2 * MOST_OUTPUT // 4096):
            ready = select.select(list(self.open), [], [], 0)[0] if self.open else []
            if not ready:
                return
            for stream in ready:
                self.take(stream)

    def finish(self, error=None):
        if error is None:
            self.drain()
        for stream in list(self.open):
            self.close(stream)
        return Result(self.process.returncode, self.text[self.process.stdout], self.text[self.process.stderr], error)

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass
        # A process stuck in the kernel cannot be killed; it is left behind rather than waited for.
        for _ in range(20):
            if self.process.poll() is not None:
                return
            time.sleep(0.01)


def last(text, most):
    """The end of a text from a whole line on, or a whole word: half a secret would not be recognised as one."""
    if len(text) <= most:
        return text
    end = text[-most:]
    found = re.search(r'\n', end[:most // 2]) or re.search(r'\s', end)
    return end[found.end():] if found else end


def native(data):
    """Bytes of the host as this Python's own str, without loss."""
    return data if sys.version_info[0] == 2 else data.decode('utf-8', 'surrogateescape')


def run_all(commands, timeout=5, environ=None):
    """{key: argv} -> {key: Result}. A command that cannot be started, or takes too long, has its reason in error."""
    environ = clean_environment(os.environ if environ is None else environ)
    waiting = sorted(commands.items())
    running, results = {}, {}
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                key, argv = waiting.pop(0)
                try:
                    running[key] = _Running(argv, environ, timeout)
                except (OSError, ValueError) as exc:
                    reason = os.strerror(exc.errno) if getattr(exc, 'errno', None) else str(exc)
                    results[key] = Result(None, '', '', '%s could not be started: %s.' % (argv[0], reason))
            _wait(running, results, commands, timeout)
    finally:
        for left in running.values():
            left.kill()
    return results


def _wait(running, results, commands, timeout):
    streams = dict((stream, one) for one in running.values() for stream in one.open)
    try:
        ready = select.select(list(streams), [], [], 0.05)[0] if streams else []
    except select.error as exc:
        if exc.args[0] != errno.EINTR:
            raise
        ready = []
    for stream in ready:
        streams[stream].take(stream)
    for key, one in list(running.items()):
        # A grandchild may hold the pipes open after the command ended: its end counts, once the pipes are quiet.
        ended = one.process.poll() is not None and not (set(one.open) & set(ready))
        if ended:
            results[key] = one.finish()
        elif clock() > one.deadline:
            one.kill()
            results[key] = one.finish('%s gave no answer within %s s and was ended.' % (commands[key][0], timeout))
        else:
            if not one.open:
                time.sleep(0.002)
            continue
        del running[key]
