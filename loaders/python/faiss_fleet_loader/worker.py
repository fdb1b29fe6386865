# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""FAISS in another process: the prefix's own Python or a container, fed with the worker's text and then with frames."""
import json
import os
import re
import select
import struct
import subprocess
import time

from .errors import BackendError
from .setting import refuse_stale
from .store import METRICS

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH = 1, 2, 3, 4
REPLY, ERROR = 0x80, 0xff
PART = 8 << 20                   # bytes of vectors in one frame
LOG = 4000                       # bytes of standard error that are kept
NOT_INHERITED = re.compile(r'(PYTHON.*|LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT)$')


def worker_source():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'faiss_worker.py'), 'rb') as source:
        return source.read()


def bootstrap(length):
    """What follows argv. The text comes on stdin, before the frames: so it reaches a container too."""
    return ['-c', "import sys;exec(compile(sys.stdin.buffer.read(%d),'faiss_worker.py','exec'))" % length]


def environment(runtime, environ):
    env = dict((name, value) for name, value in environ.items() if not NOT_INHERITED.match(name))
    env.update(LC_ALL='C', PYTHONNOUSERSITE='1', PYTHONDONTWRITEBYTECODE='1')
    env.update(runtime.get('env') or {})
    return env


class WorkerBackend:
    """One worker process. Any BackendError is final: the process has been ended."""

    name = 'worker'

    def __init__(self, runtime, start_timeout, call_timeout, threads):
        refuse_stale(runtime)
        self.store, self.count = None, 0
        self.call_timeout, self.threads = call_timeout, threads
        self._owner = os.getpid()
        self._request = 0
        self._log = bytearray()
        text = worker_source()
        try:
            self._process = subprocess.Popen(
                list(runtime['argv']) + bootstrap(len(text)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, cwd='/', env=environment(runtime, os.environ))
        except (OSError, ValueError) as exc:
            raise BackendError('WORKER_START', '%s cannot be started: %s.' % (runtime['argv'][0], exc),
                               'Run audit.yml for this host.') from exc
        self._in, self._out, self._err = (
            stream.fileno() for stream in (self._process.stdin, self._process.stdout, self._process.stderr))
        for descriptor in (self._in, self._out, self._err):
            os.set_blocking(descriptor, False)
        hello = self._ask(HELLO, [struct.pack('<I', 1)], start_timeout, before=text)
        try:
            self.about = json.loads(hello.decode('utf-8'))
        except ValueError as exc:
            raise self._failed('WORKER_NONSENSE', 'greets with what is no JSON') from exc

    @property
    def usable(self):
        """False in a process that was forked from the one which started the worker: two cannot share its pipes."""
        return self._owner == os.getpid()

    def _failed(self, code, what, remedy=None):
        self._end()
        log = bytes(self._log).decode('utf-8', 'replace').strip()[-400:]
        return BackendError(code, 'The worker %s%s.' % (what, ': ' + log if log else ''), remedy)

    def _end(self):
        if self._owner != os.getpid():
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            stream.close()

    def _ask(self, kind, payload, timeout=None, before=b''):
        """The answer's payload. Writes and reads at once, so that neither side can block the other."""
        timeout = self.call_timeout if timeout is None else timeout
        self._request = self._request % 0xffffffff + 1
        size = sum(len(part) for part in payload)
        out = memoryview(b''.join([before, HEADER.pack(MAGIC, VERSION, kind, self._request, size)] + payload))
        until = time.monotonic() + timeout
        answer, wanted, head = bytearray(), HEADER.size, None
        poll = select.poll()
        for descriptor in (self._out, self._err):
            poll.register(descriptor, select.POLLIN)
        poll.register(self._in, select.POLLOUT)
        while True:
            left = until - time.monotonic()
            ready = poll.poll(max(0, left) * 1000) if left > 0 else []
            if not ready:
                raise self._failed('WORKER_TIMEOUT', 'did not answer within %s s' % timeout)
            for descriptor, _event in ready:
                if descriptor == self._in:
                    out = self._write(out, poll)
                elif descriptor == self._err:
                    self._read_log(poll)
                elif not self._read(answer, wanted):
                    raise self._died()
            if head is None and len(answer) == wanted:
                head = self._header(bytes(answer), kind)
                answer, wanted = bytearray(), head[1]
            if head is not None and len(answer) == wanted:
                if head[0] == ERROR:
                    said = bytes(answer[:2000]).decode('utf-8', 'replace')
                    raise self._failed('WORKER_ERROR', 'could not do it (%s)' % said)
                return bytes(answer)

    def _write(self, out, poll):
        try:
            out = out[os.write(self._in, out[:1 << 20]):]
        except BlockingIOError:
            return out
        except OSError:
            out = out[len(out):]                 # it has gone; its end of the other pipe says so
        if not out:
            poll.unregister(self._in)
        return out

    def _read_log(self, poll):
        data = self._some(self._err, 65536)
        if data == b'':
            poll.unregister(self._err)
        self._log = (self._log + (data or b''))[-LOG:]

    @staticmethod
    def _some(descriptor, size):
        """None when there is nothing now, b'' at the end."""
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            return None

    def _read(self, answer, wanted):
        if len(answer) == wanted:
            return True
        data = self._some(self._out, min(wanted - len(answer), 1 << 20))
        answer += data or b''
        return data != b''

    def _died(self):
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return self._failed('WORKER_DIED', 'closed its output')
        rest = self._some(self._err, 65536)
        self._log = (self._log + (rest or b''))[-LOG:]
        how = 'signal %d' % -code if code < 0 else 'exit code %d' % code
        return self._failed('WORKER_DIED', 'ended with ' + how)

    def _header(self, head, kind):
        """(type, length of the payload)"""
        magic, version, answered, request, length = HEADER.unpack(head)
        if magic != MAGIC:
            raise self._failed('WORKER_NONSENSE', 'says %r, which is no frame' % head)
        if version != VERSION:
            raise self._failed('WORKER_VERSION', 'speaks version %d of the protocol, this loader %d' % (
                version, VERSION), 'Use the worker that comes with the loader.')
        if length > MOST_BYTES or request != self._request or answered not in (kind | REPLY, ERROR):
            raise self._failed('WORKER_NONSENSE', 'answers %d to request %d with %d bytes, which was not asked' % (
                answered, request, length))
        return answered, length

    def sync(self, store):
        """Gives the worker what it lacks of the store."""
        if self.store is not store:
            self._ask(OPEN, [struct.pack('<III', store.d, METRICS[store.metric], self.threads)])
            self.store, self.count = store, 0
        step = max(1, PART // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            said = self._ask(ADD, [struct.pack('<I', to - self.count), store.raw(self.count, to)])
            if said != struct.pack('<Q', to):
                raise self._failed('WORKER_NONSENSE', 'counts other vectors than it was given')
            self.count = to

    def search(self, queries, count, k):
        """[(positions, scores)] for each query; queries are rows of float32."""
        d, found = self.store.d, []
        step = max(1, PART // max(d * 4, k * 12))
        for start in range(0, count, step):
            some = min(step, count - start)
            rows = bytes(queries[start * d * 4:(start + some) * d * 4])
            data = self._ask(SEARCH, [struct.pack('<II', some, k), rows])
            if len(data) != 8 + some * k * 12 or struct.unpack_from('<II', data) != (some, k):
                raise self._failed('WORKER_NONSENSE', 'answers with another number of neighbours than was asked')
            positions = struct.unpack_from('<%dq' % (some * k), data, 8)
            scores = struct.unpack_from('<%df' % (some * k), data, 8 + some * k * 8)
            found.extend((positions[at:at + k], scores[at:at + k]) for at in range(0, some * k, k))
        return found

    def abandon(self):
        """For a forked process: lets go of the pipes, so that the worker sees when the parent is gone."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            stream.close()
        self._process.returncode = 0                 # not this process's child, and not its to wait for

    def close(self):
        """Its input ends, and so does it."""
        if self._owner == os.getpid() and self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                pass
            self._end()
