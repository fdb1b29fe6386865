# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Backends in this very process: FAISS where this interpreter is the one that the setting names, else numpy."""
import os
import sys

from . import rows
from .errors import BackendError
from .setting import refuse_stale

PART = 8 << 20


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
    folders = [path for path in (runtime.get('env') or {}).get('PYTHONPATH', '').split(os.pathsep) if path]
    fresh = [path for path in folders if path not in sys.path]
    sys.path[:0] = fresh
    try:
        import faiss
        import numpy
    except Exception as exc:                     # a FAISS that does not fit raises whatever it likes
        raise BackendError('BACKEND_FAILED', 'faiss cannot be imported: %s.' % exc,
                           'Run audit.yml for this host.') from exc
    finally:
        # What is imported later comes from the application's own folders first.
        for path in fresh:
            sys.path.remove(path)
        sys.path.extend(fresh)
    return faiss, numpy


def _prepared(numpy, data, d, metric):
    """Rows as an array, of length 1 for cosine."""
    found = numpy.frombuffer(data, dtype='<f4').reshape(-1, d)
    if metric == 'cosine':
        wide = found.astype('float64')
        found = wide / numpy.sqrt((wide * wide).sum(axis=1))[:, None]
    return numpy.ascontiguousarray(found, dtype='float32')


class FaissBackend:
    """A flat index in this process."""

    name = 'faiss'
    usable = True

    def __init__(self, runtime, threads):
        self._faiss, self._numpy = import_faiss(runtime)
        self.about = {'faiss': getattr(self._faiss, '__version__', None), 'numpy': self._numpy.__version__,
                      'python': '%d.%d.%d' % sys.version_info[:3], 'pid': os.getpid()}
        if threads and hasattr(self._faiss, 'omp_set_num_threads'):
            self._faiss.omp_set_num_threads(threads)
        self.store, self.count = None, 0

    def _guard(self, act, *arguments):
        try:
            return act(*arguments)
        except Exception as exc:
            raise BackendError('BACKEND_FAILED', 'faiss failed: %s.' % exc) from exc

    def sync(self, store):
        if self.store is not store:
            make = self._faiss.IndexFlatL2 if store.metric == 'l2' else self._faiss.IndexFlatIP
            self._index = self._guard(make, store.d)
            self.store, self.count = store, 0
        step = max(1, PART // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            self._guard(self._index.add, _prepared(self._numpy, store.raw(self.count, to), store.d, store.metric))
            self.count = to

    def search(self, queries, count, k):
        wanted = _prepared(self._numpy, queries, self.store.d, self.store.metric)
        scores, positions = self._guard(self._index.search, wanted, k)
        return list(zip(positions.tolist(), scores.tolist()))

    def close(self):
        self._index = None


class NumpyBackend:
    """The fallback: every row is compared."""

    name = 'numpy'
    usable = True

    def __init__(self):
        self._numpy = rows.numpy_or_none()
        if self._numpy is None:
            raise BackendError('NUMPY_MISSING', 'There is no FAISS to use here, and no numpy to do without it.',
                               'Install numpy for this interpreter, or run audit.yml, which finds this host a FAISS.')
        self.about = {'numpy': self._numpy.__version__}
        self.store, self.count = None, 0

    def sync(self, store):
        numpy = self._numpy
        if self.store is not store:
            self.store, self.count = store, 0
            self._rows = numpy.empty((0, store.d), dtype='float32')
        if len(store) > len(self._rows):
            grown = numpy.empty((max(len(store), len(self._rows) * 3 // 2), store.d), dtype='float32')
            grown[:self.count] = self._rows[:self.count]
            self._rows = grown
        step = max(1, PART // (store.d * 4))
        while self.count < len(store):
            to = min(len(store), self.count + step)
            self._rows[self.count:to] = _prepared(numpy, store.raw(self.count, to), store.d, store.metric)
            self.count = to

    def search(self, queries, count, k):
        wanted = _prepared(self._numpy, queries, self.store.d, self.store.metric)
        return [self._nearest(query, k) for query in wanted]

    def _nearest(self, query, k):
        numpy, all_rows = self._numpy, self._rows[:self.count]
        if self.store.metric == 'l2':
            goodness = numpy.empty(self.count, dtype='float32')
            step = max(1, (1 << 20) // (self.store.d * 4))      # what fits into the processor's cache
            for start in range(0, self.count, step):
                gap = all_rows[start:start + step] - query
                goodness[start:start + step] = -numpy.einsum('ij,ij->i', gap, gap)
        else:
            goodness = all_rows.dot(query)
        least = numpy.partition(goodness, self.count - k)[self.count - k]
        positions = numpy.nonzero(goodness >= least)[0]
        # Equal scores in the order of the rows, as in every loader.
        order = numpy.lexsort((positions, -goodness[positions]))[:k]
        positions = positions[order]
        scores = goodness[positions]
        return positions.tolist(), (-scores if self.store.metric == 'l2' else scores).tolist()

    def close(self):
        self._rows = None
