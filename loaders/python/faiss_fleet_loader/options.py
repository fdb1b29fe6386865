# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Checks what an application gives when it opens a store."""
import math
import os

from .errors import InputError
from .filling import KINDS
from .store import METRICS

MOST_DIMENSIONS = 65536
MOST_THREADS = 1024
MOST_SECONDS = 10 ** 9


def whole(value, least, most):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _seconds(value, least=0):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and least <= value <= MOST_SECONDS


def _is_path(value):
    try:
        path = os.fspath(value)
    except TypeError:
        return False
    return isinstance(path, str) and bool(path) and '\0' not in path


def _choice(known):
    return lambda value: isinstance(value, str) and value in known


def _is_bool(value):
    return isinstance(value, bool)


# Name: check, what is allowed, whether None is allowed as well.
CHECKS = {
    'metric': (_choice(METRICS), 'cosine, ip or l2', True),
    'index': (_choice(KINDS), 'flat, ivf or hnsw', False),
    'setting': (lambda value: isinstance(value, dict) or _is_path(value), 'a path or a dict', True),
    'on_event': (callable, 'a function of two arguments', True),
    'fallback': (_is_bool, 'True or False', False),
    'in_process': (_is_bool, 'True or False', False),
    'start_timeout': (lambda value: _seconds(value, 0.001), 'a number of seconds from 0.001 to 10^9', False),
    'call_timeout': (lambda value: _seconds(value, 0.001), 'a number of seconds from 0.001 to 10^9', False),
    'restart_window': (_seconds, 'a number of seconds from 0 to 10^9', False),
    'threads': (lambda value: whole(value, 0, MOST_THREADS), 'a whole number from 0 to %d' % MOST_THREADS, False),
    'socket': (_is_path, 'a path', True),
}


def check(dimension, **options):
    """Raises InputError for the first that cannot be."""
    if dimension is not None and not whole(dimension, 1, MOST_DIMENSIONS):
        raise InputError('BAD_DIMENSION', 'dimension is %r; it is a whole number from 1 to 65536.' % (dimension,),
                         'Give the number of dimensions of your vectors, or nothing.')
    for name, value in sorted(options.items()):
        fits, allowed, optional = CHECKS[name]
        if not (optional and value is None) and not fits(value):
            raise InputError('BAD_ARGUMENT', '%s is %r; it is %s.' % (name, value, allowed),
                             'Give that, or leave it out.')
