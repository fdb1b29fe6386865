# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs inside a userland, on the Python that is tried: imports FAISS and searches where the answer is known."""

import sys

import faiss
import numpy

points = numpy.zeros((200, 8), dtype="float32")
points[:, 0] = numpy.arange(200)
for index in (faiss.IndexFlatL2(8), faiss.index_factory(8, "HNSW8")):
    index.add(points)
    distances, found = index.search(points[50:53] + numpy.float32(0.1), 3)
    if found.tolist() != [[50, 51, 49], [51, 52, 50], [52, 53, 51]]:
        sys.exit(f"wrong answer: {found.tolist()}")
print(f"TRIAL WORKS {faiss.__version__}")
