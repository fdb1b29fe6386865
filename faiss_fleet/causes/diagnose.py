# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says why an installation, a load or a run of FAISS failed, from what it printed.

Nothing here knows a message: the table in causes_table.py does. This file cuts a log of any size into clean lines and
finds the first row that fits each. Time is linear in the size of the log, as rows are plain words sought in order.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import io
import re

from . import translations as causes_languages
from . import table as causes_table

CAUSES = tuple(name for name, _rank, _meaning, _remedy in causes_table.CAUSES)
_RANK = dict((name, rank) for name, rank, _meaning, _remedy in causes_table.CAUSES)
_MEANING = dict((name, meaning) for name, _rank, meaning, _remedy in causes_table.CAUSES)
_REMEDY = dict((name, remedy.strip()) for name, _rank, _meaning, remedy in causes_table.CAUSES)

PIECE = 4000      # longer lines are looked at in pieces of this many characters,
OVERLAP = 400     # each of which begins with the end of the one before
BATCH = 4000      # lines looked at together
LAST_RESORT = 79  # rank of what says that something failed and not why
CONTEXT = 6       # lines before a line that may decide what it means
SHOWN = 400       # characters of a line in an answer

_TEXT = type(u'')
_ANSI = re.compile(u'\\x1b(?:\\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\\][^\\x07\\x1b]{0,200}(?:\\x07|\\x1b\\\\)|[@-Z_])')
_ESCAPED_ANSI = re.compile(u'\\\\(?:u001b|x1b|033|e)\\[[0-9;?]{0,40}[A-Za-z]')
_CONTROLS = re.compile(u'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')
_QUOTES = dict((ord(quote), u"'") for quote in u'"`\u00b4\u2018\u2019\u201b\u201c\u201d\u00ab\u00bb\u2032')
_QUOTES.update((ord(space), u' ') for space in u'\t\u00a0')
_QUOTES.update({0xff1a: u': ', 0xff0c: u', ', 0xff08: u' (', 0xff09: u') '})   # full-width : , ( )
# UTF-8 quotes that a tool in between took for Windows-1252 or Latin-1.
_MOJIBAKE = re.compile(u"\u00e2(?:\u20ac[\u02dc\u2122\u0153]?|\x80[\x98\x99\x9c\x9d])")
_SPACES = re.compile(u'  +')
_ODD = re.compile(u'["`\t\x1b\\\\]|  |\'\'|[^\x00-\x7f]')   # what makes cleaning a line more than lower case
_REPEATED_QUOTES = re.compile(u"'(?:\\\\*')+|\\\\+'")
# What tools put in front of the lines of others; taken off before a line is joined with the one before it.
_PREFIX = re.compile(
    u"(?:npm (?:err!|error|warn!?)(?: code| syscall| errno| stack)?|(?:node-pre-)?gyp (?:err!|error|info)(?: stack)?"
    u"|err!|\\d{4}-\\d\\d-\\d\\d[t ]\\d\\d:\\d\\d:\\d\\d[.,\\dz+:-]*"
    u"|#\\d{1,4} \\d{1,5}\\.\\d{1,4}|\\[[\\d:.,t z+-]{5,40}\\]"
    u"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) +\\d{1,2} \\d\\d:\\d\\d:\\d\\d \\S{1,60} \\S{1,60}:|[|>])"
    u"(?: |$)")


def meaning(cause):
    """One line that says what a cause is."""
    return _MEANING[cause]


def remedy(cause):
    """The next step for a cause."""
    return _REMEDY[cause]


def rank(cause):
    """Smaller is nearer to the root: a cause may be what brought about every one with a higher rank."""
    return _RANK[cause]


_TOKEN = re.compile(u'[a-z]+|[0-9]+')
_FOREIGN = tuple((foreign, english) for english, others in causes_languages.TRANSLATED for foreign in others)
# A line is in another language by its letters, or by the longest word of what is written without any.
_FOREIGN_LETTERS = re.compile(u'[\u00df-\u017f\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]')
_FOREIGN_WORDS = frozenset(
    max((word for word in _TOKEN.findall(foreign) if word not in (u'directory', u'operation')), key=len)
    for foreign, _english in _FOREIGN if not _FOREIGN_LETTERS.search(foreign))
# What logs are full of when nothing is wrong: rows are sought by other words, as far as they have any.
_EVERYWHERE = frozenset((
    u'and bdist bin bit build building cc cmake conda copying core cxx data debug dev devel dir done download '
    u'downloading el error extension faiss fetch file files for found from gcc get git github gnu gyp home http '
    u'https impl in include index info install installed installing is lib lib64 libc libs linux local log main '
    u'make manylinux module modules name node not npm numpy object of on opt out package packages pip process py '
    u'pypi python read registry release repo root run running server setup share so source src start std std_ '
    u'system target temp test the this tmp to type using usr value var verbose version warn warning wheel whl with '
    u'x86').split())


class Row:
    """One row of the table, ready for use.

    phrase: its parts must follow each other in a line. after: phrases of which one must stand in the line or shortly
    before it. unless: phrases of which none may. regex: also has to be found. rank: in place of the cause's own.
    """

    def __init__(self, cause, phrase, after=(), unless=(), regex=None, rank=None):
        self.cause = cause
        self.phrase = phrase
        self.parts = tuple(phrase.split(u' ~ '))
        self.tokens = frozenset(_TOKEN.findall(phrase))
        self.whole = frozenset(match.group() for part in self.parts for match in _TOKEN.finditer(part)
                               if 0 < match.start() and match.end() < len(part))
        self.after = tuple(tuple(other.split(u' ~ ')) for other in after)
        self.unless = tuple(tuple(other.split(u' ~ ')) for other in unless)
        if regex is None and phrase.isalnum():
            regex = u'(?<![a-z0-9])' + phrase   # ENOTFOUND is no part of ModuleNotFoundError
        self.regex = re.compile(regex) if regex else None
        self.rank = _RANK[cause] if rank is None else rank

    def anchor(self, weight):
        """(kind, word): the rarest word of the phrase, and how it stands in a line.

        A word at the edge of a part may be the end ('suffix') or the beginning ('prefix') of a longer one; the only
        word of a part may be anywhere in it ('inner'). Numbers are whole ('exact').
        """
        found = []
        for part in self.parts:
            for match in _TOKEN.finditer(part):
                word, at_start, at_end = match.group(), match.start() == 0, match.end() == len(part)
                kind = ('exact' if word.isdigit() else 'inner' if at_start and at_end
                        else 'suffix' if at_start else 'prefix' if at_end else 'exact')
                # Words that may be a part of others are found more often, the shorter the more.
                common = 0 if kind == 'exact' else 10
                if word in _EVERYWHERE:
                    common += 300
                if len(word) < 4 and (len(word) < 3 or kind != 'exact'):
                    common += 600 - 150 * len(word)
                found.append((weight[word] + common - 2 * min(len(word), 8), kind, word))
        return min(found)[1:]

    def fits(self, line, before):
        """Whether a clean line shows this row's cause; before: function to the clean lines before it, as one text."""
        if not _in_order(self.parts, line):
            return False
        if self.regex is not None and not self.regex.search(line):
            return False
        if any(_in_order(parts, line) for parts in self.unless):
            return False
        if self.after:
            context = before() + u'\n' + line
            return any(_in_order(parts, context) for parts in self.after)
        return True


def _in_order(parts, line):
    at = 0
    for part in parts:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _unicode(phrase):
    return phrase if isinstance(phrase, _TEXT) else phrase.decode('ascii')


def _rows():
    rows = []
    for cause, phrases, options in causes_table.rows():
        options = dict(options)
        for name in ('after', 'unless'):
            options[name] = tuple(_unicode(phrase) for phrase in options.get(name, ()))
        rows.extend(Row(cause, _unicode(phrase), **options) for phrase in phrases)
    return tuple(rows)


ROWS = _rows()
HARMLESS = tuple(tuple(_unicode(phrase).split(u' ~ ')) for phrase in causes_table.HARMLESS)
_HARMLESS_LINES = re.compile(causes_table.HARMLESS_LINES)
_MENDED = tuple((tuple(_unicode(phrase).split(u' ~ ')), frozenset(mended))
                for phrases, mended in causes_table.MENDED for phrase in phrases)
_FIRST_LETTERS = frozenset(parts[0][0] for parts, _causes in _MENDED)


class _Index:
    """Which rows a word in a line calls for. What it says of a word is kept, as the words of a log are few."""

    KEPT = 50000

    def __init__(self, rows):
        self.rows = rows
        weight = {}
        for row in rows:
            for word in row.tokens:
                weight[word] = weight.get(word, 0) + 1
        self.kinds = {'exact': {}, 'prefix': {}, 'suffix': {}, 'inner': {}}
        for number, row in enumerate(rows):
            kind, word = row.anchor(weight)
            self.kinds[kind].setdefault(word, []).append(number)
        self.longest = max(len(word) for words in self.kinds.values() for word in words)
        self.seen = {}

    def of(self, word):
        """(number, whole, tokens, first part) of the rows that a line with this word may fit."""
        rows = self.seen.get(word)
        if rows is None:
            if len(self.seen) >= self.KEPT:
                self.seen.clear()
            found = [(number, self.rows[number]) for number in self._find(word)]
            rows = self.seen[word] = tuple((number, row.whole, row.tokens, row.parts[0]) for number, row in found)
        return rows

    def _find(self, word):
        rows = list(self.kinds['exact'].get(word, ()))
        short = word[:64]
        for end in range(1, min(len(short), self.longest) + 1):
            rows.extend(self.kinds['prefix'].get(word[:end], ()))
            rows.extend(self.kinds['suffix'].get(word[-end:], ()))
        inner = set(short[start:start + size] for size in range(1, min(len(short), self.longest) + 1)
                    for start in range(len(short) - size + 1))
        for part in inner:
            rows.extend(self.kinds['inner'].get(part, ()))
        return tuple(sorted(set(rows)))


_INDEX = _Index(ROWS)


def diagnose(text):
    """What a log says went wrong: a list of {cause, line, line_number, remedy}, root first; empty when nothing fits.

    text: unicode, bytes, or a file open in text or binary mode, which is read line by line. Each cause is named once,
    with the first line that shows it. Among several, the one that may have brought about the others is first
    (the ranks in the table), then the one printed first.
    """
    found = {}
    used = set()
    for batch in _batches(_lines(text)):
        _look(batch, found, used)
    if any(place < LAST_RESORT for place, _number, _line in found.values()):
        found = dict((cause, shown) for cause, shown in found.items() if shown[0] != LAST_RESORT)
    ordered = sorted((place, number, cause, line) for cause, (place, number, line) in found.items())
    return [{'cause': cause, 'line': line, 'line_number': number, 'remedy': _REMEDY[cause]}
            for _place, number, cause, line in ordered]


def rows_used(text):
    """Numbers of the rows of ROWS that recognised a line: for tests that look for dead rows."""
    used = set()
    for batch in _batches(_lines(text)):
        _look(batch, {}, used)
    return used


def _decoded(data):
    if isinstance(data, _TEXT):
        return data
    try:
        return data.decode('utf-8')
    except UnicodeDecodeError:
        return data.decode('cp1252', 'replace')


def _physical_lines(text):
    if isinstance(text, _TEXT):
        return io.StringIO(text, newline=u'\n')
    if isinstance(text, (bytes, bytearray)):
        data = bytes(text)
        if data[:2] in (b'\xff\xfe', b'\xfe\xff'):
            return io.StringIO(data.decode('utf-16', 'replace'), newline=u'\n')
        return io.BytesIO(data)
    return text


def _bounded(handle):
    """Lines of a handle; a line without end comes in parts of a megabyte."""
    if not hasattr(handle, 'readline'):
        for line in handle:
            yield line, True
        return
    while True:
        line = handle.readline(1 << 20)
        if not line:
            return
        yield line, line.endswith(u'\n' if isinstance(line, _TEXT) else b'\n')


def _lines(text):
    """(line number, original line, clean line, its words) of each line, each piece of a long one, and each line that is
    written inside another."""
    number = 1
    for raw, ended in _bounded(_physical_lines(text)):
        line = _decoded(raw).rstrip(u'\r\n')
        if number == 1:
            line = line.lstrip(u'\ufeff')
        for part in _parts(line):
            line_and_words = _cleaned(part)
            yield number, part, line_and_words[0], line_and_words[1]
        if ended:
            number += 1


def _parts(line):
    """A line cut where its writer began a new one: at carriage returns, and at newlines escaped by JSON or repr."""
    if u'\\' in line:
        line = line.replace(u'\\\\r', u'\\r').replace(u'\\\\n', u'\\n')
        line = line.replace(u'\\r\\n', u'\n').replace(u'\\n', u'\n').replace(u'\\r', u'\n').replace(u'\\t', u' ')
    line = line.replace(u'\r', u'\n')
    for part in line.split(u'\n') if u'\n' in line else (line,):
        if len(part) <= PIECE:
            yield part
        else:
            for start in range(0, len(part), PIECE - OVERLAP):
                yield part[start:start + PIECE]


def clean(line):
    """A line as the table writes them: lower case, one kind of quote, single spaces, no colours, in English."""
    return _cleaned(line)[0]


def _cleaned(line):
    """(clean line, its words)."""
    if not _ODD.search(line):
        line = line.lower().strip()
        words = frozenset(_TOKEN.findall(line))
        return (line, words) if words.isdisjoint(_FOREIGN_WORDS) else _translated(line)
    if u'\x1b' in line:
        line = _ANSI.sub(u'', line)
    if u'\\' in line:
        line = _ESCAPED_ANSI.sub(u'', line)
        for escape in (u'\\u2018', u'\\u2019', u'\\xe2\\x80\\x98', u'\\xe2\\x80\\x99'):
            line = line.replace(escape, u"'")
    if u'\u00e2' in line:
        line = _MOJIBAKE.sub(u"'", line)
    line = line.lower().translate(_QUOTES)
    if u"''" in line or u"\\'" in line:
        line = _REPEATED_QUOTES.sub(u"'", line)
    line = _SPACES.sub(u' ', line).strip()
    words = frozenset(_TOKEN.findall(line))
    if words.isdisjoint(_FOREIGN_WORDS) and not _FOREIGN_LETTERS.search(line):
        return line, words
    return _translated(line)


def _translated(line):
    for foreign, english in _FOREIGN:
        if foreign in line:
            line = line.replace(foreign, english)
    return line, frozenset(_TOKEN.findall(line))


def _without_prefix(line):
    for _ in range(4):
        found = _PREFIX.match(line)
        if not found:
            break
        line = line[found.end():]
    return line


def _batches(lines):
    """Lists of lines; each begins with the last lines of the one before, which are context. (context, lines, last)."""
    batch, context = [], 0
    for line in lines:
        batch.append(line)
        if len(batch) >= BATCH + context:
            yield context, batch, False
            batch = batch[-CONTEXT - 1:]
            context = CONTEXT
    yield context, batch, True


def _look(batch, found, used):
    context, lines, last = batch
    end = len(lines) if last else len(lines) - 1
    for index in range(context, end):
        number, original, line, words = lines[index]
        if found:
            for cause in _mended(line):
                found.pop(cause, None)
        called = _called_for(words)
        row = _row_of(lines, index, called) if called else None
        if row is None:
            continue
        used.add(row)
        row = ROWS[row]
        if row.cause not in found or (row.rank, number) < found[row.cause][:2]:
            found[row.cause] = (row.rank, number, _shown(original, row))


def _mended(line):
    """Causes that were none, as this line says that the step they were found in went well."""
    if line[:1] not in _FIRST_LETTERS:
        line = _without_prefix(line)
        if line[:1] not in _FIRST_LETTERS:
            return ()
    for parts, mended in _MENDED:
        if line.startswith(parts[0]) and _in_order(parts, line):
            return mended
    return ()


def _called_for(words):
    seen, called = _INDEX.seen, []
    for word in words:
        rows = seen.get(word)
        if rows is None:
            rows = _INDEX.of(word)
        if rows:
            called += rows
    return called


def _row_of(lines, index, called):
    """The first row that fits the line, or the line with the one after or before it, as terminals wrap them."""
    line, here = lines[index][2:]
    alone = [number for number, whole, _tokens, first in called if first in line and whole <= here]
    if alone:
        alone = _first_that_fits(alone, line, lines, index)
        if alone is not None:
            return None if _harmless(line) else alone
    near = here.union(lines[index - 1][3] if index else (), lines[index + 1][3] if index + 1 < len(lines) else ())
    near = [(number, tokens) for number, _whole, tokens, _first in called if tokens <= near and not tokens <= here]
    return _row_of_two(lines, index, near) if near else None


def _row_of_two(lines, index, near):
    """As _row_of, for the line with the one after or before it; near: (number, tokens) of rows that may fit."""
    here = lines[index][3]
    for first in (index, index - 1):
        if first < 0 or first + 1 >= len(lines):
            continue
        other = 2 * first + 1 - index
        there = lines[other][3]
        wrapped = [number for number, tokens in near if tokens <= here | there and not tokens <= there]
        if not wrapped or _fits_alone(lines, other):
            continue
        text = _without_prefix(lines[first][2]) + u' ' + _without_prefix(lines[first + 1][2])
        row = _first_that_fits(wrapped, text, lines, index)
        if row is not None:
            return None if _harmless(text) else row
    return None


def _fits_alone(lines, index):
    line, words = lines[index][2:]
    numbers = [number for number, whole, _tokens, first in _called_for(words) if first in line and whole <= words]
    return _first_that_fits(numbers, line, lines, index) is not None


def _first_that_fits(numbers, text, lines, index):
    """The first row of those that fits a text at that place; numbers of rows in any order."""
    for number in sorted(set(numbers)):
        if ROWS[number].fits(text, _before(lines, index)):
            return number
    return None


def _before(lines, index):
    return lambda: u'\n'.join(line[2] for line in lines[max(0, index - CONTEXT):index])


def _harmless(line):
    return any(_in_order(parts, line) for parts in HARMLESS) or _HARMLESS_LINES.search(line) is not None


def _shown(original, row):
    """The line for a reader: without colours and control characters, cut around what was recognised."""
    line = _CONTROLS.sub(u'', _ESCAPED_ANSI.sub(u'', _ANSI.sub(u'', original))).strip()
    if len(line) <= SHOWN:
        return line
    words = [word for word in re.findall(u'[a-z0-9_]+', row.parts[0]) if len(word) > 3]
    at = max(0, line.lower().find(max(words, key=len) if words else row.parts[0]) - SHOWN // 4)
    return (u'...' if at else u'') + line[at:at + SHOWN] + (u'...' if at + SHOWN < len(line) else u'')
