# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Searches through the loader for Python as an application would, and says how fast. Runs on Python 3.6 or newer."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import array
import json
import os
import random
import sys
import timeit

ROUNDS = (3, 10)          # at least, at most
STEADY = 0.05             # no further round begins when the two quickest are this near to each other
ENOUGH_SECONDS = 0.5      # no further round begins after this


def enough(rounds, seconds):
    """Whether another round would tell nothing new, or would take too long. Rounds are sorted times of calls."""
    if len(rounds) < ROUNDS[0]:
        return False
    if len(rounds) >= ROUNDS[1] or seconds >= ENOUGH_SECONDS:
        return True
    best, other = [(sum(calls), calls[len(calls) // 2], calls[int(len(calls) * 0.95)])
                   for calls in sorted(rounds, key=sum)[:2]]
    return all(abs(best[at] - other[at]) <= STEADY * best[at] for at in range(3))


def measure(params):
    """{"mode", "qps", "p50_ms", "p95_ms", ...}; raises what the loader raises, and ValueError for a wrong answer."""
    sys.path.insert(0, os.path.join(params['directory'], 'python'))
    from faiss_fleet_loader import VectorStorage
    n, d, k = params['n'], params['d'], params['k']
    source = random.Random(params['seed'])
    # Every row is a window of one long row: no two are near each other, and millions of numbers cost nothing.
    numbers = array.array('f', (source.uniform(-1, 1) for _number in range(n + d)))
    places = [query * 7919 % n for query in range(params['queries'])]
    queries = [numbers[at:at + d] for at in places]
    setting = {'schema': 1, 'backend': 'faiss', 'runtime': params['runtime']}
    store = VectorStorage('l2', dimension=d, setting=setting, fallback=False, in_process=False,
                          threads=params['threads'], start_timeout=params['timeout'], call_timeout=params['timeout'],
                          restart_window=10 ** 9)
    store._last_restart = timeit.default_timer()      # once is enough here: a second start would hide the first failure
    try:
        began = timeit.default_timer()
        for start in range(0, n, 5000):
            stop = min(n, start + 5000)
            store.add(range(start, stop), [numbers[at:at + d] for at in range(start, stop)])
        filled = timeit.default_timer() - began
        for at in places[:20]:
            found = store.search(numbers[at:at + d], k)
            if len(found) != k or found[0] != (at, 0.0) or [hit[1] for hit in found] != sorted(hit[1] for hit in found):
                raise ValueError('vector %d is not its own nearest neighbour: %s' % (at, found[:3]))
        rounds, began = [], timeit.default_timer()
        while not enough(rounds, timeit.default_timer() - began):
            calls = []
            for query in queries:
                start = timeit.default_timer()
                store.search(query, k)
                calls.append(timeit.default_timer() - start)
            rounds.append(sorted(calls))
        best = min(rounds, key=sum)                   # the one that the host disturbed least
        return {'mode': store.backend, 'language': 'python', 'fill_seconds': round(filled, 3), 'rounds': len(rounds),
                'qps': round(len(best) / max(sum(best), 1e-9), 1),
                'p50_ms': round(best[len(best) // 2] * 1000, 4),
                'p95_ms': round(best[min(len(best) - 1, int(len(best) * 0.95))] * 1000, 4)}
    finally:
        store.close()


def main(params, start):
    try:
        frame = {'stage': 'done', 'found': measure(params)}
    except Exception as exc:              # whatever it is, it is the answer to whether the loader works
        frame = {'stage': 'loader', 'failed': {'type': type(exc).__name__, 'message': str(exc)}}
    sys.stdout.write('\n%s%s\n' % (start, json.dumps(frame)))
    sys.stdout.flush()
