# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What is read of a real file is checked against pyelftools and readelf in tests/integration."""
from __future__ import absolute_import, division, print_function

import io
import os
import random
import struct

import pytest
from ansible.module_utils.faiss_fleet.elf import reader as elf
from ansible.module_utils.faiss_fleet.errors import AuditError
from .elf_builder import FAISS, LOADED_AT, Builder

KINDS = [pytest.param(bits, order, hashes, id='%d %s %s' % (bits, 'little' if order == '<' else 'big', hashes))
         for bits in (64, 32) for order in '<>' for hashes in ('gnu', 'sysv')]


class Counted(io.BytesIO):
    """Counts what is read, so that a bound can be asserted without a clock."""
    reads = taken = 0

    def read(self, size=-1):
        data = io.BytesIO.read(self, size)
        self.reads += 1
        self.taken += len(data)
        return data


def read(data, **options):
    return elf.read(io.BytesIO(data), name='libfaiss.so', **options)


@pytest.mark.parametrize('bits, order, hashes', KINDS)
def test_everything_is_read_without_section_headers(bits, order, hashes):
    found = read(Builder(bits=bits, order=order, hash_table=hashes, interpreter='/lib64/ld.so', **FAISS).build())
    assert (found.bits, found.endian, found.type) == (bits, 'little' if order == '<' else 'big', 'shared')
    assert found.interpreter == '/lib64/ld.so'
    assert found.soname == 'libfaiss.so'
    assert found.needed == FAISS['needed']
    assert found.rpath == []
    assert found.runpath == ['$ORIGIN/../faiss_cpu.libs', '$ORIGIN']
    assert found.version_definitions == ['FAISS_1.0', 'FAISS_1.1']
    assert found.version_needs == [
        ('libm.so.6', 'GLIBC_2.27', ['logf', 'powf'], False),
        ('libm.so.6', 'GLIBC_2.2.5', ['sqrt'], False),
        ('libstdc++.so.6', 'GLIBCXX_3.4.21', ['_ZNSt11logic_errorC2ERKS_'], False),
        ('libc.so.6', 'GLIBC_2.34', [], True)]


@pytest.mark.parametrize('bits', [64, 32])
def test_a_file_that_exports_nothing_still_names_the_symbols_it_needs(bits):
    found = read(Builder(bits=bits, **dict(FAISS, exports=[], definitions=[])).build())
    assert found.version_needs[0].symbols == ['logf', 'powf']


@pytest.mark.parametrize('number, bits, order, expected', [
    (62, 64, '<', 'x86_64'), (62, 32, '<', 'x32'), (183, 64, '<', 'aarch64'), (3, 32, '<', 'i386'),
    (40, 32, '<', 'arm'), (21, 64, '<', 'ppc64le'), (21, 64, '>', 'ppc64'), (22, 64, '>', 's390x'),
    (243, 64, '<', 'riscv64'),
    (0xfff, 64, '<', 'machine-4095'),
])
def test_machine_is_called_as_uname_calls_it(number, bits, order, expected):
    assert read(Builder(bits=bits, order=order, machine=number, **FAISS).build(), symbols=False).machine == expected


@pytest.mark.parametrize('number, expected', [
    (1, 'relocatable'), (2, 'executable'), (3, 'shared'), (4, 'core'), (77, 'type-77')])
def test_type(number, expected):
    assert read(Builder(kind=number).build()).type == expected


def test_a_static_executable_needs_nothing():
    data = bytearray(Builder(kind=2).build())
    struct.pack_into('<H', data, 56, 0)
    found = read(bytes(data))
    assert (found.needed, found.version_needs, found.version_definitions, found.soname) == ([], [], [], None)


def test_rpath_and_runpath_are_told_apart():
    found = read(Builder(rpath='/opt/a::/opt/b', runpath='$ORIGIN').build())
    assert (found.rpath, found.runpath) == (['/opt/a', '/opt/b'], ['$ORIGIN'])


def test_a_name_cannot_act_on_a_terminal():
    assert read(Builder(soname='lib\x1b[2Jx\n.so').build()).soname == 'lib\\x1b[2Jx\\x0a.so'


def test_version_definitions_of_a_large_file_cost_a_few_small_reads():
    source = Counted(Builder(padding=2 << 20, **FAISS).build())
    found = elf.read(source, symbols=False)
    assert found.version_definitions == ['FAISS_1.0', 'FAISS_1.1']
    assert source.reads <= 8
    assert source.taken <= 8 * elf.BLOCK


def test_symbols_are_left_unread_unless_asked_for():
    unreadable = broken('symbols', 24, 'I', 0xffffffff)
    assert [need.symbols for need in read(unreadable, symbols=False).version_needs] == [[], [], [], []]


def test_a_path_is_read_and_named_in_errors(tmpdir):
    path = tmpdir.join('libfaiss.so')
    path.write_binary(Builder(**FAISS).build())
    assert elf.read(str(path)).soname == 'libfaiss.so'
    path.write_binary(Builder(**FAISS).build()[:100])
    with pytest.raises(AuditError) as caught:
        elf.read(str(path))
    assert str(path) in str(caught.value)
    assert caught.value.cause == 'corrupt_artefact'
    assert 'again' in caught.value.remedy


def test_what_is_no_regular_file_is_refused_without_waiting(tmpdir):
    fifo = str(tmpdir.join('fifo'))
    os.mkfifo(fifo)
    for path, cause in [(fifo, 'not a regular file'), (str(tmpdir), 'not a regular file'),
                        (str(tmpdir.join('absent')), 'No such file')]:
        with pytest.raises(AuditError) as caught:
            elf.read(path)
        assert path in str(caught.value)
        assert cause in str(caught.value)


@pytest.mark.parametrize('data', [
    b'', b'\x7f', b'#!/bin/sh\n', b'/* GNU ld script */', b'\x7fELf' + b'\0' * 60, b'MZ' * 40])
def test_another_kind_of_file_is_told_from_a_broken_one(data):
    with pytest.raises(AuditError) as caught:
        read(data)
    assert 'is not an ELF file, it ' + ('begins with' if data else 'is empty') in str(caught.value)
    assert caught.value.cause is None


def reads_or_refuses(data):
    """Every broken file gives an answer or an AuditError, after few reads. Returns the error's text, or None."""
    source = Counted(data)
    try:
        elf.read(source, name='libfaiss.so')
        refused = None
    except AuditError as exc:
        refused = str(exc)
        assert 'libfaiss.so' in refused
    assert source.reads <= 100
    assert source.taken <= 100 * elf.BLOCK
    return refused


@pytest.mark.parametrize('bits, order, hashes', KINDS)
def test_a_file_cut_anywhere_is_refused(bits, order, hashes):
    data = Builder(bits=bits, order=order, hash_table=hashes, interpreter='/lib64/ld.so', **FAISS).build()
    for length in range(len(data)):
        assert reads_or_refuses(data[:length]) is not None, length


@pytest.mark.parametrize('bits, order, hashes', KINDS)
def test_any_byte_changed_is_read_or_refused(bits, order, hashes):
    data = Builder(bits=bits, order=order, hash_table=hashes, interpreter='/lib64/ld.so', **FAISS).build()
    for place in range(len(data)):
        for change in (0xff, 0x01, 0x80):
            broken = bytearray(data)
            broken[place] ^= change
            reads_or_refuses(bytes(broken))


def test_many_bytes_changed_are_read_or_refused():
    generator = random.Random(20221)
    for _ in range(1500):
        kind = generator.choice([(64, '<'), (32, '>')])
        data = bytearray(Builder(bits=kind[0], order=kind[1], **FAISS).build())
        for _ in range(generator.randint(1, 40)):
            data[generator.randrange(4, len(data))] = generator.choice([0, 1, 0x7f, 0xff, generator.randrange(256)])
        reads_or_refuses(bytes(data))


def broken(table, offset, layout, *values, **options):
    """A good file with numbers written over one of its tables."""
    builder = Builder(**dict(FAISS, **options))
    data = bytearray(builder.build())
    struct.pack_into('<' + layout, data, builder.at[table] + offset, *values)
    return bytes(data)


def refusal(data):
    text = reads_or_refuses(data)
    assert text is not None
    return text


@pytest.mark.parametrize('data, words', [
    pytest.param(broken('verneed', 12, 'I', 0xffffff), 'the version needs would end', id='next library far away'),
    pytest.param(broken('verneed', 28, 'I', 0x7fffffff), 'the version needs would end', id='next version far away'),
    pytest.param(broken('verneed', 8, 'I', 0xffffffff), 'the version needs would end', id='first version far away'),
    pytest.param(broken('verneed', 4, 'I', 0xfffffff0), 'the name of a library lies outside', id='library name'),
    pytest.param(broken('verneed', 24, 'I', 0xfffffff0), 'the name of a version lies outside', id='version name'),
    pytest.param(broken('verneed', 0, 'H', 2), 'revision 2', id='revision of needs'),
    pytest.param(broken('verdef', 0, 'H', 9), 'revision 9', id='revision of definitions'),
    pytest.param(broken('verdef', 16, 'I', 0xffffffff), 'the version definitions would end', id='next definition'),
    pytest.param(broken('verdef', 40, 'I', 0xffffffff), 'the version definitions would end', id='name of a version'),
    pytest.param(broken('symbols', 24, 'I', 0xffffffff), 'the name of a symbol lies outside', id='symbol name'),
    pytest.param(broken('hash', 0, 'I', 0xffffffff), 'claims 4294967295 buckets', id='hash buckets'),
    pytest.param(broken('hash', 8, 'I', 0xffffffff), '4294967295 filter words', id='hash filter'),
    pytest.param(broken('hash', 4, 'II', 0xffffffff, 0x7fffff), 'filter words', id='hash first symbol'),
    pytest.param(broken('hash', 24, 'I', 0xfffffff0), 'the GNU hash table', id='hash bucket far away'),
    pytest.param(broken('hash', 4, 'I', 0xffffffff, hash_table='sysv'), 'claims 4294967295 symbols', id='symbol count'),
    pytest.param(broken('hash', 4, 'I', 900000, hash_table='sysv'), 'the symbol versions would end', id='many symbols'),
    pytest.param(broken('segments', 56 + 32, 'Q', 1 << 60), 'dynamic section claims', id='dynamic size'),
    pytest.param(broken('segments', 56 + 8, 'Q', (1 << 64) - 1), 'the dynamic section would end', id='dynamic offset'),
    pytest.param(broken('segments', 8, 'Q', 1 << 63), 'would end at byte', id='load offset'),
    pytest.param(broken('segments', 16, 'Q', 1 << 63), 'which no part of the file is loaded to', id='load address'),
    pytest.param(Builder(tags=[(10, 1 << 40)], **FAISS).build(), 'string table claims', id='string table size'),
    pytest.param(Builder(tags=[(10, 1 << 20)], **FAISS).build(), 'the string table would end', id='strings too long'),
    pytest.param(Builder(tags=[(10, 0)], **FAISS).build(), 'lies outside its string table', id='string table empty'),
    pytest.param(Builder(tags=[(5, 1 << 62)], **FAISS).build(), 'no part of the file', id='address of strings'),
])
def test_a_lie_is_named(data, words):
    assert words in refusal(data)


def test_program_headers_are_counted_before_they_are_read():
    data = bytearray(Builder(**FAISS).build())
    struct.pack_into('<HH', data, 54, 56, 0xffff)
    assert '65535 program headers' in refusal(bytes(data))
    struct.pack_into('<HH', data, 54, 0xffff, 3)
    assert 'of 65535 bytes' in refusal(bytes(data))


def test_a_list_that_leads_into_itself_comes_to_an_end():
    # As near to a loop as distances that only lead forward can get: each library's versions are the next libraries.
    good = Builder(**FAISS).build()
    data = bytearray(Builder(tags=[(0x6ffffffe, LOADED_AT + len(good))], **FAISS).build())
    data += struct.pack('<HHIII', 1, 1, 0, 16, 16) * 20000
    struct.pack_into('<Q', data, 64 + 32, len(data))
    source = Counted(bytes(data))
    source = Counted(bytes(data))
    with pytest.raises(AuditError) as caught:
        elf.read(source, name='libfaiss.so')
    assert 'more than %d versions' % elf.MAX_VERSIONS in str(caught.value)
    assert source.reads <= 100


def test_names_that_add_up_to_too_much_are_refused(monkeypatch):
    monkeypatch.setattr(elf, 'MAX_NAMES', 0)
    assert 'add up to more than 0 times its string table' in refusal(Builder(**FAISS).build())


def test_names_that_overlap_cost_no_more_than_the_table_allows():
    # 40,000 symbols, each the tail of one long name: without a limit 800 MB of text come out of one megabyte.
    builder = Builder(needs=[('libm.so.6', [('GLIBC_2.27', 0, ['s%d' % number for number in range(40000)])])],
                      soname='x' * 60000)
    data = bytearray(builder.build())
    for number in range(40000):
        struct.pack_into('<I', data, builder.at['symbols'] + 24 * (number + 1), 1 + number)
    started = sum(os.times()[:2])
    with pytest.raises(AuditError) as caught:
        read(bytes(data))
    assert 'times its string table' in str(caught.value)
    assert sum(os.times()[:2]) - started < 1


def test_versions_that_share_a_number_do_not_copy_its_symbols():
    builder = Builder(needs=[('libm.so.6', [('GLIBC_2.27', 0, ['s%d' % number for number in range(20000)])]
                              + [('GLIBC_2.28', 0, [])] * 3000)])
    data = bytearray(builder.build())
    for number in range(3001):
        struct.pack_into('<H', data, builder.at['verneed'] + 16 + 16 * number + 6, 2)
    started = sum(os.times()[:2])
    found = read(bytes(data))
    assert sum(os.times()[:2]) - started < 1
    assert sum(len(need.symbols) for need in found.version_needs) == 20000


@pytest.mark.parametrize('options, words', [
    (dict(needed=['a'] * 3000), 'it names 3000 libraries'),
    (dict(runpath='/a:' * 3000), 'its search path has 3000 directories'),
])
def test_long_lists_are_refused(options, words):
    assert words in refusal(Builder(**options).build())


def test_tables_that_lead_to_too_much_are_refused(monkeypatch):
    monkeypatch.setattr(elf, 'MAX_BYTES_READ', 100)
    assert 'lead to more than 100 bytes' in refusal(Builder(**FAISS).build())


def test_a_file_that_shrinks_while_it_is_read_is_refused():
    class Shrinking(io.BytesIO):
        def read(self, size=-1):
            return io.BytesIO.read(self, size)[:10] if self.tell() == 0 else b''
    with pytest.raises(AuditError) as caught:
        elf.read(Shrinking(Builder(**FAISS).build()), name='libfaiss.so')
    assert 'it ends within the header' in str(caught.value)


def test_a_disk_that_fails_is_named():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            raise IOError(5, 'Input/output error')
    with pytest.raises(AuditError) as caught:
        elf.read(Failing(Builder(**FAISS).build()), name='libfaiss.so')
    assert 'libfaiss.so cannot be read: Input/output error' in str(caught.value)
