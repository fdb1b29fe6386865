# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""FAISS in another process, spoken to in frames: docs/reference/worker-protocol.md."""
import json
import os
import select
import struct
import time

from .errors import BackendError
from .filling import PART, Filling
from .store import METRICS
from .transport import Process, Socket

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH, TRAIN, DUMP, RESTORE = 1, 2, 3, 4, 5, 6, 7
REPLY, ERROR = 0x80, 0xff
CHUNK = 32 << 20                 # bytes of an index in one frame
LOG = 4000                       # bytes of standard error that are kept
WORK = 4 << 30                   # numbers that the search of one frame compares, a second or so on one slow core
LONG = 10                        # times call_timeout, for what takes longer than a search: to train, to carry an index


class WorkerBackend(Filling):
    """One worker. Any BackendError is final: it has been ended, or its connection closed."""

    name = 'worker'

    def __init__(self, runtime, start_timeout, call_timeout, threads, kind='flat', socket=None):
        """By the socket, when there is one, otherwise in a process that is started from the runtime."""
        super().__init__(kind)
        self.call_timeout, self.threads = call_timeout, threads
        self._owner = os.getpid()
        self._request = 0
        self._log = bytearray()
        self._line = Process(runtime) if socket is None else Socket(socket, start_timeout)
        self._in, self._out, self._err = self._line.writes, self._line.reads, self._line.log
        for descriptor in (self._in, self._out, self._err):
            if descriptor is not None:
                os.set_blocking(descriptor, False)
        hello = self._ask(HELLO, [struct.pack('<I', 1)], start_timeout, before=self._line.first)
        try:
            self.about = dict(json.loads(hello.decode('utf-8')))
        except (ValueError, TypeError) as exc:
            raise self._failed('WORKER_NONSENSE', 'greets with what is no JSON object') from exc
        if self.about.get('faiss'):
            self.writer = 'faiss %s' % self.about['faiss']

    @property
    def usable(self):
        """False in a process that was forked from the one which started the worker: two cannot share its pipes."""
        return self._owner == os.getpid()

    def _failed(self, code, what, remedy=None):
        self._end()
        log = bytes(self._log).decode('utf-8', 'replace').strip()[-400:]
        return BackendError(code, 'The worker %s%s.' % (what, ': ' + log if log else ''), remedy)

    def _end(self):
        if self._owner == os.getpid():
            self._line.end()

    def _ask(self, kind, payload, timeout=None, before=b'', may_refuse=False):
        """The answer's payload; None when the worker says that it cannot, where it may. Writes and reads at once, so
        that neither side can block the other."""
        timeout = self.call_timeout if timeout is None else timeout
        self._request = self._request % 0xffffffff + 1
        size = sum(len(part) for part in payload)
        out = memoryview(b''.join([before, HEADER.pack(MAGIC, VERSION, kind, self._request, size)] + payload))
        until = time.monotonic() + timeout       # since the worker last took or gave something
        answer, wanted, head = bytearray(), HEADER.size, None
        poll = select.poll()
        for descriptor in (self._out, self._err):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        poll.register(self._in, select.POLLOUT)
        while True:
            left = until - time.monotonic()
            # Once more where the time is over: it may be this process that stood still.
            ready = poll.poll(max(0, left) * 1000)
            moved = False
            for descriptor, _event in ready:
                if descriptor == self._in:
                    before = len(out)
                    out = self._write(out, poll)
                    moved = moved or len(out) < before
                elif descriptor == self._err:
                    self._read_log(poll)
                else:
                    if not self._read(answer, wanted):
                        raise self._died()
                    moved = True
            if moved:
                until = time.monotonic() + timeout
            elif left <= 0:
                raise self._failed('WORKER_TIMEOUT', 'did not answer within %s s' % timeout)
            if head is None and len(answer) == wanted:
                head = self._header(bytes(answer), kind)
                answer, wanted = bytearray(), head[1]
            if head is not None and len(answer) == wanted:
                if head[0] == ERROR and may_refuse:
                    return None
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
        except ConnectionResetError:
            return b''

    def _read(self, answer, wanted):
        if len(answer) == wanted:
            return True
        data = self._some(self._out, min(wanted - len(answer), 1 << 20))
        answer += data or b''
        return data != b''

    def _died(self):
        how = self._line.how_it_ended()
        rest = None if self._err is None else self._some(self._err, 65536)
        self._log = (self._log + (rest or b''))[-LOG:]
        return self._failed('WORKER_DIED', how)

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

    def _open(self, store, kind, lists):
        self._ask(OPEN, [struct.pack('<IIIII', store.d, METRICS[store.metric], self.threads, kind, lists)])

    def _train(self, rows, count):
        self._ask(TRAIN, [struct.pack('<I', count), rows], self.call_timeout * LONG)

    def _add(self, rows, total):
        said = self._ask(ADD, [struct.pack('<I', total - self.count), rows])
        if said != struct.pack('<Q', total):
            raise self._failed('WORKER_NONSENSE', 'counts other vectors than it was given')

    def _dump(self):
        """The index in parts."""
        offset, total = 0, None
        while total is None or offset < total:
            said = self._ask(DUMP, [struct.pack('<Q', offset)], self.call_timeout * LONG)
            size = struct.unpack_from('<Q', said)[0] if len(said) > 8 else 0
            if size < offset + len(said) - 8 or total not in (None, size):
                raise self._failed('WORKER_NONSENSE', 'hands out an index that is not whole')
            total, offset = size, offset + len(said) - 8
            yield said[8:]

    def _restore(self, data):
        """Number of vectors in it; None when the worker cannot read it."""
        said = None
        for at in range(0, len(data), CHUNK):
            said = self._ask(RESTORE, [struct.pack('<QQ', len(data), at), data[at:at + CHUNK]],
                             self.call_timeout * LONG, may_refuse=True)
            if said is None or len(said) != 8:
                return None
        return struct.unpack('<Q', said)[0]

    def search(self, queries, count, k):
        """[(positions, scores)] for each query; queries are rows of float32."""
        d, found = self.store.d, []
        step = max(1, min(PART // max(d * 4, k * 12), WORK // (d * self.count)))
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
        """For a forked process: lets go of the worker, so that it sees when the parent is gone."""
        self._line.forget()

    def close(self):
        if self._owner == os.getpid():
            self._line.close()
