# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The file in which vectors are kept, the same for every backend and both loaders: docs/reference/vector-file.md."""
import array
import os
import struct
import sys
import zlib

from .errors import FileError
from .replace_file import replace_file
from .store import METRICS

MAGIC = b'FFVECT\r\n'            # a transfer that changes line ends is seen at once
VERSION = 1
HEADER = struct.Struct('<8sIIIIQI')
SIZE = 64
NAMES = dict((code, name) for name, code in METRICS.items())
SAVE_ANEW = 'Save it again from the program that has the vectors, or restore it from a backup.'


def header(metric, d, n, crc):
    head = HEADER.pack(MAGIC, VERSION, METRICS[metric], d, 0, n, crc)
    return (head + struct.pack('<I', zlib.crc32(head) & 0xffffffff)).ljust(SIZE, b'\0')


def parse(head, path):
    """(metric, d, n, crc) of a file's first bytes. Raises FileError."""
    if head[:8] != MAGIC:
        cut = len(head) < 8 and MAGIC.startswith(head)
        raise FileError('FILE_TRUNCATED' if cut else 'FILE_FOREIGN', '%s is no vector file.' % path,
                        'Give a file that save() wrote.')
    if len(head) < SIZE:
        raise FileError('FILE_TRUNCATED', '%s ends within its header.' % path, SAVE_ANEW)
    _magic, version, metric, d, flags, n, crc = HEADER.unpack_from(head)
    if version != VERSION:
        raise FileError('FILE_VERSION', '%s has version %d; this loader reads version %d.' % (path, version, VERSION),
                        'Use the loader that wrote it, or a newer one.')
    own, = struct.unpack_from('<I', head, HEADER.size)
    if zlib.crc32(head[:HEADER.size]) & 0xffffffff != own or metric not in NAMES or d == 0 or n >= 1 << 48:
        raise FileError('FILE_CORRUPT', '%s has a damaged header.' % path, SAVE_ANEW)
    if flags or any(head[HEADER.size + 4:SIZE]):
        raise FileError('FILE_VERSION', '%s has values in bytes of its header that are 0 in version %d; a newer '
                        'version may have written it.' % (path, VERSION),
                        'Use the loader that wrote it, or a newer one.')
    return NAMES[metric], d, n, crc


def _little_endian(ids):
    ids = array.array('q', ids)
    if sys.byteorder == 'big':
        ids.byteswap()
    return ids


def save(path, store):
    """A crash leaves the old file or the new one, and so do several calls at once.

    Returns the CRC. Raises FileError.
    """
    ids = _little_endian(store.ids).tobytes()
    crc = zlib.crc32(store.rows, zlib.crc32(ids)) & 0xffffffff

    def write(out):
        for part in (header(store.metric, store.d, len(store), crc), ids, store.rows):
            out.write(part)

    try:
        replace_file(path, write)
    except OSError as exc:
        raise FileError('FILE_IO', '%s cannot be written: %s.' % (path, exc.strerror),
                        'Check the path, its rights and the free space.') from exc
    return crc


def load(path):
    """(metric, d, ids, rows as bytes, crc) of a whole, undamaged file. Raises FileError."""
    try:
        with open(path, 'rb') as source:
            metric, d, n, crc = parse(source.read(SIZE), path)
            size, wanted = os.fstat(source.fileno()).st_size, SIZE + n * (8 + 4 * d)
            if size != wanted:
                raise FileError('FILE_TRUNCATED' if size < wanted else 'FILE_CORRUPT',
                                '%s has %d bytes where %d vectors of %d dimensions take %d.' % (
                                    path, size, n, d, wanted), SAVE_ANEW)
            raw, data = source.read(n * 8), source.read()
    except OSError as exc:
        raise FileError('FILE_IO', '%s cannot be read: %s.' % (path, exc.strerror),
                        'Check the path, its rights and the free space.') from exc
    if zlib.crc32(data, zlib.crc32(raw)) & 0xffffffff != crc or len(raw) + len(data) != wanted - SIZE:
        raise FileError('FILE_CORRUPT', '%s is damaged: its CRC differs.' % path, SAVE_ANEW)
    ids = array.array('q')
    ids.frombytes(raw)
    return metric, d, _little_endian(ids), data, crc
