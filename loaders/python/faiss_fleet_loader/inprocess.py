# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Backends in this very process: FAISS where this interpreter is the one that the setting names, else exact search."""
import array
import heapq
import operator
import os
import sys

from . import exact, rows
from .errors import BackendError
from .filling import PART, Filling
from .setting import refuse_stale
from .store import METRICS


def fits(runtime):
    """Whether this interpreter is the one that passed the search test, so that importing its FAISS is no gamble."""
    program = runtime['argv'][0]
    if runtime['kind'] != 'python' or len(runtime['argv']) > 1 or not program.startswith('/'):
        return False
    if os.path.abspath(program) == os.path.abspath(sys.executable or ''):
        return True
    # Another name of it; without PYTHONPATH a virtual environment has the packages, and the name decides.
    same = os.path.realpath(program) == os.path.realpath(sys.executable or '')
    return same and bool((runtime.get('env') or {}).get('PYTHONPATH'))


def import_faiss(runtime):
    """(faiss, numpy) of the runtime. Raises BackendError."""
    refuse_stale(runtime)
    directories = [path for path in (runtime.get('env') or {}).get('PYTHONPATH', '').split(os.pathsep) if path]
    fresh = [path for path in directories if path not in sys.path]
    sys.path[:0] = fresh
    try:
        import faiss
        import numpy
    except Exception as exc:                     # a FAISS that does not fit raises whatever it likes
        raise BackendError('BACKEND_FAILED', 'faiss cannot be imported: %s.' % exc,
                           'Run audit.yml for this host.') from exc
    finally:
        # What is imported later comes from the application's own directories first.
        for path in fresh:
            sys.path.remove(path)
        sys.path.extend(fresh)
    return faiss, numpy


class FaissBackend(Filling):
    """An index in this process."""

    name = 'faiss'
    usable = True

    def __init__(self, runtime, threads, kind='flat'):
        super().__init__(kind)
        try:
            from .faiss_worker import Index
        except ImportError as exc:
            raise BackendError('BACKEND_FAILED', 'faiss_worker.py is missing from the package: %s.' % exc,
                               'Install faiss-fleet-loader again.') from exc
        faiss, self._numpy = import_faiss(runtime)
        self._threads, self._index = threads, Index(faiss, self._numpy)
        self.about = {'faiss': getattr(faiss, '__version__', None), 'numpy': self._numpy.__version__,
                      'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
        if self.about['faiss']:
            self.writer = 'faiss %s' % self.about['faiss']

    def _guard(self, act, *arguments):
        try:
            return act(*arguments)
        except Exception as exc:
            raise BackendError('BACKEND_FAILED', 'faiss failed: %s.' % exc) from exc

    def _open(self, store, kind, lists):
        self._guard(self._index.open, store.d, METRICS[store.metric], self._threads, kind, lists)

    def _train(self, rows, _count):
        self._guard(self._index.train, rows)

    def _add(self, rows, _total):
        self._guard(self._index.add, rows)

    def _dump(self):
        return [self._guard(self._index.dump)]

    def _restore(self, data):
        try:
            return self._index.restore(data)
        except Exception:                  # whatever FAISS says of it: the index is built again
            return None

    def search(self, queries, count, k):
        scores, positions = self._guard(self._index.search, queries, k)
        return list(zip(positions.tolist(), scores.tolist()))

    def close(self):
        self._index = None


def exact_backend():
    """The fallback: every row is compared, with numpy where there is one."""
    return PlainBackend() if rows.numpy_or_none() is None else NumpyBackend()


class NumpyBackend:
    """Exact search with numpy."""

    name = 'numpy'
    usable = True

    def __init__(self):
        self._numpy = rows.numpy_or_none()
        self.about = {'numpy': self._numpy.__version__}
        self.index = {'kind': 'flat', 'from': 'built'}
        self.store, self.count = None, 0

    def _prepared(self, data, d, metric):
        """Rows as an array, of length 1 for cosine."""
        found = self._numpy.frombuffer(data, dtype='<f4').reshape(-1, d)
        if metric == 'cosine':
            wide = found.astype('float64')
            found = wide / self._numpy.sqrt((wide * wide).sum(axis=1))[:, None]
        return self._numpy.ascontiguousarray(found, dtype='float32')

    def sync(self, store):
        numpy = self._numpy
        if self.store is not store:
            self.store, self.count = store, 0
            self._rows = numpy.empty((0, store.d), dtype='float32')
            self._lengths = numpy.empty((0,), dtype='float32')
        if len(store) > len(self._rows):
            grown = numpy.empty((max(len(store), len(self._rows) * 3 // 2), store.d), dtype='float32')
            grown[:self.count] = self._rows[:self.count]
            self._rows = grown
            lengths = numpy.empty((len(grown),), dtype='float32')
            lengths[:self.count] = self._lengths[:self.count]
            self._lengths = lengths
        step = max(1, PART // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            added = self._prepared(store.raw(self.count, to), store.d, store.metric)
            self._rows[self.count:to] = added
            self._lengths[self.count:to] = exact.squares(numpy, added)
            self.count = to

    def search(self, queries, count, k):
        wanted = self._prepared(queries, self.store.d, self.store.metric)
        return exact.nearest(self._numpy, self._rows[:self.count], self._lengths[:self.count], self.store.metric,
                             wanted, k)

    def save_index(self, _link, _store):
        """It has none to save."""
        return False

    def close(self):
        self._rows = self._lengths = None


class PlainBackend:
    """Exact search without numpy: a hundred times slower than with it, and as right."""

    name = 'python'
    usable = True

    def __init__(self):
        self.about = {'python': '%d.%d.%d' % sys.version_info[:3]}
        self.index = {'kind': 'flat', 'from': 'built'}
        self.store, self.rows, self.squares = None, [], []

    @staticmethod
    def _floats(data):
        found = array.array('f')
        found.frombytes(data)
        if sys.byteorder == 'big':
            found.byteswap()
        return found

    def sync(self, store):
        if self.store is not store:
            self.store, self.rows, self.squares = store, [], []
        for at in range(len(self.rows), len(store)):
            row = self._floats(store.raw(at, at + 1))
            self.rows.append(row)
            self.squares.append(sum(map(operator.mul, row, row)))

    def search(self, queries, count, k):
        size = self.store.d * 4
        return [self._nearest(self._floats(bytes(queries[at:at + size])), k) for at in range(0, count * size, size)]

    def _nearest(self, query, k):
        own, metric = sum(map(operator.mul, query, query)), self.store.metric
        products = [sum(map(operator.mul, row, query)) for row in self.rows]
        if metric == 'l2':
            products = [2 * product - square - own for product, square in zip(products, self.squares)]
        elif metric == 'cosine':
            products = [product / (square * own) ** 0.5 for product, square in zip(products, self.squares)]
        best = heapq.nsmallest(k, range(len(products)), key=lambda at: (-products[at], at))
        return best, [max(0.0, -products[at]) if metric == 'l2' else products[at] for at in best]

    def save_index(self, _link, _store):
        """It has none to save."""
        return False

    def close(self):
        self.rows = self.squares = None
