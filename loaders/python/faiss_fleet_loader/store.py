# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Everything that was added, as it was added. Backends are filled from here, so that none of them can lose anything."""
import array
import operator

from . import rows
from .errors import InputError

METRICS = {'ip': 1, 'l2': 2, 'cosine': 3}
MOST = 2 ** 53 - 1
GONE = -1


def check_id(value):
    """The id as an int. Raises InputError for what another language could not hold."""
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number <= MOST:
        raise InputError('BAD_ID', '%r is no id.' % (value,), 'Ids are whole numbers from 0 to 2^53-1.')
    return number


class Store:
    """ids in the order in which they were added, and their rows one after the other."""

    def __init__(self, d, metric):
        self.d, self.metric = d, metric
        self.ids = array.array('q')
        self.rows = bytearray()
        self.known = set()
        self.dead = 0                   # rows that were deleted; GONE is in the place of their ids
        self.saved = None               # index_file.Link of the file that the first rows came from

    def __len__(self):
        return len(self.ids)

    def add(self, ids, vectors):
        """All of them or, when one is refused, none."""
        numbers = [check_id(value) for value in ids]
        if len(numbers) != len(vectors):
            raise InputError('BAD_ARGUMENT', '%d ids were given for %d vectors.' % (len(numbers), len(vectors)),
                             'Give one for each.')
        fresh = self._fresh(numbers)
        _count, data = rows.convert(vectors, self.d, self.metric, lambda i: 'The vector of id %d' % numbers[i])
        self._take(numbers, fresh, data)

    def _fresh(self, numbers):
        fresh = set()
        for number in numbers:
            if number in self.known or number in fresh:
                raise InputError('DUPLICATE_ID', 'The id %d is in the store or twice in this call.' % number,
                                 'Give each vector an id of its own; nothing of this call was added.')
            fresh.add(number)
        return fresh

    def _take(self, numbers, fresh, data):
        self.rows += data
        self.ids.extend(numbers)
        self.known |= fresh

    def forget_from(self, count):
        """Takes back what was added last, so that ``count`` are left."""
        gone = self.ids[count:]
        self.known.difference_update(gone)
        self.dead -= gone.count(GONE)
        del self.ids[count:]
        del self.rows[count * self.d * 4:]

    @property
    def live(self):
        """Number of vectors that were not deleted."""
        return len(self.ids) - self.dead

    def places(self, numbers):
        """{id: position} of those that are in the store."""
        wanted = self.known.intersection(numbers)
        if len(wanted) < 4:
            return dict((number, self.ids.index(number)) for number in wanted)
        return dict((number, at) for at, number in enumerate(self.ids) if number in wanted)

    def delete(self, numbers):
        """{id: position} of what was deleted: restore() takes it back. The rows stay until compacted()."""
        gone = self.places(numbers)
        for at in gone.values():
            self.ids[at] = GONE
        self.known.difference_update(gone)
        self.dead += len(gone)
        return gone

    def restore(self, gone):
        for number, at in gone.items():
            self.ids[at] = number
        self.known.update(gone)
        self.dead -= len(gone)

    def compacted(self):
        """A store of the same vectors in the same order, without what was deleted."""
        if not self.dead:
            return self
        made, size, start = Store(self.d, self.metric), self.d * 4, 0
        made.known = self.known
        for at, number in enumerate(self.ids):
            if number == GONE:
                made.rows += memoryview(self.rows)[start * size:at * size]
                start = at + 1
        made.rows += memoryview(self.rows)[start * size:]
        made.ids = array.array('q', (number for number in self.ids if number != GONE))
        return made

    def vector(self, at):
        """The row as it was added, as float32 in a list."""
        return list(_lists(memoryview(self.raw(at, at + 1)), self.d)[0])

    def take_file(self, ids, data):
        """What a file held, whose rows are float32 already."""
        numbers = [check_id(value) for value in ids]
        fresh = self._fresh(numbers)
        step = max(1, (8 << 20) // (4 * self.d))
        numpy = rows.numpy_or_none()
        for start in range(0, len(numbers), step):
            part = memoryview(data)[start * self.d * 4:(start + step) * self.d * 4]
            if numpy is not None:
                part = numpy.frombuffer(part, dtype='<f4').reshape(-1, self.d)
            else:
                part = _lists(part, self.d)
            rows.convert(part, self.d, self.metric, lambda i, start=start: 'The vector of id %d' % numbers[start + i])
        self._take(numbers, fresh, data)

    def raw(self, start, stop):
        """A copy of the rows from one position to another, as bytes."""
        size = self.d * 4
        return bytes(self.rows[start * size:stop * size])


def _lists(data, d):
    import struct
    return [struct.unpack_from('<%df' % d, data, at) for at in range(0, len(data), d * 4)]
