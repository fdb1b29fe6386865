# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""One interface over every backend. What is added goes into the store first; a backend is a faster way to search it."""
import operator
import os
import threading
import time
import warnings

from . import index_file, rows, setting, vector_file
from .errors import BackendError, FaissFleetError, InputError
from .filling import KINDS
from .inprocess import FaissBackend, exact_backend, fits
from .store import METRICS, Store
from .worker import WorkerBackend

MOST_DIMENSIONS = 65536
MOST_THREADS = 1024


def _path(value):
    """The path as text. Raises InputError for what names no file."""
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str) or not path or '\0' in path:
        raise InputError('BAD_ARGUMENT', 'The path is %r.' % (value,), 'Give the path of a file as text.')
    return path


class FallbackWarning(UserWarning):
    """The application has a slower backend than it could have."""


class VectorStorage:
    """add, search, save, load, count, close. May be used from several threads; calls wait for one another.

    metric: 'cosine', 'ip' or 'l2'. dimension: that of the first vector unless given.
    setting: path of backend.json or its content as a dict; FAISS_FLEET_SETTING or the usual place unless given.
    on_event: called with 'restart' or 'fallback' and a dict of error, why and count. fallback=False: rather an error.
    in_process: False never imports FAISS into this process. Times are in seconds.
    threads: of FAISS for one call; 0 for one on each core, which pays where one caller asks for large batches alone.
    index: 'flat' (exact), 'ivf' or 'hnsw' (approximate, with FAISS alone: the fallback is always exact).
    socket: path of a socket at which a worker of this user or root listens; without it, or when none answers there, a
    worker is started.
    """

    def __init__(self, metric=None, dimension=None, setting=None, on_event=None, fallback=True, in_process=True,
                 start_timeout=60, call_timeout=30, restart_window=600, threads=1, index='flat', socket=None):
        if metric is not None and metric not in METRICS:
            raise InputError('BAD_ARGUMENT', 'metric is %r; it is cosine, ip or l2.' % (metric,), 'Give one of them.')
        if dimension is not None and not (isinstance(dimension, int) and 1 <= dimension <= MOST_DIMENSIONS):
            raise InputError('BAD_DIMENSION', 'dimension is %r; it is a whole number from 1 to 65536.' % (dimension,),
                             'Give the number of dimensions of your vectors, or nothing.')
        if index not in KINDS:
            raise InputError('BAD_ARGUMENT', 'index is %r; it is flat, ivf or hnsw.' % (index,), 'Give one of them.')
        if isinstance(threads, bool) or not isinstance(threads, int) or not 0 <= threads <= MOST_THREADS:
            raise InputError('BAD_ARGUMENT', 'threads is %r; it is a whole number from 0 to %d.' % (
                threads, MOST_THREADS), 'Give 1, or 0 for one on each core.')
        self._kind, self._socket = index, socket
        self._metric, self._dimension, self._setting = metric, dimension, setting
        self._on_event, self._fallback, self._in_process = on_event, fallback, in_process
        self._times = {'start_timeout': start_timeout, 'call_timeout': call_timeout, 'threads': threads}
        self._restart_window, self._last_restart = restart_window, None
        self._store = None if dimension is None else Store(dimension, metric or 'cosine')
        self._backend, self._runtime, self._closed = None, None, False
        self._lock = threading.RLock()
        self.why = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def __len__(self):
        return self.count

    @property
    def count(self):
        """Number of vectors."""
        return 0 if self._store is None else len(self._store)

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
                # Refused as a whole; the backend, which may hold some of them, is filled anew by the next call.
                store.forget_from(count)
                self._store = before
                self._drop_backend()
                raise

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
            if len(store) == 0:
                found = [[] for _ in range(count)]
            else:
                found = self._run(lambda backend: self._searched(backend, data, count, min(k, len(store))))
            return found[0] if single else found

    def _searched(self, backend, data, count, k):
        """Positions become ids. A position that no vector has is the backend's failure, not the caller's."""
        store = self._store
        backend.sync(store)
        found = []
        for positions, scores in backend.search(data, count, k):
            whole = len(positions) == k
            if backend.index['kind'] != 'flat' and -1 in positions:
                positions = positions[:positions.index(-1)]       # it found fewer
            if not whole or not all(0 <= at < len(store) for at in positions) or any(
                    score != score for score in scores):
                raise BackendError('WORKER_NONSENSE', 'The backend answers with positions that no vector has.')
            found.append([(store.ids[at], score) for at, score in zip(positions, scores)])
        return found

    def save(self, path):
        """Writes all vectors into one file, whole or not at all, and an IVF or HNSW index beside it, if any."""
        path = _path(path)
        with self._lock:
            self._refuse_closed()
            if self._store is None:
                raise InputError('BAD_DIMENSION', 'There is nothing to save, not even a dimension.',
                                 'Add vectors first, or give dimension.')
            store = self._store
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

    def _drop_backend(self):
        if self._backend is not None:
            self._backend.close()
            self._backend = None

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

    def _open(self):
        if self._backend is not None and not self._backend.usable:
            self._backend.abandon()                    # this process was forked; its parent keeps the worker
            self._backend = None
        if self._backend is None:
            self._backend = self._choose()
        return self._backend

    def _choose(self):
        try:
            found = setting.check(self._setting) if isinstance(self._setting, dict) else setting.read(self._setting)
            self._socket = self._socket or found.get('socket')
            if found['backend'] != 'faiss':
                return self._fall_back(None, found.get('because') or 'the setting says so')
            self._runtime = found['runtime']
            return self._start_native()
        except FaissFleetError as exc:
            return self._fall_back(exc, str(exc))

    def _start_native(self):
        if self._socket is None and self._in_process and fits(self._runtime):
            try:
                return FaissBackend(self._runtime, self._times['threads'], self._kind)
            except BackendError:
                pass                      # another numpy is loaded already, for one: the worker has its own
        if self._socket is None and self._runtime['kind'] not in ('python', 'container'):
            raise BackendError('BACKEND_FAILED', 'A runtime of kind %s is for another language.' % (
                self._runtime['kind']), 'Name a strategy that Python can use in faiss_install__strategies.')
        try:
            return self._worker()
        except BackendError as exc:
            return self._again(exc)

    def _worker(self):
        """The one at the socket; where there is none, or none is to be had there, one of our own."""
        if self._socket is not None:
            try:
                return WorkerBackend(self._runtime, kind=self._kind, socket=self._socket, **self._times)
            except BackendError as exc:
                if self._runtime['kind'] not in ('python', 'container'):
                    raise
                self._tell('restart', exc, str(exc))
        return WorkerBackend(self._runtime, kind=self._kind, **self._times)

    def _again(self, error):
        """A new worker, unless there was one just now."""
        now = time.monotonic()
        if self._last_restart is not None and now - self._last_restart < self._restart_window:
            raise error
        self._last_restart = now
        self._tell('restart', error, str(error))
        return self._worker()

    def _tell(self, event, error, why):
        if self._on_event is not None:
            self._on_event(event, {'error': error, 'why': why, 'count': self.count})

    def _fall_back(self, error, why):
        if error is not None and not self._fallback:
            raise error
        backend = exact_backend()
        self.why = why
        warnings.warn('Searching with %s, without FAISS: %s' % (backend.name, why), FallbackWarning, stacklevel=2)
        self._tell('fallback', error, why)
        return backend

    def _run(self, act):
        """Does something with the backend; with the next one if that fails."""
        while True:
            backend = self._open()
            try:
                return act(backend)
            except BackendError as exc:
                self._replace(backend, exc)

    def _replace(self, backend, error):
        self._backend = None
        backend.close()
        if backend.name in ('numpy', 'python'):
            raise error
        if backend.name == 'worker':
            try:
                self._backend = self._again(error)
                return
            except FaissFleetError as exc:
                error = exc
        self._backend = self._fall_back(error, str(error))


class NumpyVectorStorage(VectorStorage):
    """The reference store: the same interface, always exact and without FAISS, a setting or a warning."""

    def _choose(self):
        return exact_backend()
