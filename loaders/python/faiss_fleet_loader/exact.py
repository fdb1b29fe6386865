# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Exact search with numpy: one matrix product for a block of queries, then exact scores for the rows that may win."""

BLOCK = 32 << 20            # bytes of products at a time
UNIT = 2.0 ** -24           # relative error of one rounding in float32


def squares(numpy, rows):
    """Squared length of each row, by the same operations for each."""
    return numpy.einsum('ij,ij->i', rows, rows)


def nearest(numpy, rows, lengths, metric, queries, k):
    """[(positions, scores)] of the k best rows for each query, best first, equal scores in the order of the rows.

    metric: 'ip' or 'cosine' (rows and queries have length 1; larger is nearer), or 'l2' (squared distance).
    lengths: squares() of the rows. A matrix product rounds equal rows differently by their place, so it only chooses
    candidates, with a margin that its rounding cannot exceed; their scores are computed again row by row.
    """
    count, d = rows.shape
    longest = float(lengths.max()) ** 0.5
    found = []
    step = max(1, BLOCK // (count * 4))
    for start in range(0, len(queries), step):
        some = queries[start:start + step]
        # For one query a product with a vector is the quicker call.
        products = rows.dot(some[0])[None] if len(some) == 1 else some.dot(rows.T)
        if metric == 'l2':
            products *= 2
            products -= lengths
        for query, goodness in zip(some, products):
            length = float(query.dot(query)) ** 0.5
            margin = 2 * (d + 4) * UNIT * longest * (2 * length + longest if metric == 'l2' else length)
            found.append(_best(numpy, rows, metric, query, k, goodness, margin))
    return found


def _best(numpy, rows, metric, query, k, goodness, margin):
    count = len(goodness)
    least = float(numpy.partition(goodness, count - k)[count - k]) - 2 * margin
    positions = numpy.nonzero(goodness >= least)[0]
    scores = _scores(numpy, rows, metric, query, positions)
    order = numpy.lexsort((positions, scores if metric == 'l2' else -scores))[:k]
    return positions[order].tolist(), scores[order].tolist()


def _scores(numpy, rows, metric, query, positions):
    """Of these rows, in parts that fit into a processor's cache."""
    scores = numpy.empty(len(positions), dtype='float32')
    step = max(1, (1 << 20) // (rows.shape[1] * 4))
    for start in range(0, len(positions), step):
        some = rows[positions[start:start + step]]
        if metric == 'l2':
            some -= query
            scores[start:start + step] = squares(numpy, some)
        else:
            scores[start:start + step] = numpy.einsum('ij,j->i', some, query)
    return scores
