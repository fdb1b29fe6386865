# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One interface over every backend. What is added goes into the store first; a backend is a faster way to search it."""
import operator
import os
import threading

from . import index_file, options, rows, vector_file
from .errors import BackendError, FaissFleetError, InputError
from .choice import NativeOrFallback
from .inprocess import exact_backend
from .options import MOST_DIMENSIONS
from .store import GONE, Store, check_id

DEAD_SHARE = 4                  # rows are taken out of memory when more than one in so many was deleted


def _path(value):
    """The path as text. Raises InputError for what names no file."""
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str) or not path or '\0' in path:
        raise InputError('BAD_ARGUMENT', 'The path is %r.' % (value,), 'Give the path of a file as text.')
    return path


class VectorStorage(NativeOrFallback):
    """Vectors and their ids. May be used from several threads; calls wait for one another.

    metric: 'cosine', 'ip' or 'l2'. dimension: that of the first vector unless given.
    setting: path of backend.json or its content as a dict; FAISS_FLEET_SETTING or the usual place unless given.
    on_event: called with 'restart', 'fallback' or 'native' (it is back) and a dict of error, why and count.
    fallback=False: rather an error.
    in_process: False never imports FAISS into this process. Times are in seconds.
    call_timeout: since a worker last took or gave something.
    restart_window: a worker is restarted once in it, and after a fallback native FAISS is tried again when it is over.
    threads: of FAISS for one call; 0 for one on each core, which pays where one caller asks for large batches alone.
    index: 'flat' (exact), 'ivf' or 'hnsw' (approximate, with FAISS alone: the fallback is always exact).
    socket: path of a socket at which a worker of this user or root listens; without it, or when none answers there, a
    worker is started.
    """

    def __init__(self, metric=None, dimension=None, setting=None, on_event=None, fallback=True, in_process=True,
                 start_timeout=60, call_timeout=30, restart_window=600, threads=1, index='flat', socket=None):
        options.check(dimension, metric=metric, setting=setting, on_event=on_event, fallback=fallback,
                      in_process=in_process, start_timeout=start_timeout, call_timeout=call_timeout,
                      restart_window=restart_window, threads=threads, index=index, socket=socket)
        self._metric, self._dimension = metric, dimension
        super().__init__(setting, on_event, fallback, in_process, start_timeout, call_timeout, restart_window, threads,
                         index, socket)
        self._store = None if dimension is None else Store(dimension, metric or 'cosine')
        self._closed = False
        self._lock = threading.RLock()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def __len__(self):
        return self.count

    @property
    def count(self):
        """Number of vectors."""
        return 0 if self._store is None else self._store.live

    @property
    def dimension(self):
        return None if self._store is None else self._store.d

    @property
    def metric(self):
        return (self._metric or 'cosine') if self._store is None else self._store.metric

    @property
    def backend(self):
        """'faiss', 'worker', 'numpy' or 'python'; None before the first call that needs it."""
        return None if self._backend is None else self._backend.name

    @property
    def about(self):
        """What the backend says of itself: versions, process id."""
        return None if self._backend is None else self._backend.about

    @property
    def index(self):
        """{'kind': 'flat', 'ivf' or 'hnsw', 'from': 'built' or 'file'}: what is searched now; None before that."""
        return None if self._backend is None else dict(self._backend.index)

    def ready(self):
        """Starts the backend now rather than at the first call."""
        with self._lock:
            self._refuse_closed()
            self._open()
        return self

    def add(self, ids, vectors):
        """All of them or, when one is refused, none."""
        with self._lock:
            self._refuse_closed()
            # First the backend: a FAISS in this process comes with the numpy that fits it.
            self._open()
            if not hasattr(ids, '__len__') or not hasattr(vectors, '__len__'):
                raise InputError('BAD_ARGUMENT', 'add() wants a list of ids and a list of vectors.',
                                 'Give lists, also for one vector: add([id], [vector]).')
            store = self._store
            if store is None:
                if len(vectors) == 0 and len(ids) == 0:
                    return
                store = self._new_store(vectors)
            before, count = self._store, len(store)
            store.add(ids, vectors)
            self._store = store
            try:
                self._run(lambda backend: backend.sync(store))
            except BaseException:
                # Refused as a whole; the backend, which may hold some of them, is filled again by the next call.
                store.forget_from(count)
                self._store = before
                self._drop_backend()
                raise

    def __contains__(self, number):
        return self.has(number)

    @property
    def ids(self):
        """The ids in the order of their vectors, as a list."""
        with self._lock:
            return [] if self._store is None else [number for number in self._store.ids if number != GONE]

    def has(self, number):
        """Whether the store has a vector of this id."""
        number = check_id(number)
        with self._lock:
            self._refuse_closed()
            return self._store is not None and number in self._store.known

    def get(self, number):
        """The vector of this id as it was added, as a list of float32; None where there is none."""
        number = check_id(number)
        with self._lock:
            self._refuse_closed()
            at = None if self._store is None else self._store.places([number]).get(number)
            return None if at is None else self._store.vector(at)

    def delete(self, ids):
        """Number of vectors that were deleted. Ids that the store does not have are no error."""
        numbers = self._numbers(ids)
        with self._lock:
            self._refuse_closed()
            if self._store is None:
                return 0
            gone = self._store.delete(numbers)
            if self._store.dead * DEAD_SHARE > len(self._store):
                self._store = self._store.compacted()          # the backend is filled from it by the next call
            return len(gone)

    def update(self, ids, vectors):
        """Gives vectors in the store new values; all of them or, when one is refused, none. They come last now."""
        numbers = self._numbers(ids)
        with self._lock:
            self._refuse_closed()
            absent = [number for number in numbers if not self.has(number)]
            if absent:
                raise InputError('UNKNOWN_ID', 'The id %d is not in the store.' % absent[0],
                                 'Use add() for new vectors; nothing of this call was done.')
            if not hasattr(vectors, '__len__') or len(vectors) != len(numbers):
                raise InputError('BAD_ARGUMENT', 'update() wants a list of ids and as many vectors.',
                                 'Give lists, also for one vector: update([id], [vector]).')
            if not numbers:
                return
            store = self._store
            gone = store.delete(numbers)
            try:
                self.add(numbers, vectors)
            except BaseException:
                store.restore(gone)
                raise
            if store.dead * DEAD_SHARE > len(store):
                self._store = store.compacted()

    def clear(self):
        """Deletes all vectors. Dimension, metric and backend stay."""
        with self._lock:
            self._refuse_closed()
            if self._store is not None:
                self._store = Store(self._store.d, self._store.metric)

    @staticmethod
    def _numbers(ids):
        if not hasattr(ids, '__len__') or isinstance(ids, (str, bytes)):
            raise InputError('BAD_ARGUMENT', 'The ids are %r.' % (ids,), 'Give a list, also for one: [id].')
        return [check_id(number) for number in ids]

    def _new_store(self, vectors):
        d = rows.width(vectors[0]) if len(vectors) else 0
        if not 1 <= d <= MOST_DIMENSIONS:
            raise InputError('BAD_DIMENSION', 'The first vector is empty, no vector, or longer than 65536.',
                             'Give lists of numbers or an array of two dimensions.')
        return Store(d, self._metric or 'cosine')

    def search(self, query, k=10):
        """The k nearest, best first: [(id, score)] for one query, a list of such lists for several."""
        with self._lock:
            self._refuse_closed()
            try:
                k = -1 if isinstance(k, bool) else operator.index(k)
            except TypeError:
                k = -1
            if k < 1:
                raise InputError('BAD_K', 'k is no whole number from 1.')
            single = rows.is_vector(query)
            several = [query] if single else query
            if self._store is None or len(several) == 0:
                return [] if single else [[] for _ in several]
            store = self._store
            self._open()
            count, data = rows.convert(several, store.d, store.metric,
                                       lambda i: 'The query' if single else 'Query %d' % i)
            if store.live == 0:
                found = [[] for _ in range(count)]
            else:
                found = self._run(lambda backend: self._searched(backend, data, count, min(k, store.live)))
            return found[0] if single else found

    def _searched(self, backend, data, count, k):
        """Positions become ids. A position that no vector has is the backend's failure, not the caller's."""
        store = self._store
        backend.sync(store)
        found = self._hits(backend, data, count, k)
        size, asked = store.d * 4, k
        short = [i for i, hits in enumerate(found) if len(hits) < k] if store.dead else []
        while short and asked < len(store):            # what was deleted is still in the index: ask for more
            asked = min(len(store), max(asked + 16, asked * 4))
            rest = b''.join(bytes(data[i * size:(i + 1) * size]) for i in short)
            for i, hits in zip(short, self._hits(backend, rest, len(short), asked)):
                found[i] = hits[:k]
            short = [i for i in short if len(found[i]) < k]
        return found

    def _hits(self, backend, data, count, k):
        """[(id, score)] for each query, without those that were deleted."""
        store, found = self._store, []
        for positions, scores in backend.search(data, count, k):
            whole = len(positions) == k
            if backend.index['kind'] != 'flat' and -1 in positions:
                positions = positions[:positions.index(-1)]       # it found fewer
            if not whole or not all(0 <= at < len(store) for at in positions) or any(
                    score != score for score in scores):
                raise BackendError('WORKER_NONSENSE', 'The backend answers with positions that no vector has.')
            hits = [(store.ids[at], score) for at, score in zip(positions, scores)]
            found.append([hit for hit in hits if hit[0] != GONE] if store.dead else hits)
        return found

    def save(self, path):
        """Writes all vectors into one file, whole or not at all, and an IVF or HNSW index beside it, if any."""
        path = _path(path)
        with self._lock:
            self._refuse_closed()
            if self._store is None:
                raise InputError('BAD_DIMENSION', 'There is nothing to save, not even a dimension.',
                                 'Add vectors first, or give dimension.')
            store = self._store = self._store.compacted()
            crc = vector_file.save(path, store)
            link = index_file.Link(path, len(store), crc)
            if self._backend is None or not self._saves_index(link):
                index_file.drop_stale(link)

    def _saves_index(self, link):
        """Whether the index went into a file beside the vectors. If not, the next load() takes longer, no more: a
        backend that fails here is replaced at the next search."""
        try:
            return self._backend.usable and self._backend.save_index(link, self._store)
        except BackendError:
            return False

    def load(self, path):
        """Replaces what is in the store by what is in the file. On an error the store stays as it was."""
        path = _path(path)
        with self._lock:
            self._refuse_closed()
            self._open()
            metric, d, ids, data, crc = vector_file.load(path)
            given = self._dimension or (self._store.d if self.count else d)
            if given != d:
                raise InputError('BAD_DIMENSION', '%s has vectors of %d dimensions; this store has %d.' % (
                    path, d, given), 'Load it into a store of its own.')
            if metric != self.metric and (self.count or self._metric):
                raise InputError('BAD_ARGUMENT', '%s was saved for %s; this store uses %s.' % (
                    path, metric, self.metric), 'Open it with metric=%r.' % metric)
            store = Store(d, metric)
            store.take_file(ids, data)
            store.saved = index_file.Link(path, len(store), crc)
            before, self._store = self._store, store
            try:
                self._run(lambda backend: backend.sync(store))
            except BaseException:
                self._store = before
                self._drop_backend()
                raise

    def close(self):
        """Ends the worker and forgets the vectors. A second time does nothing."""
        with self._lock:
            self._closed = True
            if self._backend is not None:
                self._backend.close()
            self._backend = self._store = None

    def _refuse_closed(self):
        if self._closed:
            raise FaissFleetError('CLOSED', 'The store was closed.', 'Open a new one.')


class NumpyVectorStorage(VectorStorage):
    """The reference store: the same interface, always exact and without FAISS, a setting or a warning."""

    def _choose(self):
        return exact_backend()
