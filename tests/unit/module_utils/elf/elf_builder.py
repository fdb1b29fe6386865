# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Makes small ELF files for tests: both byte orders, both word sizes, and no section headers."""
from __future__ import absolute_import, division, print_function

import struct

LOADED_AT = 0x10000


class Builder:
    """build() returns the bytes; `at` then tells where each table begins, so that a test can break it."""

    def __init__(self, bits=64, order='<', machine=62, kind=3, hash_table='gnu', soname=None, needed=(), rpath=None,
                 runpath=None, needs=(), definitions=(), exports=(), interpreter=None, padding=0, tags=()):
        """needs: [(library, [(version, flags, [symbols])])]. padding: bytes put before the dynamic section."""
        self.bits, self.order, self.machine, self.kind, self.hash_table = bits, order, machine, kind, hash_table
        self.soname, self.needed, self.rpath, self.runpath = soname, needed, rpath, runpath
        self.needs, self.definitions, self.exports = needs, definitions, exports
        self.interpreter, self.padding, self.tags = interpreter, padding, tags
        self.strings = bytearray(b'\0')
        self.at = {}

    def string(self, text):
        self.strings += text.encode('ascii') + b'\0'
        return len(self.strings) - len(text) - 1

    def pack(self, layout, *values):
        return struct.pack(self.order + layout, *values)

    def symbol(self, name, defined):
        place = self.string(name)
        section = 1 if defined else 0
        if self.bits == 64:
            return self.pack('IBBHQQ', place, 0x12, 0, section, 0, 0)
        return self.pack('IIIBBH', place, 0, 0, 0x12, 0, section)

    def verneed(self):
        out, indexes, index = b'', {}, 1 + len(self.definitions) + bool(self.definitions)
        for place, (library, versions) in enumerate(self.needs):
            last = place == len(self.needs) - 1
            onward = 0 if last else 16 + 16 * len(versions)
            out += self.pack('HHIII', 1, len(versions), self.string(library), 16, onward)
            for number, (version, flags, symbols) in enumerate(versions):
                index += 1
                indexes.update((symbol, index) for symbol in symbols)
                onward = 0 if number == len(versions) - 1 else 16
                out += self.pack('IHHII', 0, flags, index, self.string(version), onward)
        return out, indexes

    def verdef(self):
        names = [self.soname or 'base'] + list(self.definitions)
        out = b''
        for place, name in enumerate(names):
            last = place == len(names) - 1
            out += self.pack('HHHHIII', 1, 0 if place else 1, place + 1, 1, 0, 20, 0 if last else 28)
            out += self.pack('II', self.string(name), 0)
        return out if self.definitions else b''

    def gnu_hash(self, imported):
        """One bucket with all exported symbols in one chain; an empty table begins at symbol 1, as GNU ld writes it."""
        first = 1 + imported if self.exports else 1
        out = self.pack('IIII', 1, first, 1, 0) + b'\xff' * (self.bits // 8)
        out += self.pack('I', first if self.exports else 0)
        last = len(self.exports) - 1
        return out + b''.join(self.pack('I', 2 + (place == last)) for place in range(len(self.exports)))

    def build(self):
        verneed, indexes = self.verneed()
        imported = sorted(indexes)
        verdef = self.verdef()
        symbols = b'\0' * (24 if self.bits == 64 else 16)
        symbols += b''.join(self.symbol(name, False) for name in imported)
        symbols += b''.join(self.symbol(name, True) for name in self.exports)
        count = 1 + len(imported) + len(self.exports)
        versym = b''.join(self.pack('H', index) for index in [0] + [indexes[name] for name in imported])
        versym += b''.join(self.pack('H', 2 if self.definitions else 1) for _ in self.exports)
        if self.hash_table == 'sysv':
            hashes = self.pack('IIII', 1, count, 0, 0)
        else:
            hashes = self.gnu_hash(len(imported))
        dynamic = [(1, self.string(name)) for name in self.needed]
        for tag, text in ((14, self.soname), (15, self.rpath), (29, self.runpath)):
            if text is not None:
                dynamic.append((tag, self.string(text)))
        interpreter = (self.interpreter or '').encode('ascii') + b'\0'

        wide = self.bits == 64
        header, entry = (64, 56) if wide else (52, 32)
        headers = 3 if self.interpreter else 2
        place = header + headers * entry
        body = b''
        for name, data in (('interpreter', interpreter), ('hash', hashes), ('symbols', symbols),
                           ('strings', bytes(self.strings)), ('versym', versym), ('verneed', verneed),
                           ('verdef', verdef), ('padding', b'\0' * self.padding)):
            data += b'\0' * (-len(data) % 8)
            self.at[name] = place
            body += data
            place += len(data)
        self.at['dynamic'] = place

        def address(name):
            return LOADED_AT + self.at[name]
        dynamic += [(4 if self.hash_table == 'sysv' else 0x6ffffef5, address('hash')), (5, address('strings')),
                    (6, address('symbols')), (10, len(self.strings))]
        dynamic.append((0x6ffffff0, address('versym')))
        if verneed:
            dynamic += [(0x6ffffffe, address('verneed')), (0x6fffffff, len(self.needs))]
        if verdef:
            dynamic += [(0x6ffffffc, address('verdef')), (0x6ffffffd, 1 + len(self.definitions))]
        overridden = dict(self.tags)
        dynamic = [(tag, overridden.get(tag, value)) for tag, value in dynamic] + [(0, 0)]
        table = b''.join(self.pack('QQ' if wide else 'II', tag, value) for tag, value in dynamic)

        size = place + len(table)
        segments = [(1, 0, LOADED_AT, size), (2, self.at['dynamic'], address('dynamic'), len(table))]
        if self.interpreter:
            segments.append((3, self.at['interpreter'], address('interpreter'), len(interpreter)))
        self.at['segments'] = header
        head = b'\x7fELF' + struct.pack('4B', 2 if wide else 1, 1 if self.order == '<' else 2, 1, 0) + b'\0' * 8
        head += self.pack('HHIQQQIHHHHHH' if wide else 'HHIIIIIHHHHHH', self.kind, self.machine, 1, 0, header, 0, 0,
                          header, entry, headers, 0, 0, 0)
        for kind, offset, where, length in segments:
            if wide:
                head += self.pack('IIQQQQQQ', kind, 4, offset, where, where, length, length, 8)
            else:
                head += self.pack('IIIIIIII', kind, offset, where, where, length, length, 4, 4)
        return head + body + table


# What most tests read: shaped like a FAISS build of today.
FAISS = dict(
    soname='libfaiss.so', needed=['libgomp-e985bcbb.so.1.0.0', 'libstdc++.so.6', 'libm.so.6', 'libc.so.6'],
    runpath='$ORIGIN/../faiss_cpu.libs:$ORIGIN',
    needs=[('libm.so.6', [('GLIBC_2.27', 0, ['powf', 'logf']), ('GLIBC_2.2.5', 0, ['sqrt'])]),
           ('libstdc++.so.6', [('GLIBCXX_3.4.21', 0, ['_ZNSt11logic_errorC2ERKS_'])]),
           ('libc.so.6', [('GLIBC_2.34', 2, [])])],
    definitions=['FAISS_1.0', 'FAISS_1.1'], exports=['faiss_search', 'faiss_add'])
