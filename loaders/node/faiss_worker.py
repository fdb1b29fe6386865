# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Holds a FAISS index and answers searches, for a loader in another process: on stdin and stdout, or on a socket.

Runs on Python 3.6 and later with numpy and faiss. A loader sends this text to the interpreter that the setting names;
or `python faiss_worker.py --socket PATH` serves several loaders, each with an index and a process of its own.
The frames are described in docs/reference/worker-protocol.md. It ends when its input does.
"""
import errno
import fcntl
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')      # magic, version, type, request, length of the payload
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH, TRAIN, DUMP, RESTORE = 1, 2, 3, 4, 5, 6, 7
REPLY, ERROR = 0x80, 0xff
IP, L2, COSINE = 1, 2, 3
FLAT, IVF, HNSW = 0, 1, 2
LINKS, EF_SEARCH = 32, 64               # of HNSW
CHUNK = 32 << 20                        # bytes of an index in one frame
MOST_PEERS = 64
GRACE = 1.0                             # seconds until a process whose loader has gone is killed


class Refused(Exception):
    """The request makes no sense. The worker goes on."""


def read_exactly(stream, size):
    """The next bytes, or None when the stream ends before."""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = stream.readinto(view[at:])
        if not count:
            return None
        at += count
    return data


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


class Index:
    """One FAISS index of a kind; cosine is the inner product of vectors of length 1. Vectors are rows as bytes."""

    def __init__(self, faiss, numpy):
        self.faiss, self.numpy = faiss, numpy
        self.index, self.d, self.metric, self.kind = None, 0, 0, FLAT

    def open(self, d, metric, threads=0, kind=FLAT, lists=0):
        if not d or metric not in (IP, L2, COSINE) or kind not in (FLAT, IVF, HNSW) or (kind == IVF) != bool(lists):
            raise Refused('no index has %d dimensions, metric %d, kind %d and %d lists' % (d, metric, kind, lists))
        if threads and hasattr(self.faiss, 'omp_set_num_threads'):
            self.faiss.omp_set_num_threads(threads)
        if kind == FLAT:
            self.index = self.faiss.IndexFlatL2(d) if metric == L2 else self.faiss.IndexFlatIP(d)
        else:
            factory = 'IVF%d,Flat' % lists if kind == IVF else 'HNSW%d' % LINKS
            self.index = self.faiss.index_factory(d, factory, self._measure(metric))
        self.d, self.metric, self.kind = d, metric, kind
        self._tune()

    def _measure(self, metric):
        return self.faiss.METRIC_L2 if metric == L2 else self.faiss.METRIC_INNER_PRODUCT

    def _tune(self):
        """Settings of the search, which not every release keeps in a file."""
        if self.kind == IVF:
            self.index.nprobe = min(self.index.nlist, max(8, self.index.nlist // 10))
        if self.kind == HNSW:
            self.index.hnsw.efSearch = EF_SEARCH

    def rows(self, data):
        """The rows as an array, of length 1 for cosine."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        if len(data) % (self.d * 4):
            raise Refused('%d bytes are no whole vectors of %d dimensions' % (len(data), self.d))
        found = self.numpy.frombuffer(data, dtype='<f4').reshape(-1, self.d)
        if self.metric == COSINE:
            # In float64, so that neither very long nor very short vectors lose their direction.
            wide = found.astype('float64')
            found = wide / self.numpy.sqrt((wide * wide).sum(axis=1))[:, None]
        return self.numpy.ascontiguousarray(found, dtype='float32')

    def train(self, data):
        """Lets an IVF index find its lists among these rows, which are not added."""
        rows = self.rows(data)
        if self.kind != IVF or len(rows) < self.index.nlist or self.index.ntotal:
            raise Refused('%d vectors cannot train this index' % len(rows))
        self.index.train(rows)

    def add(self, data):
        """Number of vectors after it."""
        rows = self.rows(data)
        if not self.index.is_trained:
            raise Refused('TRAIN comes before ADD')
        if len(rows):
            self.index.add(rows)
        return self.index.ntotal

    def search(self, data, k):
        """(scores, positions); an index that is not flat may answer -1 where it found fewer than k."""
        rows = self.rows(data)
        if not 1 <= k <= self.index.ntotal:
            raise Refused('%d neighbours among %d vectors' % (k, self.index.ntotal))
        return self.index.search(rows, k)

    def dump(self):
        """The index as FAISS writes it into a file."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        return self.faiss.serialize_index(self.index).tobytes()

    def restore(self, data):
        """Takes an index of the same kind, dimension and metric from dump(). Number of its vectors."""
        if self.index is None:
            raise Refused('OPEN comes before everything else')
        found = self.faiss.deserialize_index(self.numpy.frombuffer(data, dtype='uint8'))
        kind = IVF if hasattr(found, 'nlist') else HNSW if hasattr(found, 'hnsw') else FLAT
        if (found.d, found.metric_type, kind) != (self.d, self._measure(self.metric), self.kind):
            raise Refused('that is an index of another kind')
        self.index = found
        self._tune()
        return found.ntotal


class Requests:
    """The payloads of requests, and what is answered."""

    def __init__(self, index, about):
        self.index, self.about = index, about
        self.parts = b''               # of an index that is on its way, out or in

    def answer(self, kind, payload):
        answers = {HELLO: self.hello, OPEN: self.open, ADD: self.add, SEARCH: self.search, TRAIN: self.train,
                   DUMP: self.dump, RESTORE: self.restore}
        if kind not in answers:
            raise Refused('no request has the type %d' % kind)
        return answers[kind](payload)

    def hello(self, _payload):
        return self.about

    def open(self, payload):
        if len(payload) != 20:
            raise Refused('OPEN wants 20 bytes, not %d' % len(payload))
        self.parts = b''
        self.index.open(*struct.unpack('<IIIII', payload))
        return struct.pack('<Q', 0)

    def counted(self, payload, head):
        """The rows behind a head of numbers, the first of which says how many they are."""
        if len(payload) < head:
            raise Refused('a request of %d bytes lacks its numbers' % len(payload))
        count, = struct.unpack_from('<I', payload)
        if len(payload) != head + count * self.index.d * 4:
            raise Refused('%d vectors of %d dimensions are not %d bytes' % (count, self.index.d, len(payload) - head))
        return count, memoryview(payload)[head:]

    def add(self, payload):
        return struct.pack('<Q', self.index.add(self.counted(payload, 4)[1]))

    def train(self, payload):
        self.index.train(self.counted(payload, 4)[1])
        return struct.pack('<Q', 0)

    def search(self, payload):
        count, rows = self.counted(payload, 8)
        k, = struct.unpack_from('<I', payload, 4)
        if count * k * 12 > MOST_BYTES - 8:
            raise Refused('an answer of %d neighbours for %d queries is too long' % (k, count))
        scores, positions = self.index.search(rows, k)
        return struct.pack('<II', count, k) + positions.astype('<i8').tobytes() + scores.astype('<f4').tobytes()

    def dump(self, payload):
        if len(payload) != 8:
            raise Refused('DUMP wants 8 bytes, not %d' % len(payload))
        offset, = struct.unpack('<Q', payload)
        if offset == 0:
            self.parts = self.index.dump()
        total, part = len(self.parts), self.parts[offset:offset + CHUNK]
        if offset + len(part) >= total:
            self.parts = b''
        return struct.pack('<Q', total) + part

    def restore(self, payload):
        if len(payload) < 16:
            raise Refused('RESTORE without its numbers')
        total, offset = struct.unpack_from('<QQ', payload)
        if offset == 0:
            self.parts = bytearray()
        part = memoryview(payload)[16:]
        if offset != len(self.parts) or offset + len(part) > total:
            raise Refused('RESTORE of bytes %d to %d of %d, out of their order' % (offset, offset + len(part), total))
        self.parts += part
        if len(self.parts) < total:
            return struct.pack('<Q', 0)
        whole, self.parts = self.parts, b''
        return struct.pack('<Q', self.index.restore(whole))


def serve(stream, out, requests):
    """Answers until the stream ends or holds something that is no frame."""
    while True:
        head = read_exactly(stream, HEADER.size)
        if head is None:
            return
        magic, version, kind, request, length = HEADER.unpack(bytes(head))
        if magic != MAGIC or version != VERSION or length > MOST_BYTES:
            sys.exit('faiss_worker: a frame begins with %r; this worker speaks version %d' % (bytes(head), VERSION))
        payload = read_exactly(stream, length)
        if payload is None:
            return
        try:
            kind, answer = kind | REPLY, requests.answer(kind, payload)
        except Refused as exc:
            kind, answer = ERROR, error('refused', exc)
        except MemoryError as exc:
            kind, answer = ERROR, error('out_of_memory', exc)
        except Exception as exc:           # whatever FAISS raises is the loader's to judge
            kind, answer = ERROR, error('faiss', exc)
        write_all(out, HEADER.pack(MAGIC, VERSION, kind, request, len(answer)) + answer)


def error(code, exc):
    return json.dumps({'code': code, 'message': '%s: %s' % (type(exc).__name__, str(exc)[:2000])}).encode('ascii')


class Listener:
    """A socket that only this user reaches. Each connection is served by a process of its own, forked after FAISS was
    imported: a crash ends one connection, and what a connection held goes with it."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        directory = os.stat(os.path.dirname(self.path))
        if directory.st_mode & stat.S_IWOTH and not directory.st_mode & stat.S_ISVTX:
            sys.exit('faiss_worker: anybody may write to the directory of %s; choose another' % path)
        # Held as long as this process lives: so a socket that is there without its lock being held is nobody's.
        self._lock = os.open(self.path + '.lock', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit('faiss_worker: another worker serves %s' % path)
        self.peers = {}                # descriptor: [connection, process, when it is killed]

    def listen(self):
        if os.path.lexists(self.path):
            found = os.lstat(self.path)
            if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
                sys.exit('faiss_worker: %s is no socket of this user; it stays' % self.path)
            os.unlink(self.path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(self.path)
        finally:
            os.umask(before)
        self._socket.listen(MOST_PEERS)

    def run(self, start):
        """Forks for each connection; start(connection) is what the new process does."""
        self._read, self._write = os.pipe()
        for descriptor in (self._read, self._write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._write)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: sys.exit(0))
        self._poll = select.poll()
        for descriptor in (self._socket.fileno(), self._read):
            self._poll.register(descriptor, select.POLLIN)
        try:
            while True:
                self._turn(start)
        finally:
            self._close()

    def _turn(self, start):
        due = [entry[2] for entry in self.peers.values() if entry[2] is not None]
        wait = 1000 * max(0.01, min(due) - time.monotonic()) if due else None
        for descriptor, _event in self._poll.poll(wait):
            if descriptor == self._socket.fileno():
                self._accept(start)
            elif descriptor == self._read:
                os.read(self._read, 4096)
            else:                                  # its loader has gone; most end by themselves when they see it
                self._poll.unregister(descriptor)
                self.peers[descriptor][2] = time.monotonic() + GRACE
        now = time.monotonic()
        for descriptor, (connection, process, kill_at) in list(self.peers.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                if kill_at is None:
                    self._poll.unregister(descriptor)
                connection.close()
                del self.peers[descriptor]
            elif kill_at is not None and now >= kill_at:
                os.kill(process, signal.SIGKILL)
                self.peers[descriptor][2] = now + GRACE

    def _accept(self, start):
        connection, _address = self._socket.accept()
        uid = struct.unpack('3i', connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (0, os.geteuid()) or len(self.peers) >= MOST_PEERS:
            connection.close()
            return
        sys.stderr.flush()
        try:
            process = os.fork()
        except OSError as exc:
            sys.stderr.write('faiss_worker: no process for a connection: %s\n' % exc)
            connection.close()
            return
        if process == 0:
            self._become_child(connection, start)
        self.peers[connection.fileno()] = [connection, process, None]
        self._poll.register(connection, 0)         # a hang-up is told unasked

    def _become_child(self, connection, start):
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            # Of the others it keeps nothing, or they would not see each other's end.
            for descriptor in (self._read, self._write, self._lock):
                os.close(descriptor)
            self._socket.close()
            for other, _process, _when in self.peers.values():
                other.close()
            start(connection)
            status = 0
        except SystemExit as exc:
            sys.stderr.write('%s\n' % exc)
        except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
            pass
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _close(self):
        for _connection, process, _when in self.peers.values():
            try:
                os.kill(process, signal.SIGTERM)
            except OSError as exc:
                if exc.errno != errno.ESRCH:
                    raise
        os.unlink(self.path)


def main(arguments):
    sys.path[:] = [path for path in sys.path if path]   # a directory named faiss where it was started is not FAISS
    if arguments and (len(arguments) != 2 or arguments[0] != '--socket'):
        sys.exit('usage: faiss_worker.py [--socket PATH]')
    out = os.dup(1)
    os.dup2(2, 1)                                          # what anything prints must not come between the frames
    listener = Listener(arguments[1]) if arguments else None
    import faiss
    import numpy

    def requests():
        about = {'faiss': getattr(faiss, '__version__', None), 'numpy': numpy.__version__,
                 'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
        return Requests(Index(faiss, numpy), json.dumps(about).encode('ascii'))

    if listener is None:
        serve(sys.stdin.buffer, out, requests())
    else:
        listener.listen()
        listener.run(lambda connection: serve(connection.makefile('rb', 0), connection.fileno(), requests()))


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
    except OSError as exc:
        sys.exit('faiss_worker: %s' % exc)
