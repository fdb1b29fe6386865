# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads what an ELF file asks of the host that loads it, the way the dynamic loader does: from its program headers.

Section headers are never looked at, as a stripped file need not have them. A file is read in few, bounded pieces; one
that is cut short, or that lies about its sizes, raises AuditError instead of costing time or memory.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import os
import re
import stat
import struct
import sys
from collections import namedtuple

from ..errors import AuditError

MAGIC = b'\x7fELF'

# What no real file comes near, and no hostile one gets past.
MAX_PROGRAM_HEADERS = 4096
MAX_DYNAMIC_BYTES = 1 << 20
MAX_STRING_TABLE = 64 << 20
MAX_STRING = 64 << 10
MAX_NAMES = 4                   # characters of all names, as a multiple of the string table; linkers share only tails
MAX_NEEDED = 2048
MAX_SEARCH_PATH = 1024
MAX_VERSIONS = 4096
MAX_SYMBOLS = 1 << 20
MAX_BYTES_READ = 256 << 20
BLOCK = 16 << 10

MACHINES = {3: 'i386', 8: 'mips', 20: 'ppc', 21: 'ppc64', 22: 's390', 40: 'arm', 62: 'x86_64', 183: 'aarch64',
            243: 'riscv', 258: 'loongarch'}
TYPES = {1: 'relocatable', 2: 'executable', 3: 'shared', 4: 'core'}

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 4, 5, 6, 10, 14, 15, 29
DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERNEED = 0x6ffffef5, 0x6ffffff0, 0x6ffffffc, 0x6ffffffe
VER_FLG_BASE, VER_FLG_WEAK = 1, 2

_PRINTABLE = re.compile(br'[\x20-\x7e]*\Z')

Segment = namedtuple('Segment', 'type offset address size')

# weak: the loader goes on without this version, so it is no need.
VersionNeed = namedtuple('VersionNeed', 'library version symbols weak')

ElfFile = namedtuple('ElfFile', 'machine bits endian type interpreter soname needed rpath runpath '
                                'version_needs version_definitions')


def read(source, symbols=True, name=None):
    """ElfFile of a path, or of an open binary file that can seek. Lists are in the file's own order.

    symbols=False leaves the `symbols` of each version need empty, and spares reading the symbol table.
    name: what to call an open file in errors.
    """
    if hasattr(source, 'read'):
        return _Reader(source, name or getattr(source, 'name', None) or 'the file').elf_file(symbols)
    try:
        if not stat.S_ISREG(os.stat(source).st_mode):          # a FIFO would be waited on for ever
            raise AuditError('%s is not a regular file. Name the .so or the executable itself.' % source)
        with io.open(source, 'rb') as handle:
            return _Reader(handle, name or source).elf_file(symbols)
    except (IOError, OSError) as exc:
        raise AuditError('%s cannot be read: %s. Check the path and its permissions.' % (source, exc.strerror or exc))


def is_elf(head):
    """Whether a file that begins with these bytes calls itself ELF."""
    return head[:4] == MAGIC


class _Reader:
    def __init__(self, handle, name):
        self.handle, self.name = handle, name
        self.handle.seek(0, 2)
        self.size = self.handle.tell()
        self.block_at, self.block = 0, b''
        self.bytes_read = self.characters = 0
        self.order = '<'
        self.strings, self.names = b'', {}

    def bad(self, what):
        return AuditError('%s is a broken ELF file: %s. It was cut short or damaged on its way; fetch or install it '
                          'again.' % (self.name, what),
                          cause='corrupt_artefact', remedy='Fetch or install %s again.' % self.name)

    # Bytes

    def get(self, offset, length, what):
        """Exactly `length` bytes. Small pieces come out of one block read ahead, as neighbours are asked for next."""
        if offset + length > self.size:
            raise self.bad('%s would end at byte %d, and the file has %d' % (what, offset + length, self.size))
        start = offset - self.block_at
        if start < 0 or start + length > len(self.block):
            want = min(max(length, BLOCK), self.size - offset)
            self.bytes_read += want
            if self.bytes_read > MAX_BYTES_READ:
                raise self.bad('its tables lead to more than %d bytes' % MAX_BYTES_READ)
            self.block_at, self.block, start = offset, self.fetch(offset, want), 0
            if len(self.block) < length:
                raise self.bad('it ends within %s' % what)
        return self.block[start:start + length]

    def fetch(self, offset, length):
        try:
            self.handle.seek(offset)
            pieces, missing = [], length
            while missing:
                piece = self.handle.read(missing)
                if not piece:
                    break
                pieces.append(piece)
                missing -= len(piece)
        except (IOError, OSError) as exc:
            raise AuditError('%s cannot be read: %s.' % (self.name, exc.strerror or exc))
        return b''.join(pieces)

    def unpack(self, layout, offset, what):
        layout = self.order + layout
        return struct.unpack(layout, self.get(offset, struct.calcsize(layout), what))

    def string(self, offset, what):
        """Text of the dynamic string table. Escaped where it is not printable ASCII: no name acts on a terminal."""
        found = self.names.get(offset)
        if found is None:
            end = self.strings.find(b'\0', offset, offset + MAX_STRING)
            if offset >= len(self.strings) or end < 0:
                raise self.bad('the name of %s lies outside its string table' % what)
            # Names may overlap, so their sum is no measure of the table: without a limit it grows with its square.
            self.characters += end - offset
            if self.characters > MAX_NAMES * len(self.strings):
                raise self.bad('its names add up to more than %d times its string table' % MAX_NAMES)
            found = self.names[offset] = self.text(self.strings[offset:end])
        return found

    def text(self, raw):
        if _PRINTABLE.match(raw):
            return raw if sys.version_info[0] == 2 else raw.decode('ascii')
        return ''.join(chr(byte) if 32 <= byte < 127 else '\\x%02x' % byte for byte in bytearray(raw))

    # Headers

    def elf_file(self, symbols):
        machine, bits, kind, segments = self.headers()
        self.segments, self.bits, self.machine = segments, bits, machine
        interpreter = None
        for segment in segments:
            if segment.type == PT_INTERP:
                if segment.size > MAX_STRING:
                    raise self.bad('the name of its interpreter has %d bytes' % segment.size)
                interpreter = self.text(self.get(segment.offset, segment.size, 'the interpreter').split(b'\0')[0])
        entries = self.dynamic()
        self.tags = dict(reversed(entries))            # the first of each tag
        if DT_STRTAB in self.tags:
            length = self.tags.get(DT_STRSZ, 0)
            if length > MAX_STRING_TABLE:
                raise self.bad('its string table claims %d bytes' % length)
            self.strings = self.get(self.offset_of(DT_STRTAB, 'the string table'), length, 'the string table')
        names = [(tag, self.string(value, 'a dynamic entry')) for tag, value in entries
                 if tag in (DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH)]
        sonames = [text for tag, text in names if tag == DT_SONAME]
        needed = [text for tag, text in names if tag == DT_NEEDED]
        if len(needed) > MAX_NEEDED:
            raise self.bad('it names %d libraries' % len(needed))
        return ElfFile(
            machine=machine, bits=bits, endian='little' if self.order == '<' else 'big', type=kind,
            interpreter=interpreter, soname=sonames[0] if sonames else None,
            needed=needed, rpath=self.search_path(names, DT_RPATH), runpath=self.search_path(names, DT_RUNPATH),
            version_needs=self.version_needs(symbols), version_definitions=self.version_definitions())

    def search_path(self, names, tag):
        """Directories of the last entry with the tag, which is the one that the loader keeps."""
        text = ([''] + [text for found, text in names if found == tag])[-1]
        parts = [part for part in text.split(':') if part]
        if len(parts) > MAX_SEARCH_PATH:
            raise self.bad('its search path has %d directories' % len(parts))
        return parts

    def headers(self):
        head = self.get(0, min(self.size, 64), 'the header')
        if not is_elf(head):
            found = 'begins with %r' % bytes(head[:16]) if head else 'is empty'
            raise AuditError('%s is not an ELF file, it %s. Name the .so or the executable itself rather '
                             'than a script, a linker script or an archive.' % (self.name, found))
        if len(head) < 16:
            raise self.bad('it ends within the header')
        ident = bytearray(head)
        if ident[4] not in (1, 2) or ident[5] not in (1, 2) or ident[6] != 1:
            raise self.bad('class %d, byte order %d or version %d is none that exists' % (ident[4], ident[5], ident[6]))
        bits, self.order = 32 * ident[4], '<' if ident[5] == 1 else '>'
        wide = bits == 64
        kind, machine, _, _, table = self.unpack('HHIQQ' if wide else 'HHIII', 16, 'the header')
        entry, count = self.unpack('HH', 54 if wide else 42, 'the header')
        layout = self.order + ('IIQQQQQQ' if wide else 'IIIIIIII')
        if count > MAX_PROGRAM_HEADERS or (count and entry != struct.calcsize(layout)):
            raise self.bad('%d program headers of %d bytes' % (count, entry))
        raw = self.get(table, count * entry, 'the program headers') if count else b''
        segments = []
        for index in range(count):
            fields = struct.unpack_from(layout, raw, index * entry)
            offset, address, size = (fields[2], fields[3], fields[5]) if wide else (fields[1], fields[2], fields[4])
            segments.append(Segment(fields[0], offset, address, size))
        return self.machine_name(machine, bits), bits, TYPES.get(kind, 'type-%d' % kind), segments

    def machine_name(self, number, bits):
        """As `uname -m` says it, where the header alone can tell."""
        name = MACHINES.get(number, 'machine-%d' % number)
        if name == 'ppc64' and self.order == '<':
            return 'ppc64le'
        if name == 's390' and bits == 64:
            return 's390x'
        if name == 'x86_64' and bits == 32:
            return 'x32'
        return '%s%d' % (name, bits) if name in ('riscv', 'loongarch') else name

    def dynamic(self):
        """(tag, value) of each dynamic entry, in order; [] for a file without any."""
        for segment in self.segments:
            if segment.type == PT_DYNAMIC:
                if segment.size > MAX_DYNAMIC_BYTES:
                    raise self.bad('its dynamic section claims %d bytes' % segment.size)
                width = self.bits // 4
                count = segment.size // width
                layout = '%d%s' % (2 * count, 'Q' if self.bits == 64 else 'I')
                numbers = self.unpack(layout, segment.offset, 'the dynamic section')
                entries = [(numbers[place], numbers[place + 1]) for place in range(0, 2 * count, 2)]
                tags = [tag for tag, _ in entries]
                return entries[:tags.index(0)] if 0 in tags else entries
        return []

    def offset_of(self, tag, what):
        """Place in the file of the table that a dynamic entry points at; entries hold addresses of the loaded image."""
        address = self.tags[tag]
        for segment in self.segments:
            if segment.type == PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise self.bad('%s is at address %#x, which no part of the file is loaded to' % (what, address))

    # Versions

    def chain(self, offset, layout, what):
        """(offset, fields) of each entry of a list whose last field is the distance to the next, which is ahead."""
        while True:
            self.versions += 1
            if self.versions > MAX_VERSIONS:
                raise self.bad('it has more than %d versions' % MAX_VERSIONS)
            fields = self.unpack(layout, offset, what)
            yield offset, fields
            if not fields[-1]:
                return
            offset += fields[-1]

    def version_definitions(self):
        """Names that the file defines, without its own name, which heads the list of most."""
        self.versions = 0
        names = []
        if DT_VERDEF in self.tags:
            what = 'the version definitions'
            start = self.offset_of(DT_VERDEF, what)
            for offset, (revision, flags, _, _, _, aux, _) in self.chain(start, 'HHHHIII', what):
                if revision != 1:
                    raise self.bad('%s are of revision %d' % (what, revision))
                if not flags & VER_FLG_BASE:
                    names.append(self.string(self.unpack('II', offset + aux, what)[0], 'a version'))
        return names

    def version_needs(self, symbols):
        self.versions = 0
        found = []
        if DT_VERNEED in self.tags:
            what = 'the version needs'
            start = self.offset_of(DT_VERNEED, what)
            for offset, (revision, _, library, aux, _) in self.chain(start, 'HHIII', what):
                if revision != 1:
                    raise self.bad('%s are of revision %d' % (what, revision))
                library = self.string(library, 'a library')
                for _, (_, flags, index, version, _) in self.chain(offset + aux, 'IHHII', what):
                    weak = bool(flags & VER_FLG_WEAK)
                    found.append((library, self.string(version, 'a version'), index & 0x7fff, weak))
        by_index = self.symbols_by_version(set(index for _, _, index, _ in found)) if symbols and found else {}
        # Taken out, so that versions that share a number, as no linker writes them, do not copy each symbol again.
        return [VersionNeed(library, version, sorted(by_index.pop(index, ())), weak)
                for library, version, index, weak in found]

    # Symbols

    def symbols_by_version(self, wanted):
        """{version index: set of symbol names}. Defined ones count too: an executable has copies of what it imports."""
        if DT_VERSYM not in self.tags or DT_SYMTAB not in self.tags:
            return {}
        count = self.symbol_count()
        if count > MAX_SYMBOLS:
            raise self.bad('it claims %d symbols' % count)
        indexes = self.unpack('%dH' % count, self.offset_of(DT_VERSYM, 'the symbol versions'), 'the symbol versions')
        width = 24 if self.bits == 64 else 16
        table = self.get(self.offset_of(DT_SYMTAB, 'the symbols'), count * width, 'the symbols')
        found = {}
        for position, index in enumerate(indexes):
            index &= 0x7fff
            if index in wanted:
                name, = struct.unpack_from(self.order + 'I', table, position * width)
                found.setdefault(index, set()).add(self.string(name, 'a symbol'))
        return found

    def symbol_count(self):
        """The loader never needs this number, so it is nowhere: it follows from the hash tables."""
        if DT_HASH in self.tags:
            # Only s390x and alpha have 64-bit words there.
            what = 'the hash table'
            return self.unpack('QQ' if self.machine == 's390x' else 'II', self.offset_of(DT_HASH, what), what)[1]
        last = self.last_hashed_symbol() if DT_GNU_HASH in self.tags else None
        if last is not None:
            return last + 1
        # A file that exports nothing has an empty hash table, beside symbols that it imports. Linkers put another table
        # right behind the symbols; the nearest one bounds them.
        start = self.offset_of(DT_SYMTAB, 'the symbols')
        ends = [self.offset_of(tag, 'a table') for tag in (DT_STRTAB, DT_VERSYM, DT_VERDEF, DT_VERNEED, DT_GNU_HASH)
                if tag in self.tags]
        ends = [end for end in ends if end > start]
        return (min(ends) - start) // (24 if self.bits == 64 else 16) if ends else 0

    def last_hashed_symbol(self):
        what = 'the GNU hash table'
        offset = self.offset_of(DT_GNU_HASH, what)
        buckets, first, bloom, _ = self.unpack('IIII', offset, what)
        if buckets > MAX_SYMBOLS or bloom > MAX_SYMBOLS:
            raise self.bad('%s claims %d buckets and %d filter words' % (what, buckets, bloom))
        offset += 16 + bloom * (self.bits // 8)
        heads = self.unpack('%dI' % buckets, offset, what)
        last = max(heads) if heads else 0
        if last < first or not last:
            return None
        offset += 4 * buckets - 4 * first
        while last < MAX_SYMBOLS:
            count = min(256, (self.size - offset) // 4 - last)
            if count < 1:
                raise self.bad('it ends within %s' % what)
            for word in self.unpack('%dI' % count, offset + 4 * last, what):
                if word & 1:
                    return last
                last += 1
        raise self.bad('%s has a chain without an end' % what)
