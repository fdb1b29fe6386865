# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test for the numpy fallback: the loader's own store in the place of FAISS. It has a flat index only."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import sys

from .faiss_child import Wrong
from .faiss_figures import FiguresTest


class NumpyIndex:
    """A store of the loader with the part of a FAISS index's interface that the search test uses."""

    is_trained = True

    def __init__(self, store, numpy):
        self.store, self.numpy = store, numpy

    def add(self, vectors):
        self.store.add(range(self.store.count, self.store.count + len(vectors)), vectors)

    def search(self, queries, k):
        found = [self.store.search(query, k) for query in queries]
        return (self.numpy.array([[score for _id, score in hits] for hits in found], dtype='float32'),
                self.numpy.array([[at for at, _score in hits] for hits in found], dtype='int64'))


class NumpyFaiss:
    """The part of the module faiss that the search test uses."""

    def __init__(self, storage, numpy):
        self.storage, self.numpy = storage, numpy

    def index_factory(self, d, name):
        if name != 'Flat':
            raise Wrong('unknown', 'the fallback has no index ' + name)
        return NumpyIndex(self.storage('l2', dimension=d), self.numpy)

    def write_index(self, index, path):
        index.store.save(path)

    def read_index(self, path):
        store = self.storage('l2')
        store.load(path)
        return NumpyIndex(store, self.numpy)


class NumpyTest(FiguresTest):
    CHECKED = 20          # an exact search of every row is expensive, and the same for each query

    def step_import(self):
        sys.path.insert(0, os.path.join(self.params['directory'], 'python'))
        import numpy
        from faiss_fleet_loader import NumpyVectorStorage
        self.numpy, self.faiss = numpy, NumpyFaiss(NumpyVectorStorage, numpy)
        return {'numpy_version': numpy.__version__}
