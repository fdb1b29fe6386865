# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The FAISS index beside a vector file: only ever a shortcut. What does not match is not used, and that is no error.

It is what FAISS writes, followed by 64 bytes which say what it belongs to: docs/reference/vector-file.md.
"""
import os
import struct
import zlib
from collections import namedtuple

from .replace_file import replace_file
from .store import METRICS

MAGIC = b'FFINDX\r\n'
VERSION = 1
TRAILER = struct.Struct('<8sIIIIQII20sI')

# Of the vector file: its path, number of vectors and the CRC in its header.
Link = namedtuple('Link', 'path n crc')


def path_of(vectors):
    return vectors + '.faiss'


def trailer(link, metric, d, kind, writer, crc):
    fields = (MAGIC, VERSION, METRICS[metric], d, kind, link.n, link.crc, crc, writer.encode('ascii', 'replace')[:20])
    body = TRAILER.pack(*(fields + (0,)))[:-4]
    return body + struct.pack('<I', zlib.crc32(body) & 0xffffffff)


def _is_ours(path):
    """Whether nothing is there, or one that save() wrote."""
    try:
        with open(path, 'rb') as source:
            source.seek(max(0, os.fstat(source.fileno()).st_size - TRAILER.size))
            return source.read(8) == MAGIC
    except FileNotFoundError:
        return True
    except OSError:
        return False


def save(link, metric, d, kind, writer, parts):
    """Writes it whole or not at all. False when that cannot be or somebody else's file is there: no vector is lost."""
    path = path_of(link.path)
    if not _is_ours(path):
        return False

    def write(out):
        crc = 0
        for part in parts:
            out.write(part)
            crc = zlib.crc32(part, crc)
        out.write(trailer(link, metric, d, kind, writer, crc & 0xffffffff))

    try:
        replace_file(path, write, like=link.path)
    except OSError:
        return False
    return True


def load(link, metric, d, kind, writer):
    """FAISS's bytes, or None unless they belong to this vector file, this kind of index and this release of FAISS."""
    if writer is None:
        return None
    try:
        with open(path_of(link.path), 'rb') as source:
            size = os.fstat(source.fileno()).st_size - TRAILER.size
            if size <= 0:
                return None
            source.seek(size)
            end = source.read(TRAILER.size)
            crc, = struct.unpack_from('<I', end, 36)
            if end != trailer(link, metric, d, kind, writer, crc):
                return None
            source.seek(0)
            data = source.read(size)
    except OSError:
        return None
    return data if len(data) == size and zlib.crc32(data) & 0xffffffff == crc else None


def drop_stale(link):
    """Removes an index that save() wrote for other vectors; one for these very vectors stays."""
    path = path_of(link.path)
    try:
        with open(path, 'rb') as source:
            source.seek(max(0, os.fstat(source.fileno()).st_size - TRAILER.size))
            end = source.read(TRAILER.size)
        if len(end) == TRAILER.size and end[:8] == MAGIC and struct.unpack_from('<QI', end, 24) != (link.n, link.crc):
            os.unlink(path)
    except OSError:
        pass                                       # nothing there, or not ours to remove: it is never used
