# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test for the numpy fallback: the test of FAISS, with the loader's exact search in its place.

A flat index is all it has.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from . import loader_texts

# FAISS as the search test asks for it, as far as it does.
INDEX = u'''
class NumpyIndex:
    is_trained = True

    def __init__(self, numpy, d):
        self.numpy = numpy
        self.vectors = numpy.empty((0, d), dtype='float32')

    def add(self, vectors):
        self.vectors = self.numpy.concatenate([self.vectors, vectors])

    def search(self, queries, k):
        found = [nearest(self.numpy, self.vectors, 'l2', query, k) for query in queries]
        return (self.numpy.array([scores for _positions, scores in found], dtype='float32'),
                self.numpy.array([positions for positions, _scores in found], dtype='int64'))


class NumpyFaiss:
    def __init__(self, numpy):
        self.numpy = numpy

    def index_factory(self, d, name):
        if name != 'Flat':
            raise Wrong('unknown', 'the fallback has no index ' + name)
        return NumpyIndex(self.numpy, d)

    def write_index(self, index, path):
        with open(path, 'wb') as out:
            self.numpy.save(out, index.vectors)

    def read_index(self, path):
        with open(path, 'rb') as source:
            vectors = self.numpy.load(source)
        index = NumpyIndex(self.numpy, vectors.shape[1])
        index.add(vectors)
        return index


def step_import(test):
    import numpy
    test.numpy, test.faiss = numpy, NumpyFaiss(numpy)
    return {'numpy_version': numpy.__version__}


Test.step_import = step_import
Test.CHECKED = 20         # an exact search of every row is dear, and the same for each query
'''


def program():
    """What comes between the search test's own text and its call."""
    return u'%s\n%s' % (loader_texts.TEXTS['python/faiss_fleet_loader/exact.py'], INDEX)
