# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Exact search with numpy: every row is compared."""

CACHED = 1 << 20            # bytes that fit into a processor's cache


def nearest(numpy, rows, metric, query, k):
    """(positions, scores) of the k best rows for one query, best first, equal scores in the order of the rows.

    metric: 'ip' or 'cosine' (rows and query have length 1; larger is nearer), or 'l2' (squared distance).
    """
    count, d = rows.shape
    if metric == 'l2':
        goodness = numpy.empty(count, dtype='float32')
        step = max(1, CACHED // (d * 4))
        for start in range(0, count, step):
            gap = rows[start:start + step] - query
            goodness[start:start + step] = -numpy.einsum('ij,ij->i', gap, gap)
    else:
        goodness = rows.dot(query)
    least = numpy.partition(goodness, count - k)[count - k]
    positions = numpy.nonzero(goodness >= least)[0]
    order = numpy.lexsort((positions, -goodness[positions]))[:k]
    positions = positions[order]
    scores = goodness[positions]
    return positions.tolist(), (-scores if metric == 'l2' else scores).tolist()
