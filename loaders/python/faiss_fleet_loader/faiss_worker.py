# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Holds one FAISS index and answers searches on stdin and stdout, for a loader in another process.

Runs on Python 3.6 and later with numpy and faiss; a loader sends this text to the interpreter that the setting names.
The frames are described in docs/reference/worker-protocol.md. It ends when stdin does.
"""
import json
import os
import struct
import sys

MAGIC = b'FFWP'
VERSION = 1
HEADER = struct.Struct('<4sHHII')      # magic, version, type, request, length of the payload
MOST_BYTES = 64 << 20
HELLO, OPEN, ADD, SEARCH = 1, 2, 3, 4
REPLY, ERROR = 0x80, 0xff
IP, L2, COSINE = 1, 2, 3


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
    """A flat FAISS index; cosine is the inner product of vectors of length 1."""

    def __init__(self, faiss, numpy):
        self.faiss, self.numpy = faiss, numpy
        self.index, self.d, self.metric = None, 0, 0

    def open(self, payload):
        if len(payload) != 12:
            raise Refused('OPEN wants 12 bytes, not %d' % len(payload))
        d, metric, threads = struct.unpack('<III', payload)
        if not d or metric not in (IP, L2, COSINE):
            raise Refused('OPEN wants a dimension and a metric of 1 to 3, not %d and %d' % (d, metric))
        if threads and hasattr(self.faiss, 'omp_set_num_threads'):
            self.faiss.omp_set_num_threads(threads)
        self.index = self.faiss.IndexFlatL2(d) if metric == L2 else self.faiss.IndexFlatIP(d)
        self.d, self.metric = d, metric
        return struct.pack('<Q', 0)

    def rows(self, payload, offset, count):
        if self.index is None:
            raise Refused('OPEN comes before ADD and SEARCH')
        if len(payload) != offset + count * self.d * 4:
            raise Refused('%d vectors of %d dimensions are not %d bytes' % (count, self.d, len(payload) - offset))
        found = self.numpy.frombuffer(payload, dtype='<f4', offset=offset).reshape(count, self.d)
        if self.metric == COSINE:
            # In float64, so that neither very long nor very short vectors lose their direction.
            wide = found.astype('float64')
            found = wide / self.numpy.sqrt((wide * wide).sum(axis=1))[:, None]
        return self.numpy.ascontiguousarray(found, dtype='float32')

    def add(self, payload):
        if len(payload) < 4:
            raise Refused('ADD without a number of vectors')
        count, = struct.unpack_from('<I', payload)
        rows = self.rows(payload, 4, count)
        if count:
            self.index.add(rows)
        return struct.pack('<Q', self.index.ntotal)

    def search(self, payload):
        if len(payload) < 8:
            raise Refused('SEARCH without its numbers')
        count, k = struct.unpack_from('<II', payload)
        queries = self.rows(payload, 8, count)
        if not 1 <= k <= self.index.ntotal or count * k * 12 > MOST_BYTES - 8:
            raise Refused('SEARCH of %d neighbours for %d queries among %d vectors' % (k, count, self.index.ntotal))
        scores, positions = self.index.search(queries, k)
        return struct.pack('<II', count, k) + positions.astype('<i8').tobytes() + scores.astype('<f4').tobytes()


def serve(stream, out, index, about):
    """Answers until the stream ends or holds something that is no frame."""
    answers = {HELLO: lambda _payload: about, OPEN: index.open, ADD: index.add, SEARCH: index.search}
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
            if kind not in answers:
                raise Refused('no request has the type %d' % kind)
            kind, answer = kind | REPLY, answers[kind](payload)
        except Refused as exc:
            kind, answer = ERROR, error('refused', exc)
        except MemoryError as exc:
            kind, answer = ERROR, error('out_of_memory', exc)
        except Exception as exc:           # whatever FAISS raises is the loader's to judge
            kind, answer = ERROR, error('faiss', exc)
        write_all(out, HEADER.pack(MAGIC, VERSION, kind, request, len(answer)) + answer)


def error(code, exc):
    return json.dumps({'code': code, 'message': '%s: %s' % (type(exc).__name__, str(exc)[:2000])}).encode('ascii')


def main():
    sys.path[:] = [path for path in sys.path if path]     # a folder named faiss in the working directory is not FAISS
    out = os.dup(1)
    os.dup2(2, 1)                                          # what anything prints must not come between the frames
    import faiss
    import numpy
    about = {'faiss': getattr(faiss, '__version__', None), 'numpy': numpy.__version__,
             'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
    serve(sys.stdin.buffer, out, Index(faiss, numpy), json.dumps(about).encode('ascii'))


if __name__ == '__main__':
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
