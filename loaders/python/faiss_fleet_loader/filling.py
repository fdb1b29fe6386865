# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Keeps a FAISS index equal to a store, whichever kind of index it is and wherever it lives."""
from . import index_file

KINDS = {'flat': 0, 'ivf': 1, 'hnsw': 2}
IVF_LEAST = 1000            # below so many vectors lists win nothing: the index is flat
IVF_OUTGROWN = 4            # trained again when there are so many times as many vectors as then
SAMPLE = 40                 # vectors for each list that it is trained with, as FAISS asks for
MOST_SAMPLE = 48 << 20      # bytes
PART = 8 << 20              # bytes of vectors at a time
PART_HNSW = 1 << 20         # whose vectors take long to add


class Filling:
    """A backend with an index. It has _open, _train, _add, _dump and _restore; ``writer`` names it in an index file."""

    writer = None

    def __init__(self, kind):
        self.kind = kind
        self.store, self.count = None, 0
        self.index = {'kind': 'flat', 'from': 'built'}
        self._trained_with = 0

    def _wanted(self, count):
        return 'flat' if self.kind == 'ivf' and count < IVF_LEAST else self.kind

    def _outgrown(self, count):
        if self._wanted(count) != self.index['kind']:
            return True
        return self.index['kind'] == 'ivf' and count >= IVF_OUTGROWN * self._trained_with

    def sync(self, store):
        """Gives the index what it lacks of the store."""
        if self.store is not store or self._outgrown(len(store)):
            self._begin(store)
        size = PART_HNSW if self.index['kind'] == 'hnsw' else PART
        step = max(1, size // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            self._add(store.raw(self.count, to), to)
            self.count = to

    def _begin(self, store):
        self.store, self.count = None, 0
        kind, count = self._wanted(len(store)), len(store)
        lists = int(count ** 0.5) if kind == 'ivf' else 0
        self._open(store, KINDS[kind], lists)
        self.index, self._trained_with = {'kind': kind, 'from': 'built'}, count
        saved, store.saved = store.saved, None     # once: should FAISS die of it, the next backend builds its own
        if kind != 'flat' and saved is not None and count < IVF_OUTGROWN * saved.n:
            data = index_file.load(saved, store.metric, store.d, KINDS[kind], self.writer)
            if data is not None and self._restore(data) == saved.n:
                self.index['from'], self.count = 'file', saved.n
                store.saved = saved
            elif data is not None:
                self._open(store, KINDS[kind], lists)
        if kind == 'ivf' and self.count == 0:
            self._train(*self._sample(store, lists))
        self.store = store

    @staticmethod
    def _sample(store, lists):
        """(rows from all over the store, their number)"""
        wanted = min(len(store), lists * SAMPLE, max(lists, MOST_SAMPLE // (store.d * 4)))
        rows = (store.raw(at, at + 1) for at in (i * len(store) // wanted for i in range(wanted)))
        return b''.join(rows), wanted

    def save_index(self, link, store):
        """Writes the index beside the vector file of this store, where that spares the next start some work."""
        if self.writer is None or self._wanted(len(store)) == 'flat':
            return False
        self.sync(store)
        kind = KINDS[self.index['kind']]
        return index_file.save(link, store.metric, store.d, kind, self.writer, self._dump())
