# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The two ways to a worker: a process of one's own with its pipes, and a socket at which one listens already."""
import os
import pkgutil
import re
import socket
import stat
import struct
import subprocess

from .errors import BackendError
from .setting import refuse_stale

NOT_INHERITED = re.compile(r'(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$')
START_IT = 'Start the worker that serves it, or leave the option socket out.'


def worker_source():
    """The text of faiss_worker.py, also from a zip archive. Raises BackendError where the package lacks it."""
    try:
        found = pkgutil.get_data(__package__, 'faiss_worker.py')
    except OSError as exc:
        raise _no_source(exc) from exc
    if not found:
        raise _no_source('it is empty or cannot be read')
    return found


def _no_source(why):
    return BackendError('WORKER_START', 'faiss_worker.py cannot be read from the package: %s.' % why,
                        'Install faiss-fleet-loader again.')


def bootstrap(length):
    """What follows argv. The text comes on stdin, before the frames: so it reaches a container too."""
    return ['-c', "import sys;exec(compile(sys.stdin.buffer.read(%d),'faiss_worker.py','exec'))" % length]


def environment(runtime, environ):
    env = dict((name, value) for name, value in environ.items() if not NOT_INHERITED.match(name))
    env.update(LC_ALL='C', PYTHONNOUSERSITE='1', PYTHONDONTWRITEBYTECODE='1')
    env.update(runtime.get('env') or {})
    return env


class Process:
    """A worker of this process alone. ``first`` is what it is to be given before the first frame."""

    def __init__(self, runtime):
        refuse_stale(runtime)
        self.first = worker_source()
        try:
            self._process = subprocess.Popen(
                list(runtime['argv']) + bootstrap(len(self.first)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, cwd='/', env=environment(runtime, os.environ))
        except (OSError, ValueError) as exc:
            raise BackendError('WORKER_START', '%s cannot be started: %s.' % (runtime['argv'][0], exc),
                               'Run audit.yml for this host.') from exc
        self._streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self.writes, self.reads, self.log = (stream.fileno() for stream in self._streams)

    def end(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self):
        """Closes the pipes and nothing else."""
        for stream in self._streams:
            stream.close()

    def forget(self):
        """For a forked process: not its child, and not its to wait for."""
        self.let_go()
        self._process.returncode = 0

    def how_it_ended(self):
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return 'closed its output'
        return 'ended with ' + ('signal %d' % -code if code < 0 else 'exit code %d' % code)

    def close(self):
        """Its input ends, and so does it."""
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        self.end()


class Socket:
    """A connection to a worker that somebody else started, who must be this user or root."""

    first, log = b'', None

    def __init__(self, path, timeout):
        path = os.fspath(path)
        try:
            refuse_foreign(path)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except (OSError, ValueError) as exc:
            raise BackendError('WORKER_SOCKET', 'No worker answers at %s: %s.' % (path, exc), START_IT) from exc
        uid = struct.unpack('3i', self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (0, os.geteuid()):
            self._socket.close()
            raise _foreign('The worker at %s' % path, uid)
        # Two descriptors of one socket, as one that is asked for both could not be asked for either.
        self.reads, self.writes = self._socket.fileno(), os.dup(self._socket.fileno())

    def end(self):
        self.let_go()

    def let_go(self):
        if self.writes is not None:
            os.close(self.writes)
            self.writes = None
        self._socket.close()

    forget = close = let_go

    @staticmethod
    def how_it_ended():
        return 'closed the connection'


def refuse_foreign(path):
    """Raises BackendError unless the path is a socket of this user or of root."""
    found = os.lstat(path)
    if not stat.S_ISSOCK(found.st_mode):
        raise BackendError('WORKER_SOCKET', '%s is no socket.' % path, START_IT)
    if found.st_uid not in (0, os.geteuid()):
        raise _foreign(path, found.st_uid)


def _foreign(what, uid):
    return BackendError('WORKER_SOCKET', '%s belongs to user %d, who could read every vector.' % (what, uid),
                        'Run the worker as the user of the application.')
