# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The loader's store behind the part of FAISS's interface that the search test uses."""
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.search.programs import numpy_fallback
from ansible.module_utils.faiss_fleet.search.programs.faiss_child import Wrong


class Store:
    """As the loader's, with an exact search in plain Python."""

    saved = {}

    def __init__(self, metric, dimension=None):
        self.metric, self.dimension, self.rows = metric, dimension, []

    @property
    def count(self):
        return len(self.rows)

    def add(self, ids, vectors):
        assert list(ids) == list(range(len(self.rows), len(self.rows) + len(vectors)))
        self.rows.extend(vectors)

    def search(self, query, k):
        found = [(number, sum((row[at] - query[at]) ** 2 for at in range(len(row))))
                 for number, row in enumerate(self.rows)]
        return sorted(found, key=lambda hit: hit[1])[:k]

    def save(self, path):
        self.saved[path] = list(self.rows)

    def load(self, path):
        self.rows = list(self.saved[path])


class Numpy:
    @staticmethod
    def array(rows, dtype):
        return dtype, rows


def test_a_flat_index_adds_searches_saves_and_loads():
    faiss = numpy_fallback.NumpyFaiss(Store, Numpy)
    index = faiss.index_factory(2, "Flat")
    assert index.is_trained and index.store.dimension == 2
    index.add([(0, 0), (3, 4)])
    index.add([(1, 0)])
    scores, ids = index.search([(0, 0), (3, 3)], 2)
    assert scores == ("float32", [[0, 1], [1, 13]]) and ids == ("int64", [[0, 2], [1, 2]])
    faiss.write_index(index, "/x")
    again = faiss.read_index("/x")
    assert again.search([(3, 3)], 1) == (("float32", [[1]]), ("int64", [[1]])) and again.store.metric == "l2"


def test_it_has_no_other_index():
    with pytest.raises(Wrong, match="no index IVF4,Flat"):
        numpy_fallback.NumpyFaiss(Store, Numpy).index_factory(2, "IVF4,Flat")
