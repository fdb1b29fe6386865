# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""From what callers give to rows of little-endian float32; with numpy when there is one, and without."""
import array
import math
import operator
import sys

from .errors import InputError

# Below this squared length no inner product and no squared distance leaves the range of float32.
LONGEST = 3.4028234663852886e38 / 4
FINITE = 'Every value must be a finite float32; look at what made the vector.'


def numpy_or_none():
    """numpy, or None where it is not installed or does not load."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def dimension_error(what, found, d):
    return InputError('BAD_DIMENSION', '%s has %s dimensions; the store has %d.' % (what, found, d),
                      'Use vectors of one embedding model, and a store for each model.')


def is_vector(value):
    """Whether this is one vector rather than a list of them. An empty list is a list of none."""
    shape = getattr(value, 'shape', None)
    if shape is not None:
        return len(shape) == 1
    try:
        return len(value) > 0 and not hasattr(value[0], '__len__')
    except (TypeError, KeyError):
        raise InputError(
            'BAD_ARGUMENT', 'A %s is neither a vector nor a list of vectors.' % type(value).__name__) from None


def width(vector):
    """Number of dimensions; 0 for what has none."""
    shape = getattr(vector, 'shape', None)
    if shape is not None:
        return shape[-1] if shape else 0
    return len(vector) if hasattr(vector, '__len__') and not isinstance(vector, (str, bytes, dict)) else 0


def convert(vectors, d, metric, name):
    """(count, bytes) of a list of vectors. name(i) says what the i-th is called in an error."""
    for i, vector in enumerate(vectors if getattr(vectors, 'ndim', None) is None else ()):
        if width(vector) != d:
            raise dimension_error(name(i), width(vector), d)
    if getattr(vectors, 'ndim', 2) != 2 or (hasattr(vectors, 'shape') and vectors.shape[1] != d):
        raise dimension_error('The array of shape %s' % (vectors.shape,), width(vectors), d)
    numpy = numpy_or_none()
    return (_plain if numpy is None else _by_numpy)(numpy, vectors, d, metric, name)


def _by_numpy(numpy, vectors, d, metric, name):
    try:
        rows = numpy.asarray(vectors)
    except ValueError:
        rows = numpy.empty((0,), dtype=object)
    if not len(vectors):
        return 0, b''
    if rows.dtype.kind not in 'iuf' or rows.ndim != 2:
        return _plain(numpy, vectors, d, metric, name)         # which says what is the matter, and where
    with numpy.errstate(over='ignore', invalid='ignore'):
        rows = numpy.ascontiguousarray(rows, dtype='<f4')
    finite = numpy.isfinite(rows).all(axis=1)
    if not finite.all():
        row = int(numpy.argmin(finite))
        at = int(numpy.argmin(numpy.isfinite(rows[row])))
        raise InputError('BAD_VALUE', '%s holds %r at %d.' % (name(row), float(rows[row, at]), at), FINITE)
    for start in range(0, len(rows), 4096):                    # in parts: float64 takes twice the room
        wide = rows[start:start + 4096].astype('float64')
        squares = (wide * wide).sum(axis=1)
        bad = squares <= 0 if metric == 'cosine' else squares > LONGEST
        if bad.any():
            _refuse_length(metric, name(start + int(numpy.argmax(bad))))
    return len(rows), rows.tobytes()


def _plain(_numpy, vectors, d, metric, name):
    rows = array.array('f')
    for i, vector in enumerate(vectors):
        try:
            row = array.array('f', vector if isinstance(vector, array.array) else list(vector))
        except (TypeError, ValueError, OverflowError):
            raise InputError('BAD_VALUE', '%s holds what is no float32.' % name(i), FINITE) from None
        square = sum(map(operator.mul, row, row))
        if not math.isfinite(square):
            at = next(at for at, value in enumerate(row) if not math.isfinite(value))
            raise InputError('BAD_VALUE', '%s holds %r at %d.' % (name(i), row[at], at), FINITE)
        if square <= 0 if metric == 'cosine' else square > LONGEST:
            _refuse_length(metric, name(i))
        rows.extend(row)
    if sys.byteorder == 'big':
        rows.byteswap()
    return len(rows) // d, rows.tobytes()


def _refuse_length(metric, what):
    if metric == 'cosine':
        raise InputError('BAD_VALUE', '%s has length 0, hence no direction to compare.' % what,
                         'Leave it out, or use another metric.')
    raise InputError('BAD_VALUE', '%s is longer than 9.2e18, beyond which distances leave the range of float32.' % what,
                     'Scale the vectors.')
